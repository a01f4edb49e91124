package shim

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/trace"
)

// replayVariable names the variable that tells the shim what to play.
const replayVariable = "EDGEXRAY_REPLAY"

// Bounds of what can be played at a time.
const (
	maxReplayKeys  = 1 << 10
	maxReplayFiles = 1 << 8 // given by the user: each stays open
	maxPieces      = 1 << 24
)

// piece is what is handed out at a time.
type piece struct {
	path          string // as the app finds it; empty: inline
	offset, bytes uint64
	inline        []byte
}

// track is what is handed out under a key.
type track struct {
	key    string
	named  bool // by the user
	stream bool // its one piece is handed out in parts
	pieces []piece
}

// player holds what is played to the app, see lib/records.h. Data stays in the files, which Linux reads to where the app wants it.
type player struct {
	tracks []*track
	notes  []string
	files  []*os.File

	fd     int // of the memory that is shared with the app
	memory []byte
}

// newPlayer collects what is to be played: each is a snapshot, or KEY=PATH of a file of raw bytes or of a folder of such files.
func newPlayer(from []string) (*player, error) {
	p := &player{fd: -1}
	for _, source := range from {
		if err := p.add(source); err != nil {
			return nil, errors.Join(fmt.Errorf("--replay %s: %w", source, err), p.close())
		}
	}
	if len(p.tracks) > maxReplayKeys {
		return nil, errors.Join(fmt.Errorf("--replay: %d keys are more than %d (record fewer)", len(p.tracks), maxReplayKeys), p.close())
	}
	if err := p.share(); err != nil {
		return nil, errors.Join(fmt.Errorf("share with the command what is to be replayed: %w", err), p.close())
	}
	return p, nil
}

func (p *player) add(source string) error {
	if len(p.files) == maxReplayFiles {
		return fmt.Errorf("more than %d files and folders", maxReplayFiles)
	}
	key, path, keyed := strings.Cut(source, "=")
	if !keyed {
		return p.addSnapshot(source)
	}
	if !isKey(key) {
		return fmt.Errorf("%q can't be a marker's key: it is 1 to %d bytes of UTF-8", key, keyBytes-1)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	p.files = append(p.files, file)
	info, err := file.Stat()
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return p.addFolder(key, file)
	case !info.Mode().IsRegular():
		return fmt.Errorf("neither a file nor a folder (write what it gives to a file first)")
	}
	return p.addTrack(&track{key, true, true, []piece{{path: descriptorPath(file), bytes: uint64(info.Size())}}})
}

// isKey tells whether a marker can have a key.
func isKey(key string) bool {
	return key != "" && len(key) < keyBytes && !strings.ContainsRune(key, 0) && utf8.ValidString(key)
}

// descriptorPath is where an app finds a file that is open here.
func descriptorPath(f *os.File) string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.Fd()) }

// addFolder adds the files of a folder, in the order of their names.
func (p *player) addFolder(key string, folder *os.File) error {
	entries, err := folder.ReadDir(-1)
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b os.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	t := &track{key: key, named: true}
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(folder.Name(), e.Name()))
		if err != nil {
			return err
		}
		if info.Mode().IsRegular() {
			t.pieces = append(t.pieces, piece{path: descriptorPath(folder) + "/" + e.Name(), bytes: uint64(info.Size())})
		}
	}
	if len(t.pieces) == 0 {
		return fmt.Errorf("there is no file in it")
	}
	return p.addTrack(t)
}

func (p *player) addTrack(t *track) error {
	if slices.ContainsFunc(p.tracks, func(other *track) bool { return other.key == t.key }) {
		return fmt.Errorf("there is something to replay under the key %q already (give each key once)", t.key)
	}
	if len(t.pieces) > maxPieces {
		return fmt.Errorf("%d pieces under the key %q are more than %d", len(t.pieces), t.key, maxPieces)
	}
	p.tracks = append(p.tracks, t)
	return nil
}

