package tflite

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	flatbuffers "github.com/google/flatbuffers/go"
)

// Place is where an operator is in a model.
type Place struct{ Subgraph, Node int }

// Extract is a model of operators each of which runs alone.
type Extract struct {
	File []byte // a .tflite file
	Ops  []Ends // in the order of the places
}

// Ends are the tensors that an operator takes, without its constants, and gives, by index in its own subgraph. Inputs of
// an extract are those of its first operator, then those of the next one, and so on; outputs likewise.
type Ends struct{ Inputs, Outputs []int32 }

// The flatbuffers library writes no more than 2 GiB, and doubles its memory when that is full.
const maxExtract = 1<<30 - 1<<20

var errExtractTooLarge = fmt.Errorf("the model of single ops would be larger than %d MB", maxExtract>>20)

// Fed tells which tensors get their data at run time, by index: what the app and operators give, and variables.
func (s *Subgraph) Fed() []bool {
	fed := make([]bool, len(s.Tensors))
	mark := func(tensors []int32) {
		for _, t := range tensors {
			if t >= 0 {
				fed[t] = true
			}
		}
	}
	mark(s.Inputs)
	for _, o := range s.Operators {
		mark(o.Outputs)
	}
	for i, t := range s.Tensors {
		fed[i] = fed[i] || t.IsVariable
	}
	return fed
}

// Extract makes a model in which operators of m, which was read from file, run without each other: what one takes from
// another, and its variables, are inputs of the extract, and all that it gives are outputs. A place may come more than
// once. The error is an *ExtractError.
//
// Nothing but lists of tensors changes, so no op's options need to be understood: the extract is the whole old file with
// new tables in front. These refer to the old ones for options, buffers and tensors, which stay valid because offsets of
// a flatbuffer are relative and lead forward.
func (m *Model) Extract(file []byte, places []Place, real func(t *Tensor, data []byte) ([]float32, error)) (*Extract, error) {
	x := extractor{model: m, real: real, old: newFlatbuffer(bytes.NewReader(file), int64(len(file))),
		fed: make(map[int][]bool), reals: make(map[*Tensor]uint32), codes: make(map[uint32]uint32)}
	x.root = x.old.table(x.old.follow(0))
	x.check(places)
	x.begin(file)
	extract := &Extract{}
	for _, p := range places {
		if x.old.err != nil {
			break
		}
		extract.Ops = append(extract.Ops, x.add(p))
		if err := x.old.err; err != nil {
			x.old.err = fmt.Errorf("node %d of subgraph %d: %w", p.Node, p.Subgraph, err)
		}
	}
	if x.old.err == nil {
		extract.File = x.finish()
	}
	if x.old.err != nil {
		return nil, &ExtractError{x.old.err}
	}
	return extract, nil
}

// ExtractError says why ops can't be extracted.
type ExtractError struct{ err error }

func (e *ExtractError) Error() string { return "can't be taken out of the model: " + e.err.Error() }

// Unwrap returns the cause.
func (e *ExtractError) Unwrap() error { return e.err }

// extractor writes an extract. The builder counts offsets from the end of what it writes.
type extractor struct {
	*flatbuffers.Builder
	model *Model
	real  func(t *Tensor, data []byte) ([]float32, error) // nil: ops keep their types
	old   *flatbuffer                                     // holds the first error
	root  table                                           // of the old file
	base  flatbuffers.UOffsetT                            // of the old file's first byte
	left  int64                                           // bytes that may still be added

	tensors, operators, buffers []flatbuffers.UOffsetT // of the extract; buffers beyond the old ones
	inputs, outputs             []int32
	fed                         map[int][]bool     // by subgraph
	reals                       map[*Tensor]uint32 // numbers of buffers
	codes                       map[uint32]uint32  // of operators: indices in the extract by those in the old file
	operatorCodes               []flatbuffers.UOffsetT
}

