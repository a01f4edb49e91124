// Package npy reads and writes NumPy's files of one array.
// Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

const (
	magic = "\x93NUMPY"
	// maxHeader is more than the header of any array takes whose dimensions are NumPy's 64 at most.
	maxHeader = 1 << 12
)

// Array is a dense array, row-major.
type Array struct {
	Type  string // of its elements, as NumPy writes it: "<f4", "|u1"
	Shape []int64
	Data  []byte // little-endian
}

// Header is what a file begins with, before the elements: version 1.0, padded so that they are aligned to 64 bytes in it.
func Header(elementType string, shape []int64) []byte {
	var dimensions strings.Builder
	for _, d := range shape {
		dimensions.WriteString(strconv.FormatInt(d, 10) + ", ")
	}
	dict := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", elementType, strings.TrimSuffix(dimensions.String(), " "))
	const before = len(magic) + 4
	size := (before + len(dict) + 1 + 63) / 64 * 64
	header := append([]byte(magic), 1, 0, 0, 0)
	binary.LittleEndian.PutUint16(header[before-2:], uint16(size-before))
	header = append(header, dict...)
	for len(header) < size-1 {
		header = append(header, ' ')
	}
	return append(header, '\n')
}

// Write writes an array.
func Write(w io.Writer, a Array) error {
	if _, err := w.Write(Header(a.Type, a.Shape)); err != nil {
		return err
	}
	_, err := w.Write(a.Data)
	return err
}

var (
	descr   = regexp.MustCompile(`'descr':\s*'([<>|=]?[a-z][0-9]{1,2})'`)
	fortran = regexp.MustCompile(`'fortran_order':\s*(True|False)`)
	shaped  = regexp.MustCompile(`'shape':\s*\(([0-9L, ]*)\)`)
)

// Read reads an array of limit bytes at most. Elements that are big-endian, of several fields or column-major are errors.
func Read(r io.Reader, limit int64) (Array, error) {
	header, err := readHeader(r)
	if err != nil {
		return Array{}, err
	}
	elements, order, dimensions := descr.FindStringSubmatch(header), fortran.FindStringSubmatch(header), shaped.FindStringSubmatch(header)
	switch {
	case elements == nil || order == nil || dimensions == nil:
		return Array{}, fmt.Errorf("its header says %q (write it with numpy.save, an array of numbers)", header)
	case elements[1][0] == '>':
		return Array{}, fmt.Errorf("its elements are big-endian (%s): save it as %s", elements[1], "<"+elements[1][1:])
	}
	a := Array{Type: elements[1]}
	size, err := a.setShape(dimensions[1], limit)
	if err != nil {
		return Array{}, err
	}
	if order[1] == "True" && len(a.Shape) > 1 {
		return Array{}, errors.New("its columns come first: save numpy.ascontiguousarray of it")
	}
	data, err := io.ReadAll(io.LimitReader(r, size+1))
	if err != nil {
		return Array{}, err
	}
	if int64(len(data)) != size {
		return Array{}, fmt.Errorf("%v of %s has %d bytes; in the file there are %d or more", a.Shape, a.Type, size, len(data))
	}
	a.Data = data
	return a, nil
}

func readHeader(r io.Reader) (string, error) {
	start := make([]byte, len(magic)+4)
	if _, err := io.ReadFull(r, start); err != nil || string(start[:len(magic)]) != magic {
		return "", fmt.Errorf("it is no .npy file: it begins with %q (write it with numpy.save)", start)
	}
	length := int64(binary.LittleEndian.Uint16(start[len(magic)+2:]))
	if start[len(magic)] > 1 { // versions 2 and 3 have two bytes more for it
		var more [2]byte
		if _, err := io.ReadFull(r, more[:]); err != nil {
			return "", fmt.Errorf("its header is cut off: %w", err)
		}
		length |= int64(binary.LittleEndian.Uint16(more[:])) << 16
	}
	if length > maxHeader {
		return "", fmt.Errorf("its header claims %d bytes, more than that of any array", length)
	}
	header := make([]byte, length)
	if _, err := io.ReadFull(r, header); err != nil {
		return "", fmt.Errorf("its header is cut off: %w", err)
	}
	return string(header), nil
}

// setShape returns the bytes that a shape takes.
func (a *Array) setShape(text string, limit int64) (int64, error) {
	size, err := strconv.ParseInt(strings.TrimLeft(a.Type, "<|=abcdefghijklmnopqrstuvwxyz"), 10, 64)
	if err != nil || size < 1 || size > 16 {
		return 0, fmt.Errorf("%s is no type of numbers", a.Type)
	}
	for word := range strings.SplitSeq(text, ",") {
		word = strings.TrimSuffix(strings.TrimSpace(word), "L")
		if word == "" {
			continue
		}
		d, err := strconv.ParseInt(word, 10, 64)
		if err != nil || d < 0 || d > limit {
			return 0, fmt.Errorf("dimension %s is larger than the %d bytes that may be", word, limit)
		}
		a.Shape = append(a.Shape, d)
		if size *= max(d, 1); size > limit {
			return 0, fmt.Errorf("it is larger than the %d bytes that may be", limit)
		}
		if d == 0 {
			return 0, errors.New("it is empty")
		}
	}
	return size, nil
}