// addSnapshot adds what was marked in a recording on its way into the model: arrays, and sensors' numbers as doubles.
func (p *player) addSnapshot(path string) error {
	f, err := snapshot.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	p.files = append(p.files, file)
	recorded := make(map[string]*track)
	lacking := make(map[string]int)
	var keys []string
	for _, m := range f.Markers {
		found, ok := pieceOf(f, m)
		switch {
		case !ok && m.Missing != "" && m.Kind == trace.MarkerKind_BEFORE:
			lacking[m.Key]++
			continue
		case !ok || !isKey(m.Key):
			continue
		}
		found.path = descriptorPath(file)
		if recorded[m.Key] == nil {
			recorded[m.Key] = &track{key: m.Key}
			keys = append(keys, m.Key)
		}
		recorded[m.Key].pieces = append(recorded[m.Key].pieces, found)
	}
	for key, n := range lacking {
		p.notes = append(p.notes, fmt.Sprintf("%d markers %q in %s have no data: what was recorded after them comes in their place", n, key, path))
	}
	if len(recorded) == 0 {
		return fmt.Errorf("it has no markers whose data can be replayed (markers: docs/markers.md; KEY=PATH replays a file of raw bytes)")
	}
	for _, key := range keys {
		if err := p.addTrack(recorded[key]); err != nil {
			return err
		}
	}
	return nil
}

// pieceOf returns what can be replayed of a marker.
func pieceOf(f *snapshot.File, m snapshot.Marked) (piece, bool) {
	switch {
	case m.Kind != trace.MarkerKind_BEFORE && m.Kind != trace.MarkerKind_SENSOR:
		return piece{}, false
	case len(m.Data) > 0:
		return piece{offset: uint64(f.Offset(m.Data)), bytes: uint64(len(m.Data))}, true
	case len(m.Numbers) > 0:
		var doubles []byte
		for _, n := range m.Numbers {
			doubles = binary.LittleEndian.AppendUint64(doubles, math.Float64bits(n))
		}
		return piece{bytes: uint64(len(doubles)), inline: doubles}, true
	}
	return piece{}, false
}

// share makes the memory from which the app learns what there is.
func (p *player) share() error {
	var err error
	if p.fd, err = unix.MemfdCreate("edgexray-replay", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING); err != nil {
		return fmt.Errorf("memfd_create: %w", err)
	}
	content := p.encode()
	if n, err := unix.Pwrite(p.fd, content, 0); err != nil || n < len(content) {
		return fmt.Errorf("write %d bytes: %w (replay less at a time)", len(content), cmp.Or(err, io.ErrShortWrite))
	}
	if _, err := unix.FcntlInt(uintptr(p.fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL); err != nil {
		return fmt.Errorf("seal its size: %w", err)
	}
	if p.memory, err = unix.Mmap(p.fd, 0, len(content), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return fmt.Errorf("map it: %w", err)
	}
	return nil
}

func (p *player) path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), p.fd) }

// encode lays out what lib/records.h says: keys, pieces, and behind them paths and what is inline.
func (p *player) encode() []byte {
	var pieces int
	for _, t := range p.tracks {
		pieces += len(t.pieces)
	}
	behind := uint64(unsafe.Sizeof(replayHead{})) + uint64(len(p.tracks))*uint64(unsafe.Sizeof(replayKey{})) +
		uint64(pieces)*uint64(unsafe.Sizeof(replayPiece{}))
	var keys, list, rest []byte
	place := func(b []byte) uint64 {
		rest = append(rest, b...)
		return behind + uint64(len(rest)-len(b))
	}
	places := make(map[string]uint64) // of paths
	var first uint32
	for _, t := range p.tracks {
		k := replayKey{first: first, pieces: uint32(len(t.pieces))}
		copy(k.name[:], t.key)
		if t.stream {
			k.stream = 1
		}
		keys = append(keys, bytesOf(&k)...)
		first += uint32(len(t.pieces))
		for _, piece := range t.pieces {
			r := replayPiece{offset: piece.offset, bytes: piece.bytes}
			if piece.inline != nil {
				piece.path = p.path()
				r.offset = place(piece.inline)
			}
			at, known := places[piece.path]
			if !known {
				at = place(append([]byte(piece.path), 0))
				places[piece.path] = at
			}
			r.path = at
			list = append(list, bytesOf(&r)...)
		}
	}
	head := replayHead{magic: replayMagic, bytes: behind + uint64(len(rest)), version: sharedVersion, keys: uint32(len(p.tracks))}
	return slices.Concat(bytesOf(&head), keys, list, rest)
}

