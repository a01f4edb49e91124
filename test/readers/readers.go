// Package readers holds the small programs with which tests read what edgexray exports, through the tools it is for. Each
// says itself what it prints, as JSON.
package readers

import (
	"embed"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/edgexray/edgexray/test/parts"
)

//go:embed *.py
var sources embed.FS

// Perfetto decodes a trace with Perfetto's own messages.
func Perfetto(t testing.TB, trace string) *exec.Cmd {
	t.Helper()
	return program(t, parts.Path(t, "python-readers/bin/python"), "perfetto_trace.py", trace)
}

// Tables reads a Parquet file with DuckDB and with pandas, and a CSV file with DuckDB.
func Tables(t testing.TB, parquet, csv string) *exec.Cmd {
	t.Helper()
	return program(t, parts.Path(t, "python-readers/bin/python"), "tables.py", parquet, csv)
}

// Nodes loads a model in Model Explorer together with node data.
func Nodes(t testing.TB, model, data string) *exec.Cmd {
	t.Helper()
	return program(t, parts.Path(t, "python-model-explorer/bin/python"), "nodes.py", model, data)
}

// ServeNodes shows a model in Model Explorer together with node data, until it is ended.
func ServeNodes(t testing.TB, model, data string) *exec.Cmd {
	t.Helper()
	return program(t, parts.Path(t, "python-model-explorer/bin/python"), "serve_nodes.py", model, data)
}

func program(t testing.TB, python, name string, args ...string) *exec.Cmd {
	t.Helper()
	source, err := sources.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, source, 0o600); err != nil {
		t.Fatal(err)
	}
	return exec.Command(python, append([]string{path}, args...)...)
}
