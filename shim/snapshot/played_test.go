package snapshot

import (
	"slices"
	"testing"
)

func TestPlayed(t *testing.T) {
	for text, numbers := range map[string][]int{
		"1-4":            {1, 2, 3, 4},
		"1-2,4-6,6-7,19": {1, 2, 4, 5, 6, 6, 7, 19},
		"5,5,5":          {5, 5, 5},
		"3":              {3},
	} {
		if got := Played(numbers); got != text {
			t.Errorf("%v is written %q, not %q", numbers, got, text)
		}
		if got := parsePlayed(text); !slices.Equal(got, numbers) {
			t.Errorf("%q is read as %v", text, got)
		}
	}
	for _, text := range []string{"", "x", "0", "3-1", "1-", "1-99999999999", "-4", "1,,2"} {
		if got := parsePlayed(text); got != nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}
