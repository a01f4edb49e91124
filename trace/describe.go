package trace

import (
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Description is a message that a Writer takes with Describe: *Runtime, *Kernel, *Process, *Thread, *Model, *ModelNode,
// *Subgraph, *Node, *Aggregate, *Gap, *HeapUse, *HeapSite, *Frame, *SampleStack, *Marker
// or *Note.
type Description interface {
	proto.Message
	addTo(*Block)
}

func (m *Runtime) addTo(b *Block)     { b.Runtimes = append(b.Runtimes, m) }
func (m *Kernel) addTo(b *Block)      { b.Kernels = append(b.Kernels, m) }
func (m *Process) addTo(b *Block)     { b.Processes = append(b.Processes, m) }
func (m *Thread) addTo(b *Block)      { b.Threads = append(b.Threads, m) }
func (m *Model) addTo(b *Block)       { b.Models = append(b.Models, m) }
func (m *ModelNode) addTo(b *Block)   { b.ModelNodes = append(b.ModelNodes, m) }
func (m *Subgraph) addTo(b *Block)    { b.Subgraphs = append(b.Subgraphs, m) }
func (m *Node) addTo(b *Block)        { b.Nodes = append(b.Nodes, m) }
func (m *Note) addTo(b *Block)        { b.Notes = append(b.Notes, m) }
func (m *Aggregate) addTo(b *Block)   { b.Aggregates = append(b.Aggregates, m) }
func (m *Gap) addTo(b *Block)         { b.Gaps = append(b.Gaps, m) }
func (m *HeapUse) addTo(b *Block)     { b.HeapUses = append(b.HeapUses, m) }
func (m *HeapSite) addTo(b *Block)    { b.HeapSites = append(b.HeapSites, m) }
func (m *Frame) addTo(b *Block)       { b.Frames = append(b.Frames, m) }
func (m *SampleStack) addTo(b *Block) { b.Samples = append(b.Samples, m) }
func (m *Marker) addTo(b *Block)      { b.Markers = append(b.Markers, m) }

// MakeValid replaces bytes of m's strings that aren't UTF-8, which protobuf can't hold: names come from memory and files
// of an app that may put anything there.
func MakeValid(m proto.Message) { makeValid(m.ProtoReflect()) }

func makeValid(m protoreflect.Message) {
	m.Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case field.IsList() && field.Kind() == protoreflect.StringKind:
			list := v.List()
			for i := range list.Len() {
				list.Set(i, protoreflect.ValueOfString(validString(list.Get(i).String())))
			}
		case field.IsList() && field.Kind() == protoreflect.MessageKind:
			list := v.List()
			for i := range list.Len() {
				makeValid(list.Get(i).Message())
			}
		case field.Kind() == protoreflect.MessageKind:
			makeValid(v.Message())
		case field.Kind() == protoreflect.StringKind && !utf8.ValidString(v.String()):
			m.Set(field, protoreflect.ValueOfString(validString(v.String())))
		}
		return true
	})
}

func validString(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
