package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/stragglers"
	"github.com/edgexray/edgexray/report"
)

func stragglersCommand() *cobra.Command {
	var against []string
	var profile, save string
	var asJSON, asCSV, asMarkdown bool
	c := &cobra.Command{
		Use:   "stragglers TRACE",
		Short: "Name the ops that are slower than their work explains, and why",
		Example: `  edgexray stragglers run.xray                           the slow ones, worst first, with their causes
  edgexray stragglers int8.xray --against float.xray     the same model in another form: where it loses
  edgexray stragglers run.xray --profile device.json     judged by what ops took here before (--save-profile)`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			result, err := findStragglers(args[0], against, profile, save)
			if err != nil {
				return err
			}
			out := c.OutOrStdout()
			if asJSON {
				err = writeJSON(out, result)
			} else {
				err = report.Stragglers(out, result, formatOf(asCSV, asMarkdown), widthOf(out, asCSV, asMarkdown))
			}
			if err == nil && len(result.Models) == 0 {
				return exitError{fmt.Errorf("find stragglers in %s: no op was recorded that the trace describes", args[0]), exitNothing}
			}
			return err
		},
	}
	f := c.Flags()
	f.StringArrayVar(&against, "against", nil, "compare with `TRACE`: the same model in another form, with another runtime or on another device; can be repeated")
	f.StringVar(&profile, "profile", "", "judge ops by what they took in earlier traces of this device, from `file`")
	f.StringVar(&save, "save-profile", "", "add what ops took to the profile in `file`, which is made when it doesn't exist")
	f.BoolVar(&asJSON, "json", false, "print JSON (docs/stragglers-json.md)")
	f.BoolVar(&asCSV, "csv", false, "print CSV")
	f.BoolVar(&asMarkdown, "markdown", false, "print Markdown")
	c.MarkFlagsMutuallyExclusive("json", "csv", "markdown")
	return c
}

// findStragglers judges a trace and, when save is not empty, adds it to that profile afterwards.
func findStragglers(path string, against []string, profile, save string) (*stragglers.Result, error) {
	ops, err := readOps(path, analyze.Options{})
	if err != nil {
		return nil, err
	}
	var options stragglers.Options
	if profile != "" {
		if options.Profile, err = openProfile(profile); err != nil {
			return nil, err
		}
	}
	for _, other := range against {
		ops, err := readOps(other, analyze.Options{})
		if err != nil {
			return nil, err
		}
		options.Against = append(options.Against, stragglers.Other{Name: other, Ops: ops})
	}
	result, err := stragglers.Find(ops, options)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if save != "" {
		err = saveProfile(save, ops)
	}
	return result, err
}

func openProfile(path string) (*stragglers.Profile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p, err := stragglers.ReadProfile(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// saveProfile adds a trace to the profile at path. The file is replaced as a whole, so that it is never half a profile.
func saveProfile(path string, ops *analyze.OpsResult) error {
	p, err := openProfile(path)
	if errors.Is(err, fs.ErrNotExist) {
		p, err = stragglers.NewProfile(), nil
	}
	if err != nil {
		return err
	}
	if err := p.Add(ops); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return writeWhole(path, func(w io.Writer) error { return writeJSON(w, p) })
}
