package tflite

import (
	"errors"
	"fmt"
	"io"
)

// Metadata is what a model's maker says of it: what its inputs are and how they are made.
type Metadata struct {
	Name, Description, Version string
	Inputs, Outputs            []TensorMetadata // of the first subgraph, in the order of its inputs and outputs
	Files                      []AssociatedFile // that are for the whole model
}

// TensorMetadata is what is said of an input or an output.
type TensorMetadata struct {
	Name, Description string
	Content           Content
	Color             ColorSpace // of a picture
	Rate, Channels    int        // of audio: samples a second; 0 when they aren't said
	Mean, Std         []float32  // (x-mean)/std is fed: one each, or one for each channel; empty when nothing is said
	Tokenizer         Tokenizer
	Max, Min          []float32 // of the values that are fed
	Files             []AssociatedFile
}

// Content is what a tensor holds.
type Content uint8

// The kinds of content.
const (
	UnknownContent Content = iota
	FeatureContent
	ImageContent
	BoxContent
	AudioContent
)

// ColorSpace is that of a picture.
type ColorSpace uint8

// The color spaces.
const (
	UnknownColor ColorSpace = iota
	RGB
	Grayscale
)

// Tokenizer is how text becomes tokens.
type Tokenizer struct {
	Kind       TokenizerKind
	Delimiter  string // a regular expression
	Vocabulary []AssociatedFile
}

// TokenizerKind is which one it is. Its numbers are those of the schema's ProcessUnitOptions.
type TokenizerKind uint8

// The kinds of tokenizers.
const (
	NoTokenizer            TokenizerKind = 0
	BertTokenizer          TokenizerKind = 4
	SentencePieceTokenizer TokenizerKind = 5
	RegexTokenizer         TokenizerKind = 6
)

// AssociatedFile is a file that is packed with the model: a zip archive behind the flatbuffer holds it.
type AssociatedFile struct {
	Name, Description string
	Kind              FileKind
}

// FileKind is what an associated file holds.
type FileKind uint8

// The kinds of files that steps and reports use.
const (
	AxisLabels  FileKind = 2 // a line for each place along an axis
	ValueLabels FileKind = 3 // a line for each value
	Vocabulary  FileKind = 5
)

// ErrNoMetadata says that a model's maker says nothing of it.
var ErrNoMetadata = errors.New("the model has no metadata (its maker said nothing of its inputs)")

const (
	metadataName       = "TFLITE_METADATA" // of the model's metadata that is Metadata
	metadataIdentifier = "M001"            // of its flatbuffer, at offset 4
)

// OpenMetadata reads the metadata of a .tflite file of size bytes; ErrNoMetadata when there is none. The file may be damaged or
// hostile: then an error says where.
func OpenMetadata(r io.ReaderAt, size int64) (*Metadata, error) {
	f := newFlatbuffer(r, size)
	var head [8]byte
	f.read(0, head[:])
	if f.err == nil && !IsModel(head[:]) {
		f.fail(errors.New("no \"TFL3\" at offset 4 (not a .tflite file?)"))
	}
	place, ok := f.metadataBuffer()
	if f.err != nil {
		return nil, fmt.Errorf("parse model: %w", f.err)
	}
	if !ok {
		return nil, ErrNoMetadata
	}
	m, err := parseMetadata(io.NewSectionReader(r, place.Offset, place.Size), place.Size)
	if err != nil {
		return nil, fmt.Errorf("parse metadata: %w", err)
	}
	return m, nil
}

// metadataBuffer finds the buffer with the flatbuffer of metadata. Field numbers are those of schema.fbs: see model.
func (f *flatbuffer) metadataBuffer() (Buffer, bool) {
	t := f.table(f.follow(0))
	_, n := t.vector(6, 4)
	for i := range int(n) {
		entry := t.element(6, i)
		if entry.string(0) != metadataName || f.err != nil {
			continue
		}
		b := buffer(t.element(4, int(entry.uint32(1))))
		return b, f.err == nil && b.Size > 0
	}
	return Buffer{}, false
}

// Field numbers below are the order of fields in the tables of tflite-support's metadata_schema.fbs, version 1.4; a union
// counts as two.

func parseMetadata(r io.ReaderAt, size int64) (*Metadata, error) {
	f := newFlatbuffer(r, size)
	var head [8]byte
	f.read(0, head[:])
	if f.err == nil && string(head[4:]) != metadataIdentifier {
		f.fail(fmt.Errorf("no %q at offset 4 (of another kind?)", metadataIdentifier))
	}
	t := f.table(f.follow(0))
	m := &Metadata{Name: t.string(0), Description: t.string(1), Version: t.string(2), Files: tables(t, 6, "associated file", associatedFile)}
	if _, n := t.vector(3, 4); n > 0 {
		subgraph := t.element(3, 0)
		m.Inputs = tables(subgraph, 2, "input", tensorMetadata)
		m.Outputs = tables(subgraph, 3, "output", tensorMetadata)
		m.Files = append(m.Files, tables(subgraph, 4, "associated file", associatedFile)...)
		if _, n := subgraph.vector(5, 4); n > 0 && len(m.Inputs) > 0 {
			m.Inputs[0].process(subgraph, 5, n) // text models have their tokenizer here
		}
	}
	return m, f.err
}

func tensorMetadata(t table) TensorMetadata {
	m := TensorMetadata{Name: t.string(0), Description: t.string(1), Files: tables(t, 6, "associated file", associatedFile)}
	if content, ok := t.child(3); ok {
		m.Content = Content(content.byte(0))
		if properties, ok := content.child(1); ok {
			switch m.Content {
			case ImageContent:
				m.Color = ColorSpace(properties.byte(0))
			case AudioContent:
				m.Rate, m.Channels = int(properties.uint32(0)), int(properties.uint32(1))
			}
		}
	}
	if _, n := t.vector(4, 4); n > 0 {
		m.process(t, 4, n)
	}
	if stats, ok := t.child(5); ok {
		m.Max, m.Min = numbers[float32](stats, 0), numbers[float32](stats, 1)
	}
	return m
}

// process reads the n process units in a field.
func (m *TensorMetadata) process(t table, field int, n int64) {
	const normalization = 1
	for i := range int(n) {
		unit := t.element(field, i)
		kind := unit.byte(0)
		options, ok := unit.child(1)
		if !ok {
			continue
		}
		switch TokenizerKind(kind) {
		case normalization:
			m.Mean, m.Std = numbers[float32](options, 0), numbers[float32](options, 1)
		case BertTokenizer:
			m.Tokenizer = Tokenizer{Kind: BertTokenizer, Vocabulary: tables(options, 0, "vocabulary", associatedFile)}
		case SentencePieceTokenizer:
			m.Tokenizer = Tokenizer{Kind: SentencePieceTokenizer, Vocabulary: tables(options, 1, "vocabulary", associatedFile)}
		case RegexTokenizer:
			m.Tokenizer = Tokenizer{RegexTokenizer, options.string(0), tables(options, 1, "vocabulary", associatedFile)}
		}
	}
}

func associatedFile(t table) AssociatedFile {
	return AssociatedFile{Name: t.string(0), Description: t.string(1), Kind: FileKind(t.byte(2))}
}
