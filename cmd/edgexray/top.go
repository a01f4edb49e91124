package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgexray/edgexray/agent"
	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/live"
	"github.com/edgexray/edgexray/report"
)

// topFlags are those of `edgexray top` that aren't those of a recording.
type topFlags struct {
	once                  bool
	by, sort              string
	window                time.Duration
	output, commandOutput string
}

// onceFor is how long `top --once` looks at what it didn't start itself.
const onceFor = 5 * time.Second

// minWindow is ten times how often a recording hands over what it has.
const minWindow = 5 * time.Second

func topCommand() *cobra.Command {
	var recording recordingFlags
	var flags topFlags
	cmd := &cobra.Command{
		Use:   "top [-p PID | -n NAME | --library PATH | -- CMD ARG...]",
		Short: "Show live what the ops of a running app, or of a command, take",
		Long: `Show live what the ops of a running app, or of a command, take. Press ? for keys and columns.

A command's input is empty, and what it prints goes to a file, as it would disturb the screen; with --once it goes to
stderr. q leaves the command running, Ctrl-C interrupts it.`,
		Example: `  edgexray top -p 4711                           a running process
  edgexray top -- python3 app.py                 a command and its children
  edgexray top --once -d 10s -n com.example.app  one frame as plain text, after ten seconds`,
		RunE: func(cmd *cobra.Command, args []string) error {
			options, err := recording.parse(args)
			if err != nil {
				return err
			}
			options.NoMarkers = true // nobody would see them
			by, err := analyze.ParseBy(flags.by)
			if err == nil && by == analyze.ByThread {
				err = errors.New("top: --by thread: use one of node, op and kernel (`edgexray ops` shows threads)")
			}
			if err != nil {
				return err
			}
			if flags.window < minWindow {
				return fmt.Errorf("top: --window %v: it must be %v or more, as ops arrive every half second", flags.window, minWindow)
			}
			sort, err := report.ParseLiveSort(flags.sort)
			if err != nil {
				return err
			}
			if !flags.once && !isTerminal(cmd.OutOrStdout()) {
				return errors.New("top: stdout is not a terminal (--once prints one frame as plain text)")
			}
			if err := wantRoot(); err != nil {
				return err
			}
			t := &top{topFlags: flags, options: options, by: by, sort: sort, stdout: cmd.OutOrStdout(), stderr: cmd.ErrOrStderr()}
			return t.run(cmd.Context())
		},
	}
	recording.add(cmd.Flags())
	f := cmd.Flags()
	f.Lookup("duration").Usage = fmt.Sprintf("stop after this time (default: when the target ends, or on q; --once: after %v, or when the command ends)", onceFor)
	f.BoolVar(&flags.once, "once", false, "print one frame as plain text, about the whole time")
	f.StringVar(&flags.by, "by", string(analyze.ByNode), "one line a `what`: node, op or kernel")
	f.StringVar(&flags.sort, "sort", string(report.SortShare), fmt.Sprintf("sort by this `column`: %s", strings.Trim(fmt.Sprint(report.LiveSorts), "[]")))
	f.DurationVar(&flags.window, "window", 10*time.Second, "how far back the latest time goes")
	f.StringVarP(&flags.output, "output", "o", "", "also write the trace to this file")
	f.StringVar(&flags.commandOutput, "command-output", "", "file for what the command prints (default: a new one, which is told)")
	return cmd
}

// top is a recording that is looked at instead of kept.
type top struct {
	topFlags
	options        agent.Options
	by             analyze.By
	sort           report.LiveSort
	stdout, stderr io.Writer

	feed     *live.Feed
	began    chan struct{}
	recorded chan struct{} // closed when the recording, or trying to begin one, is over
	finished chan struct{} // closed when the trace is complete
	summary  *agent.Summary
	err      error // of the recording
}

