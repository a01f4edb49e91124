package stragglers

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sections returns the tables of docs/stragglers-json.md by heading: for each row what is in code in its first cell, and all of it in its
// second one.
func sections(t *testing.T) map[string]map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/stragglers-json.md")
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]map[string]string)
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		heading, body, _ := strings.Cut(section, "\n")
		rows := make(map[string]string)
		for _, line := range strings.Split(body, "\n") {
			if cells := strings.SplitN(line, "|", 4); len(cells) == 4 {
				for _, name := range code.FindAllStringSubmatch(cells[1], -1) {
					rows[name[1]] = cells[2]
				}
			}
		}
		all[heading] = rows
	}
	return all
}

var code = regexp.MustCompile("`([a-z_0-9 -]+)`")

// The documentation has exactly the fields that there are.
func TestFieldsAreDocumented(t *testing.T) {
	documented := sections(t)
	for _, v := range []any{Result{}, Place{}, Verdict{}, Straggler{}, Finding{}, Model{}, Class{}, Against{}, Loss{}, Pair{}, Profile{}, ProfileOp{}} {
		kind := reflect.TypeOf(v)
		var fields []string
		for i := range kind.NumField() {
			if f := kind.Field(i); !f.Anonymous {
				fields = append(fields, f.Tag.Get("json"))
			}
		}
		slices.Sort(fields)
		if diff := cmp.Diff(fields, slices.Sorted(maps.Keys(documented[kind.Name()]))); diff != "" {
			t.Errorf("%s: in code - and documented +:\n%s", kind.Name(), diff)
		}
	}
}

// Every cause is documented with all of its evidence, and nothing is null.
func TestEvidenceIsDocumented(t *testing.T) {
	documented := sections(t)["Causes"]
	named := make(map[Cause]bool)
	check := func(v Verdict) {
		named[v.Cause] = true
		text, known := documented[string(v.Cause)]
		if !known && v.Cause != "" {
			t.Errorf("%q is not documented", v.Cause)
		}
		for name := range v.Evidence {
			if !strings.Contains(text, "`"+name+"`") {
				t.Errorf("evidence %q of %q is not documented", name, v.Cause)
			}
		}
	}
	results := []*Result{delegated(t, leavesOutAdds).find(t, Options{Against: []Other{{"there", newMade().ops(t)}}})}
	for _, c := range causes {
		m := newMade()
		c.change(m)
		results = append(results, m.find(t, Options{Against: []Other{{"there", newMade().ops(t)}}}))
	}
	for _, r := range results {
		for _, s := range r.Stragglers {
			check(s.Verdict)
			for _, v := range s.Others {
				check(v)
			}
		}
		for _, f := range r.Findings {
			check(f.Verdict)
		}
		for _, a := range r.Against {
			for _, p := range a.Pairs {
				check(p.Verdict)
			}
		}
		text, err := json.Marshal(r)
		if err != nil || strings.Contains(string(text), "null") {
			t.Errorf("%v, or null in %.2000s", err, text)
		}
	}
	for cause := range documented {
		if !named[Cause(cause)] {
			t.Errorf("%q is documented, but was not named", cause)
		}
	}
}
