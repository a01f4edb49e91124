package reference

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/edgexray/edgexray/reference/protocol"
)

// session is a process of a runner. When it dies in a request, the next one gets a new process.
type session struct {
	runner   *runner
	process  *exec.Cmd // nil when none runs
	said     tail
	requests *os.File
	encoder  *json.Encoder
	reports  *os.File
	decoder  *json.Decoder
}

// Died is the error when a runner ends within a request.
type Died struct {
	Doing protocol.Report // what it had announced last
	How   string          // as the system puts it: "signal: aborted"; may be empty
	Said  string          // the last line that it printed; may be empty
	Where string          // the op, as far as that is known: "ended inside the preparation of SOFTMAX (node 64 of subgraph 0)"
}

func (d *Died) Error() string {
	text := cmp.Or(d.Where, "died while "+d.doing())
	if d.How != "" {
		text += " (" + d.How + ")"
	}
	if d.Said != "" {
		text += ", after printing: " + d.Said
	}
	return text
}

func (d *Died) doing() string {
	switch d.Doing.Stage {
	case "":
		return "starting"
	case protocol.Invoking:
		return fmt.Sprintf("running invoke %d", d.Doing.Invoke)
	}
	return string(d.Doing.Stage)
}

// Refused is the error when a runtime does not run a model.
type Refused struct {
	Doing protocol.Report // what was announced last
	Said  string
}

func (r *Refused) Error() string {
	return "failed " + string(cmp.Or(r.Doing.Stage, "before loading")) + ": " + r.Said
}

// start starts the process and reads its first report.
func (s *session) start(ctx context.Context) error {
	requestsIn, requests, err := os.Pipe()
	if err != nil {
		return err
	}
	defer requestsIn.Close()
	reports, reportsOut, err := os.Pipe()
	if err != nil {
		requests.Close()
		return err
	}
	defer reportsOut.Close()
	s.requests, s.encoder = requests, json.NewEncoder(requests)
	s.reports, s.decoder = reports, json.NewDecoder(reports)
	s.said = tail{}

	const first = 3 // number of the first of ExtraFiles
	command := append(s.runner.command[1:len(s.runner.command):len(s.runner.command)],
		fmt.Sprintf("/dev/fd/%d", first), fmt.Sprintf("/dev/fd/%d", first+1))
	process := exec.CommandContext(ctx, s.runner.command[0], command...)
	process.Env = s.runner.environment
	process.ExtraFiles = []*os.File{requestsIn, reportsOut}
	process.Stdout, process.Stderr = &s.said, &s.said
	if err := process.Start(); err != nil {
		requests.Close()
		reports.Close()
		return err
	}
	s.process = process
	reportsOut.Close()
	var hello protocol.Report
	if err := s.decoder.Decode(&hello); err != nil {
		return s.died(ctx, protocol.Report{})
	}
	s.runner.runtime = hello.Runtime
	return nil
}

// do has the process run a request, and returns its last report. The error is a *Died or a *Refused when the model is why.
func (s *session) do(ctx context.Context, request protocol.Request) (protocol.Report, error) {
	if s.process == nil {
		if err := s.start(ctx); err != nil {
			return protocol.Report{}, fmt.Errorf("start %s: %w", s.runner.name, err)
		}
	}
	var last protocol.Report
	if err := s.encoder.Encode(request); err != nil {
		return last, s.died(ctx, last)
	}
	for {
		var r protocol.Report
		if err := s.decoder.Decode(&r); err != nil {
			return last, s.died(ctx, last)
		}
		switch {
		case r.Error != "":
			return r, &Refused{last, oneLine(r.Error)}
		case r.Stage == protocol.Done:
			return r, nil
		}
		last = r
	}
}

// died waits for a process that has ended its reports, and returns why that is.
func (s *session) died(ctx context.Context, last protocol.Report) error {
	how := "it ended its reports"
	if err := s.end(); err != nil {
		how = err.Error()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &Died{Doing: last, How: how, Said: s.said.String()}
}

// end ends the process, if there is one.
func (s *session) end() error {
	if s.process == nil {
		return nil
	}
	s.requests.Close() // it ends when there are no more requests,
	s.reports.Close()  // or when it can't report
	err := s.process.Wait()
	s.process = nil
	return err
}

// tail keeps the last of what is written to it.
type tail struct{ kept []byte }

const tailBytes = 2000

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	t.kept = t.kept[max(0, len(t.kept)-tailBytes):]
	return len(p), nil
}

// String returns the last line.
func (t *tail) String() string {
	text := strings.TrimSpace(strings.ToValidUTF8(string(t.kept), ""))
	return text[strings.LastIndexByte(text, '\n')+1:]
}

func oneLine(text string) string { return strings.ReplaceAll(strings.TrimSpace(text), "\n", " ") }
