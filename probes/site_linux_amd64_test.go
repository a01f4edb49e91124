package probes

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Beginnings of functions with the class of the site they get. The functions go on with `lea (%rdi,%rsi),%rdx;
// add %rdx,%rax; ret`, so that what they return shows rax and both arguments behind the site; rax is 7 at their entry.
var probedBeginnings = []struct {
	assembly string
	class    Class
}{
	{"push %rbp; pop %rbp", Push},
	{"push %rsp; pop %rcx", Push},
	{"push %r15; pop %r15", Push},
	{"endbr64; push %rbx; pop %rbx", Push},
	{"mov word(%rip),%r9d; mov 8(%rdi),%rax; lea 8(%rax),%rcx; push %rbp; pop %rbp", Push},
	{"mov %fs:0,%rcx; push %rbx; pop %rbx", Push},
	{"test %rdi,%rdi; je 0f; add %rsi,%rax; 0:", Branch},
	{"cmpl $5,word(%rip); jne 0f; add %rsi,%rax; 0:", Branch},
	{"movss (%rsi),%xmm0; ucomiss word(%rip),%xmm0; {disp32} jp 0f; 0:", Branch},
	{"jmp other", Branch},
	{"xor %edx,%edx; {disp32} jmp other", Branch},
	{"call leaf", Branch},
	{"nop", Nop},
	{"data16 nop", Nop},
	{".byte 0x0f,0x1f,0x40,0", Nop},
	{".byte 0x66,0x0f,0x1f,0x44,0,0", Nop},
	{".byte 0x0f,0x1f,0x84,0,0,0,0,0", Nop},
	{"", Stepped}, // lea
	{"ret", Stepped},
	{"endbr64", Stepped},
	{"push $5; pop %rcx", Stepped},
	{"sub $0x18,%rsp; add $0x18,%rsp", Stepped},
	{"mov $5,%eax", Stepped},
	{"mov word(%rip),%rax", Stepped},
	{"mov word(%rip),%ecx; add %rcx,%rax", Stepped},
	{"mov %rsi,word+8(%rip)", Stepped},
	{"movl $5,word+8(%rip)", Stepped},
	{"mov (%rdi),%rdi", Stepped},
	{"mov %rax,-8(%rsp)", Stepped},
	{"movabs word,%rax", Stepped},
	{"movzbl (%rsi),%eax", Stepped},
	{"movsbl word(%rip),%eax", Stepped},
	{"movslq 4(%rsi),%rax", Stepped},
	{"lea word(%rip),%rax", Stepped},
	{"add word(%rip),%rax", Stepped},
	{"adc $5,%rax", Stepped},
	{"sbb %ecx,%ecx", Stepped},
	{"inc %eax", Stepped},
	{"decl word+8(%rip)", Stepped},
	{"neg %rax", Stepped},
	{"not %rax", Stepped},
	{"imul $24,8(%rsi),%rax", Stepped},
	{"imul %rax", Stepped},
	{"and $-16,%eax", Stepped},
	{"or word(%rip),%eax", Stepped},
	{"xor %eax,%eax", Stepped},
	{"shl $3,%rax", Stepped},
	{"shr %eax", Stepped},
	{"sar $2,%eax", Stepped},
	{"rol $2,%eax", Stepped},
	{"ror $2,%eax", Stepped},
	{"bt $3,%eax", Stepped},
	{"cwtl", Stepped},
	{"cltq", Stepped},
	{"cltd", Stepped},
	{"cqto", Stepped},
	{"cmp %rsi,%rdi; sete %al; setb %cl", Stepped},
	{"test $1,%sil; cmove %rsi,%rax; cmovne word(%rip),%rax", Stepped},
	{"movd %eax,%xmm0; movq %xmm0,%rax", Stepped},
	{"movsd word(%rip),%xmm0; movq %xmm0,%rax", Stepped},
	{"movaps word(%rip),%xmm1; movups %xmm1,word+16(%rip)", Stepped},
	{"movdqu (%rdi),%xmm1; movdqa %xmm1,word+16(%rip)", Stepped},
	{"xorps %xmm0,%xmm0; cvtsi2ss %eax,%xmm0; movd %xmm0,%eax", Stepped},
	{"pxor %xmm0,%xmm0; cvtsi2sd word(%rip),%xmm0; movq %xmm0,%rax", Stepped},
	{"comisd word(%rip),%xmm0", Stepped},
	{"lock incl word+8(%rip)", Stepped}, // behind it
}