func (t *top) run(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	file, err := t.commandStreams()
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	if err := t.record(ctx, end); err != nil {
		return err
	}
	interrupted := false
	select {
	case <-t.began:
		if !t.once {
			interrupted, err = live.Show(ctx, t.feed, live.Options{Target: t.target(), By: t.by, Sort: t.sort, In: os.Stdin, Out: t.stdout})
			end()
		}
	case <-t.recorded:
	}
	if interrupted && len(t.options.Command) > 0 {
		syscall.Kill(0, syscall.SIGINT) // what the terminal does when no program has changed that
	}
	select {
	case <-t.finished:
	case <-t.recorded:
	}
	err = errors.Join(err, t.conclude(file, interrupted))
	stop() // removing probes may take long: Ctrl-C ends us now
	<-t.recorded
	if err := errors.Join(err, t.err); err != nil || t.summary == nil {
		return err
	}
	if t.summary.Ops == 0 {
		return exitError{t.summary.NothingRecorded(), exitNothing}
	}
	return nil
}

// record begins the recording, whose trace is read by the feed. It calls end when the recording fails.
func (t *top) record(ctx context.Context, end func()) error {
	in, out := io.Pipe()
	t.feed = live.Follow(in, t.window)
	t.began, t.recorded, t.finished = make(chan struct{}), make(chan struct{}), make(chan struct{})
	t.options.Output = out
	file := &outputFile{begun: true} // none
	if t.output != "" {
		var err error
		if file, err = createOutput(t.output); err != nil {
			return fmt.Errorf("create trace: %w (name another file with -o)", err)
		}
		t.options.Output = io.MultiWriter(file, out)
	}
	if t.once && t.options.Duration == 0 && len(t.options.Command) == 0 {
		t.options.Duration = onceFor
	}
	t.options.Began = func() error {
		close(t.began)
		return file.begin()
	}
	t.options.Finished = func(s *agent.Summary) {
		t.summary = s
		out.Close()
		close(t.finished)
	}
	go func() {
		defer close(t.recorded)
		defer func() {
			if p := recover(); p != nil { // the screen must be left before anybody can read this
				t.err = fmt.Errorf("record: %v (please report this)\n%s", p, debug.Stack())
			}
			if t.output != "" {
				t.err = errors.Join(t.err, file.end())
			}
			out.Close()
			if t.err != nil {
				end()
			}
		}()
		t.err = agent.Record(ctx, t.options)
	}()
	return nil
}

// conclude tells what came of it, once the screen is free.
func (t *top) conclude(commandOutput *os.File, interrupted bool) error {
	if t.summary == nil {
		return nil
	}
	err := t.feed.Wait()
	if t.once && err == nil {
		err = report.LiveText(t.stdout, t.feed.Snapshot(false, t.by), t.sort, width(t.stdout))
	}
	t.summary.Print(t.stderr, t.output)
	if t.summary.CommandPID != 0 && !interrupted {
		fmt.Fprintf(t.stderr, "the command goes on as process %d\n", t.summary.CommandPID)
	}
	if commandOutput != nil {
		fmt.Fprintf(t.stderr, "what the command prints is in %s\n", commandOutput.Name())
	}
	return err
}

// commandStreams keeps the command away from the terminal. It returns the file that gets what the command prints.
func (t *top) commandStreams() (*os.File, error) {
	if len(t.options.Command) == 0 {
		return nil, nil
	}
	var err error
	if t.once {
		t.options.Stdout = os.Stderr
		return nil, nil
	}
	var file *os.File
	if t.commandOutput != "" {
		file, err = os.Create(t.commandOutput)
	} else {
		file, err = os.CreateTemp("", "edgexray-top-*.log")
	}
	if err != nil {
		return nil, fmt.Errorf("create a file for what the command prints: %w (name another one with --command-output)", err)
	}
	if t.options.Stdin, err = os.Open(os.DevNull); err != nil {
		return nil, err
	}
	t.options.Stdout, t.options.Stderr = file, file
	return file, nil
}

// target names what is recorded.
func (t *top) target() string {
	o := t.options
	switch {
	case len(o.Command) > 0:
		short := make([]string, len(o.Command))
		for i, word := range o.Command {
			if short[i] = word; filepath.IsAbs(word) {
				short[i] = filepath.Base(word)
			}
		}
		return strings.Join(short, " ")
	case o.PID != 0:
		return fmt.Sprintf("process %d", o.PID)
	case o.Name != "":
		return "processes named " + o.Name
	default:
		return o.Library
	}
}
