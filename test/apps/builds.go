package apps

import (
	"os"
	"sync"
	"testing"
)

// Builds are files that are made once for all tests of a package.
type Builds struct {
	Dir  string // of the files, while tests run
	made sync.Map
}

// Run runs a package's tests and returns their exit status.
func (b *Builds) Run(m *testing.M) int {
	var err error
	if b.Dir, err = os.MkdirTemp("", "edgexray-test"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(b.Dir)
	return m.Run()
}

// kept is a test whose temporary folder outlives it.
type kept struct {
	testing.TB
	dir string
}

func (k kept) TempDir() string { return k.dir }

// Once makes a file the first time it is asked for by this name, and returns its path.
func (b *Builds) Once(t testing.TB, name string, make func(testing.TB) string) string {
	t.Helper()
	if path, ok := b.made.Load(name); ok {
		return path.(string)
	}
	path := make(kept{t, b.Dir})
	b.made.Store(name, path)
	return path
}
