package play

import (
	"encoding/binary"

	"github.com/edgexray/edgexray/pipeline/step"
)

// bytesOf is an array's elements as a snapshot has them.
func bytesOf(a *step.Array) []byte {
	var elements any
	switch {
	case a.Uint8 != nil:
		return a.Uint8
	case a.Int8 != nil:
		elements = a.Int8
	case a.Int16 != nil:
		elements = a.Int16
	case a.Int32 != nil:
		elements = a.Int32
	default:
		elements = a.Float32
	}
	data, err := binary.Append(nil, binary.LittleEndian, elements)
	if err != nil {
		panic(err) // they are numbers of a fixed size
	}
	return data
}