// check fails for what can't be extracted, and reckons how much may be added beside the tables of the operators.
func (x *extractor) check(places []Place) {
	x.left = maxExtract - x.old.size - 8*int64(len(x.model.Buffers))
	for _, p := range places {
		if p.Subgraph < 0 || p.Subgraph >= len(x.model.Subgraphs) || p.Node < 0 || p.Node >= len(x.model.Subgraphs[p.Subgraph].Operators) {
			x.old.fail(fmt.Errorf("node %d of subgraph %d: the model has no such node", p.Node, p.Subgraph))
			return
		}
		o := &x.model.Subgraphs[p.Subgraph].Operators[p.Node]
		x.left -= 256 + 128*int64(len(o.Inputs)+len(o.Outputs)+len(o.Intermediates))
	}
	for i, b := range x.model.Buffers {
		if _, n := x.root.element(4, i).vector(0, 1); n != b.Size {
			x.old.fail(errors.New("the model keeps weights behind its tables, as files above 2 GB do, which isn't supported"))
			return
		}
	}
	x.spend(0)
}

// spend reports whether so many bytes may be added.
func (x *extractor) spend(n int64) bool {
	if x.left -= n; x.left < 0 {
		x.old.fail(errExtractTooLarge)
	}
	return x.old.err == nil
}

// begin puts the old file at the end of the new one, where its buffers and options keep their alignment (16 at most).
func (x *extractor) begin(file []byte) {
	if x.old.err != nil {
		return
	}
	x.Builder = flatbuffers.NewBuilder(len(file) + 64<<10)
	x.Prep(64, len(file))
	x.base = x.CreateByteVector(file) - flatbuffers.SizeUOffsetT
}

// at returns the offset of what lies at a position of the old file.
func (x *extractor) at(position int64) flatbuffers.UOffsetT {
	if position < 0 || position >= x.old.size {
		x.old.fail(errTruncated)
		return x.base
	}
	return x.base - flatbuffers.UOffsetT(position)
}

// keep gives the table that is being written the old table's field, which refers to something.
func (x *extractor) keep(t table, id int) {
	if at := t.field(id); at != 0 {
		x.PrependUOffsetTSlot(id, x.at(t.follow(at)), 0)
	}
}

// add adds an operator, with tensors of its own.
func (x *extractor) add(p Place) Ends {
	op := x.model.Subgraphs[p.Subgraph].Operators[p.Node]
	fed := x.fed[p.Subgraph]
	if fed == nil {
		fed = x.model.Subgraphs[p.Subgraph].Fed()
		x.fed[p.Subgraph] = fed
	}
	var ends Ends
	index := map[int32]int32{-1: -1} // in the extract
	own := func(tensors []int32) []int32 {
		list := make([]int32, len(tensors))
		for i, t := range tensors {
			if _, ok := index[t]; !ok {
				index[t] = int32(len(x.tensors))
				x.tensors = append(x.tensors, x.tensor(p.Subgraph, t, fed[t]))
			}
			list[i] = index[t]
		}
		return list
	}
	inputs := own(op.Inputs)
	given := make(map[int32]bool)
	for i, t := range op.Inputs {
		if t >= 0 && fed[t] && !given[t] {
			given[t] = true
			ends.Inputs = append(ends.Inputs, t)
			x.inputs = append(x.inputs, inputs[i])
		}
	}
	outputs := own(op.Outputs)
	for i, t := range op.Outputs {
		if t >= 0 {
			ends.Outputs = append(ends.Outputs, t)
			x.outputs = append(x.outputs, outputs[i])
		}
	}
	old := x.root.element(2, p.Subgraph).element(3, p.Node)
	x.operators = append(x.operators, x.operator(old, inputs, outputs, own(op.Intermediates)))
	return ends
}

func (x *extractor) operator(old table, inputs, outputs, intermediates []int32) flatbuffers.UOffsetT {
	if old.uint64(9) != 0 {
		x.old.fail(errors.New("its options lie behind the model's tables, as in files above 2 GB, which isn't supported"))
	}
	in, out := x.ints(inputs), x.ints(outputs)
	var between flatbuffers.UOffsetT
	if len(intermediates) > 0 {
		between = x.ints(intermediates)
	}
	x.StartObject(13)
	x.PrependUint32Slot(0, x.code(old.uint32(0)), 0)
	x.PrependUOffsetTSlot(1, in, 0)
	x.PrependUOffsetTSlot(2, out, 0)
	x.PrependByteSlot(3, old.byte(3), 0) // type of the options,
	x.keep(old, 4)                       // and these
	x.keep(old, 5)                       // a custom op's options
	x.PrependByteSlot(6, old.byte(6), 0)
	x.keep(old, 7) // which inputs are variables
	x.PrependUOffsetTSlot(8, between, 0)
	x.PrependByteSlot(11, old.byte(11), 0) // newer ops' options
	x.keep(old, 12)
	return x.EndObject()
}

