// Package trace reads and writes trace files (.xray): what was recorded on a device, as a stream of checksummed,
// compressed blocks of protobuf messages. docs/trace-format.md specifies the format.
//
// The messages (Block, Header, Node, ...) are generated from trace.proto.
package trace

//go:generate sh -c "GOBIN=$PWD/.bin go install google.golang.org/protobuf/cmd/protoc-gen-go && PATH=$PWD/.bin:$PATH protoc --go_out=. --go_opt=paths=source_relative trace.proto && rm -r .bin"

// Magic is how every trace file begins.
const Magic = "edgexray"

// The format's version, written after the magic. A reader refuses a newer major version; a newer minor version only
// adds fields, which older readers ignore.
const (
	Major = 1
	Minor = 0
)

// Bounds of one block. A reader refuses what exceeds them, so hostile input can't make it allocate without limit.
const (
	// MaxBlock is the largest block payload in bytes, compressed or not.
	MaxBlock = 1 << 20
	// MaxDescription is the largest description in bytes that a writer takes.
	MaxDescription = MaxBlock / 4
)
