package main

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/edgexray/edgexray/checks"
	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/script"
)

func validateCommand() *cobra.Command {
	var e evidence
	var skip []string
	var junit string
	var list, asJSON, asMarkdown bool
	c := &cobra.Command{
		Use:   "validate [CHECKS.star...] --edge SNAPSHOT",
		Short: "Check what an app feeds its model, what comes out, and what it takes: built-in checks, and your own",
		Example: `  edgexray validate --edge edge.tensors --pipeline mobilenet.pipeline --raw photos/
  edgexray validate checks.star --edge edge.tensors --ref ref.tensors --model model.tflite
  edgexray validate checks.star --trace run.xray --junit result.xml    in continuous integration
  edgexray validate --list                                             the built-in checks`,
		RunE: func(c *cobra.Command, args []string) error {
			out := c.OutOrStdout()
			if list {
				return report.BuiltInChecks(out, width(out))
			}
			result, err := validate(c, args, &e, skip)
			if err != nil {
				return err
			}
			if junit != "" {
				if err := writeWhole(junit, func(w io.Writer) error { return checks.JUnit(w, result) }); err != nil {
					return err
				}
			}
			switch {
			case asJSON:
				err = writeJSON(out, result)
			case asMarkdown:
				err = report.Validate(out, result, report.Markdown, 0)
			default:
				err = report.Validate(out, result, report.Text, width(out))
			}
			return errors.Join(err, validated(result))
		},
	}
	f := c.Flags()
	e.add(f)
	f.StringVar(&e.ref, "ref", "", "`snapshot` of the reference run (edgexray reference)")
	f.StringArrayVar(&skip, "skip", nil, "leave out the built-in check with this `name`; can be repeated")
	f.BoolVar(&list, "list", false, "list the built-in checks, and nothing else")
	f.StringVar(&junit, "junit", "", "also write JUnit XML into `file`")
	f.BoolVar(&asJSON, "json", false, "print JSON (docs/validate-json.md)")
	f.BoolVar(&asMarkdown, "markdown", false, "print Markdown")
	c.MarkFlagsMutuallyExclusive("json", "markdown")
	return c
}

func validate(c *cobra.Command, paths []string, e *evidence, skip []string) (*checks.Result, error) {
	var files []*checks.File
	for _, path := range paths {
		f, err := checks.Open(path, script.Limits{})
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	subject, err := e.open(c.Context())
	if err != nil {
		return nil, err
	}
	defer subject.Close()
	result, err := checks.Run(&subject.Subject, files, skip)
	if err != nil {
		return nil, err
	}
	e.describe(subject, result)
	return result, nil
}

// validated is the exit status: 1 when a check failed, 2 when one doesn't work. The verdict says it.
func validated(r *checks.Result) error {
	switch r.Verdict {
	case checks.Fail:
		return exitError{errors.New(""), exitFailed}
	case checks.Broken:
		return exitError{errors.New(""), exitMisuse}
	case checks.NotChecked:
		return exitError{errors.New("validate: no check found what it needs (the table says what)"), exitNothing}
	}
	return nil
}
