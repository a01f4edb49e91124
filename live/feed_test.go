package live

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/trace/tracetest"
)

func sampleFeed(t *testing.T) *Feed {
	t.Helper()
	in, out := io.Pipe()
	feed := Follow(in, 10*time.Second)
	if err := tracetest.Sample(out); err != nil {
		t.Fatal(err)
	}
	out.Close()
	if err := feed.Wait(); err != nil {
		t.Fatal(err)
	}
	return feed
}

func TestFeed(t *testing.T) {
	s := sampleFeed(t).Snapshot(false, analyze.ByNode)
	if len(s.Models) != 2 || s.Truncated != "" || !s.Ended {
		t.Errorf("%d models, truncated %q, ended %v", len(s.Models), s.Truncated, s.Ended)
	}
}

// A writer is not held up by a feed that can't go on.
func TestFeedFails(t *testing.T) {
	in, out := io.Pipe()
	feed := Follow(in, time.Second)
	for range 2 { // the second one comes after the failure, if the first did not
		if _, err := io.WriteString(out, "this is not a trace"); err != nil && !errors.Is(err, trace.ErrNotTrace) {
			t.Errorf("write: %v, want %v", err, trace.ErrNotTrace)
		}
	}
	if err := feed.Wait(); !errors.Is(err, trace.ErrNotTrace) {
		t.Errorf("%v, want %v", err, trace.ErrNotTrace)
	}
	feed.Snapshot(true, analyze.ByOp) // still works
}

func TestFeedTruncated(t *testing.T) {
	in, out := io.Pipe()
	feed := Follow(in, time.Second)
	if _, err := trace.NewWriter(out, &trace.Header{}); err != nil {
		t.Fatal(err)
	}
	out.Close() // without an end
	if err := feed.Wait(); err != nil {
		t.Fatal(err)
	}
	if s := feed.Snapshot(true, analyze.ByNode); !strings.Contains(s.Truncated, "did not end cleanly") {
		t.Errorf("truncated: %q", s.Truncated)
	}
}

// Keys choose the model; until then it is the busiest one.
func TestModels(t *testing.T) {
	s := &screen{feed: sampleFeed(t), by: analyze.ByNode, view: report.LiveView{Width: 80, Height: 24, Sort: report.SortShare}}
	s.refresh()
	for _, step := range []struct {
		key  tea.KeyPressMsg
		want string
	}{
		{tea.KeyPressMsg{Code: 'x', Text: "x"}, "ssd.tflite"},
		{tea.KeyPressMsg{Code: 'm', Text: "m"}, "keyword in keyword"},
		{tea.KeyPressMsg{Code: 'm', Text: "m"}, "ssd.tflite"},
		{tea.KeyPressMsg{Code: 'M', Text: "M"}, "keyword in keyword"},
		{tea.KeyPressMsg{Code: tea.KeyEnd}, "keyword in keyword"},
	} {
		s.Update(step.key)
		s.Update(tick{})
		if view := s.View().Content; !strings.Contains(view, step.want) {
			t.Errorf("after %v: no %q in\n%s", step.key, step.want, view)
		}
	}
	if _, cmd := s.Update(tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}); cmd == nil || !s.interrupted {
		t.Error("Ctrl-C does not end it")
	}
}
