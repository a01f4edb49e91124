package test

import "testing"

// The parts of docs/ops-json.md and docs/device-json.md that tests look at.
type (
	opsJSON struct {
		Duration  uint64            `json:"duration_ns"`
		Lost      map[string]uint64 `json:"lost"`
		ProbeCost uint64            `json:"probe_cost_ns"`
		Truncated string            `json:"truncated"`
		Notes     []struct{ Kind, Text string }
		Processes []struct {
			PID       int
			Process   string
			Exited    bool
			LastWords string `json:"last_words"`
			Received  int
		}
		Recording struct {
			AttachMethod   string `json:"attach_method"`
			EndReason      string `json:"end_reason"`
			Ops            int
			Budget         float64
			AggregateError float64 `json:"aggregate_error"`
			Gaps           int
			GapsNS         uint64 `json:"gaps_ns"`
			CostNS         uint64 `json:"cost_ns"`
		}
		Models []modelJSON
		Groups []struct {
			Name  string
			Count int
			Wall  wallJSON `json:"wall_ns"`
		}
	}
	modelJSON struct {
		PID            int
		Process        string
		Model          string
		SHA256         string `json:"model_sha256"`
		Name           string
		Runtime        struct{ Path, Entry, BuildID string }
		Interpreters   int
		Threads        int
		Invokes        int
		InvokesPartial int      `json:"invokes_partial"`
		OpsPerInvoke   int      `json:"ops_per_invoke"`
		InvokeWall     wallJSON `json:"invoke_wall_ns"`
		Ops            []opJSON // nodes
		Operators      []opJSON `json:"-"` // of XNNPACK, within delegate nodes
		Memory         modelMemoryJSON
	}
	modelMemoryJSON struct {
		Peak          uint64 `json:"peak_bytes"`
		PeakSubgraph  int    `json:"peak_subgraph"`
		PeakNode      int    `json:"peak_node"`
		PeakOp        string `json:"peak_op"`
		Arena         uint64 `json:"arena_bytes"`
		Dynamic       uint64 `json:"dynamic_bytes"`
		Custom        uint64 `json:"custom_bytes"`
		Persistent    uint64 `json:"persistent_bytes"`
		Weights       uint64 `json:"weights_bytes"`
		Unknown       int    `json:"unknown_tensors"`
		DelegateNodes int    `json:"delegate_nodes"`
		Complete      bool
		Notes         []string
		Runs          []struct {
			Subgraph int
			Nodes    []int
			Live     []uint64 `json:"live_bytes"`
			Tensors  []struct {
				Index         int
				Name          string
				Kind, Address string
				Bytes         uint64
				First, Last   int
				Known         bool
			}
		}
	}
	opMemoryJSON struct {
		Read      uint64  `json:"read_bytes"`
		Written   uint64  `json:"written_bytes"`
		Weights   uint64  `json:"weights_bytes"`
		Temporary uint64  `json:"temporary_bytes"`
		Live      *uint64 `json:"live_bytes"`
		Unknown   int     `json:"unknown_tensors"`
	}
	paidJSON struct {
		CPU         uint64 `json:"cpu_ns"`
		Workers     uint64 `json:"workers_cpu_ns"`
		Threads     float64
		Efficiency  float64
		MinorFaults uint64 `json:"minor_faults"`
		Resident    int64  `json:"resident_bytes"`
	}
	causeJSON struct {
		Cause string
		Share float64
	}
	opJSON struct {
		Subgraph        int
		SubgraphName    string `json:"subgraph_name"`
		Node            int
		Op              string
		Custom          bool
		Kernel          string
		Delegate        string
		Replaced        []int
		Operator        string
		OperatorIndex   int `json:"operator_index"`
		DelegateNode    int `json:"delegate_node"`
		Mapping         string
		MappedNodes     []int    `json:"mapped_nodes"`
		MappedOps       []string `json:"mapped_ops"`
		Inputs, Outputs []tensorJSON
		Count           int
		Wall            wallJSON `json:"wall_ns"`
		Share           float64
		EndsInferred    uint64 `json:"ends_inferred"`
		SelfNS          uint64 `json:"self_ns"`
		Samples         int
		Paid            paidJSON
		Causes          []causeJSON
		ProbeCost       uint64 `json:"probe_cost_ns"`
		OpGuessed       bool   `json:"op_guessed"`
		Incomplete      bool
		Memory          *opMemoryJSON
		Heap            *heapJSON
	}
	heapJSON struct {
		Allocated   uint64 `json:"allocated_bytes"`
		Kept        uint64 `json:"kept_bytes"`
		Peak        uint64 `json:"peak_bytes"`
		Allocations uint64
	}
	tensorJSON struct {
		Index     int
		Name      string
		Type      string
		Shape     []int
		Scale     float64
		ZeroPoint int `json:"zero_point"`
		Channels  int
	}
	wallJSON struct {
		Mean                         float64
		P50, P90, P99, Min, Max, Sum uint64
	}
	discoveryJSON struct {
		PID       int
		Libraries []struct {
			Path, Entry, ID, Machine string
			BuildID                  string       `json:"build_id"`
			NotProbeable             string       `json:"not_probeable"`
			Kernels                  []kernelJSON `json:"kernels"`
		}
		Subgraphs []struct {
			Nodes []struct {
				Index    int
				Op       string
				Delegate bool
				Library  string
				Offset   int64 `json:"file_offset"`
				Refused  string
			}
		}
		Unusable []struct{ Path, Why string }
	}
	kernelJSON struct {
		Role, Symbol, Name, Instruction, Class, Refused string
		FileOffset                                      int64 `json:"file_offset"`
		SiteOffset                                      int64 `json:"site_file_offset"`
		Address                                         uint64
		Emulated                                        bool
		Ops                                             []string
	}
)

// count sums up how often ops ran.
func (m modelJSON) count() int {
	n := 0
	for _, op := range m.Ops {
		n += op.Count
	}
	return n
}

func (r opsJSON) count() int {
	n := 0
	for _, m := range r.Models {
		n += m.count()
	}
	return n
}

// model returns the only model.
func (r opsJSON) model(t testing.TB) modelJSON {
	t.Helper()
	if len(r.Models) != 1 {
		t.Fatalf("%d models, want 1: %+v", len(r.Models), r.Models)
	}
	return r.Models[0]
}

// wantNothingLost reports losses.
func wantNothingLost(t testing.TB, r opsJSON) {
	t.Helper()
	if len(r.Lost) != 0 || r.Truncated != "" {
		t.Errorf("lost %v, truncated %q; want neither", r.Lost, r.Truncated)
	}
}

// splitOperators moves what isn't a node from the model's ops to its operators.
func (m *modelJSON) splitOperators() {
	var nodes []opJSON
	for _, op := range m.Ops {
		if op.Mapping == "" {
			nodes = append(nodes, op)
		} else {
			m.Operators = append(m.Operators, op)
		}
	}
	m.Ops = nodes
}
