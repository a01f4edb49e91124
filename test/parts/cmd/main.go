// Command cmd fetches or makes parts and prints their folders, one a line:
//
//	go run ./test/parts/cmd NAME...
//
// Without a name it does so for every part.
package main

import (
	"fmt"
	"os"

	"github.com/edgexray/edgexray/test/parts"
)

func main() {
	names := os.Args[1:]
	if len(names) == 0 {
		names = parts.Names()
	}
	for _, name := range names {
		dir, err := parts.Dir(name)
		if err != nil {
			fmt.Fprintln(os.Stderr, "parts:", err)
			os.Exit(1)
		}
		fmt.Println(dir)
	}
}
