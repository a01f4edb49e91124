// Package compare compares the tensors of two snapshots, layer by layer.
package compare
