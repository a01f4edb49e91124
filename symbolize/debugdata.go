package symbolize

import (
	"bytes"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

// Limits of .gnu_debugdata: the symbol tables of the largest libraries stay below.
const (
	maxDebugData  = 32 << 20 // bytes, unpacked
	maxDictionary = 8 << 20  // bytes; what xz takes by default
)

// debugData unpacks .gnu_debugdata, an ELF file with a .symtab and no code that some distributions leave in stripped
// files (GDB, "MiniDebugInfo"). It is nil when there is none or it is broken: it only gives names.
func (f *File) debugData() *File {
	s := f.section(".gnu_debugdata")
	if s == nil {
		return nil
	}
	unpacked := unpackXZ(f.sectionBytes(*s))
	mini := &File{r: bytes.NewReader(unpacked), size: int64(len(unpacked))}
	header, err := mini.readHeader()
	if err != nil {
		return nil
	}
	mini.sections = mini.readSections(header)
	return mini
}

const (
	xzStreamHeader = 12   // bytes
	xzHasSizes     = 0xc0 // block flags: compressed size, uncompressed size
	xzFilterCount  = 0x03
	xzFilterLZMA2  = 0x21
)

// unpackXZ unpacks the first block of an .xz file (its specification: "The .xz File Format"), or as much as is intact. The
// block's header is read here, because the library allocates the dictionary that the file asks for, up to 4 GiB. Writers
// start a second block after 24 MB at the earliest.
func unpackXZ(packed []byte) []byte {
	if !bytes.HasPrefix(packed, []byte("\xfd7zXZ\x00")) || len(packed) < xzStreamHeader+2 {
		return nil
	}
	block := packed[xzStreamHeader:]
	size := (int(block[0]) + 1) * 4
	if block[0] == 0 || len(block) < size {
		return nil
	}
	flags, header := block[1], leb{bytes: block[2:size]}
	for sizes := flags & xzHasSizes; sizes != 0; sizes <<= 1 {
		if sizes&0x80 != 0 {
			header.unsigned()
		}
	}
	if flags&xzFilterCount != 0 || header.unsigned() != xzFilterLZMA2 || header.unsigned() != 1 {
		return nil
	}
	dictionary, err := lzma.DecodeDictCap(header.byte())
	if err != nil || header.short {
		return nil
	}
	config := lzma.Reader2Config{DictCap: int(max(min(dictionary, maxDictionary), lzma.MinDictCap))}
	r, err := config.NewReader2(bytes.NewReader(block[size:]))
	if err != nil {
		return nil
	}
	unpacked, _ := io.ReadAll(io.LimitReader(r, maxDebugData)) // A broken end still leaves the names before it.
	return unpacked
}
