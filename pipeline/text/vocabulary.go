package text

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// maxVocabulary is how large a vocabulary file may be.
const maxVocabulary = 64 << 20

// vocabulary is which token a word is.
type vocabulary map[string]int32

// readVocabulary reads a file that has a word a line: its token is the line's number, from 0 on, or what the line says
// behind a blank. The first of equal words counts.
func readVocabulary(path string) (vocabulary, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open vocabulary: %w (it is the model's file with a word a line; give its path)", err)
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() > maxVocabulary {
		return nil, fmt.Errorf("read vocabulary %s: it isn't a file of at most %d bytes", path, maxVocabulary)
	}
	words := make(vocabulary)
	lines := bufio.NewScanner(file)
	for n := int32(0); lines.Scan(); n++ {
		word, token := entry(strings.TrimSuffix(lines.Text(), "\r"), n)
		if _, twice := words[word]; !twice {
			words[word] = token
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read vocabulary %s: %w", path, err)
	}
	if len(words) == 0 {
		return nil, fmt.Errorf("read vocabulary %s: it is empty", path)
	}
	return words, nil
}

func entry(line string, n int32) (word string, token int32) {
	if at := strings.LastIndexAny(line, " \t"); at > 0 {
		if said, err := strconv.ParseInt(line[at+1:], 10, 32); err == nil {
			return strings.TrimRight(line[:at], " \t"), int32(said)
		}
	}
	return line, n
}
