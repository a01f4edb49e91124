package app

import (
	"debug/elf"

	"github.com/edgexray/edgexray/symbolize"
	"github.com/edgexray/edgexray/trace"
)

// DescribeRuntime describes a file that holds code, without its hash. It goes by the path shown.
func DescribeRuntime(id uint32, shown string, file *symbolize.File) *trace.Runtime {
	d := &trace.Runtime{Id: id, Path: shown, Entry: file.Entry, BuildId: file.BuildID}
	for _, segment := range file.Segments {
		if segment.Flags&elf.PF_X != 0 {
			d.TextStart = segment.Address
			d.TextEnd = segment.Address + segment.FileSize
			d.TextOffset = segment.Offset + uint64(file.Base)
			break
		}
	}
	return d
}
