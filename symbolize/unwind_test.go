package symbolize

import (
	"bufio"
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/test/parts"
)

// names of x86-64's registers by DWARF number, as readelf prints them.
var names = strings.Fields("rax rdx rcx rbx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 ra")

// readelf prints what a rule says in its own words; "u" and nothing are the same for registers that a caller keeps.
func (r rule) readelf(arm bool) string {
	register := func(n uint8) string {
		switch {
		case !arm:
			return names[n]
		case n == 31:
			return "sp"
		}
		return fmt.Sprintf("x%d", n)
	}
	switch r.kind {
	case registerPlus:
		return fmt.Sprintf("%s%+d", register(r.register), int64(r.number))
	case isExpression, atExpression:
		return "exp"
	case atOffset:
		return fmt.Sprintf("c%+d", int64(r.number))
	case isOffset:
		return fmt.Sprintf("v%+d", int64(r.number))
	case inRegister:
		return register(r.register)
	}
	return "u"
}

// The rules at every address of real libraries at which they change are those that binutils' readelf reads.
func TestUnwindAgreesWithReadelf(t *testing.T) {
	for _, path := range []string{
		parts.Path(t, "tflite-2.17.1/amd64/libtensorflowlite_c.so"),
		parts.Path(t, "tflite-2.9.0/amd64/libtensorflowlite_c.so"),
		"/lib/x86_64-linux-gnu/libc.so.6",
		parts.Path(t, "tflite-2.17.1/arm64/libtensorflowlite_c.so"),
	} {
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		output, err := exec.Command("readelf", "--debug-dump=frames-interp,no-follow-links", "--wide", path).Output()
		if err != nil {
			t.Fatalf("run readelf (binutils): %v", err)
		}
		rows := compareRows(t, f, output)
		t.Logf("%s: %d rows", path, rows)
		if rows < 1000 {
			t.Errorf("%s: only %d rows were compared", path, rows)
		}
	}
}

var fdeLine = regexp.MustCompile(`^[0-9a-f]+ [0-9a-f]+ [0-9a-f]+ FDE .*pc=([0-9a-f]+)\.\.([0-9a-f]+)`)

func compareRows(t *testing.T, f *File, output []byte) (rows int) {
	t.Helper()
	arm := f.Machine == elf.EM_AARCH64
	var columns []string
	inFDE, wrong, end := false, 0, uint64(0)
	lines := bufio.NewScanner(bytes.NewReader(output))
	for lines.Scan() {
		line := lines.Text()
		fields := strings.Fields(line)
		if m := fdeLine.FindStringSubmatch(line); m != nil {
			inFDE = true
			end, _ = strconv.ParseUint(m[2], 16, 64)
			continue
		}
		switch {
		case len(fields) == 0 || strings.Contains(line, "CIE"):
			inFDE = false
			continue
		case fields[0] == "LOC":
			columns = fields[2:]
			continue
		case !inFDE || len(fields) < 2:
			continue
		}
		address, err := strconv.ParseUint(fields[0], 16, 64)
		if err != nil || address >= end {
			continue // a row of no bytes
		}
		got := describeRow(f, address, columns, arm)
		if want := readelfRow(line, columns); got != want && wrong < 10 {
			wrong++
			t.Errorf("%s at %#x: %q, readelf says %q (%v)", f, address, got, want, columns)
		}
		rows++
	}
	return rows
}

