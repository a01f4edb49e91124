package live

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/report"
)

// Options says how a Feed is shown at first, and on what.
type Options struct {
	Target string
	By     analyze.By
	Sort   report.LiveSort
	In     io.Reader // the terminal's keys
	Out    io.Writer // the terminal
}

// refreshEvery is how often the screen changes.
const refreshEvery = time.Second

// Show shows the feed until the user quits or ctx is done, and leaves the terminal as it was. Interrupted is whether the
// user pressed Ctrl-C, which the terminal doesn't turn into a signal meanwhile.
func Show(ctx context.Context, feed *Feed, o Options) (interrupted bool, err error) {
	s := &screen{feed: feed, view: report.LiveView{Target: o.Target, Sort: o.Sort}, by: o.By, recent: true, marks: marks()}
	s.refresh()
	program := tea.NewProgram(s, tea.WithContext(ctx), tea.WithInput(o.In), tea.WithOutput(o.Out), tea.WithoutSignalHandler())
	_, err = program.Run()
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil
	}
	return s.interrupted, err
}

// screen is the model of bubbletea's: what is shown, and what the keys have chosen.
type screen struct {
	feed     *Feed
	snapshot *analyze.Snapshot
	view     report.LiveView
	by       analyze.By
	recent   bool
	number   int  // of the model
	chosen   bool // by the user
	marks    map[report.LineMark]string

	interrupted bool
}

type tick struct{}

func (s *screen) Init() tea.Cmd { return wait() }

func wait() tea.Cmd { return tea.Tick(refreshEvery, func(time.Time) tea.Msg { return tick{} }) }

func (s *screen) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch m := msg.(type) {
	case tea.WindowSizeMsg:
		s.view.Width, s.view.Height = m.Width, m.Height
	case tick:
		if !s.view.Paused {
			s.refresh()
		}
		return s, wait()
	case tea.KeyPressMsg:
		return s, s.press(m.String())
	}
	return s, nil
}

func (s *screen) press(key string) tea.Cmd {
	switch {
	case key == "ctrl+c":
		s.interrupted = true
		return tea.Quit
	case key == "q":
		return tea.Quit
	case s.view.Help:
		s.view.Help = false
		return nil
	}
	if action := actions[key]; action != nil {
		action(s)
	}
	return nil
}

// actions are what keys do, beside those that quit.
var actions = map[string]func(*screen){
	"?":      func(s *screen) { s.view.Help = true },
	"left":   func(s *screen) { s.sortBy(-1) },
	"right":  func(s *screen) { s.sortBy(1) },
	"s":      func(s *screen) { s.sortBy(1) },
	"r":      func(s *screen) { s.view.Reverse = !s.view.Reverse },
	"n":      func(s *screen) { s.groupBy(analyze.ByNode) },
	"o":      func(s *screen) { s.groupBy(analyze.ByOp) },
	"k":      func(s *screen) { s.groupBy(analyze.ByKernel) },
	"w":      func(s *screen) { s.recent = !s.recent; s.refresh() },
	"m":      func(s *screen) { s.nextModel(1) },
	"M":      func(s *screen) { s.nextModel(-1) },
	"p":      func(s *screen) { s.view.Paused = !s.view.Paused; s.refresh() },
	"up":     func(s *screen) { s.scroll(-1) },
	"down":   func(s *screen) { s.scroll(1) },
	"pgup":   func(s *screen) { s.scroll(-s.room()) },
	"pgdown": func(s *screen) { s.scroll(s.room()) },
	"home":   func(s *screen) { s.view.First = 0 },
	"end":    func(s *screen) { rows, _ := report.LiveRows(s.snapshot, s.view); s.scroll(rows) },
}

// refresh takes a new snapshot.
func (s *screen) refresh() {
	s.snapshot = s.feed.Snapshot(s.recent, s.by)
	s.selectModel()
	s.scroll(0)
}

// selectModel keeps the model that is shown. Until the user has chosen one, it is the one that takes the most time, and
// another only when that one rests.
func (s *screen) selectModel() {
	models := s.snapshot.Models
	at := slices.IndexFunc(models, func(m *analyze.LiveModel) bool { return m.Number == s.number })
	if at < 0 || !s.chosen && models[at].RecentNS == 0 {
		at = max(at, 0)
		for i, m := range models {
			if m.RecentNS > models[at].RecentNS {
				at = i
			}
		}
	}
	s.view.Model = at
	if at < len(models) {
		s.number = models[at].Number
	}
}

func (s *screen) nextModel(by int) {
	if n := len(s.snapshot.Models); n > 0 {
		s.view.Model = (s.view.Model + by + n) % n
		s.number, s.chosen, s.view.First = s.snapshot.Models[s.view.Model].Number, true, 0
	}
}

func (s *screen) sortBy(by int) {
	n := len(report.LiveSorts)
	s.view.Sort = report.LiveSorts[(slices.Index(report.LiveSorts, s.view.Sort)+by+n)%n]
	s.view.Reverse, s.view.First = false, 0
}

func (s *screen) groupBy(by analyze.By) {
	s.by, s.view.First = by, 0
	s.refresh()
}

func (s *screen) room() int {
	_, room := report.LiveRows(s.snapshot, s.view)
	return room
}

func (s *screen) scroll(by int) {
	rows, room := report.LiveRows(s.snapshot, s.view)
	s.view.First = max(min(s.view.First+by, rows-room), 0)
}

// marks are how lines stand out: without colours, and not at all where the user or the terminal doesn't want that.
func marks() map[report.LineMark]string {
	if os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return map[report.LineMark]string{report.Heading: "\x1b[7m", report.Alert: "\x1b[1m"}
}

func (s *screen) View() tea.View {
	var b strings.Builder
	for i, line := range report.Live(s.snapshot, s.view) {
		if i > 0 {
			b.WriteByte('\n')
		}
		if mark := s.marks[line.Mark]; mark != "" {
			b.WriteString(mark + line.Text + "\x1b[m")
		} else {
			b.WriteString(line.Text)
		}
	}
	v := tea.NewView(b.String())
	v.AltScreen = true
	return v
}
