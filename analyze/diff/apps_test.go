package diff

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/trace/tracetest"
)

// fileOf records an app.
func fileOf(t testing.TB, a *tracetest.App) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := a.Write(&file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// sideOf is a side with the recordings.
func sideOf(t testing.TB, name string, o Options, files ...[]byte) *Side {
	t.Helper()
	s := NewSide(name)
	for i, file := range files {
		r, err := trace.NewReader(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		ops, err := analyze.Ops(r, analyze.Options{})
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		s.Add(fmt.Sprintf("%s-%d.xray", name, i+1), ops, o.Quantile)
	}
	return s
}

func options(t testing.TB) Options {
	t.Helper()
	thresholds, err := ParseThresholds(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	o, err := Options{Thresholds: thresholds}.WithDefaults()
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// compared compares two apps and returns the result for their only model.
func compared(t testing.TB, base, new *tracetest.App) (*Result, *Model) {
	t.Helper()
	o := options(t)
	r, err := Diff(sideOf(t, "base", o, fileOf(t, base)), sideOf(t, "new", o, fileOf(t, new)), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Models) != 1 {
		t.Fatalf("%d models", len(r.Models))
	}
	return r, r.Models[0]
}
