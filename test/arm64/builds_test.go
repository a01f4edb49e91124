package arm64_test

import (
	"os"
	"testing"

	"github.com/edgexray/edgexray/test/apps"
)

// builds is where programs are built, once for all guests.
var builds apps.Builds

func TestMain(m *testing.M) { os.Exit(builds.Run(m)) }

// edgexray returns the host path of the command under test.
func edgexray(t testing.TB) string {
	t.Helper()
	return builds.Once(t, "edgexray", func(t testing.TB) string {
		return apps.Go(t, "github.com/edgexray/edgexray/cmd/edgexray", "arm64")
	})
}

// goTest returns that of a package's tests.
func goTest(t testing.TB, name string) string {
	t.Helper()
	return builds.Once(t, name+".test", func(t testing.TB) string { return apps.GoTest(t, "github.com/edgexray/edgexray/"+name, "arm64") })
}

// capi returns that of capi.c for arm64, or arm.
func capi(t testing.TB, goarch string) string {
	t.Helper()
	return builds.Once(t, "capi-"+goarch, func(t testing.TB) string { return apps.CAPI(t, goarch) })
}

// marked returns that of marked.c.
func marked(t testing.TB, goarch string) string {
	t.Helper()
	return builds.Once(t, "marked-"+goarch, func(t testing.TB) string { return apps.Marked(t, goarch) })
}

// throwing returns that of throwing.cc.
func throwing(t testing.TB, goarch string) string {
	t.Helper()
	return builds.Once(t, "throwing-"+goarch, func(t testing.TB) string { return apps.Throwing(t, goarch) })
}
