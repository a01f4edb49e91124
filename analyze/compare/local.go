package compare

import "context"

// Local runs single ops with trusted kernels.
type Local interface {
	// Run runs each op alone, given the very inputs that it had. Results come in the order of ops.
	Run(ctx context.Context, ops []LocalOp) ([]LocalResult, error)
	// Constant returns the data of a tensor that is a constant of the model, which stays the callee's; nil of any other.
	Constant(subgraph int, tensor int32) []byte
}

// LocalOp is an op of the model file and the data of its inputs that aren't constants in the model, by tensor index.
type LocalOp struct {
	Subgraph, Node int
	Inputs         map[int32][]byte  // as the tensor's type stores them
	Shapes         map[int32][]int32 // of the inputs as they were
	Float          bool              // it is to be run in float and requantised, even where a kernel of its own type is there
}

// LocalResult is what an op's outputs are, by tensor index, and how they came about.
type LocalResult struct {
	Outputs map[int32][]byte
	Kernel  string // which kernel made them, for a person: "reference INT8", "float, requantised"
	Exact   bool   // made by a kernel of the op's own type; false when by way of float, which allows for one more LSB
	Err     error  // why it couldn't run
}
