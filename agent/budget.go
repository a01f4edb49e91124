package agent

import (
	"errors"
	"fmt"
	"time"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/trace"
)

// budget keeps what recording takes of the app's time below a share of it. A probe costs the app the same whether its hit
// is recorded or not, so all probes of ops are removed while there is nothing left to spend.
type budget struct {
	session *Session
	share   float64 // 0: spend what it takes

	threads map[uint32]uint64 // ns that ops of each thread paid for their probes
	busiest uint64            // the most that one of them paid
	began   uint64            // when ops were first recorded, ns; later, when more was earned since than may be saved
	moving  uint64            // ns of CPU time that it took to attach and detach: for so long the app may have stood still
	pauses  uint32
	paused  uint64 // when, ns; 0: recording
	gaps    uint64 // ns
}

const (
	// firstCredit is for how long in advance the budget may be spent at the beginning, when nodes are described.
	firstCredit = 500 * time.Millisecond
	// periodOf is how much time's budget is spent in one go, at least.
	periodOf = time.Second
	// movingShare bounds what attaching and detaching takes of the budget, to 1 in so many.
	movingShare = 5
)

// possible tells whether the method can attach and detach often enough.
func (b *budget) possible(method probes.Method) error {
	if b.share == 0 || method.Together() {
		return nil
	}
	return fmt.Errorf("keep a budget: attached by %s, probes can't be removed at once: it takes Linux seconds (leave --budget away; --entry-only makes recording cheaper; see edgexray doctor)", method)
}

// count adds what an op paid for its probes.
func (b *budget) count(thread uint32, n *node) {
	if b.share == 0 {
		return
	}
	if n.cost == 0 {
		n.cost = b.session.costOf(n)
	}
	b.add(thread, n.cost)
}

func (b *budget) add(thread uint32, ns uint64) {
	if b.began == 0 {
		b.began = app.Now()
	}
	spent := b.threads[thread] + ns
	b.threads[thread] = spent
	b.busiest = max(b.busiest, spent)
}

// costOf returns what one op of a node costs its app, as measured before the recording. An operator has an entry probe only.
func (s *Session) costOf(n *node) uint64 {
	class := ""
	if k := s.kernelOf(n); k != nil {
		class = k.described.SiteClass
	}
	if n.operator != nil {
		class += probes.EntryOnly
	}
	var most uint64
	for _, c := range s.summary.costs {
		if c.InstructionClass == class {
			return c.TotalNs
		}
		most = max(most, c.TotalNs)
	}
	return most
}

// keep pauses or resumes the recording.
func (b *budget) keep() {
	if b.share == 0 || b.began == 0 {
		return
	}
	at := app.Now()
	earned := b.share * float64(at-b.began)
	spent := float64(b.busiest + b.moving)
	if saved := earned - spent - b.period(); b.paused == 0 && saved > 0 {
		b.began += uint64(saved / b.share) // an app that does nothing for long has no more to spend afterwards
	}
	switch {
	case b.paused == 0 && spent > earned+b.credit():
		b.pause()
	case b.paused != 0 && earned-spent >= b.period():
		b.resume()
	}
}

// credit is what may be spent in advance, in ns.
func (b *budget) credit() float64 {
	if b.pauses == 0 {
		return b.share * float64(firstCredit)
	}
	return 0
}

// period is what is spent in one go, in ns.
func (b *budget) period() float64 {
	often := float64(b.moving) / float64(b.pauses+1) * movingShare
	return max(b.share*float64(periodOf), often)
}

func (b *budget) pause() {
	s := b.session
	before, _ := app.OwnCost()
	b.paused = app.Now()
	if err := errors.Join(s.nextPeriod(), s.libraries.pause()); err != nil {
		s.note("budget", "pause the recording: %v", err)
	}
	after, _ := app.OwnCost()
	b.moving += after - before
	s.drain()
}

func (b *budget) resume() {
	s := b.session
	s.flush()
	before, _ := app.OwnCost()
	if err := errors.Join(s.libraries.resume(), s.nextPeriod()); err != nil {
		s.note("budget", "go on recording: %v", err)
	}
	after, _ := app.OwnCost()
	b.moving += after - before
	s.describe(&trace.Gap{StartNs: b.paused, EndNs: app.Now()})
	b.gaps += app.Now() - b.paused
	b.paused = 0
	b.pauses++
}

// finish returns for how long nothing was recorded, and what the recording cost the app, both in ns.
func (b *budget) finish() (gaps, cost uint64) {
	if b.paused != 0 {
		b.gaps += app.Now() - b.paused
	}
	if b.share == 0 {
		return 0, 0
	}
	return b.gaps, b.busiest + b.moving
}
