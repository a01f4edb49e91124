package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/edgexray/edgexray/agent"
	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/probes"
)

func recordCommand() *cobra.Command {
	var output, via string
	var aggregate, heap, noMarkers bool
	var sample int
	var recording recordingFlags
	cmd := &cobra.Command{
		Use:   "record [-p PID | -n NAME | --library PATH | -- CMD ARG...]",
		Short: "Record every op of a running app, or of a command, into a trace",
		Example: `  edgexray record -- python3 app.py              a command and its children
  edgexray record -p 4711 -d 10s                 a running process, for ten seconds
  edgexray record -n com.example.app             processes of that name, running or started later
  edgexray record --library libtensorflowlite_c.so  every process that maps the library
  edgexray record --via shim -- python3 app.py   without root and BPF, also 32-bit apps`,
		RunE: func(cmd *cobra.Command, args []string) error {
			options, err := recording.parse(args)
			switch {
			case err != nil:
				return err
			case via == viaShim:
				return recordViaShim(cmd, options, output)
			case via != viaBPF:
				return fmt.Errorf("record --via %s: no such way (bpf or shim)", via)
			}
			if aggregate {
				options.Aggregate = bpf.AggregateInstead
			}
			if sample < 0 || sample > agent.MaxSampleRate {
				return fmt.Errorf("record: --sample %d: not from 1 to %d samples a second", sample, agent.MaxSampleRate)
			}
			options.Heap, options.SampleRate, options.NoMarkers = heap, sample, noMarkers
			return record(cmd, options, output)
		},
	}
	flags := cmd.Flags()
	recording.add(flags)
	flags.StringVarP(&output, "output", "o", "run.xray", "file for the trace")
	flags.StringVar(&via, "via", viaBPF, "how: by probes in the kernels (bpf, as root), or by a library preloaded into the command (shim)")
	flags.BoolVar(&aggregate, "aggregate", false, "sum ops up in the kernel instead of recording each (for always-on use)")
	flags.BoolVar(&heap, "heap", false, "record what ops allocate: each call of the allocator then costs the app about as much as an op's probe")
	flags.BoolVar(&noMarkers, "no-markers", false, "leave out what the app marks itself: then its markers cost nothing")
	flags.IntVar(&sample, "sample", 0, "take this many samples a second and core of the code that ops run, e.g. 999 (see pprof --samples)")
	return cmd
}

// recordingFlags are the flags of verbs that record: the target, and how to record it.
type recordingFlags struct {
	options agent.Options
	method  string
	follow  []string
	budget  string
	only    []string
}

func (r *recordingFlags) add(flags *pflag.FlagSet) {
	options := &r.options
	flags.IntVarP(&options.PID, "pid", "p", 0, "record the process with this number")
	flags.StringVarP(&options.Name, "name", "n", "", "record processes with this name")
	flags.StringVar(&options.Library, "library", "", "record every process that maps this library or APK")
	flags.DurationVarP(&options.Duration, "duration", "d", 0, "stop after this time (default: when the target ends, or on Ctrl-C)")
	flags.StringVar(&r.method, "method", "", fmt.Sprintf("attach by this method only: %v (default: the first that works)", probes.Methods))
	flags.StringSliceVar(&r.follow, "follow", followed, "of what ops pay for, beside their time: some of scheduling, workers, faults, frequency, resident; or none")
	flags.BoolVar(&options.EntryOnly, "entry-only", false, "probe the kernels' entries only: an op ends when the next one begins (about half the cost)")
	flags.StringVar(&r.budget, "budget", "", "record in turns, so that it costs the app at most this share of its time: 1%")
	flags.StringSliceVar(&r.only, "only", nil, "record only these: ops (CONV_2D), nodes (12, 3-7, 1:12), processes (process=NAME)")
}

// parse returns what the flags and the command, if any, ask for.
func (r *recordingFlags) parse(command []string) (agent.Options, error) {
	options := r.options
	options.Cache, options.Recorder = probes.DefaultCache(), "edgexray "+version
	options.Command = command
	options.Method = probes.Method(r.method)
	var err error
	if options.Follow, err = parseFollow(r.follow); err != nil {
		return options, err
	}
	if options.Budget, err = parseShare(r.budget); err != nil {
		return options, err
	}
	if options.Only, err = agent.ParseOnly(r.only); err != nil {
		return options, err
	}
	if n := targets(options); n != 1 {
		return options, fmt.Errorf("record: %d targets named: name one of -p PID, -n NAME, --library PATH and -- CMD", n)
	}
	return options, nil
}

// parseShare reads "1%" or "0.5%"; an empty text is 0.
func parseShare(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	number, ok := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || !(v > 0 && v <= 100) {
		return 0, fmt.Errorf("record: --budget %s: not a share (write 1%%, or 0.5%%)", text)
	}
	return v / 100, nil
}

var followed = []string{"scheduling", "workers", "faults", "frequency"}

func parseFollow(parts []string) (agent.Follow, error) {
	var f agent.Follow
	for _, part := range parts {
		switch part {
		case "scheduling":
			f.Scheduling = true
		case "workers":
			f.Scheduling, f.Workers = true, true
		case "faults":
			f.Faults = true
		case "frequency":
			f.Frequency = true
		case "resident":
			f.Resident = true
		case "none":
		default:
			return f, fmt.Errorf("record: --follow %s: no such part (some of %s, resident; or none)", part, strings.Join(followed, ", "))
		}
	}
	return f, nil
}

func targets(o agent.Options) int {
	n := 0
	for _, named := range []bool{o.PID != 0, o.Name != "", o.Library != "", len(o.Command) > 0} {
		if named {
			n++
		}
	}
	return n
}

func record(cmd *cobra.Command, options agent.Options, output string) error {
	if err := wantRoot(); err != nil {
		return err
	}
	file, err := createOutput(output)
	if err != nil {
		return fmt.Errorf("create trace: %w (name another file with -o)", err)
	}
	options.Output = file
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	stderr := cmd.ErrOrStderr()
	if isTerminal(stderr) {
		options.Progress = stderr
	}
	var nothing error
	options.Began = file.begin
	options.Finished = func(summary *agent.Summary) {
		summary.Print(stderr, output)
		switch {
		case summary.Ops == 0 && summary.Markers == 0:
			nothing = exitError{summary.NothingRecorded(), exitNothing}
		case summary.Ops == 0:
			fmt.Fprintf(stderr, "note: the trace has markers only: %v\n", summary.NothingRecorded())
		}
	}
	if err := errors.Join(agent.Record(ctx, options), file.end()); err != nil {
		return err
	}
	return nothing
}

func wantRoot() error {
	if os.Geteuid() != 0 {
		return exitError{errors.New("record: probes need root (run it with sudo or su)"), exitForbidden}
	}
	return nil
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
