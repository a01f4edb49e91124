package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manCommand writes the manual pages. It is for those who make packages, so the list of verbs leaves it out.
func manCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "man FOLDER",
		Short:   "Write a manual page for each verb and help topic",
		Example: `  edgexray man /usr/local/share/man/man1 && man edgexray-record`,
		Args:    cobra.ExactArgs(1),
		Hidden:  true,
		RunE: func(c *cobra.Command, args []string) error {
			pages := []*cobra.Command{c.Root()}
			for _, child := range c.Root().Commands() {
				if child.IsAvailableCommand() || child.IsAdditionalHelpTopicCommand() {
					pages = append(pages, child)
				}
			}
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fmt.Errorf("man: %w", err)
			}
			for _, page := range pages {
				if err := writeManual(page, args[0]); err != nil {
					return fmt.Errorf("man: %w", err)
				}
			}
			return nil
		},
	}
}

func writeManual(page *cobra.Command, folder string) error {
	name := page.Name()
	if page.HasParent() {
		name = page.Parent().Name() + "-" + name
	}
	f, err := os.Create(filepath.Join(folder, name+".1"))
	if err != nil {
		return err
	}
	defer f.Close()
	page.DisableAutoGenTag = true
	if err := doc.GenMan(page, &doc.GenManHeader{Section: "1", Source: "edgexray " + version, Manual: "edgexray"}, f); err != nil {
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	return f.Close()
}
