package checks

import (
	"encoding/xml"
	"io"
	"strings"
)

// suite is a test suite as continuous integration reads it.
// Source: the JUnit schema of https://github.com/testmoapp/junitxml
type suite struct {
	XMLName  xml.Name `xml:"testsuite"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Cases    []testCase
}

type testCase struct {
	XMLName xml.Name `xml:"testcase"`
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	Failure *message `xml:"failure"`
	Error   *message `xml:"error"`
	Skipped *message `xml:"skipped"`
}

type message struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes a result as JUnit XML: a check is a test case, one that wasn't checked is skipped.
func JUnit(w io.Writer, r *Result) error {
	s := suite{Name: "edgexray validate", Tests: len(r.Checks), Failures: r.Failures, Errors: r.Errors, Skipped: r.NotChecked}
	for _, o := range r.Checks {
		c := testCase{Class: strings.TrimSuffix(o.Of, ".star"), Name: o.Check}
		said := &message{Message: o.Evidence, Text: o.Advice}
		switch o.Verdict {
		case Fail:
			c.Failure = said
		case Broken:
			c.Error = said
		case NotChecked:
			c.Skipped = said
		}
		s.Cases = append(s.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(s); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
