// Package c tests the header that apps in C and C++ include.
package c

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// builds are ways in which apps are compiled and linked: a compiler and its flags.
var builds = [][]string{
	{"gcc", "-O0"},
	{"gcc", "-O2", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"},
	{"gcc", "-O2", "-no-pie", "-fno-pie"},
	{"gcc", "-O3", "-flto", "-Wl,--gc-sections"},
	{"gcc", "-O2", "-fPIC", "-shared"},
	{"gcc", "-O2", "-fuse-ld=gold", "-Wl,--gc-sections"},
	{"gcc", "-O2", "-fcf-protection=full", "-static"},
	{"g++", "-O0"},
	{"g++", "-O2", "-flto", "-fPIC", "-shared"},
	{"clang-16", "-O0", "-fuse-ld=lld-16"},
	{"clang-16", "-O2", "-flto", "-fuse-ld=lld-16", "-Wl,--gc-sections"},
	{"clang-16", "-O2", "-fPIC", "-shared", "-ffunction-sections", "-fuse-ld=lld-16", "-Wl,--gc-sections"},
	{"aarch64-linux-gnu-gcc", "-O0"},
	{"aarch64-linux-gnu-gcc", "-O2", "-mbranch-protection=standard", "-Wl,--gc-sections"},
	{"aarch64-linux-gnu-gcc", "-O3", "-flto"},
	{"aarch64-linux-gnu-gcc", "-O2", "-no-pie", "-fno-pie"},
	{"aarch64-linux-gnu-g++", "-O2", "-fPIC", "-shared", "-flto"},
	{"arm-linux-gnueabihf-gcc", "-O0"},
	{"clang-16", "--target=arm-linux-gnueabihf", "-mthumb", "-O2", "-fPIC", "-shared", "-nostdlib", "-fuse-ld=lld-16"},
	{"arm-linux-gnueabihf-gcc", "-O2", "-mthumb", "-Wl,--gc-sections"},
	{"arm-linux-gnueabihf-gcc", "-O3", "-marm", "-flto"},
	{"arm-linux-gnueabihf-gcc", "-O2", "-no-pie", "-fno-pie"},
	{"arm-linux-gnueabihf-g++", "-O2", "-fPIC", "-shared"},
}

// strict are flags that the header compiles with everywhere.
var strict = []string{"-g", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-I."}

// However an app is built, its notes name the probe and the hook that its code uses; also when it has been stripped.
func TestNotes(t *testing.T) {
	for _, build := range builds {
		t.Run(strings.Join(build, " "), func(t *testing.T) {
			t.Parallel()
			binary := compile(t, build, "testdata/first.c", "testdata/second.c")
			file := open(t, binary)
			want := places{symbol(t, file, "edgexray_probe"), symbol(t, file, "edgexray_hook")}
			if file.Machine == elf.EM_AARCH64 {
				want.probe += 4 // behind the landing pad
			}
			wantPlaces(t, file, want)
			run(t, strip(build[0]), "--strip-all", binary)
			wantPlaces(t, open(t, binary), want)
		})
	}
}

// What markers say, as in the header.
func TestEvents(t *testing.T) {
	const want = `kind 1 key - text - type 0 format 0 rate 0 stride 0 replay 0 bytes 0 dims numbers -
kind 3 key camera text - type 3 format 8 rate 0 stride 8 replay 0 bytes 27 dims 5 5 1 numbers data
kind 3 key camera text - type 3 format 5 rate 0 stride 0 replay 0 bytes 24 dims 3 2 4 numbers data
kind 3 key camera text - type 3 format 5 rate 0 stride 0 replay 0 bytes 18446744073709551615 dims 3 -2 4 numbers data
kind 3 key microphone text - type 7 format 0 rate 16000 stride 0 replay 0 bytes 64 dims 16 2 numbers data
kind 3 key resized text - type 1 format 0 rate 0 stride 0 replay 0 bytes 24 dims 2 3 numbers data
kind 4 key scores text - type 9 format 0 rate 0 stride 0 replay 0 bytes 6 dims 2 3 numbers data
kind 4 key scalar text - type 11 format 0 rate 0 stride 0 replay 0 bytes 8 dims numbers data
kind 4 key huge text - type 12 format 0 rate 0 stride 0 replay 0 bytes 18446744073709551615 dims 1073741824 1073741824 1073741824 numbers data
kind 4 key negative text - type 9 format 0 rate 0 stride 0 replay 0 bytes 18446744073709551615 dims 2 -3 numbers data
kind 4 key empty text - type 9 format 0 rate 0 stride 0 replay 0 bytes 0 dims 0 1073741824 1073741824 1073741824 numbers data
kind 4 key nowhere text - type 9 format 0 rate 0 stride 0 replay 0 bytes 18446744073709551615 dims 0 0 0 0 0 0 0 0 numbers -
kind 3 key question text why? type 0 format 0 rate 0 stride 0 replay 0 bytes 0 dims numbers -
kind 4 key answer text because type 0 format 0 rate 0 stride 0 replay 0 bytes 0 dims numbers -
kind 5 key - text cat type 0 format 0 rate 0 stride 0 replay 0 bytes 0 dims numbers -
kind 6 key confidence text - type 0 format 0 rate 0 stride 0 replay 0 bytes 0 dims numbers 0.5 -
kind 7 key light text - type 0 format 0 rate 0 stride 0 replay 0 bytes 0 dims numbers 200 -
kind 7 key orientation text - type 0 format 0 rate 0 stride 0 replay 0 bytes 0 dims numbers 0 0.25 90 -
kind 2 key - text - type 0 format 0 rate 0 stride 0 replay 0 bytes 0 dims numbers -
kind 0 key camera text - type 0 format 0 rate 0 stride 0 replay 1 bytes 64 dims numbers data
replayed 1
`
	for _, build := range [][]string{{"gcc", "-O0"}, {"g++", "-O2", "-fsanitize=undefined", "-fno-sanitize-recover"}, {"clang-16", "-O3"}} {
		got := run(t, compile(t, build, "testdata/events.c"))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", build, diff)
		}
	}
	silent := compile(t, []string{"gcc", "-DEDGEXRAY_OFF"}, "testdata/first.c", "testdata/second.c")
	if notes := notesOf(t, open(t, silent)); len(notes) > 0 {
		t.Errorf("with EDGEXRAY_OFF there are notes: %v", notes)
	}
}

// compile builds an app, each source a translation unit of its own, and returns the binary's path.
func compile(t *testing.T, build []string, sources ...string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "app")
	language := []string{"-std=c99"}
	if strings.HasSuffix(build[0], "++") {
		language = []string{"-std=c++11", "-x", "c++"}
	}
	args := append(append([]string{}, build[1:]...), strict...)
	run(t, build[0], append(append(append(args, language...), sources...), "-o", binary)...)
	return binary
}

