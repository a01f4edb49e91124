// Package snapshot reads and writes snapshot files (.tensors): tensors that were captured from a running app, with what
// is known of the nodes that made them. docs/snapshot-format.md specifies the format.
//
// The messages (Record, Capture, ...) are generated from snapshot.proto; descriptions are those of package trace.
package snapshot

//go:generate sh -c "GOBIN=$PWD/.bin go install google.golang.org/protobuf/cmd/protoc-gen-go && PATH=$PWD/.bin:$PATH protoc -I. -I../../trace --go_out=. --go_opt=paths=source_relative snapshot.proto && rm -r .bin"
