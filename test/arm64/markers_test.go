package arm64_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/analyze/markers"
	"github.com/edgexray/edgexray/trace"
)

// What an app marks, and its child.
func testRecordedMarkers(t *testing.T, g guest) {
	const name = "markers"
	g.wantStatus(t, name, 0)
	r, err := trace.NewReader(strings.NewReader(g.text(t, name+".xray")))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	log, err := markers.ReadTrace(r)
	if err != nil {
		t.Fatal(err)
	}
	result := log.Result()
	if len(result.Lost) != 0 || len(result.Processes) != 2 || result.Processes[0].Frames != 4 {
		t.Errorf("lost %v, processes %+v; want none, 4 frames of the first of two\n%s", result.Lost, result.Processes, g[name+".err"])
	}
	got := make(map[string]int)
	for _, k := range result.Keys {
		got[fmt.Sprint(k.Process, " ", k.Kind, " ", k.Key)] = k.Count
	}
	want := map[string]int{"1 metric in child": 1, "0 metric at exit": 1, "0 label ": 3, "0 sensor light": 3, "0 sensor orientation": 3,
		"0 before camera": 3, "0 before microphone": 3, "0 before question": 3}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s\n%s", diff, g[name+".err"])
	}
}
