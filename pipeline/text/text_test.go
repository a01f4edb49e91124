package text_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/test/parts"
)

func writeFile(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// tokens are what steps, apart by commas, make of a text.
func tokens(t *testing.T, steps, text string) []int32 {
	t.Helper()
	p, err := pipeline.Read(strings.NewReader(strings.ReplaceAll(steps, ", ", "\n")), "test")
	if err != nil {
		t.Fatal(err)
	}
	if got := pipeline.Words(p.Inputs[0].Steps); got != steps {
		t.Errorf("steps %q say that they are %q", steps, got)
	}
	v, err := pipeline.Run(p.Inputs[0].Steps, step.Value{Bytes: []byte(text)})
	if err != nil {
		t.Fatalf("%s: %v", steps, err)
	}
	return v.Array.Int32
}

// pieces has every character that the texts have, some pieces, and BERT's special words.
const pieces = "[PAD] [UNK] [CLS] [SEP] [MASK] un ##aff ##able the The ##s ##ing play café cafe Ünder under , . ! ' don t ##t $ 中 文 ½ ##2 1 x 2 ﬁ fi hello Hello ##世"

var texts = []string{
	"", " ", "unaffable", "The plays, the playing!", "Café café CAFÉ CAFE\u0301", "don't", "Hello\tWORLD\r\n", "中文 hello中hello",
	"x²½ ﬁ", "$1,2 ^x", "\u00a0the\u2003the\u200bthe\u200e", "the\x00the\x07\ufffdthe", strings.Repeat("x", 101), strings.Repeat("the ", 50),
	"ÜNDER Ünder under İ ẞ Σας", "hello\u3000hello、hello。", "¿the? «the» —the", "e\u0301e\u0301", "naïve 𝕏 😀the",
}

func TestWordPieceEqualsTokenizers(t *testing.T) {
	vocab := writeFile(t, "vocab.txt", strings.Join(append(strings.Fields(pieces), "a", "e", "é", "n", "v", "ï", "?", "¿", "«", "»", "、", "。", "—", "^", "##x", "##e", "i", "ss", "ß"), "\n")+"\n")
	output, err := exec.Command(parts.Path(t, "python-audio/bin/python"), "testdata/bert.py", vocab,
		writeFile(t, "texts", strings.Join(texts, "\x00"))).Output()
	if err != nil {
		t.Fatal(err)
	}
	var want [][][]int32
	if err := json.Unmarshal(output, &want); err != nil {
		t.Fatal(err)
	}
	all := strings.Split(strings.Join(texts, "\x00"), "\x00") // as the program splits them
	for mode, options := range []string{"", " cased", " accents"} {
		for i, text := range all {
			if got := tokens(t, "wordpiece vocab="+vocab+options, text); !slices.Equal(got, want[mode][i]) {
				t.Errorf("wordpiece%s of %q: %v, want %v", options, text, got, want[mode][i])
			}
		}
	}
}

func TestTokenizers(t *testing.T) {
	words := writeFile(t, "words.txt", "<PAD> 0\n<START> 1\n<UNKNOWN> 2\ngood 3\nbad 4\ndon't 5\n")
	plain := writeFile(t, "plain.txt", "good\nbad\n")
	accents := writeFile(t, "accents.txt", "café\nété\nle\n")
	for _, c := range []struct {
		steps, text string
		want        []int32
	}{
		{"words vocab=" + words, "good, Bad don't", []int32{1, 3, 2, 5}},
		{"lowercase, words vocab=" + words + ", length 6", "Good, Bad!", []int32{1, 3, 4, 0, 0, 0}},
		{"words vocab=" + words + ", length 2 front", "good bad", []int32{3, 4}},
		{"words vocab=" + plain + " offset=3 start=1 unknown=2", "bad movie", []int32{1, 4, 2}},
		{"words vocab=" + plain + " split=o+", "good", []int32{}},
		{"words vocab=" + accents, "le café, été", []int32{2}}, // caf, t: unknown
		{"words vocab=" + accents + " unicode", "le café, été", []int32{2, 0, 1}},
		{"words vocab=" + accents + ` split=\W+ unicode`, "le-café_été", []int32{2}},
		{"words vocab=" + accents + ` split=[^\w]+ unicode`, "été!café", []int32{1, 0}},
		{"characters", "aé", []int32{97, 233}},
		{"bytes offset=3", "aé", []int32{100, 198, 172}},
		{"unicode nfkc, characters", "ﬁ", []int32{102, 105}},
		{"strip-accents, characters", "é", []int32{101}},
		{"bytes, truncate 2, surround begin=101 end=102, length 5", "abc", []int32{101, 97, 98, 102, 0}},
		{"bytes, truncate 2 front", "abc", []int32{98, 99}},
		{"bytes, add -90", "a", []int32{7}},
		{"bytes, length 4, mask", "ab", []int32{1, 1, 0, 0}},
		{"bytes, length 4, segments", "ab", []int32{0, 0, 0, 0}},
		{"bytes", "\xff", []int32{0xEF, 0xBF, 0xBD}},
	} {
		if got := tokens(t, c.steps, c.text); !slices.Equal(got, c.want) {
			t.Errorf("%s of %q: %v, want %v", c.steps, c.text, got, c.want)
		}
	}
}

func TestStepsRefuse(t *testing.T) {
	for line, says := range map[string]string{
		"wordpiece":               "vocab= is missing",
		"wordpiece vocab=nowhere": "no such file",
		"words vocab=" + writeFile(t, "empty", ""):             "is empty",
		"words vocab=" + t.TempDir():                           "isn't a file",
		"words vocab=" + writeFile(t, "v", "a\n") + " split=(": "split=(",
		"wordpiece vocab=" + writeFile(t, "v", "a\n"):          "has no [UNK]",
		"unicode nfx": "no form",
		"truncate 0":  "a whole number from 1",
		"add x":       "a whole number",
		"surround":    "are missing",
	} {
		if _, err := pipeline.Step(strings.Fields(line)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want an error with %q", line, err, says)
		}
	}
	bytes, _ := pipeline.Step([]string{"bytes"})
	mask, _ := pipeline.Step([]string{"mask"})
	if _, err := bytes.Apply(step.Value{Array: &step.Array{Shape: []int{1}, Int32: []int32{1}}}); err == nil {
		t.Error("bytes of tokens")
	}
	if _, err := mask.Apply(step.Value{Bytes: []byte("a")}); err == nil {
		t.Error("the mask of a text")
	}
}

func FuzzWordPiece(f *testing.F) {
	vocab := writeFile(f, "vocab.txt", strings.Join(strings.Fields(pieces), "\n"))
	s, err := pipeline.Step([]string{"wordpiece", "vocab=" + vocab})
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := s.Apply(step.Value{Bytes: text}); err != nil {
			t.Error(err)
		}
	})
}
