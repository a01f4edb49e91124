// SPDX-License-Identifier: Apache-2.0
//
// Markers: points of an app that it marks itself, because they can't be seen from outside: the raw frame before
// preprocessing, what a step made of it, a label, a sensor, where a frame begins and ends.
//
//	edgexray_frame_begin();
//	edgexray_image("camera", pixels, 640, 480, 0, EDGEXRAY_RGB);
//	...                                        preprocess, invoke
//	edgexray_result("top1", name);
//	edgexray_frame_end();
//
// This file is all there is to it: no library, no call before the first, any thread. With nobody listening a marker is a load
// and a branch that isn't taken. `edgexray snapshot` keeps all of a marker, `edgexray record` all but the elements of arrays.
// What a pointer leads to is only read within the call. Nothing is reported to the app, and nothing here fails.
//
// C99 and C++11, gcc and clang; Linux and Android on x86-64, arm64 and 32-bit arm. Elsewhere, and where EDGEXRAY_OFF is
// defined, markers do nothing.
#ifndef EDGEXRAY_H
#define EDGEXRAY_H

#include <stddef.h>
#include <stdint.h>

// The type of an array's elements: numbers are TfLiteType's (tensorflow/lite/c/c_api_types.h).
enum edgexray_type {
	EDGEXRAY_FLOAT32 = 1, EDGEXRAY_INT32 = 2, EDGEXRAY_UINT8 = 3, EDGEXRAY_INT64 = 4, EDGEXRAY_BOOL = 6, EDGEXRAY_INT16 = 7,
	EDGEXRAY_COMPLEX64 = 8, EDGEXRAY_INT8 = 9, EDGEXRAY_FLOAT16 = 10, EDGEXRAY_FLOAT64 = 11, EDGEXRAY_COMPLEX128 = 12,
	EDGEXRAY_UINT64 = 13, EDGEXRAY_UINT32 = 16, EDGEXRAY_UINT16 = 17
};

// How the bytes of an image follow each other. A pixel of the first six has 3, 3, 4, 4, 4 and 1 of them; NV12, NV21 and I420
// have a plane of luma, then chroma at half of both resolutions, rounded up; YUYV has 2 bytes a pixel. The shape of an image is
// height, width and bytes a pixel; of NV12, NV21 and I420 the rows of chroma count, too, two half ones as one, as in OpenCV.
enum edgexray_format {
	EDGEXRAY_RGB = 1, EDGEXRAY_BGR, EDGEXRAY_RGBA, EDGEXRAY_BGRA, EDGEXRAY_ARGB, EDGEXRAY_GRAY,
	EDGEXRAY_NV12, EDGEXRAY_NV21, EDGEXRAY_I420, EDGEXRAY_YUYV
};

// The kinds of markers (trace/trace.proto, MarkerKind).
enum edgexray_kind {
	EDGEXRAY_FRAME_BEGIN = 1, EDGEXRAY_FRAME_END, EDGEXRAY_BEFORE, EDGEXRAY_AFTER, EDGEXRAY_LABEL, EDGEXRAY_METRIC, EDGEXRAY_SENSOR
};

#define EDGEXRAY_MAX_RANK 8

// What a marker says to who listens. Pointers are widened, so that it is the same for 32-bit and 64-bit apps.
struct edgexray_event {
	uint32_t size;   // of this struct
	uint32_t kind;   // enum edgexray_kind; 0 for a replay
	uint32_t type;   // of an element of data: enum edgexray_type; 0: there is no array; 0xffff: what should be one can't be marked
	uint32_t format; // of an image: enum edgexray_format; else 0
	uint32_t rate;   // of audio: samples a second; else 0
	uint32_t rank;   // of the array; one above EDGEXRAY_MAX_RANK can't be told
	int64_t dims[EDGEXRAY_MAX_RANK];
	uint32_t numbers; // how many of number are set: 0 to 3
	uint32_t stride;  // of an image: bytes from a row to the next; 0: rows follow each other
	double number[3];
	uint64_t key;    // address of a text, ended by a NUL; 0: none
	uint64_t text;   // address of a text, ended by a NUL; 0: none
	uint64_t data;   // address of the first element; 0: none
	uint64_t bytes;  // of all elements, densely packed
	uint32_t replay; // 1: data is to be overwritten with what was recorded under this key
	uint32_t pad;
};

// One in each executable or library that includes this file. Who listens finds it by the note below.
struct edgexray_hook {
	volatile uint32_t listening; // lower 16 bits: Linux counts uprobes at edgexray_probe here; upper 16 bits: 1 with a listener
	uint32_t version;            // of this layout: 1
	int (*volatile listener)(const struct edgexray_event *); // set before the upper bits of listening
};

