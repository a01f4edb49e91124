package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/edgexray/edgexray/report"
)

// load is an app at some speed, recorded for some time.
type load struct {
	app     app
	seconds int
	opRate  int  // ops a second that it is held to; 0: flat out
	paused  bool // the recorder stands still for one second of it
}

var (
	mobileNetLoad = load{app: mobileNets[0], seconds: 10}
	flatOut       = load{app: smallOps[1], seconds: 10}
	starved       = load{app: smallOps[1], seconds: 5, paused: true}
	held          = load{app: smallOps[1], seconds: 30, opRate: 200_000}
)

func (l load) name() string {
	switch {
	case l.paused:
		return l.app.name() + ", flat out, the recorder stopped for 1 s"
	case l.opRate == 0:
		return l.app.name() + ", flat out"
	default:
		return fmt.Sprintf("%s, held at %d ops/s", l.app.name(), l.opRate)
	}
}

// outcome is what recording a load came to.
type outcome struct {
	recording
	run     uint64        // ops that ran: invokes times the ops of one
	elapsed time.Duration // of the app
	cpu     time.Duration // of the recorder in that time
	setUp   time.Duration // CPU time that it took before, to start and attach
}

func (o *outcome) rate() float64 { return float64(o.run) / o.elapsed.Seconds() }

// opsOf is how many ops an invoke of an app has.
type opsOf struct {
	first  uint64 // more than that, in a process's first invoke: it runs a subgraph that initialises variables
	invoke uint64
	took   time.Duration // while it was recorded
}

// count records a hundred invokes, and another hundred.
func (b *bench) count(a app) (c opsOf, err error) {
	const invokes = 100
	a.invokes = invokes
	p, err := b.start(a)
	if err != nil {
		return c, err
	}
	defer p.close()
	_, cold, err := b.recorded(p, p.step)
	if err != nil {
		return c, err
	}
	times, warm, err := b.recorded(p, p.step)
	if err != nil {
		return c, err
	}
	if cold.lost+warm.lost != 0 || warm.ops%invokes != 0 || cold.ops < warm.ops {
		return c, fmt.Errorf("count ops of %s: %d in its first %d invokes, %d in the next, %d lost: nothing to compare with",
			a.name(), cold.ops, invokes, warm.ops, cold.lost+warm.lost)
	}
	return opsOf{cold.ops - warm.ops, warm.ops / invokes, time.Duration(median(times))}, nil
}

// pace returns how many invokes the load has, and the app's arguments that hold it to its rate.
func (l load) pace(ops opsOf) (invokes int, arguments []string) {
	if l.opRate == 0 {
		return int(time.Duration(l.seconds) * time.Second / ops.took), nil
	}
	rate := (l.opRate + int(ops.invoke) - 1) / int(ops.invoke)
	return l.seconds * rate, []string{"--rate", strconv.Itoa(rate)}
}

// record runs and records the load.
func (l load) record(b *bench) (*outcome, error) {
	ops, err := b.count(l.app)
	if err != nil {
		return nil, err
	}
	a := l.app
	var pace []string
	a.invokes, pace = l.pace(ops)
	p, err := b.start(a, pace...)
	if err != nil {
		return nil, err
	}
	defer p.close()
	r, err := b.record(p)
	if err != nil {
		return nil, err
	}
	o := &outcome{}
	if o.setUp, err = r.cpu(); err != nil {
		return nil, err
	}
	if l.paused {
		r.pause()
	}
	began := time.Now()
	if _, err := p.step(); err != nil {
		return nil, err
	}
	o.elapsed = time.Since(began)
	after, err := r.cpu()
	if err != nil {
		return nil, err
	}
	o.cpu = after - o.setUp
	recorded, err := r.stop()
	if err != nil {
		return nil, err
	}
	o.recording = *recorded
	o.run = ops.first + ops.invoke*uint64(a.invokes)
	return o, nil
}

// recordLoad records a load once, for all subjects that ask for it.
func (b *bench) recordLoad(l load) (*outcome, error) {
	if o := b.loads[l.name()]; o != nil {
		return o, nil
	}
	o, err := l.record(b)
	if err == nil {
		b.loads[l.name()] = o
	}
	return o, err
}

func measureAgent(b *bench) error {
	var rows [][]string
	for _, l := range []load{mobileNetLoad, flatOut, held} {
		o, err := b.recordLoad(l)
		if err != nil {
			return err
		}
		rows = append(rows, []string{
			l.name(), fmt.Sprintf("%.0f", o.elapsed.Seconds()), fmt.Sprintf("%.0f", o.rate()),
			fmt.Sprintf("%.1f", 100*o.cpu.Seconds()/o.elapsed.Seconds()), fmt.Sprintf("%.1f", float64(o.maxRSS)/(1<<20)),
			fmt.Sprintf("%.2f", o.setUp.Seconds()),
		})
	}
	return report.Listing(os.Stdout, []string{"app", "s", "ops/s", "% of a CPU", "max RSS MiB", "to start and attach, s of CPU"}, rows)
}

func measureLoss(b *bench) error {
	var rows [][]string
	for _, l := range []load{held, flatOut, starved} {
		o, err := b.recordLoad(l)
		if err != nil {
			return err
		}
		rows = append(rows, []string{
			l.name(), fmt.Sprintf("%.1f", o.elapsed.Seconds()), fmt.Sprintf("%.0f", o.rate()),
			fmt.Sprint(o.run), fmt.Sprint(o.ops), fmt.Sprint(o.lost), fmt.Sprint(int64(o.run) - int64(o.ops+o.lost)),
		})
	}
	return report.Listing(os.Stdout, []string{"app", "s", "ops/s", "run", "received", "lost", "not accounted for"}, rows)
}
