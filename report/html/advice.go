package html

import "github.com/edgexray/edgexray/analyze/stragglers"

// advice is what to do about a cause.
var advice = map[stragglers.Cause]string{
	stragglers.ReferenceKernel: "Build or configure the runtime with its optimized kernels.",
	stragglers.SlowType:        "Keep this op in float, or use a runtime that has a fast kernel for the type.",
	stragglers.NotDelegated:    "Give the model an op, type or shape that the delegate takes, or a runtime whose delegate takes this one.",
	stragglers.Partitions:      "Replace the ops between the pieces by ones that the delegate takes.",
	stragglers.NoDelegate:      "Look at how the app makes its interpreter: the delegate is in the library, but took nothing.",
	stragglers.MemoryBound:     "Move fewer bytes: a smaller type, smaller tensors, or ops fused.",
	stragglers.Overhead:        "Fuse it with its neighbours: there is too little work in it.",
	stragglers.Preempted:       "Record again while the device is quiet; if that is how it is used, give the thread a core or a priority.",
	stragglers.Blocked:         "Find what the thread waits for.",
	stragglers.OffCPU:          "Find out whether the thread waits, or others have its core.",
	stragglers.Faults:          "Keep the memory: it is mapped anew in every run.",
	stragglers.SlowCore:        "Pin the thread to a faster core.",
	stragglers.LowFrequency:    "Look at the governor, and at what heats the device.",
	stragglers.ColdStart:       "Run the model once before it matters.",
	stragglers.Imbalance:       "Try fewer threads.",
	stragglers.Bimodal:         "Look at what differs between its fast and its slow runs.",
	stragglers.Drift:           "Look at the device's temperature: it becomes slower as it runs.",
	stragglers.Unexplained:     "Record with --sample to see where its kernel spends the time.",
}