#if defined(__linux__) && !defined(EDGEXRAY_OFF) && \
	((defined(__x86_64__) && !defined(__ILP32__)) || (defined(__aarch64__) && !defined(__ILP32__) && !defined(__AARCH64EB__)) || \
	 (defined(__arm__) && !defined(__ARMEB__)))
#define EDGEXRAY_HERE 1
#endif

#ifdef __cplusplus
extern "C" {
#endif

#ifdef EDGEXRAY_HERE

extern struct edgexray_hook edgexray_hook __attribute__((visibility("hidden")));

// Where a uprobe goes. Does nothing. It is hidden, which clang isn't told on arm: in a Thumb file it would take it for Thumb code.
extern void edgexray_probe(const struct edgexray_event *event)
#ifndef __arm__
	__attribute__((visibility("hidden")))
#endif
	;

// The two are written in assembler, so that the note can name them whatever the compiler does, and so that the probe's first
// instruction is one that Linux needn't step over: all translation units of a library share them, as they are in a group.
// The note isn't in that group: linkers throw unreferenced groups away, but keep notes and what those name. So there is one
// of each translation unit, and all say the same. It is loaded, so it survives strip: owner "edgexray", type 1, and the
// distances from each of two fields to what it stands for: the probe's instruction and the hook, 64 bits each (32 on arm).
#if defined(__x86_64__)
// A nop of one byte: Linux emulates it everywhere. Of one of five bytes Linux 6.18 makes a call that kills the app's children.
#define EDGEXRAY_PROBE "edgexray_probe:\n.cfi_startproc\n nop\n ret\n.cfi_endproc\n"
#define EDGEXRAY_NOTE " .long 9, 16, 1\n .asciz \"edgexray\"\n .balign 4\n .quad edgexray_probe - .\n .quad edgexray_hook - .\n"
#define EDGEXRAY_POINTER ".quad"
#define EDGEXRAY_MODE ""
#elif defined(__aarch64__)
// hint 34 is bti c: a call may come by way of a linker's veneer. The probe is on the ret, which every Linux emulates; a nop only
// since 6.13.
#define EDGEXRAY_PROBE "edgexray_probe:\n.cfi_startproc\n hint #34\n ret\n.cfi_endproc\n"
#define EDGEXRAY_NOTE " .long 9, 16, 1\n .asciz \"edgexray\"\n .balign 4\n .quad edgexray_probe + 4 - .\n .quad edgexray_hook - .\n"
#define EDGEXRAY_POINTER ".quad"
#define EDGEXRAY_MODE ""
#else
// Linux has no uprobes in Thumb code.
#define EDGEXRAY_PROBE ".arm\nedgexray_probe:\n.fnstart\n nop\n bx lr\n.cantunwind\n.fnend\n"
#define EDGEXRAY_NOTE " .long 9, 8, 1\n .asciz \"edgexray\"\n .balign 4\n .long edgexray_probe - .\n .long edgexray_hook - .\n"
#define EDGEXRAY_POINTER ".long"
#ifdef __thumb__
#define EDGEXRAY_MODE ".thumb\n"
#else
#define EDGEXRAY_MODE ""
#endif
#endif

// The hook begins a page of the largest size that Android has. While a library is loaded, the page in the file where its read-only
// data ends and its other data begins may be in memory twice, and Linux would count in the wrong one.
#define EDGEXRAY_PAGE "16384"

__asm__(".ifndef edgexray_probe\n" // with link-time optimization several translation units become one
	".pushsection .text.edgexray,\"axG\",%progbits,edgexray_hook,comdat\n"
	".balign 16\n.weak edgexray_probe\n.hidden edgexray_probe\n.type edgexray_probe, %function\n"
	EDGEXRAY_PROBE
	".size edgexray_probe, . - edgexray_probe\n.popsection\n" // zeros, but in the file: Linux finds the count by its place there
	".pushsection .data.edgexray,\"awG\",%progbits,edgexray_hook,comdat\n"
	".balign " EDGEXRAY_PAGE "\n.weak edgexray_hook\n.hidden edgexray_hook\n.type edgexray_hook, %object\n"
	"edgexray_hook:\n .long 0, 1\n " EDGEXRAY_POINTER " 0\n .balign 16\n"
	".size edgexray_hook, . - edgexray_hook\n.popsection\n"
	".pushsection .note.edgexray,\"a\",%note\n.balign 4\n"
	EDGEXRAY_NOTE
	".popsection\n" EDGEXRAY_MODE
	".endif\n");

typedef char edgexray_hook_layout[offsetof(struct edgexray_hook, listener) == 8 && sizeof(struct edgexray_hook) <= 16 ? 1 : -1];

// Whether anybody listens: for what is expensive to find out only for a marker.
static inline int edgexray_listening(void)
{
	return (int)__builtin_expect(edgexray_hook.listening != 0, 0);
}

static __attribute__((noinline, cold, unused)) int edgexray_say(const struct edgexray_event *event)
{
	int (*listener)(const struct edgexray_event *) = edgexray_hook.listener;
	if (edgexray_hook.listening & 0xffff)
		edgexray_probe(event);
	return listener ? listener(event) : 0;
}

#else

static inline int edgexray_listening(void) { return 0; }
static inline int edgexray_say(const struct edgexray_event *event) { (void)event; return 0; }

#endif

typedef char edgexray_event_layout[sizeof(struct edgexray_event) == 160 && offsetof(struct edgexray_event, number) == 96 ? 1 : -1];

// What follows is out of line, so that a marker takes little room where it stands.
#if defined(__GNUC__)
#define EDGEXRAY_ASIDE static __attribute__((noinline, cold, unused))
#else
#define EDGEXRAY_ASIDE static inline
#endif

static inline struct edgexray_event edgexray_event_of(enum edgexray_kind kind, const char *key)
{
	static const struct edgexray_event nothing = {0, 0, 0, 0, 0, 0, {0}, 0, 0, {0}, 0, 0, 0, 0, 0, 0};
	struct edgexray_event e = nothing;
	e.size = sizeof(e);
	e.kind = (uint32_t)kind;
	e.key = (uint64_t)(uintptr_t)key;
	return e;
}

EDGEXRAY_ASIDE void edgexray_say_text(enum edgexray_kind kind, const char *key, const char *text)
{
	struct edgexray_event e = edgexray_event_of(kind, key);
	e.text = (uint64_t)(uintptr_t)text;
	edgexray_say(&e);
}

EDGEXRAY_ASIDE void edgexray_say_numbers(enum edgexray_kind kind, const char *key, uint32_t numbers, double x, double y, double z)
{
	struct edgexray_event e = edgexray_event_of(kind, key);
	e.numbers = numbers;
	e.number[0] = x;
	e.number[1] = y;
	e.number[2] = z;
	edgexray_say(&e);
}

static inline uint64_t edgexray_bytes_of(int type)
{
	switch (type) {
	case EDGEXRAY_UINT8: case EDGEXRAY_INT8: case EDGEXRAY_BOOL: return 1;
	case EDGEXRAY_INT16: case EDGEXRAY_UINT16: case EDGEXRAY_FLOAT16: return 2;
	case EDGEXRAY_FLOAT32: case EDGEXRAY_INT32: case EDGEXRAY_UINT32: return 4;
	case EDGEXRAY_INT64: case EDGEXRAY_UINT64: case EDGEXRAY_FLOAT64: case EDGEXRAY_COMPLEX64: return 8;
	case EDGEXRAY_COMPLEX128: return 16;
	}
	return 0;
}

// An array that can't be has UINT64_MAX bytes: nobody reads it, and who listens says why.
EDGEXRAY_ASIDE void edgexray_say_array(enum edgexray_kind kind, const char *key, const void *data, int type, int rank, const int *dims, int rate)
{
	struct edgexray_event e = edgexray_event_of(kind, key);
	uint64_t elements = 1;
	int i;
	e.data = (uint64_t)(uintptr_t)data;
	e.type = (uint32_t)type;
	e.rate = (uint32_t)rate;
	e.rank = (uint32_t)rank;
	for (i = 0; i < rank && i < EDGEXRAY_MAX_RANK && dims; i++) {
		e.dims[i] = dims[i];
		elements = dims[i] < 0 || (dims[i] && elements > (UINT64_MAX >> 5) / (uint64_t)dims[i]) ? UINT64_MAX >> 4 : elements * (uint64_t)dims[i];
	}
	e.bytes = elements > UINT64_MAX >> 5 || rank < 0 || rank > EDGEXRAY_MAX_RANK || (rank && !dims) ? UINT64_MAX : elements * edgexray_bytes_of(type);
	edgexray_say(&e);
}

EDGEXRAY_ASIDE void edgexray_say_image(const char *key, const void *data, int width, int height, int stride, enum edgexray_format format)
{
	struct edgexray_event e = edgexray_event_of(EDGEXRAY_BEFORE, key);
	static const unsigned char channels[] = {1, 3, 3, 4, 4, 4, 1, 1, 1, 1, 2};
	uint64_t w = (uint64_t)width, h = (uint64_t)height;
	e.data = (uint64_t)(uintptr_t)data;
	e.type = EDGEXRAY_UINT8;
	e.format = (uint32_t)format;
	e.rank = 3;
	e.stride = (uint32_t)stride;
	e.dims[0] = height;
	e.dims[1] = width;
	e.dims[2] = (unsigned)format < sizeof(channels) ? channels[format] : 1;
	e.bytes = w * h * (uint64_t)e.dims[2];
	if (format >= EDGEXRAY_NV12 && format <= EDGEXRAY_I420) {
		e.dims[0] += (e.dims[0] + 1) / 2;
		e.bytes += 2 * ((w + 1) / 2) * ((h + 1) / 2);
	}
	if (width < 0 || height < 0 || stride < 0)
		e.bytes = UINT64_MAX;
	edgexray_say(&e);
}

EDGEXRAY_ASIDE int edgexray_ask(const char *key, void *data, size_t bytes)
{
	struct edgexray_event e = edgexray_event_of((enum edgexray_kind)0, key);
	e.data = (uint64_t)(uintptr_t)data;
	e.bytes = bytes;
	e.replay = 1;
	return edgexray_say(&e);
}

// The markers. A key says what a value is, the same each time: "camera", "resized", "scores". It is at most 63 bytes of UTF-8.

// What a thread does from here until its frame's end belongs together: usually one invoke and all around it.
static inline void edgexray_frame_begin(void)
{
	if (edgexray_listening())
		edgexray_say_text(EDGEXRAY_FRAME_BEGIN, NULL, NULL);
}

static inline void edgexray_frame_end(void)
{
	if (edgexray_listening())
		edgexray_say_text(EDGEXRAY_FRAME_END, NULL, NULL);
}

// An image on its way into the model. stride is in bytes from a row to the next, also those of NV12's and NV21's chroma; I420's
// chroma has half of it, rounded up. 0: rows follow each other without a gap.
static inline void edgexray_image(const char *key, const void *data, int width, int height, int stride, enum edgexray_format format)
{
	if (edgexray_listening())
		edgexray_say_image(key, data, width, height, stride, format);
}

// Sound on its way into the model: frames of a sample for each channel, interleaved. rate: frames a second.
static inline void edgexray_audio(const char *key, const void *data, enum edgexray_type type, int frames, int channels, int rate)
{
	if (edgexray_listening()) {
		int dims[2];
		dims[0] = frames;
		dims[1] = channels;
		edgexray_say_array(EDGEXRAY_BEFORE, key, data, (int)type, 2, dims, rate);
	}
}

// Any array on its way into the model, or coming out of it: row-major and densely packed. type is an enum edgexray_type, or a
// tensor's own TfLiteType. Rank 0 is one element.
static inline void edgexray_before(const char *key, const void *data, int type, int rank, const int *dims)
{
	if (edgexray_listening())
		edgexray_say_array(EDGEXRAY_BEFORE, key, data, type, rank, dims, 0);
}

static inline void edgexray_after(const char *key, const void *data, int type, int rank, const int *dims)
{
	if (edgexray_listening())
		edgexray_say_array(EDGEXRAY_AFTER, key, data, type, rank, dims, 0);
}

// Text on its way into the model, in UTF-8.
static inline void edgexray_text(const char *key, const char *text)
{
	if (edgexray_listening())
		edgexray_say_text(EDGEXRAY_BEFORE, key, text);
}

// What the app made of the model's outputs, in UTF-8.
static inline void edgexray_result(const char *key, const char *text)
{
	if (edgexray_listening())
		edgexray_say_text(EDGEXRAY_AFTER, key, text);
}

// The right answer for this frame.
static inline void edgexray_label(const char *text)
{
	if (edgexray_listening())
		edgexray_say_text(EDGEXRAY_LABEL, NULL, text);
}

// A number that says how well or how fast something went.
static inline void edgexray_metric(const char *key, double value)
{
	if (edgexray_listening())
		edgexray_say_numbers(EDGEXRAY_METRIC, key, 1, value, 0, 0);
}

// What a sensor of the device says: orientation, motion, light.
static inline void edgexray_sensor(const char *key, double value)
{
	if (edgexray_listening())
		edgexray_say_numbers(EDGEXRAY_SENSOR, key, 1, value, 0, 0);
}

static inline void edgexray_sensor3(const char *key, double x, double y, double z)
{
	if (edgexray_listening())
		edgexray_say_numbers(EDGEXRAY_SENSOR, key, 3, x, y, z);
}

// Offers data, which the app has from a sensor or is about to read from it, to a player. Returns 1 when all of its bytes were
// overwritten with what was recorded under this key, in the order of the recording; 0 when nobody plays, when what comes next
// has another size, and when there is no more: then data is as it was.
static inline int edgexray_replay(const char *key, void *data, size_t bytes)
{
	return edgexray_listening() ? edgexray_ask(key, data, bytes) : 0;
}

#ifdef __cplusplus
}
#endif
#endif
