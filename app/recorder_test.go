package app

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// What the process that started us used is not our cost.
func TestOwnCost(t *testing.T) {
	const variable, much = "EDGEXRAY_TEST_OWN_COST", 256 << 20
	if os.Getenv(variable) != "" {
		_, maxRSS := OwnCost()
		fmt.Println("max RSS", maxRSS)
		return
	}
	memory := make([]byte, much)
	for i := range memory {
		memory[i] = byte(i)
	}
	child := exec.Command(os.Args[0], "-test.run", "^TestOwnCost$")
	child.Env = append(os.Environ(), variable+"=1")
	output, err := child.Output()
	if err != nil {
		t.Fatal(err)
	}
	var childs uint64
	if _, err := fmt.Sscanf(string(output[strings.Index(string(output), "max RSS"):]), "max RSS %d", &childs); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if _, own := OwnCost(); own < much || childs == 0 || childs > much/2 {
		t.Errorf("%d bytes, and %d of a small child, after %d were used here", own, childs, much)
	}
	_ = memory[len(memory)-1]
}