func describeRow(f *File, address uint64, columns []string, arm bool) string {
	rules, err := f.Unwind(address)
	if err != nil {
		return err.Error()
	}
	saved := make(map[string]rule)
	for _, s := range rules.saved {
		name := fmt.Sprintf("x%d", s.register)
		if !arm {
			name = names[s.register]
		} else if s.register == rules.returnAddress {
			name = "ra"
		}
		saved[name] = s.rule
	}
	words := []string{rules.cfa.readelf(arm)}
	for _, c := range columns {
		word := "u"
		if s, ok := saved[c]; ok {
			word = s.readelf(arm)
		} else if vector(c) {
			continue // not followed
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

var inRegisterText = regexp.MustCompile(`r\d+ \((\w+)\)`)

// readelfRow is a row of readelf's without its address, vectors and the difference of "undefined" and "same".
func readelfRow(line string, columns []string) string {
	fields := strings.Fields(inRegisterText.ReplaceAllString(line, "$1"))[1:]
	words := fields[:1]
	for i, word := range fields[1:] {
		if word == "s" {
			word = "u"
		}
		if i >= len(columns) || !vector(columns[i]) {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}

func vector(column string) bool {
	return !strings.HasPrefix(column, "r") && !strings.HasPrefix(column, "x")
}

func TestExpressions(t *testing.T) {
	regs := &Registers{7: 0x1000, 16: 0x401b}
	memory := func(address uint64) (uint64, bool) { return address + 1, address == 0x1010 }
	for _, test := range []struct {
		name       string
		expression []byte
		want       uint64
		fails      bool
	}{
		{"plt", []byte{0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22}, 0x1010, false},
		{"deref", []byte{0x77, 0x10, 0x06}, 0x1011, false},
		{"not copied", []byte{0x77, 0, 0x06}, 0, true},
		{"swap minus", []byte{0x32, 0x39, 0x16, 0x1c}, 7, false},
		{"rot", []byte{0x31, 0x32, 0x33, 0x17, 0x1c, 0x1e}, ^uint64(0) - 2, false},
		{"const1s", []byte{0x09, 0xff}, ^uint64(0), false},
		{"branch over", []byte{0x31, 0x35, 0x12, 0x28, 1, 0, 0x13, 0x22}, 6, false},
		{"empty", nil, 0, true},
		{"takes too much", []byte{0x31, 0x22}, 0, true},
		{"endless", []byte{0x2f, 0xfd, 0xff}, 0, true},
		{"unknown", []byte{0xff}, 0, true},
		{"cut off", []byte{0x0c, 1}, 0, true},
	} {
		m := machine{regs: regs, read: memory}
		got, err := m.evaluate(test.expression)
		if (err != nil) != test.fails || got != test.want && !test.fails {
			t.Errorf("%s: %#x, %v, want %#x", test.name, got, err, test.want)
		}
	}
}

func TestFollowsCall(t *testing.T) {
	code := []byte{
		0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
		0xe8, 1, 2, 3, 4, // 12: call rel32
		0xff, 0xd0, // 14: call *%rax
		0x41, 0xff, 0x54, 0x24, 0x08, // 19: call *8(%r12)
		0xff, 0x15, 1, 2, 3, 4, // 25: call *disp(%rip)
		0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
	}
	f := &File{r: bytes.NewReader(code), size: int64(len(code)), Machine: elf.EM_X86_64, PointerSize: 8,
		Segments: []Segment{{FileSize: uint64(len(code)), Flags: elf.PF_X}}}
	for address := range uint64(len(code) + 1) {
		want := address == 12 || address == 14 || address == 19 || address == 25
		if got := f.FollowsCall(address); got != want {
			t.Errorf("after byte %d: %t", address, got)
		}
	}
}

// FuzzUnwind takes bytes for an unwind table with code, and unwinds with what it says.
func FuzzUnwind(f *testing.F) {
	for _, l := range libraries {
		file, err := Open(testdata(l.name))
		if err != nil {
			f.Fatal(err)
		}
		if s := file.section(".eh_frame"); s != nil {
			f.Add(file.sectionBytes(*s), uint16(24), uint64(0x1000))
		}
		file.Close()
	}
	f.Fuzz(func(t *testing.T, b []byte, at uint16, address uint64) {
		file := &File{r: bytes.NewReader(b), size: int64(len(b)), Machine: elf.EM_X86_64, PointerSize: 8,
			Segments: []Segment{{FileSize: uint64(len(b)), Flags: elf.PF_X}}}
		d, err := file.readFDE(uint64(at))
		if err != nil {
			return
		}
		p := cfiProgram{file: file, common: d.common, at: d.function.Start, until: address}
		if p.run(d.common.instructions) != nil || p.run(d.instructions) != nil {
			return
		}
		rules := &Rules{processor: processors[file.Machine], cfa: p.row.cfa, returnAddress: 16}
		for i, r := range p.row.registers {
			rules.saved = append(rules.saved, savedRegister{uint8(i), r})
		}
		regs := &Registers{}
		memory := func(address uint64) (uint64, bool) { return address, address%3 != 0 }
		if cfa, err := rules.CFA(regs, memory); err == nil {
			rules.Step(cfa, regs, memory)
		} else if !errors.Is(err, errNoCFA) && !errors.Is(err, errNoMemory) && !errors.Is(err, errExpression) {
			t.Error(err)
		}
	})
}
