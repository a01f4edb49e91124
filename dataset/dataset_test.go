package dataset_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/dataset"
)

func TestOpen(t *testing.T) {
	root := t.TempDir()
	for name, content := range map[string]string{
		"dog/b.jpg": "x", "cat/a.jpg": "y", "cat/2.jpg": "", ".git/config": "z", "labels.csv": "a,b", "README.md": "t", "top.png": "u",
	} {
		os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755)
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	items, err := dataset.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range items {
		got = append(got, i.Name+"="+i.Label)
	}
	if all := strings.Join(got, " "); all != "cat/2.jpg=cat cat/a.jpg=cat dog/b.jpg=dog top.png=" {
		t.Errorf("items are %s", all)
	}
	if _, err := items[0].Read(); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("an empty file: %v", err)
	}
	if v, err := items[1].Read(); err != nil || string(v.Bytes) != "y" {
		t.Errorf("%v, %v", v, err)
	}
	if one, err := dataset.Open(filepath.Join(root, "top.png")); err != nil || len(one) != 1 || one[0].Name != "top.png" {
		t.Errorf("one file: %v, %v", one, err)
	}
	if _, err := dataset.Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no files") {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := dataset.Open(filepath.Join(root, "none")); err == nil {
		t.Error("no folder")
	}
}

func TestReadLabels(t *testing.T) {
	l, err := dataset.ReadLabels(strings.NewReader("\ufeffname,label\ncat/a.jpg, cat\nb.jpg,\"big, dog\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Answers) != 2 {
		t.Errorf("answers are %q", l.Answers)
	}
	for name, want := range map[string]string{"cat/a.jpg": "cat", "x/b.jpg": "big, dog", "b.jpg": "big, dog", "c": ""} {
		if got, ok := l.Of(name); got != want || ok != (want != "") {
			t.Errorf("%s has %q", name, got)
		}
	}
	for text, want := range map[string]string{
		"":              "no rows",
		"name,label\n":  "no rows",
		"a,b\nc\n":      "line 2 has 1 fields",
		"a,b\na,c\n":    `line 2: "a" has a label already`,
		"a,\"b\nc,d\n":  "line",
		"a,b,c\n":       "line 1 has 3 fields",
		"a,b\n\"\x00\n": "line",
	} {
		if _, err := dataset.ReadLabels(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, without %q", text, err, want)
		}
	}
}

func FuzzReadLabels(f *testing.F) {
	f.Add("name,label\na,b\n")
	f.Add("a,\"b\nc\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		if l, err := dataset.ReadLabels(strings.NewReader(text)); err == nil && len(l.Names) != len(l.Answers) {
			t.Error("names and answers differ in number")
		}
	})
}

func TestFind(t *testing.T) {
	items := []dataset.Item{{Name: "a/1.jpg"}, {Name: "b/1.jpg"}, {Name: "c/1.jpg"}, {Name: "c/2.jpg"}, {Name: "c/12.jpg"}}
	for name, want := range map[string]string{"c/1.jpg": "c/1.jpg", "2.jpg": "c/2.jpg", "/photos/2.jpg": "c/2.jpg", "1.jpg": "", "d/1.jpg": "", "3.jpg": ""} {
		item, ok := dataset.Find(items, name)
		if ok != (want != "") || ok && item.Name != want {
			t.Errorf("%s is %v", name, item)
		}
	}
}
