package probes

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

//go:generate calibration/build.sh

// CalibrationTarget is a process whose functions begin with the instructions that Linux treats differently under a
// probe, and which times calls of them (source: calibration/target.c). To the BPF programs it looks like a model with
// one node per function. Measure it bare, attach to Path at Sites, measure again: the difference is a hit's cost here.
type CalibrationTarget struct {
	program programFile
	sites   []CalibrationSite
	process *exec.Cmd
	stdin   *os.File // requests
	stdout  *os.File // durations
}

// CalibrationSite is the site of one of the target's functions.
type CalibrationSite struct {
	// Class and Instruction of the site, as ChooseSite says.
	Class       Class
	Instruction string
	// FileOffset of the site in the file at Path.
	FileOffset uint64
}

// roundTimeout is how long a round may take: some thousand hits take milliseconds on the slowest machine.
const roundTimeout = 10 * time.Second

// NewCalibrationTarget starts the target. The caller closes it.
func NewCalibrationTarget() (*CalibrationTarget, error) {
	sites, err := calibrationSites(calibrationProgram)
	if err != nil {
		return nil, err
	}
	var failures []error
	for _, write := range []func([]byte) (programFile, error){writeMemory, writeTemporary} {
		program, err := write(calibrationProgram)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		target := &CalibrationTarget{program: program, sites: sites}
		if err := target.start(); err != nil {
			failures = append(failures, err, program.release())
			continue
		}
		return target, nil
	}
	return nil, fmt.Errorf("start calibration target: %w (set TMPDIR to a directory whose file system allows programs)",
		errors.Join(failures...))
}

// Path is the file to attach probes to. It exists until Close.
func (t *CalibrationTarget) Path() string { return t.program.path }

// PID is the target's process.
func (t *CalibrationTarget) PID() int { return t.process.Process.Pid }

// Sites are the target's functions: at least one each of the classes that the machine has.
func (t *CalibrationTarget) Sites() []CalibrationSite { return t.sites }

// Round calls the function at Sites()[site] and returns the nanoseconds that one call took on average.
func (t *CalibrationTarget) Round(site, calls int) (float64, error) {
	if site < 0 || site >= len(t.sites) || calls <= 0 {
		return 0, fmt.Errorf("run calibration round: site %d of %d, %d calls", site, len(t.sites), calls)
	}
	request := binary.LittleEndian.AppendUint32(nil, uint32(site))
	request = binary.LittleEndian.AppendUint32(request, uint32(calls))
	if _, err := t.stdin.Write(request); err != nil {
		return 0, t.failed(site, err)
	}
	if err := t.stdout.SetReadDeadline(time.Now().Add(roundTimeout)); err != nil {
		return 0, t.failed(site, err)
	}
	var duration [8]byte
	if _, err := io.ReadFull(t.stdout, duration[:]); err != nil {
		return 0, t.failed(site, err)
	}
	return float64(binary.LittleEndian.Uint64(duration[:])) / float64(calls), nil
}

func (t *CalibrationTarget) failed(site int, err error) error {
	return fmt.Errorf("run calibration round at `%s`: %w (the target died or hangs: `edgexray doctor` tries each instruction)",
		t.sites[site].Instruction, err)
}

// Measure runs rounds of all sites in turn and returns the fastest round of each, in nanoseconds per call: what
// disturbs a measurement only ever adds to it. Five rounds of 300 calls, probed, take 50 ms where Linux single-steps in
// 14 us.
func (t *CalibrationTarget) Measure(rounds, calls int) ([]float64, error) {
	fastest := make([]float64, len(t.sites))
	for round := range rounds {
		for site := range t.sites {
			perCall, err := t.Round(site, calls)
			if err != nil {
				return nil, err
			}
			if round == 0 || perCall < fastest[site] {
				fastest[site] = perCall
			}
		}
	}
	return fastest, nil
}

