// Package compare says which layer of a model went wrong: it compares the tensors of a snapshot from the device, the edge,
// with those of a reference, and each op's outputs with what a trusted kernel makes of the very inputs the op had.
//
// The second error, the local one, convicts a kernel; the first, the accumulated one, also holds what earlier ops did.
package compare
