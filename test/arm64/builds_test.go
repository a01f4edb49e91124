package arm64_test

import (
	"os"
	"sync"
	"testing"

	"github.com/edgexray/edgexray/test/apps"
)

// builds is where programs are built, once for all guests.
var builds string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	var err error
	if builds, err = os.MkdirTemp("", "edgexray-arm64-test"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(builds)
	return m.Run()
}

// kept is a test whose temporary folder outlives it.
type kept struct{ testing.TB }

func (kept) TempDir() string { return builds }

var built sync.Map

// once makes a file the first time it is asked for.
func once(t testing.TB, name string, make func(testing.TB) string) string {
	t.Helper()
	if path, ok := built.Load(name); ok {
		return path.(string)
	}
	path := make(kept{t})
	built.Store(name, path)
	return path
}

// edgexray returns the host path of the command under test.
func edgexray(t testing.TB) string {
	t.Helper()
	return once(t, "edgexray", func(t testing.TB) string {
		return apps.Go(t, "github.com/edgexray/edgexray/cmd/edgexray", "arm64")
	})
}

// goTest returns that of a package's tests.
func goTest(t testing.TB, name string) string {
	t.Helper()
	return once(t, name+".test", func(t testing.TB) string { return apps.GoTest(t, "github.com/edgexray/edgexray/"+name, "arm64") })
}

// capi returns that of capi.c for arm64, or arm.
func capi(t testing.TB, goarch string) string {
	t.Helper()
	return once(t, "capi-"+goarch, func(t testing.TB) string { return apps.CAPI(t, goarch) })
}

// throwing returns that of throwing.cc.
func throwing(t testing.TB, goarch string) string {
	t.Helper()
	return once(t, "throwing-"+goarch, func(t testing.TB) string { return apps.Throwing(t, goarch) })
}