// The program calls every function with pairs of pointers and prints how often, and the sums of what went in and out.
const probedProgram = `
#include <stdio.h>
extern long (*const functions[])(void);
extern const int count;
extern long invoke(long (*)(void), long *, long *);
static long values[64];
int main(void)
{
	for (int i = 0; i < 64; i++)
		values[i] = i * 1000003;
	for (int f = 0; f < count; f++) {
		unsigned long a = 0, b = 0, result = 0;
		for (int call = 0; call < 20; call++) {
			long *x = values + call, *y = values + 31 + call % 7;
			a += (long)x;
			b += (long)y;
			result += invoke(functions[f], x, y);
		}
		printf("%d %lu %lu %lu\n", 20, a, b, result);
	}
}
`

func probedAssembly() string {
	var s strings.Builder
	s.WriteString(`
.data
.balign 16
word: .quad 5, 6, 7, 8
.text
.globl invoke, functions, count
invoke: push %rbx; mov %rdi,%r11; mov %rsi,%rdi; mov %rdx,%rsi; mov $7,%eax; mov $9,%ecx; call *%r11; pop %rbx; ret
leaf: ret
other: mov %rsi,%rax; sub %rdi,%rax; ret
`)
	for i, b := range probedBeginnings {
		fmt.Fprintf(&s, ".balign 16; .type f%d, @function; f%d: %s; lea (%%rdi,%%rsi),%%rdx; add %%rdx,%%rax; ret; .size f%d, .-f%d\n",
			i, i, b.assembly, i, i)
	}
	s.WriteString(".section .rodata\n.balign 8\nfunctions:\n")
	for i := range probedBeginnings {
		fmt.Fprintf(&s, ".quad f%d\n", i)
	}
	fmt.Fprintf(&s, "count: .long %d\n.section .note.GNU-stack,\"\",@progbits\n", len(probedBeginnings))
	return s.String()
}

// Probes at chosen sites must see every call with its arguments and every return with its result, and change neither.
// It needs root and Linux 6.6.
func TestSitesUnderProbes(t *testing.T) {
	program := buildProbed(t)
	sites := probedSites(t, program)
	bare := runProbed(t, program)

	const di, si, ax = 112, 104, 80 // in struct pt_regs
	seen := newCounts(t, len(sites))
	attachCounter(t, seen, program, sites, onReturn, ax)
	attachCounter(t, seen, program, sites, onEntry, di, si)
	if diff := cmp.Diff(bare, runProbed(t, program)); diff != "" {
		t.Errorf("the program computes something else under probes: -bare +probed\n%s", diff)
	}
	for i, line := range strings.Split(strings.TrimSpace(bare), "\n") {
		var want counts
		if _, err := fmt.Sscan(line, &want.Entries, &want.Argument0, &want.Argument1, &want.Result); err != nil {
			t.Fatal(err)
		}
		want.Returns = want.Entries
		if got := seen.at(t, i); got != want {
			t.Errorf("%q probed at +%d: saw %+v, want %+v", probedBeginnings[i].assembly, sites[i], got, want)
		}
	}
}

func buildProbed(t *testing.T) string {
	dir := t.TempDir()
	c, s, program := filepath.Join(dir, "main.c"), filepath.Join(dir, "functions.s"), filepath.Join(dir, "program")
	for path, text := range map[string]string{c: probedProgram, s: probedAssembly()} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("clang-16", "-O1", "-no-pie", "-o", program, c, s).CombinedOutput(); err != nil {
		t.Fatalf("build program: %v\n%s", err, out)
	}
	return program
}

func runProbed(t *testing.T, program string) string {
	out, err := exec.Command(program).Output()
	if err != nil {
		t.Fatalf("run program: %v", err)
	}
	if lines := strings.Count(string(out), "\n"); lines != len(probedBeginnings) {
		t.Fatalf("program printed %d lines, want %d", lines, len(probedBeginnings))
	}
	return string(out)
}

// probedSites chooses the site of each function and returns their file offsets.
func probedSites(t *testing.T, program string) []uint64 {
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	symbols, err := file.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]elf.Symbol{}
	for _, symbol := range symbols {
		byName[symbol.Name] = symbol
	}
	var offsets []uint64
	for i, b := range probedBeginnings {
		symbol := byName[fmt.Sprintf("f%d", i)]
		section := file.Sections[symbol.Section]
		code := make([]byte, symbol.Size)
		if _, err := section.ReadAt(code, int64(symbol.Value-section.Addr)); err != nil {
			t.Fatal(err)
		}
		site, err := ChooseSite(elf.EM_X86_64, code, symbol.Value, 2)
		if err != nil {
			t.Fatalf("%q: %v", b.assembly, err)
		}
		if site.Class != b.class {
			t.Errorf("%q: site %+v, want class %v", b.assembly, site, b.class)
		}
		offsets = append(offsets, symbol.Value-section.Addr+section.Offset+uint64(site.Offset))
	}
	return offsets
}
