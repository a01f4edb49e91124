package parts

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// sumsFile is where the sums of a part's folder are kept, in the format of
// sha256sum(1) with paths relative to the folder.
func sumsFile(dir string) string { return dir + ".sums" }

// writeSums records the sum of every regular file below dir. Compiled Python
// is left out: the interpreter rewrites it as it likes.
func writeSums(dir string) error {
	var sums bytes.Buffer
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.Name() == "__pycache__" {
			return filepath.SkipDir
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		sum, err := fileSum(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%s  %s\n", sum, rel)
		return nil
	})
	if err != nil {
		return err
	}
	if sums.Len() == 0 {
		return fmt.Errorf("no files in %s", dir)
	}
	return os.WriteFile(sumsFile(dir), sums.Bytes(), 0o644)
}

// checkSums fails when a recorded file is missing or differs, or when nothing
// was recorded. Files that weren't recorded are ignored.
func checkSums(dir string) error {
	file, err := os.Open(sumsFile(dir))
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		want, rel, ok := strings.Cut(lines.Text(), "  ")
		if !ok {
			return fmt.Errorf("parse %s: malformed line %q", sumsFile(dir), lines.Text())
		}
		got, err := fileSum(filepath.Join(dir, rel))
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("check %s: SHA-256 is %s, want %s", filepath.Join(dir, rel), got, want)
		}
	}
	return lines.Err()
}

func fileSum(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
