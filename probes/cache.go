package probes

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/edgexray/edgexray/symbolize"
)

// cacheVersion changes with what the search finds or how an Inspection is written.
const cacheVersion = 4

// Cache keeps inspections of libraries by build ID or content hash, one file each. The zero Cache keeps nothing.
type Cache struct {
	Dir string
}

// DefaultCache is in the user's cache directory, or where there is none (Android) in the directory for temporary files.
func DefaultCache() *Cache {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return &Cache{filepath.Join(dir, "edgexray", fmt.Sprintf("libraries-v%d", cacheVersion))}
}

// Inspect returns what is known of a library, from the cache or by searching it. That a file holds no runtime is
// remembered, too.
func (c *Cache) Inspect(f *symbolize.File) (*Inspection, error) {
	if c == nil || c.Dir == "" {
		return Inspect(f)
	}
	id, err := f.ID()
	if err != nil {
		return nil, err
	}
	path := c.path(id)
	if inspection, ok := c.read(path, id); ok {
		if len(inspection.Kernels) == 0 {
			return nil, fmt.Errorf("search %s: %w (so the cache says, %s; name the library that holds the runtime)", f, ErrNoKernels, path)
		}
		inspection.place(f)
		return inspection, nil
	}
	inspection, err := Inspect(f)
	switch {
	case errors.Is(err, ErrNoKernels):
		c.write(path, &Inspection{Library: Library{ID: id}})
	case err == nil:
		c.write(path, inspection)
	}
	return inspection, err
}

// Learned writes an inspection back after ops were added to its kernels.
func (c *Cache) Learned(inspection *Inspection) {
	if c != nil && c.Dir != "" && inspection != nil {
		c.write(c.path(inspection.ID), inspection)
	}
}

// place puts an inspection of the same library into the file at hand: an APK stores it at another offset.
func (i *Inspection) place(f *symbolize.File) {
	i.Path, i.Entry = f.Path, f.Entry
	for k := range i.Kernels {
		if offset, ok := f.FileOffset(i.Kernels[k].Address); ok {
			i.Kernels[k].FileOffset = offset
		}
	}
	if i.XNNPACK != nil {
		if offset, ok := f.FileOffset(i.XNNPACK.Run.Address); ok {
			i.XNNPACK.Run.FileOffset = offset
		}
	}
}

func (c *Cache) path(id string) string {
	return filepath.Join(c.Dir, strings.ReplaceAll(id, ":", "-")+".json")
}

func (c *Cache) read(path, id string) (*Inspection, bool) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, false
	}
	var inspection Inspection
	if json.Unmarshal(b, &inspection) != nil || inspection.ID != id {
		return nil, false // damaged: searched again, and replaced
	}
	return &inspection, true
}

// write replaces the file as a whole, so that two recordings never read each other's half. A cache that can't be
// written costs time, not correctness, so that is no error.
func (c *Cache) write(path string, inspection *Inspection) {
	b, err := json.Marshal(inspection)
	if err != nil || os.MkdirAll(c.Dir, 0o755) != nil {
		return
	}
	temporary, err := os.CreateTemp(c.Dir, ".new-*")
	if err != nil {
		return
	}
	_, err = temporary.Write(b)
	if errors.Join(err, temporary.Close()) != nil || os.Rename(temporary.Name(), path) != nil {
		os.Remove(temporary.Name())
	}
}
