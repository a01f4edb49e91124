package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/report"
)

// argumentFiles says which files verbs take as arguments, by how their names end. The other verbs take any, or none.
var argumentFiles = map[string][]string{
	"ops":        {"xray"},
	"stragglers": {"xray"},
	"diff":       {"xray"},
	"pprof":      {"xray"},
	"export":     {"xray"},
	"report":     {"xray", "tensors"},
	"tensors":    {"tensors"},
	"compare":    {"tensors"},
	"reference":  {"tflite"},
	"discover":   {"so", "apk"},
}

// flagValues are the values of flags that have few, by verb. A flag that takes a list takes several of them.
var flagValues = map[string]map[string][]string{
	"record":    {"via": {viaBPF, viaShim}, "follow": append(followed, "resident", "none"), "method": texts(probes.Methods)},
	"top":       {"by": {"node", "op", "kernel"}, "sort": texts(report.LiveSorts), "follow": append(followed, "resident", "none"), "method": texts(probes.Methods)},
	"ops":       {"by": {"node", "op", "kernel", "thread"}},
	"export":    {"format": formatNames()},
	"snapshot":  {"when-full": {"block", "drop", "sample"}, "kernels": {"builtin"}},
	"tensors":   {"export": {"npz", "safetensors", "csv"}},
	"reference": {"runner": {"litert", "go-tflite"}, "kernels": {"reference", "builtin"}},
	"compare":   {"runner": {"litert", "go-tflite"}},
}

func texts[T any](values []T) []string {
	var list []string
	for _, v := range values {
		list = append(list, fmt.Sprint(v))
	}
	return list
}

// complete lets shells complete what a verb takes. Flags that aren't among flagValues are completed with files.
func complete(verb *cobra.Command) {
	if endings := argumentFiles[verb.Name()]; endings != nil {
		verb.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return endings, cobra.ShellCompDirectiveFilterFileExt
		}
	}
	for flag, values := range flagValues[verb.Name()] {
		if err := verb.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
			panic(err) // the verb has no such flag
		}
	}
}