// Close ends the target and removes its file. Probes attached to it stay until they are closed themselves.
func (t *CalibrationTarget) Close() error {
	err := t.stdin.Close() // it exits at the end of its input
	err = errors.Join(err, t.process.Process.Kill())
	var exit *exec.ExitError
	if waitErr := t.process.Wait(); waitErr != nil && !errors.As(waitErr, &exit) {
		err = errors.Join(err, waitErr)
	}
	return errors.Join(err, t.stdout.Close(), t.program.release())
}

func (t *CalibrationTarget) start() error {
	requests, stdin, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("create pipe: %w", err)
	}
	stdout, durations, err := os.Pipe()
	if err != nil {
		return errors.Join(fmt.Errorf("create pipe: %w", err), requests.Close(), stdin.Close())
	}
	t.stdin, t.stdout = stdin, stdout
	t.process = exec.Command(t.program.path)
	t.process.Stdin, t.process.Stdout = requests, durations
	err = t.process.Start()
	err = errors.Join(err, requests.Close(), durations.Close())
	if err != nil {
		return errors.Join(err, stdin.Close(), stdout.Close())
	}
	return nil
}

// programFile is a file that can be run and probed. release gives it up.
type programFile struct {
	path    string
	release func() error
}

// writeMemory needs no writable directory.
func writeMemory(program []byte) (programFile, error) {
	fd, err := unix.MemfdCreate("edgexray-calibration", unix.MFD_CLOEXEC)
	if err != nil {
		return programFile{}, fmt.Errorf("create memory file: %w", err)
	}
	file := os.NewFile(uintptr(fd), "memfd")
	if _, err := file.Write(program); err != nil {
		return programFile{}, errors.Join(fmt.Errorf("write memory file: %w", err), file.Close())
	}
	return programFile{fmt.Sprintf("/proc/self/fd/%d", fd), file.Close}, nil
}

// writeTemporary is for systems that don't run programs from memory (vm.memfd_noexec, SELinux).
func writeTemporary(program []byte) (programFile, error) {
	file, err := os.CreateTemp("", "edgexray-calibration-")
	if err != nil {
		return programFile{}, fmt.Errorf("create temporary file: %w", err)
	}
	remove := func() error { return os.Remove(file.Name()) }
	_, err = file.Write(program)
	err = errors.Join(err, file.Chmod(0o700), file.Close()) // Linux doesn't run a file that is open for writing
	if err != nil {
		return programFile{}, errors.Join(fmt.Errorf("write %s: %w", file.Name(), err), remove())
	}
	return programFile{file.Name(), remove}, nil
}

// calibrationSites finds the target's functions by the prefix of their symbols, in the order of their addresses, which
// is the order in which the target numbers them.
func calibrationSites(program []byte) ([]CalibrationSite, error) {
	file, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return nil, fmt.Errorf("read calibration target: %w", err)
	}
	symbols, err := file.Symbols()
	if err != nil {
		return nil, fmt.Errorf("read calibration target: %w", err)
	}
	slices.SortFunc(symbols, func(a, b elf.Symbol) int { return cmp.Compare(a.Value, b.Value) })
	var sites []CalibrationSite
	for _, symbol := range symbols {
		if !strings.HasPrefix(symbol.Name, "kernel_") {
			continue
		}
		section := file.Sections[symbol.Section]
		code := make([]byte, symbol.Size)
		if _, err := section.ReadAt(code, int64(symbol.Value-section.Addr)); err != nil {
			return nil, fmt.Errorf("read calibration target's %s: %w", symbol.Name, err)
		}
		site, err := ChooseSite(file.Machine, code, symbol.Value, 2)
		if err != nil {
			return nil, fmt.Errorf("read calibration target's %s: %w", symbol.Name, err)
		}
		offset := symbol.Value - section.Addr + section.Offset + uint64(site.Offset)
		sites = append(sites, CalibrationSite{site.Class, site.Instruction, offset})
	}
	return sites, nil
}
