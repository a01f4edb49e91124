package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

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
			ops, err := readOps(args[0], analyze.Options{})
			if err != nil {
				return err
			}
			var options stragglers.Options
			if profile != "" {
				if options.Profile, err = openProfile(profile); err != nil {
					return err
				}
			}
			for _, path := range against {
				other, err := readOps(path, analyze.Options{})
				if err != nil {
					return err
				}
				options.Against = append(options.Against, stragglers.Other{Name: path, Ops: other})
			}
			result, err := stragglers.Find(ops, options)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if save != "" {
				if err := saveProfile(save, ops); err != nil {
					return err
				}
			}
			out := c.OutOrStdout()
			switch {
			case asJSON:
				return writeJSON(out, result)
			case asCSV:
				return report.Stragglers(out, result, report.CSV, 0)
			case asMarkdown:
				return report.Stragglers(out, result, report.Markdown, 0)
			}
			return report.Stragglers(out, result, report.Text, width(out))
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
	data, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		return err
	}
	half, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = half.Write(append(data, '\n'))
	if err = errors.Join(err, half.Chmod(0o644), half.Close()); err == nil {
		err = os.Rename(half.Name(), path)
	}
	if err != nil {
		os.Remove(half.Name())
	}
	return err
}
