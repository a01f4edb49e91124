package pipeline

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/edgexray/edgexray/npy"
	"github.com/edgexray/edgexray/pipeline/step"
)

// makers are the steps that are for any kind of data.
var makers = []step.Maker{
	{Name: "program", Usage: "PATH ARGUMENT...", About: "a program of yours: the value comes to it on stdin as .npy, and what it made is taken from stdout", Make: makeProgram},
}

// The bounds of a program: of its time, of what it may write, and of what errors quote of its stderr.
const (
	programTime   = time.Minute
	programOutput = 1 << 28
	programStderr = 2000
)

// program is a step that somebody else wrote. It reads the value on stdin: an array as a .npy file, what isn't decoded yet as it
// is. It writes an array to stdout as a .npy file, and ends with status 0.
type program struct{ command []string }

func makeProgram(args *step.Arguments) (step.Step, error) {
	command := args.Rest()
	if len(command) == 0 {
		return nil, errors.New("a program is missing")
	}
	if strings.ContainsRune(command[0], filepath.Separator) { // else it is looked for on PATH
		command[0] = args.InFolder(command[0])
	}
	return program{command}, nil
}

func (p program) String() string { return "program " + strings.Join(p.command, " ") }

func (p program) Apply(v step.Value) (step.Value, error) {
	input := v.Bytes
	if v.Array != nil {
		var file bytes.Buffer
		if err := npy.Write(&file, NumPy(v.Array)); err != nil {
			return v, err
		}
		input = file.Bytes()
	}
	output, err := p.run(input)
	if err != nil {
		return v, err
	}
	read, err := npy.Read(bytes.NewReader(output), programOutput)
	if err != nil {
		return v, fmt.Errorf("what %s wrote to stdout: %w", p.command[0], err)
	}
	a, err := fromNumPy(read)
	if err != nil {
		return v, fmt.Errorf("what %s wrote to stdout: %w", p.command[0], err)
	}
	return step.Value{Array: a, Rate: v.Rate}, nil
}

func (p program) run(input []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), programTime)
	defer cancel()
	command := exec.CommandContext(ctx, p.command[0], p.command[1:]...)
	command.WaitDelay = time.Second // for children that hold its pipes
	stdout, stderr := bounded{left: programOutput + 1<<16}, bounded{left: programStderr, quiet: true}
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(input), &stdout, &stderr
	err := command.Run()
	switch said := strings.TrimSpace(stderr.String()); {
	case err == nil:
		return stdout.Bytes(), nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%s was ended after %v (does it wait for more on stdin?); it said: %q", p.command[0], programTime, said)
	case stdout.left < 0:
		return nil, fmt.Errorf("%s wrote more than %d bytes to stdout", p.command[0], programOutput)
	default:
		return nil, fmt.Errorf("%s: %w; it said: %q", p.command[0], err, said)
	}
}

// bounded keeps what is written until it is too much. Quiet, it drops what is more.
type bounded struct {
	bytes.Buffer
	left  int
	quiet bool
}

func (b *bounded) Write(p []byte) (int, error) {
	b.left -= len(p)
	if b.left >= 0 {
		return b.Buffer.Write(p)
	}
	if !b.quiet {
		return 0, io.ErrShortWrite
	}
	b.Buffer.Write(p[:max(0, len(p)+b.left)])
	b.left = 0
	return len(p), nil
}

// NumPy is an array as NumPy's file has it. How its elements stand for real numbers is left out.
func NumPy(a *step.Array) npy.Array {
	out := npy.Array{Shape: make([]int64, len(a.Shape))}
	for i, d := range a.Shape {
		out.Shape[i] = int64(d)
	}
	var elements any
	switch {
	case a.Uint8 != nil:
		out.Type, elements = "|u1", a.Uint8
	case a.Int8 != nil:
		out.Type, elements = "|i1", a.Int8
	case a.Int16 != nil:
		out.Type, elements = "<i2", a.Int16
	case a.Int32 != nil:
		out.Type, elements = "<i4", a.Int32
	default:
		out.Type, elements = "<f4", a.Float32
	}
	out.Data, _ = binary.Append(nil, binary.LittleEndian, elements) // these types don't fail
	return out
}

func fromNumPy(a npy.Array) (*step.Array, error) {
	out := &step.Array{Shape: make([]int, len(a.Shape))}
	for i, d := range a.Shape {
		out.Shape[i] = int(d)
	}
	var err error
	switch a.Type {
	case "|u1":
		out.Uint8 = a.Data
	case "|i1":
		out.Int8, err = elementsOf[int8](a)
	case "<i2":
		out.Int16, err = elementsOf[int16](a)
	case "<i4":
		out.Int32, err = elementsOf[int32](a)
	case "<f4":
		out.Float32, err = elementsOf[float32](a)
	default:
		err = fmt.Errorf("its elements are %s (make them float32, uint8, int8, int16 or int32)", a.Type)
	}
	return out, err
}

func elementsOf[E int8 | int16 | int32 | float32](a npy.Array) ([]E, error) {
	var one E
	out := make([]E, len(a.Data)/binary.Size(one))
	_, err := binary.Decode(a.Data, binary.LittleEndian, out)
	return out, err
}
