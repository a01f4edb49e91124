package main

import "github.com/spf13/cobra"

// behindDash reads flags behind the dash as well, where cobra takes everything for arguments: of BASE... -- NEW... --json one
// expects it. It returns the arguments, and how many of them are before the dash; -1 without one.
func behindDash(c *cobra.Command, args []string) ([]string, int, error) {
	dash := c.ArgsLenAtDash()
	if dash < 0 {
		return args, dash, nil
	}
	flags := c.Flags()
	if err := flags.Parse(args[dash:]); err != nil {
		return nil, 0, err
	}
	if err := c.ValidateFlagGroups(); err != nil {
		return nil, 0, err
	}
	return append(args[:dash:dash], flags.Args()...), dash, nil
}