// strip is the command that belongs to a compiler.
func strip(compiler string) string {
	if prefix, ok := strings.CutSuffix(strings.TrimSuffix(compiler, "gcc"), "g++"); ok || prefix != compiler {
		return prefix + "strip"
	}
	return "llvm-strip-16"
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	output, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("run %s %s: %v (compilers are installed by `make setup`)\n%s", name, strings.Join(args, " "), err, output)
	}
	return string(output)
}

func open(t *testing.T, path string) *elf.File {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// places are addresses of the file.
type places struct{ probe, hook uint64 }

func (p places) String() string { return fmt.Sprintf("probe %#x, hook %#x", p.probe, p.hook) }

func symbol(t *testing.T, file *elf.File, name string) uint64 {
	t.Helper()
	symbols, err := file.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range symbols {
		if s.Name == name {
			return s.Value
		}
	}
	t.Fatalf("there is no symbol %s", name)
	return 0
}

// notesOf reads the notes of all loaded segments.
func notesOf(t *testing.T, file *elf.File) []places {
	t.Helper()
	word := 8
	if file.Class == elf.ELFCLASS32 {
		word = 4
	}
	var found []places
	for _, segment := range file.Progs {
		if segment.Type != elf.PT_NOTE {
			continue
		}
		data := make([]byte, segment.Filesz)
		if _, err := segment.ReadAt(data, 0); err != nil {
			t.Fatal(err)
		}
		owner := []byte("\x01\x00\x00\x00edgexray\x00") // the type before it
		for at := 0; ; {
			i := bytes.Index(data[at:], owner)
			if i < 0 {
				break
			}
			at += i + len(owner) + 3
			field := func(n int) uint64 {
				here := segment.Vaddr + uint64(at+n*word)
				if word == 4 {
					return uint64(uint32(here) + file.ByteOrder.Uint32(data[at+n*word:]))
				}
				return here + file.ByteOrder.Uint64(data[at+n*word:])
			}
			found = append(found, places{field(0), field(1)})
		}
	}
	return found
}

// probeCode is what a probe begins with.
var probeCode = map[elf.Machine][][]byte{
	elf.EM_X86_64:  {{0x90, 0xc3}},             // nop, ret
	elf.EM_AARCH64: {{0xc0, 0x03, 0x5f, 0xd6}}, // ret
	elf.EM_ARM: {
		{0x00, 0xf0, 0x20, 0xe3, 0x1e, 0xff, 0x2f, 0xe1}, // nop, bx lr
		{0x00, 0x00, 0xa0, 0xe1, 0x1e, 0xff, 0x2f, 0xe1}, // mov r0, r0 where there is no nop, bx lr
	},
}

func wantPlaces(t *testing.T, file *elf.File, want places) {
	t.Helper()
	found := notesOf(t, file)
	if len(found) == 0 {
		t.Fatal("there is no note")
	}
	for _, got := range found {
		if got != want {
			t.Errorf("a note says %s, symbols say %s", got, want)
		}
	}
	codes := probeCode[file.Machine]
	got := inFile(t, file, want.probe, len(codes[0]), elf.PF_X)
	if !slices.ContainsFunc(codes, func(code []byte) bool { return bytes.Equal(got, code) }) {
		t.Errorf("the probe's code is % x, want one of % x", got, codes)
	}
	hook := make([]byte, 16)
	hook[4] = 1
	if got := inFile(t, file, want.hook, len(hook), elf.PF_W); !bytes.Equal(got, hook) {
		t.Errorf("the hook is % x, want % x", got, hook)
	}
}

// inFile reads what the file has at an address, in a loaded segment with a flag.
func inFile(t *testing.T, file *elf.File, address uint64, bytes int, flag elf.ProgFlag) []byte {
	t.Helper()
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_LOAD && segment.Flags&flag != 0 && address >= segment.Vaddr && address+uint64(bytes) <= segment.Vaddr+segment.Filesz {
			data := make([]byte, bytes)
			if _, err := segment.ReadAt(data, int64(address-segment.Vaddr)); err != nil {
				t.Fatal(err)
			}
			return data
		}
	}
	t.Fatalf("%#x is in no loaded segment of the file with %v", address, flag)
	return nil
}
