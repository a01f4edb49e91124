// Package dataset reads data sets: raw data in files, and the right answers.
package dataset

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/pipeline/step"
)

const (
	// maxItems bounds how many files a data set has.
	maxItems = 1_000_000
	// maxFile bounds a file of it, in bytes.
	maxFile = 256 << 20
	// maxLabels bounds a file of labels, in bytes.
	maxLabels = 64 << 20
)

// Item is one piece of raw data.
type Item struct {
	Name     string // its path within the data set, with slashes
	Label    string // the right answer
	Labelled bool
	path     string
}

// Read reads the raw data.
func (i *Item) Read() (step.Value, error) {
	f, err := os.Open(i.path)
	if err != nil {
		return step.Value{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return step.Value{}, err
	case len(data) == 0:
		return step.Value{}, errors.New("the file is empty")
	case len(data) > maxFile:
		return step.Value{}, fmt.Errorf("the file has more than %d MB", maxFile>>20)
	}
	return step.Value{Bytes: data}, nil
}

// Open lists the files of a data set in the order of their names: those in a folder and its folders, or one file. Files within folders
// have their folder's name for a label, as most data sets for classification are kept. Hidden files, and those that only
// describe others (.csv, .json, .md), are no items.
func Open(path string) ([]Item, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []Item{{Name: filepath.Base(path), path: path}}, nil
	}
	var items []Item
	err = filepath.WalkDir(path, func(at string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case at != path && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir() || slices.Contains(descriptions, strings.ToLower(filepath.Ext(at))):
			return nil
		case len(items) == maxItems:
			return fmt.Errorf("more than %d files (choose a folder with fewer)", maxItems)
		}
		name, err := filepath.Rel(path, at)
		if err != nil {
			return err
		}
		item := Item{Name: filepath.ToSlash(name), path: at}
		if folder, _, within := strings.Cut(item.Name, "/"); within {
			item.Label, item.Labelled = folder, true
		}
		items = append(items, item)
		return nil
	})
	if err == nil && len(items) == 0 {
		err = errors.New("there are no files in it")
	}
	if err != nil {
		return nil, fmt.Errorf("data set %s: %w", path, err)
	}
	slices.SortFunc(items, func(a, b Item) int { return strings.Compare(a.Name, b.Name) })
	return items, nil
}

var descriptions = []string{".csv", ".json", ".md"}

// Labels are right answers.
type Labels struct {
	Names, Answers []string // of each row
	byName         map[string]string
}

// OpenLabels reads right answers from a CSV file with a row "name,label" for each piece of data; a first row that says just this
// is left out.
func OpenLabels(path string) (*Labels, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() > maxLabels {
		return nil, cmp.Or(err, fmt.Errorf("labels %s: more than %d MB", path, maxLabels>>20))
	}
	l, err := ReadLabels(io.LimitReader(f, maxLabels))
	if err != nil {
		return nil, fmt.Errorf("labels %s: %w", path, err)
	}
	return l, nil
}

// ReadLabels reads them as OpenLabels does.
func ReadLabels(r io.Reader) (*Labels, error) {
	rows := Rows(r)
	l := &Labels{byName: make(map[string]string)}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := rows.FieldPos(0)
		if len(row) != 2 {
			return nil, fmt.Errorf("line %d has %d fields (write name,label)", line, len(row))
		}
		name, answer := strings.TrimSpace(row[0]), strings.TrimSpace(row[1])
		if line == 1 && strings.EqualFold(name, "name") && strings.EqualFold(answer, "label") {
			continue
		}
		if _, twice := l.byName[name]; twice {
			return nil, fmt.Errorf("line %d: %q has a label already", line, name)
		}
		l.byName[name] = answer
		l.Names, l.Answers = append(l.Names, name), append(l.Answers, answer)
	}
	if len(l.Names) == 0 {
		return nil, errors.New("it has no rows (write name,label)")
	}
	return l, nil
}

// byteOrderMark is what spreadsheets put before CSV in UTF-8.
const byteOrderMark = "\ufeff"

// Rows reads CSV whose rows have any number of fields.
func Rows(r io.Reader) *csv.Reader {
	text := bufio.NewReader(r)
	if mark, err := text.Peek(len(byteOrderMark)); err == nil && string(mark) == byteOrderMark {
		text.Discard(len(byteOrderMark))
	}
	rows := csv.NewReader(text)
	rows.FieldsPerRecord, rows.TrimLeadingSpace = -1, true
	return rows
}

// Of returns the label of the data with a name: its path within the data set, or only its file's name.
func (l *Labels) Of(name string) (string, bool) {
	answer, ok := l.byName[name]
	if !ok {
		answer, ok = l.byName[name[strings.LastIndexByte(name, '/')+1:]]
	}
	return answer, ok
}

// Find returns the item with a name: its path within the data set, or only its file's name when no other has the same.
func Find(items []Item, name string) (*Item, bool) {
	var found *Item
	n := 0
	base := path.Base(filepath.ToSlash(name))
	for i := range items {
		if items[i].Name == name {
			return &items[i], true
		}
		if items[i].Name == base || strings.HasSuffix(items[i].Name, "/"+base) {
			found = &items[i]
			n++
		}
	}
	return found, n == 1
}
