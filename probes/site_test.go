package probes

import (
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// siteCase is the beginning of a function, assembled by clang 16, with the sites that ChooseSite and ChooseEntrySite
// must choose: class+offset, or why there is none. An empty entry means the same as kernel.
type siteCase struct {
	name, assembly, code string
	kernel, entry        string
}

var x86SiteCases = []siteCase{
	{"push", "push %rbp; mov %rsp,%rbp", "554889e5", "push+0", ""},
	{"push behind endbr64", "endbr64; push %r15; push %r14", "f30f1efa41574156", "push+4", ""},
	{"endbr64 alone", "endbr64; xor %eax,%eax; ret", "f30f1efa31c0c3", "stepped+0", ""},
	{"push behind loads", "mov 0x1234(%rip),%r9d; mov 0x8(%rdi),%rax; lea 0x8(%rax),%rcx; push %rbp; push %rbx", "448b0d34120000488b4708488d48085553", "push+15", ""},
	{"stack protector", "mov %fs:0x28,%rax; push %rbx", "64488b04252800000053", "push+9", ""},
	{"frame first", "sub $0x18,%rsp; mov 0x18(%rdi),%rax; call .+0x1000", "4883ec18488b4718e8fb0f0000", "stepped+0", "branch+8"},
	{"frame before push", "sub $0x18,%rsp; push %rbx", "4883ec1853", "stepped+0", "push+4"},
	{"constant", "xor %eax,%eax; ret", "31c0c3", "stepped+0", ""},
	{"return at once", "ret", "c3", "stepped+0", ""},
	{"conditional jump", "test %rdi,%rdi; je .+0x10; push %rbx; ret", "4885ff740e53c3", "branch+3", ""},
	{"float compare", "movss (%rsi),%xmm0; ucomiss 0x10(%rip),%xmm0; jp .+0x20", "f30f10060f2e05100000007a1e", "branch+11", ""},
	{"argument overwritten", "mov (%rdi),%rdi; push %rbx", "488b3f53", "stepped+0", ""},
	{"part of argument overwritten", "mov $0x1,%sil; push %rbx", "40b60153", "stepped+0", ""},
	{"jump to another function", "jmp .+0x1000", "e9fb0f0000", "branch+0, jumps to 0x401000", ""},
	{"argument added for another function", "xor %edx,%edx; jmp .-0x1000", "31d2e9fbefffff", "branch+2, jumps to 0x3ff002", ""},
	{"argument changed for another function", "add $0x8,%rdi; jmp .+0x1000", "4883c708e9fb0f0000", "stepped+0", ""},
	{"call", "call .+0x1000; ret", "e8fb0f0000c3", "branch+0", ""},
	{"loop at entry", "1: dec %eax; jne 1b; ret", "ffc875fcc3", reasonLoopHead, ""},
	{"loop at push", "mov (%rdi),%rax; 1: push %rax; pop %rcx; dec %rax; jne 1b; ret", "488b07505948ffc875f9c3", "stepped+0", ""},
	{"long loop at push", "mov (%rdi),%rax; 1: push %rax; pop %rcx; dec %rax; .byte 0x0f,0x85; .long 1b-.-4; ret", "488b07505948ffc80f85f5ffffffc3", "stepped+0", ""},
	{"store below the stack pointer", "mov %rbx,-0x8(%rsp); push %rbx", "48895c24f853", "stepped+0", "push+5"},
	{"store over the return address", "mov %rax,(%rsp); jmp .+0x1000", "48890424e9fb0f0000", "stepped+0", "branch+4, jumps to 0x401004"},
	{"long nop", ".byte 0x0f,0x1f,0x40,0; xor %eax,%eax; ret", "0f1f400031c0c3", "nop+0", ""},
	{"nop that becomes a call", ".byte 0x0f,0x1f,0x44,0,0; ret", "0f1f440000c3", "stepped+5", ""},
	{"nop that becomes a call, alone", ".byte 0x0f,0x1f,0x44,0,0; vzeroupper", "0f1f440000c5f877", reasonCallNop, ""},
	{"long nop before push", ".byte 0x0f,0x1f,0x44,0,0; mov 0x8(%rdi),%rax; push %rbx", "0f1f440000488b470853", "push+9", ""},
	{"nop with a segment prefix", "nopw %cs:0x0(%rax,%rax,1)", "2e660f1f0400", reasonUnknown, ""},
	{"push of a constant", "push $0x1; pop %rax; ret", "6a0158c3", "stepped+0", ""},
	{"jump with a prefix", "notrack jmp *%rax", "3effe0", reasonUnknown, ""},
	{"lock", "lock incl (%rdi); push %rbx", "f0ff0753", "push+3", ""},
	{"stack segment", "mov %eax,%ss; push %rbx", "8ed053", reasonUnknown, ""},
	{"AVX", "vxorps %xmm0,%xmm0,%xmm0; push %rbx", "c5f857c053", reasonUnknown, ""},
	{"breakpoint", "int3; push %rbx", "cc53", reasonUnknown, ""},
	{"halt", "hlt", "f4", reasonUnknown, ""},
	{"string operation", "movsb; push %rbx", "a453", reasonUnknown, ""},
	{"incomplete", ".byte 0x48,0x8b", "488b", reasonUnknown, ""},
	{"unknown", ".byte 0x06", "06", reasonUnknown, ""},
}
var arm64SiteCases = []siteCase{
	{"frame", "sub sp,sp,#0x60; stp x29,x30,[sp,#0x40]", "ff8301d1fd7b04a9", "stepped+0", ""},
	{"frame record", "stp x29,x30,[sp,#-0x20]!; mov x29,sp; mov w2,#0x1; bl .+0x1000", "fd7bbea9fd0300912200805200040094", "stepped+0", "branch+12"},
	{"return address saved", "str x30,[sp,#-0x10]!; adrp x8,.+0x1000", "fe0f1ff8080000b0", "stepped+0", "branch+4"},
	{"return address copied", "mov x9,x30; adrp x8,.+0x1000; ret", "e9031eaa080000b0c0035fd6", "stepped+0", "branch+4"},
	{"float registers saved", "stp d9,d8,[sp,#-0x70]!; adrp x8,.+0x1000", "e923b96d080000b0", "stepped+0", "branch+4"},
	{"float register saved", "str d8,[sp,#-0x20]!; adrp x8,.+0x1000", "e80f1efc080000b0", "stepped+0", "branch+4"},
	{"argument added for another function", "mov w2,#0x1; b .+0x1000", "2200805200040014", "branch+4, jumps to 0x401004", ""},
	{"argument changed for another function", "add x0,x0,#0x8; b .+0x1000", "0020009100040014", "stepped+0", ""},
	{"page address", "adrp x8,.+0x1000; ldr x8,[x8]", "080000b0080140f9", "branch+0", ""},
	{"page address behind a constant", "mov w8,#0x1; adrp x9,.+0x1000", "28008052090000b0", "branch+4", ""},
	{"page address over an argument", "adrp x1,.+0x1000; cbz x8,.+0x10", "010000b0880000b4", "branch+0", ""},
	{"load", "ldr x8,[x1,#0x20]; ldr w0,[x8]; ret", "281040f9000140b9c0035fd6", "stepped+0", ""},
	{"null check", "ldr x8,[x1,#0x20]; cbz x8,.+0x10", "281040f9880000b4", "branch+4", ""},
	{"bit test", "ldr w8,[x1,#0x20]; tbz w8,#0x3,.+0x10", "282040b988001836", "branch+4", ""},
	{"compare", "cmp x0,#0x0; b.eq .+0x10", "1f0000f180000054", "branch+4", ""},
	{"pointer authentication", "paciasp; stp x29,x30,[sp,#-0x10]!", "3f2303d5fd7bbfa9", "stepped+0", ""},
	{"page address behind paciasp", "paciasp; adrp x8,.+0x1000", "3f2303d5080000b0", "stepped+0", "branch+4"},
	{"return address stripped", "xpaclri; cbz x0,.+0x10", "ff2003d5800000b4", "stepped+0", "branch+4"},
	{"branch target", "bti c; sub sp,sp,#0x10", "5f2403d5ff4300d1", "stepped+0", ""},
	{"null check behind bti", "bti c; cbz x0,.+0x10", "5f2403d5800000b4", "branch+4", ""},
	{"nop", "nop; stp x29,x30,[sp,#-0x10]!", "1f2003d5fd7bbfa9", "nop+0", ""},
	{"return at once", "ret", "c0035fd6", "branch+0", ""},
	{"thread pointer", "mrs x8,tpidr_el0; ldr x8,[x8,#0x28]; cbz x8,.+0x10", "48d03bd5081540f9880000b4", "branch+8", ""},
	{"load pair over an argument", "ldp x8,x0,[x1]; cbz x8,.+0x10", "280040a9880000b4", "stepped+0", ""},
	{"load that moves an argument", "ldr x8,[x1],#0x8; cbz x8,.+0x10", "288440f8880000b4", "stepped+0", ""},
	{"literal at entry", "ldr x8,.+0x20; ldr w9,[x1]; cbz w9,.+0x10", "08010058290040b989000034", "branch+8", ""},
	{"literal alone", "ldr x0,.+0x8; ret", "40000058c0035fd6", reasonLiteral, ""},
	{"literal of a float", "ldr d0,.+0x8; ret", "4000005cc0035fd6", reasonLiteral, ""},
	{"literal of a signed word", "ldrsw x1,.+0x8; ret", "41000098c0035fd6", reasonLiteral, ""},
	{"literal prefetch", "prfm pldl1keep,.+0x8; ret", "400000d8c0035fd6", reasonLiteral, ""},
	{"exclusive load", "ldaxr w8,[x0]; ret", "08fc5f88c0035fd6", reasonExclusive, ""},
	{"exclusive store", "mov w8,#0x1; stlxr w9,w8,[x0]; ret", "2800805208fc0988c0035fd6", "stepped+0", ""},
	{"authenticated return", "retaa", "ff0b5fd6", reasonUnknown, ""},
	{"authentication", "autiasp; ret", "bf2303d5c0035fd6", reasonHint, ""},
	{"yield", "yield; ret", "3f2003d5c0035fd6", reasonHint, ""},
	{"system call", "svc #0x0; ret", "010000d4c0035fd6", reasonUnknown, ""},
	{"breakpoint", "brk #0x1", "200020d4", reasonUnknown, ""},
	{"write of a system register", "msr nzcv,x8; ret", "08421bd5c0035fd6", reasonUnknown, ""},
	{"loop at entry", "1: subs w8,w8,#0x1; b.ne 1b; ret", "08050071e1ffff54c0035fd6", reasonLoopHead, ""},
	{"loop at page address", "ldr w9,[x1]; 1: adrp x8,.+0x1000; sub w9,w9,#0x1; cbnz w9,1b; ret", "290040b9080000b029050051c9ffff35c0035fd6", "stepped+0", ""},
	{"jump table at page address", "ldr w9,[x1]; 1: adrp x8,.+0x1000; adr x10,1b; br x10", "290040b9080000b0eaffff1040011fd6", "stepped+0", ""},
	{"incomplete", ".byte 0x1f,0x20", "1f20", reasonUnknown, ""},
}

func TestChooseSite(t *testing.T) {
	for machine, cases := range map[elf.Machine][]siteCase{elf.EM_X86_64: x86SiteCases, elf.EM_AARCH64: arm64SiteCases} {
		for _, c := range cases {
			t.Run(machine.String()+"/"+strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
				code, err := hex.DecodeString(c.code)
				if err != nil {
					t.Fatal(err)
				}
				if c.entry == "" {
					c.entry = c.kernel
				}
				if got := describeSite(ChooseSite(machine, code, 0x400000, 2)); got != c.kernel {
					t.Errorf("ChooseSite of %q: %s, want %s", c.assembly, got, c.kernel)
				}
				if got := describeSite(ChooseEntrySite(machine, code, 0x400000, 2)); got != c.entry {
					t.Errorf("ChooseEntrySite of %q: %s, want %s", c.assembly, got, c.entry)
				}
			})
		}
	}
}

