package bpf

import (
	"fmt"

	"github.com/cilium/ebpf/btf"
)

// Task is where this Linux keeps what the programs read of a task_struct.
type Task struct {
	PID           uint32 // offset of pid, which tgid follows
	State         uint32 // offset of state
	StateBytes    uint32
	StateArgument bool // sched_switch tells the state: reading it there may come too late
}

// ReadTask asks Linux's own type information (BTF), which Android's 5.10 doesn't have.
func ReadTask() (Task, error) {
	types, err := btf.LoadKernelSpec()
	if err != nil {
		return Task{}, fmt.Errorf("read Linux's types: %w (its build left out CONFIG_DEBUG_INFO_BTF)", err)
	}
	var task *btf.Struct
	if err := types.TypeByName("task_struct", &task); err != nil {
		return Task{}, fmt.Errorf("read Linux's types: %w", err)
	}
	var t Task
	var pid, tgid bool
	for _, m := range task.Members {
		switch m.Name {
		case "pid":
			t.PID, pid = m.Offset.Bytes(), true
		case "tgid":
			tgid = m.Offset.Bytes() == t.PID+4
		case "state", "__state":
			size, err := btf.Sizeof(m.Type)
			if err != nil {
				return Task{}, fmt.Errorf("read Linux's types: size of task_struct.%s: %w", m.Name, err)
			}
			t.State, t.StateBytes = m.Offset.Bytes(), uint32(size)
		}
	}
	if !pid || !tgid {
		return Task{}, fmt.Errorf("read Linux's types: task_struct has no pid with tgid behind it")
	}
	t.StateArgument = switchTellsState(types)
	return t, nil
}

// switchTellsState tells whether sched_switch has the arguments (data, preempt, prev, next, prev_state).
func switchTellsState(types *btf.Spec) bool {
	var callback *btf.Typedef
	if types.TypeByName("btf_trace_sched_switch", &callback) != nil {
		return false
	}
	pointer, ok := callback.Type.(*btf.Pointer)
	if !ok {
		return false
	}
	function, ok := pointer.Target.(*btf.FuncProto)
	return ok && len(function.Params) == 5 && function.Params[4].Name == "prev_state"
}
