package bpf

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/cilium/ebpf"
)

// AggregateValue sums up the ops of a node; records.h says what its fields mean.
type AggregateValue = programsAggregate

// NodeAggregate is the sums of one node.
type NodeAggregate struct {
	Node uint64 // id of its description
	AggregateValue
}

// AggregateOctave is how many buckets each octave of AggregateValue.Buckets has; so many small values have one each.
const AggregateOctave = 16

// BucketMiddle returns the ns in the middle of a bucket: off by at most 1/(2*AggregateOctave) of any value in it.
func BucketMiddle(bucket int) uint64 {
	if bucket < AggregateOctave {
		return uint64(bucket)
	}
	octave := bucket/AggregateOctave - 1
	return uint64(AggregateOctave+bucket%AggregateOctave)<<octave + 1<<octave>>1
}

// BucketOf returns the bucket of a value, as the programs do.
func BucketOf(ns uint64) int {
	if ns < AggregateOctave {
		return int(ns)
	}
	octave := bits.Len64(ns) - bits.Len64(AggregateOctave)
	bucket := (octave+1)*AggregateOctave + int(ns>>octave%AggregateOctave)
	return min(bucket, len(AggregateValue{}.Buckets)-1)
}

// Median returns the middle of the bucket with the median op, 0 without ops.
func (a *AggregateValue) Median() uint64 {
	var seen uint64
	for bucket, count := range a.Buckets {
		seen += uint64(count)
		if 2*seen >= a.Count && seen > 0 {
			return BucketMiddle(bucket)
		}
	}
	return 0
}

// ReadAggregates returns the sums so far of all nodes. A node that runs just now may have its latest op in some sums only.
func (p *Programs) ReadAggregates() ([]NodeAggregate, error) {
	var all []NodeAggregate
	var a NodeAggregate
	entries := p.Aggregates.Iterate()
	for entries.Next(&a.Node, &a.AggregateValue) {
		all = append(all, a)
	}
	if err := entries.Err(); err != nil {
		return nil, fmt.Errorf("read the sums of ops: %w", err)
	}
	return all, nil
}

// ReadAggregate returns the sums of one node; false when it has none.
func (p *Programs) ReadAggregate(node uint64) (a NodeAggregate, ok bool) {
	a.Node = node
	return a, p.Aggregates.Lookup(node, &a.AggregateValue) == nil
}

// ForgetAggregate makes room for another node.
func (p *Programs) ForgetAggregate(node uint64) error {
	if err := p.Aggregates.Delete(node); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
		return fmt.Errorf("forget the sums of a node: %w", err)
	}
	return nil
}

// TakeAggregates returns the sums of all nodes, and forgets them.
func (p *Programs) TakeAggregates() ([]NodeAggregate, error) {
	all, err := p.ReadAggregates()
	for _, a := range all {
		err = errors.Join(err, p.ForgetAggregate(a.Node))
	}
	return all, err
}