// A function that takes user data before its context and node needs its third argument as well.
func TestChooseSiteWithData(t *testing.T) {
	for _, c := range []struct {
		machine        elf.Machine
		assembly, code string
		want           string
	}{
		{elf.EM_X86_64, "mov %rdi,%rax; push %rbx", "4889f853", "push+3"},
		{elf.EM_X86_64, "xor %edx,%edx; push %rbx", "31d253", "stepped+0"},
		{elf.EM_X86_64, "cltd; push %rbx", "9953", "stepped+0"},
		{elf.EM_X86_64, "imul %rcx; push %rbx", "48f7e953", "stepped+0"},
		{elf.EM_AARCH64, "mov w3,#0x1; b .+0x1000", "2300805200040014", "branch+4, jumps to 0x401004"},
		{elf.EM_AARCH64, "mov w2,#0x1; b .+0x1000", "2200805200040014", "stepped+0"},
	} {
		code, err := hex.DecodeString(c.code)
		if err != nil {
			t.Fatal(err)
		}
		if got := describeSite(ChooseSite(c.machine, code, 0x400000, 3)); got != c.want {
			t.Errorf("site of %q: %s, want %s", c.assembly, got, c.want)
		}
	}
}

func describeSite(site Site, err error) string {
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		return refusal.Reason
	case err != nil:
		return err.Error()
	case site.TailCall != 0:
		return fmt.Sprintf("%v+%d, jumps to %#x", site.Class, site.Offset, site.TailCall)
	}
	return fmt.Sprintf("%v+%d", site.Class, site.Offset)
}

