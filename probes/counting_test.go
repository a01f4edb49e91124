package probes

import (
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
)

// counts is what the probes at one site saw: hits, and sums of registers.
type counts struct{ Entries, Argument0, Argument1, Returns, Result uint64 }

// countsMap is a BPF map of counts, one for each of several sites.
type countsMap struct{ *ebpf.Map }

func newCounts(t *testing.T, sites int) countsMap {
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 40, MaxEntries: uint32(sites)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return countsMap{m}
}

func (m countsMap) at(t *testing.T, site int) counts {
	var c counts
	if err := m.Lookup(uint32(site), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// Where in counts a probe counts its hits; the sums of registers follow.
const (
	onEntry  = 0
	onReturn = 24
)

// attachCounter attaches entry or return probes by uprobe_multi (Linux 6.6) to sites, given as file offsets. Each counts
// its hits and adds up registers, given as offsets in struct pt_regs.
func attachCounter(t *testing.T, m countsMap, path string, sites []uint64, when int16, registers ...int16) {
	code := asm.Instructions{
		asm.Mov.Reg(asm.R6, asm.R1),
		asm.FnGetAttachCookie.Call(),
		asm.StoreMem(asm.RFP, -4, asm.R0, asm.Word),
		asm.LoadMapPtr(asm.R1, m.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "out"),
		asm.Mov.Imm(asm.R1, 1),
		asm.StoreXAdd(asm.R0, asm.R1, asm.DWord),
	}
	code[len(code)-1].Offset = when
	for i, register := range registers {
		add := asm.StoreXAdd(asm.R0, asm.R1, asm.DWord)
		add.Offset = when + 8*int16(i+1)
		code = append(code, asm.LoadMem(asm.R1, asm.R6, register, asm.DWord), add)
	}
	code = append(code, asm.Mov.Imm(asm.R0, 0).WithSymbol("out"), asm.Return())
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.Kprobe, AttachType: ebpf.AttachTraceUprobeMulti, License: "GPL", Instructions: code,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	file, err := link.OpenExecutable(path)
	if err != nil {
		t.Fatal(err)
	}
	options := &link.UprobeMultiOptions{Addresses: sites}
	for i := range sites {
		options.Cookies = append(options.Cookies, uint64(i))
	}
	attach := file.UprobeMulti
	if when == onReturn {
		attach = file.UretprobeMulti
	}
	probes, err := attach(nil, program, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { probes.Close() })
}