func bytesOf[T any](r *T) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(r)), unsafe.Sizeof(*r)) }

// Replayed is what became of a key that was to be replayed.
type Replayed struct {
	Key     string
	Named   bool   // by the user; else the key is one of a snapshot
	Given   uint64 // pieces that were handed out
	Of      uint64 // pieces there are; of a file of raw bytes, which has none: 0
	Bytes   uint64 // of a file of raw bytes: handed out
	OfBytes uint64 // of a file of raw bytes: all
	Refused uint64 // times that the app asked for Asked bytes where Recorded were next, at first
	Asked   uint64
	// Recorded is how many bytes came next when the app asked for another number first.
	Recorded uint64
	Failed   uint64 // pieces that could not be read, or written to where the app wanted them
	Over     uint64 // times that the app asked when there was no more
}

// replayed tells what became of what was to be played. Counts come from the app's memory.
func (p *player) replayed() []Replayed {
	var list []Replayed
	for i, t := range p.tracks {
		k := (*replayKey)(unsafe.Pointer(&p.memory[unsafe.Sizeof(replayHead{})+uintptr(i)*unsafe.Sizeof(replayKey{})]))
		r := Replayed{
			Key: t.key, Named: t.named, Given: atomic.LoadUint64(&k.given), Of: uint64(len(t.pieces)), Refused: atomic.LoadUint64(&k.refused),
			Asked: atomic.LoadUint64(&k.asked), Recorded: atomic.LoadUint64(&k.recorded), Failed: uint64(atomic.LoadUint32(&k.failed)),
			Over: atomic.LoadUint64(&k.over),
		}
		if t.stream {
			r.Of, r.Bytes, r.OfBytes = 0, atomic.LoadUint64(&k.next), t.pieces[0].bytes
		}
		list = append(list, r)
	}
	return list
}

// asked tells whether the app asked for it at all.
func (r Replayed) asked() bool { return r.Given+r.Refused+r.Failed+r.Over > 0 }

// String says it for a person: "replayed 3 of 5 camera".
func (r Replayed) String() string {
	var b strings.Builder
	if r.OfBytes > 0 {
		fmt.Fprintf(&b, "replayed %d pieces of %q, %d of %d bytes", r.Given, r.Key, r.Bytes, r.OfBytes)
	} else {
		fmt.Fprintf(&b, "replayed %d of %d %q", r.Given, r.Of, r.Key)
	}
	if r.Refused > 0 {
		fmt.Fprintf(&b, "; %d times the app asked for another size, first for %d bytes where %d were recorded: it kept its own data", r.Refused, r.Asked, r.Recorded)
	}
	if r.Failed > 0 {
		fmt.Fprintf(&b, "; %d could not be read or put where the app wanted them", r.Failed)
	}
	if r.Over > 0 {
		fmt.Fprintf(&b, "; %d times the app asked for more than there is, and kept its own data", r.Over)
	}
	if !r.asked() {
		b.WriteString("; the app never asked for it (edgexray_replay, with this key)")
	}
	return b.String()
}

func (p *player) close() error {
	if p == nil {
		return nil
	}
	var errs []error
	if p.memory != nil {
		errs = append(errs, unix.Munmap(p.memory))
	}
	if p.fd >= 0 {
		errs = append(errs, unix.Close(p.fd))
	}
	for _, f := range p.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}