func TestRefusals(t *testing.T) {
	ret := []byte{0xc0, 0x03, 0x5f, 0xd6}
	for _, c := range []struct {
		name    string
		machine elf.Machine
		code    []byte
		address uint64
		want    string
	}{
		{"32-bit", elf.EM_ARM, ret, 0x1000, "choose site: no rules for EM_ARM code, only for 64-bit x86 and ARM (the function is left unprobed)"},
		{"empty", elf.EM_X86_64, nil, 0x1000, "choose site: the function has no code (the function is left unprobed)"},
		{"unaligned", elf.EM_AARCH64, ret, 0x1002, "choose site: entry 0x1002 isn't aligned to 4 bytes (the function is left unprobed)"},
		{"literal", elf.EM_AARCH64, []byte{0x40, 0x00, 0x00, 0x58}, 0x1000,
			"choose site: +0x0 `ldr x0, .+0x8`: " + reasonLiteral + " (the function is left unprobed)"},
	} {
		_, err := ChooseSite(c.machine, c.code, c.address, 2)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

// A site must lie on code, within reach, and a walk that is allowed more must not find a dearer one.
func FuzzChooseSite(f *testing.F) {
	for _, c := range append(x86SiteCases, arm64SiteCases...) {
		code, err := hex.DecodeString(c.code)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(code)
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		for _, machine := range []elf.Machine{elf.EM_X86_64, elf.EM_AARCH64} {
			site, err := ChooseSite(machine, code, 0x1000, 2)
			entry, entryErr := ChooseEntrySite(machine, code, 0x1000, 2)
			if (err == nil) != (entryErr == nil) && err == nil {
				t.Fatalf("%v: site %+v, but for entry only %v", machine, site, entryErr)
			}
			if err != nil {
				continue
			}
			if int(site.Offset) >= len(code) || site.Offset >= maxSiteOffset || site.Class == Unprobed || site.Instruction == "" {
				t.Fatalf("%v: %+v in %d bytes", machine, site, len(code))
			}
			if entry.Class.rank() < site.Class.rank() {
				t.Fatalf("%v: %+v, but for entry only %+v", machine, site, entry)
			}
		}
	})
}
