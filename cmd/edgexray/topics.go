package main

import (
	"embed"
	"strings"

	"github.com/spf13/cobra"
)

// topics are what `edgexray help TOPIC` explains, as listed. A topic's file begins with a sentence that says what it is about.
var topics = []string{"start", "android", "delegates", "overhead", "losses", "files", "exit-status"}

//go:embed topics
var topicFiles embed.FS

// topicCommand returns a command that can't run: cobra lists it as a help topic.
func topicCommand(name string) *cobra.Command {
	text, err := topicFiles.ReadFile("topics/" + name + ".txt")
	if err != nil {
		panic(err) // it is compiled in
	}
	subject, _, _ := strings.Cut(string(text), "\n\n")
	return &cobra.Command{
		Use:   name,
		Short: strings.TrimSuffix(strings.ReplaceAll(strings.SplitAfter(subject, ".")[0], "\n", " "), "."),
		Long:  strings.TrimSpace(string(text)),

		DisableFlagsInUseLine: true,
	}
}
