package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// command is an edgexray command in a text: its arguments end where an explanation or another command begins.
var command = regexp.MustCompile(`(?m)(?:^|[ /])edgexray ([a-z].*?)(?:  |[|&]|$)`)

// TestExamples checks that verbs have examples, and that these name verbs and flags that exist.
func TestExamples(t *testing.T) {
	root := rootCommand()
	for _, verb := range root.Commands() {
		if verb.IsAdditionalHelpTopicCommand() {
			checkCommands(t, verb.Name(), indented(verb.Long))
		} else if verb.IsAvailableCommand() && verb.Name() != "help" && verb.Name() != "completion" {
			if !strings.Contains(verb.Example, "edgexray "+verb.Name()) {
				t.Errorf("%s has no example", verb.Name())
			}
			checkCommands(t, verb.Name(), verb.Example)
		}
	}
}

func indented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "    ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func checkCommands(t *testing.T, where, text string) {
	t.Helper()
	for _, found := range command.FindAllStringSubmatch(text, -1) {
		args := strings.Fields(found[1])
		verb, rest, err := rootCommand().Find(args)
		if err != nil || !verb.HasParent() {
			t.Errorf("%s: edgexray %s: no such verb", where, strings.Join(args, " "))
			continue
		}
		for _, word := range rest {
			if word == "--" {
				break
			}
			if strings.HasPrefix(word, "-") && word != "-" && flagNamed(verb, word) == nil {
				t.Errorf("%s: edgexray %s: no flag %s", where, strings.Join(args, " "), word)
			}
		}
	}
}

func flagNamed(verb *cobra.Command, word string) *pflag.Flag {
	name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
	if strings.HasPrefix(word, "--") {
		return verb.Flags().Lookup(name)
	}
	return verb.Flags().ShorthandLookup(name[:1])
}

func TestHelpListsTopics(t *testing.T) {
	var out, errs strings.Builder
	if status := run([]string{"--help"}, &out, &errs); status != exitOK {
		t.Fatalf("exit status %d: %s", status, &errs)
	}
	for _, topic := range topics {
		if !strings.Contains(out.String(), "edgexray "+topic) {
			t.Errorf("--help doesn't list the topic %s", topic)
		}
		var text strings.Builder
		if status := run([]string{"help", topic}, &text, &errs); status != exitOK || strings.Count(text.String(), "\n") < 5 {
			t.Errorf("help %s: exit status %d, %q", topic, status, text.String())
		}
	}
}

func TestManualPages(t *testing.T) {
	folder := t.TempDir()
	var out, errs strings.Builder
	if status := run([]string{"man", folder}, &out, &errs); status != exitOK {
		t.Fatalf("exit status %d: %s", status, &errs)
	}
	for page, want := range map[string]string{
		"edgexray.1":        "edgexray-record(1)",
		"edgexray-record.1": `\-\-entry-only`,
		"edgexray-ops.1":    "edgexray ops run.xray",
		"edgexray-start.1":  "edgexray doctor",
	} {
		text, err := os.ReadFile(filepath.Join(folder, page))
		if err != nil {
			t.Error(err)
		} else if plain := strings.NewReplacer(`\fB`, "", `\fP`, "").Replace(string(text)); !strings.Contains(plain, want) && !strings.Contains(plain, strings.ReplaceAll(want, `\`, "")) {
			t.Errorf("%s: doesn't say %s:\n%s", page, want, plain)
		}
	}
	if status := run([]string{"man", "/dev/null/x"}, &out, &errs); status != exitMisuse {
		t.Errorf("man into a file: exit status %d", status)
	}
}

func TestCompletions(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"ops", ""}, "xray\n:8"},
		{[]string{"ops", "--by", ""}, "kernel\n"},
		{[]string{"record", "--via", ""}, "shim\n"},
		{[]string{"re"}, "reference\t"},
	} {
		var out, errs strings.Builder
		if run(append([]string{"__complete"}, c.args...), &out, &errs); !strings.Contains(out.String(), c.want) {
			t.Errorf("complete %q: %q, without %q", c.args, out.String(), c.want)
		}
	}
}
