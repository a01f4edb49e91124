package bpf

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// Resident is where this Linux counts a process's resident pages; resident.h says what the fields mean.
type Resident struct {
	TaskMM, MMCounters, CounterBytes, CounterPerCPU, TaskCounters, ArrayParts uint32
}

// ReadResident asks Linux's own type information (BTF). Since Linux 6.2 (commit f1a7941243c1) each counter is spread over
// the cores; before, a task kept its latest changes to itself.
func ReadResident() (Resident, error) {
	types, err := btf.LoadKernelSpec()
	if err != nil {
		return Resident{}, fmt.Errorf("read Linux's types: %w (its build left out CONFIG_DEBUG_INFO_BTF)", err)
	}
	r, err := residentOf(types)
	if err != nil {
		return Resident{}, fmt.Errorf("read Linux's types: %w", err)
	}
	return r, nil
}

// findBases tells the programs where each core has its parts of counters.
func (r *Resident) findBases(program *ebpf.Program) error {
	if r == nil || r.CounterPerCPU == 0 {
		return nil
	}
	status, err := program.Run(&ebpf.RunOptions{})
	if err == nil && status != 0 {
		err = fmt.Errorf("status %d", status)
	}
	if err != nil {
		return fmt.Errorf("find where cores count resident pages: %w", err)
	}
	return nil
}

func setResident(spec *ebpf.CollectionSpec, r *Resident) error {
	if r == nil {
		return nil
	}
	return errors.Join(
		spec.Variables["follow_resident"].Set(uint32(1)),
		spec.Variables["task_mm"].Set(r.TaskMM),
		spec.Variables["mm_counters"].Set(r.MMCounters),
		spec.Variables["counter_bytes"].Set(r.CounterBytes),
		spec.Variables["counter_per_cpu"].Set(r.CounterPerCPU),
		spec.Variables["task_counters"].Set(r.TaskCounters),
		spec.Variables["array_parts"].Set(r.ArrayParts))
}

func residentOf(types *btf.Spec) (r Resident, err error) {
	var task, mm *btf.Struct
	if err := errors.Join(types.TypeByName("task_struct", &task), types.TypeByName("mm_struct", &mm)); err != nil {
		return r, err
	}
	pointer, ok1 := findMember(task.Members, "mm")
	counters, ok2 := findMember(mm.Members, "rss_stat")
	if !ok1 || !ok2 {
		return r, errors.New("task_struct has no mm, or mm_struct no rss_stat")
	}
	r.TaskMM = pointer.offset
	switch t := btf.UnderlyingType(counters.kind).(type) {
	case *btf.Array: // of percpu_counter
		counter, ok := btf.UnderlyingType(t.Type).(*btf.Struct)
		if !ok {
			return r, errors.New("mm_struct.rss_stat holds no structs")
		}
		value, ok1 := findMember(counter.Members, "count")
		parts, ok2 := findMember(counter.Members, "counters")
		if !ok1 || !ok2 || parts.offset <= value.offset {
			return r, errors.New("mm_struct.rss_stat is not of counters that cores share")
		}
		r.MMCounters, r.CounterBytes = counters.offset+value.offset, counter.Size
		r.CounterPerCPU = parts.offset - value.offset
		var array *btf.Struct
		if err := types.TypeByName("bpf_array", &array); err != nil {
			return r, err
		}
		pointers, ok := findMember(array.Members, "pptrs")
		if !ok {
			return r, errors.New("bpf_array has no pptrs")
		}
		r.ArrayParts = pointers.offset
	case *btf.Struct: // mm_rss_stat, of atomic_long_t
		values, ok := findMember(t.Members, "count")
		if !ok {
			return r, errors.New("mm_struct.rss_stat has no count")
		}
		r.MMCounters, r.CounterBytes = counters.offset+values.offset, 8
		if own, ok := findMember(task.Members, "rss_stat"); ok {
			stat, isStruct := btf.UnderlyingType(own.kind).(*btf.Struct)
			if !isStruct {
				return r, errors.New("task_struct.rss_stat is no struct")
			}
			count, ok := findMember(stat.Members, "count")
			if !ok {
				return r, errors.New("task_struct.rss_stat has no count")
			}
			r.TaskCounters = own.offset + count.offset
		}
	default:
		return r, fmt.Errorf("mm_struct.rss_stat is a %T", t)
	}
	return r, nil
}

type member struct {
	offset uint32
	kind   btf.Type
}

// findMember looks into members without a name, too.
func findMember(members []btf.Member, name string) (member, bool) {
	for _, m := range members {
		if m.Name == name {
			return member{m.Offset.Bytes(), m.Type}, true
		}
		if m.Name != "" {
			continue
		}
		var inner []btf.Member
		switch t := btf.UnderlyingType(m.Type).(type) {
		case *btf.Struct:
			inner = t.Members
		case *btf.Union:
			inner = t.Members
		}
		if found, ok := findMember(inner, name); ok {
			found.offset += m.Offset.Bytes()
			return found, true
		}
	}
	return member{}, false
}