// code returns the index of an operator code in the extract. It has only those that it uses: a runtime refuses a model
// with one that it doesn't know, even if no operator has it.
func (x *extractor) code(old uint32) uint32 {
	if index, ok := x.codes[old]; ok {
		return index
	}
	at, _ := x.root.vector(1, 4)
	index := uint32(len(x.operatorCodes))
	x.codes[old] = index
	x.operatorCodes = append(x.operatorCodes, x.at(x.old.follow(at+4*int64(old))))
	return index
}

// tensor returns the table of a tensor: the old one, or a new one for its real values.
func (x *extractor) tensor(subgraph int, index int32, fed bool) flatbuffers.UOffsetT {
	t := &x.model.Subgraphs[subgraph].Tensors[index]
	tables, _ := x.root.element(2, subgraph).vector(0, 4)
	position := x.old.follow(tables + 4*int64(index))
	if x.real == nil || !t.Quantized() {
		return x.at(position)
	}
	if t.IsVariable {
		x.old.fail(errors.New("its state is quantized: it has no form in float"))
	}
	var buffer uint32
	if !fed {
		buffer = x.realBuffer(t)
	}
	old := x.old.table(position)
	x.StartObject(8)
	x.keep(old, 0) // shape
	x.PrependUint32Slot(2, buffer, 0)
	x.keep(old, 3) // name
	x.keep(old, 7) // shape signature
	return x.EndObject()
}

// realBuffer returns the number of a buffer with a constant's real values.
func (x *extractor) realBuffer(t *Tensor) uint32 {
	if number, ok := x.reals[t]; ok {
		return number
	}
	b := x.model.Buffers[t.Buffer]
	if !x.spend(64 + 16*b.Size) { // elements of 2 bits, the smallest ones, get 16 times as large
		return 0
	}
	data := make([]byte, b.Size)
	x.old.read(b.Offset, data)
	values, err := x.real(t, data)
	if err != nil {
		x.old.fail(err)
	}
	x.StartVector(4, len(values), 16)
	for _, v := range slices.Backward(values) {
		x.PrependFloat32(v)
	}
	vector := x.EndVector(4 * len(values)) // of bytes
	x.StartObject(1)
	x.PrependUOffsetTSlot(0, vector, 0)
	x.buffers = append(x.buffers, x.EndObject())
	x.reals[t] = uint32(len(x.model.Buffers) + len(x.buffers) - 1)
	return x.reals[t]
}

// finish writes the tables above the operators and returns the file.
func (x *extractor) finish() []byte {
	tensors, operators := x.CreateVectorOfTables(x.tensors), x.CreateVectorOfTables(x.operators)
	inputs, outputs := x.ints(x.inputs), x.ints(x.outputs)
	name := x.CreateString("ops")
	x.StartObject(5)
	x.PrependUOffsetTSlot(0, tensors, 0)
	x.PrependUOffsetTSlot(1, inputs, 0)
	x.PrependUOffsetTSlot(2, outputs, 0)
	x.PrependUOffsetTSlot(3, operators, 0)
	x.PrependUOffsetTSlot(4, name, 0)
	subgraphs := x.CreateVectorOfTables([]flatbuffers.UOffsetT{x.EndObject()})
	buffers := x.CreateVectorOfTables(append(x.oldBuffers(), x.buffers...))
	codes := x.CreateVectorOfTables(x.operatorCodes)
	x.StartObject(5)
	x.PrependUint32Slot(0, x.model.Version, 0)
	x.PrependUOffsetTSlot(1, codes, 0)
	x.PrependUOffsetTSlot(2, subgraphs, 0)
	x.PrependUOffsetTSlot(4, buffers, 0)
	x.FinishWithFileIdentifier(x.EndObject(), []byte(identifier))
	return x.FinishedBytes()
}

func (x *extractor) oldBuffers() []flatbuffers.UOffsetT {
	at, _ := x.root.vector(4, 4)
	offsets := make([]flatbuffers.UOffsetT, len(x.model.Buffers))
	for i := range offsets {
		offsets[i] = x.at(x.old.follow(at + 4*int64(i)))
	}
	return offsets
}

func (x *extractor) ints(values []int32) flatbuffers.UOffsetT {
	x.StartVector(4, len(values), 4)
	for _, v := range slices.Backward(values) {
		x.PrependInt32(v)
	}
	return x.EndVector(len(values))
}
