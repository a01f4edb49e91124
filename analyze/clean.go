package analyze

import "github.com/edgexray/edgexray/trace"

// Disturbance is what sets an execution apart from those that tell what an op or an invoke takes.
type Disturbance int

// The disturbances. An execution counts with the first that it has.
const (
	Cold       Disturbance = iota // the first of its interpreter's node
	Preempted                     // another thread had its core for a while
	Migrated                      // its thread came back on another core
	MajorFault                    // a page was read from a file
	disturbances
)

func (d Disturbance) String() string {
	return [disturbances]string{"cold", "preempted", "migrated", "read from a file"}[d]
}

// preemptedShare of its time is what an execution may lose to other threads and still be clean. The time lost is taken out.
const preemptedShare = 0.01

// Clean is executions that nothing disturbed, as far as the recorder could tell: what it did not follow disturbs nothing.
// A recording that summed ops up as they ran has none.
type Clean struct {
	Fast  Distribution         // ns, on the fastest cores, or where their capacity isn't known
	Slow  Distribution         // ns, on cores with less capacity
	Rest  Distribution         // ns, of those set apart, without what they were preempted for and without cold ones
	Apart [disturbances]uint64 // how many others there were, by what disturbed them
}

// Count is how many there are.
func (c *Clean) Count() uint64 { return c.Fast.Count + c.Slow.Count }

// Most returns the larger one of the two.
func (c *Clean) Most() *Distribution {
	if c.Slow.Count > c.Fast.Count {
		return &c.Slow
	}
	return &c.Fast
}

func (c *Clean) merge(other *Clean) {
	c.Fast.Merge(&other.Fast)
	c.Slow.Merge(&other.Slow)
	c.Rest.Merge(&other.Rest)
	for d, n := range other.Apart {
		c.Apart[d] += n
	}
}

// toll is what an execution paid to what isn't its own work.
type toll struct {
	cold                bool
	preempted           uint64 // ns
	known               uint64 // of that, ns that aren't only supposed
	migrated, readsFile bool
	slow                bool // it ended on a slow core
}

func (t *toll) add(other toll) {
	t.cold = t.cold || other.cold
	t.preempted += other.preempted
	t.known += other.known
	t.migrated = t.migrated || other.migrated
	t.readsFile = t.readsFile || other.readsFile
	t.slow = other.slow
}

// add counts an execution of wall ns.
func (c *Clean) add(wall uint64, t toll) {
	switch apart := t.disturbance(wall); {
	case apart == Cold:
		c.Apart[Cold]++
	case apart != disturbances:
		c.Apart[apart]++
		c.Rest.Add(wall - min(t.known, wall))
	case t.slow:
		c.Slow.Add(wall - t.preempted)
	default:
		c.Fast.Add(wall - t.preempted)
	}
}

// disturbance is what sets an execution of wall ns apart, the number of disturbances when nothing does.
func (t *toll) disturbance(wall uint64) Disturbance {
	switch {
	case t.cold:
		return Cold
	case float64(t.preempted) > preemptedShare*float64(wall):
		return Preempted
	case t.migrated:
		return Migrated
	case t.readsFile:
		return MajorFault
	}
	return disturbances
}

// running are all but cold executions, without what they were preempted for.
func (c *Clean) running() *Distribution {
	all := new(Distribution)
	for _, d := range []*Distribution{&c.Fast, &c.Slow, &c.Rest} {
		all.Merge(d)
	}
	return all
}

// toll returns what an op paid. The node has not run before when it is cold.
func (rec *recording) toll(op *trace.Op, cold bool) toll {
	p := &op.Paid
	t := toll{cold: cold, preempted: p.Preempted, known: p.Preempted, migrated: p.Migrations > 0, readsFile: p.MajorFaults > 0, slow: rec.cores.slow(p.Core)}
	if !rec.cores.preemption && p.Workers == 0 { // it had nobody to wait for
		t.preempted = p.OffCPU
	}
	return t
}

// coreFacts is what a trace's header tells about cores and who had them.
type coreFacts struct {
	slowCore   []bool // by number: its capacity is less than the fastest one's
	preemption bool   // the recorder tells it from waiting
}

func (f *coreFacts) slow(core uint64) bool { return core < uint64(len(f.slowCore)) && f.slowCore[core] }

func (rec *recording) readCores() {
	cores := rec.header.GetCores()
	var most uint32
	for _, c := range cores {
		most = max(most, c.Capacity)
	}
	rec.cores = coreFacts{preemption: rec.follows(PreemptionPart)}
	for _, c := range cores {
		rec.cores.slowCore = append(rec.cores.slowCore, c.Capacity != 0 && float64(c.Capacity) < slowCapacity*float64(most))
	}
}
