// SPDX-License-Identifier: Apache-2.0
//
// The markers of Java apps: hands what io.edgexray.Markers says to edgexray.h. It needs nothing but the Java virtual machine
// that loads it, no C library, so that one file serves glibc, musl and Android. Numbers come as their bits, because Android's and
// Debian's 32-bit arm pass floating point in different registers.

#include "../../c/edgexray.h"

typedef int32_t jint;
typedef int64_t jlong;
typedef unsigned char jboolean;
typedef void *jobject;
typedef const void *const *const JNIEnv; // *env: the function table

// Indices of functions in that table (Java Native Interface Specification, chapter 4, "JNI Functions"), which never change.
// The arrays of each type have one function each, in the order boolean, byte, char, short, int, long, float, double.
enum {
	GET_ARRAY_LENGTH = 171,
	GET_ARRAY_ELEMENTS = 183,
	RELEASE_ARRAY_ELEMENTS = 191,
	NEW_DIRECT_BYTE_BUFFER = 229,
	GET_DIRECT_BUFFER_ADDRESS = 230,
};

typedef void *get_elements(JNIEnv *, jobject array, jboolean *is_copy);
typedef void release_elements(JNIEnv *, jobject array, void *elements, jint mode);
typedef jobject new_buffer(JNIEnv *, void *address, jlong capacity);
typedef void *buffer_address(JNIEnv *, jobject buffer);

enum { BYTES = 1, BUFFER = -1 }; // kinds of data: the place of an array's type in the order above, or a direct buffer

enum { COPY_BACK = 0, ABORT = 2 }; // modes of release

#define JNI(env, index, type) ((type *)(*(env))[index])
#define EXPORT(type, name) __attribute__((visibility("default"))) type Java_io_edgexray_Native_##name

// What is held for a marker.
struct held {
	jobject object;
	int kind;
	void *at;
};

static struct held hold(JNIEnv *env, jobject object, int kind)
{
	struct held h = {object, kind, NULL};
	if (!object)
		return h;
	if (kind == BUFFER)
		h.at = JNI(env, GET_DIRECT_BUFFER_ADDRESS, buffer_address)(env, object);
	else
		h.at = JNI(env, GET_ARRAY_ELEMENTS + kind, get_elements)(env, object, NULL);
	return h;
}

// A recorder doesn't read the elements of arrays, and a virtual machine copies them for us: only a listener within the process gets them.
static jobject wanted(jobject data)
{
#ifdef EDGEXRAY_HERE
	return edgexray_hook.listening >> 16 ? data : NULL;
#else
	return data;
#endif
}

static void release(JNIEnv *env, struct held h, int mode)
{
	if (h.at && h.kind != BUFFER)
		JNI(env, RELEASE_ARRAY_ELEMENTS + h.kind, release_elements)(env, h.object, h.at, mode);
}

static double number(jlong bits)
{
	union {
		jlong bits;
		double value;
	} u = {bits};
	return u.value;
}

// The hook's first four bytes, which aren't 0 while somebody listens.
EXPORT(jobject, hook)(JNIEnv *env, jobject class)
{
	(void)class;
#ifdef EDGEXRAY_HERE
	return JNI(env, NEW_DIRECT_BYTE_BUFFER, new_buffer)(env, (void *)&edgexray_hook, sizeof(uint32_t));
#else
	(void)env;
	return NULL;
#endif
}

// Keys and texts are UTF-8 with a NUL at their end.
EXPORT(void, text)(JNIEnv *env, jobject class, jint kind, jobject key, jobject text)
{
	struct held k = hold(env, key, BYTES), t = hold(env, text, BYTES);
	(void)class;
	edgexray_say_text((enum edgexray_kind)kind, k.at, t.at);
	release(env, t, ABORT);
	release(env, k, ABORT);
}

EXPORT(void, numbers)(JNIEnv *env, jobject class, jint kind, jobject key, jint count, jlong x, jlong y, jlong z)
{
	struct held k = hold(env, key, BYTES);
	(void)class;
	edgexray_say_numbers((enum edgexray_kind)kind, k.at, (uint32_t)count, number(x), number(y), number(z));
	release(env, k, ABORT);
}

// offset is in bytes. Java has seen to it that all of the image is there.
EXPORT(void, image)(JNIEnv *env, jobject class, jobject key, jobject data, jint data_kind, jlong offset, jint width, jint height, jint stride, jint format)
{
	struct held k = hold(env, key, BYTES), d = hold(env, wanted(data), data_kind);
	(void)class;
	edgexray_say_image(k.at, d.at ? (char *)d.at + offset : NULL, width, height, stride, (enum edgexray_format)format);
	release(env, d, ABORT);
	release(env, k, ABORT);
}

// bytes are those of all elements. Java has seen to it that they are there, or says a number that can't be.
EXPORT(void, array)(JNIEnv *env, jobject class, jint kind, jobject key, jobject data, jint data_kind, jlong offset, jlong bytes, jint type, jint rank, jobject dims, jint rate)
{
	enum { INTS = 4 };
	struct held k = hold(env, key, BYTES), d = hold(env, wanted(data), data_kind), s = hold(env, dims, INTS);
	struct edgexray_event e = edgexray_event_of((enum edgexray_kind)kind, k.at);
	(void)class;
	e.type = (uint32_t)type;
	e.rate = (uint32_t)rate;
	e.rank = (uint32_t)rank;
	for (int i = 0; i < rank && i < EDGEXRAY_MAX_RANK && s.at; i++)
		e.dims[i] = ((const jint *)s.at)[i];
	e.data = d.at ? (uint64_t)(uintptr_t)d.at + (uint64_t)offset : 0;
	e.bytes = (uint64_t)bytes;
	edgexray_say(&e);
	release(env, s, ABORT);
	release(env, d, ABORT);
	release(env, k, ABORT);
}

EXPORT(jboolean, replay)(JNIEnv *env, jobject class, jobject key, jobject data, jint data_kind, jlong offset, jlong bytes)
{
	struct held k = hold(env, key, BYTES), d = hold(env, wanted(data), data_kind);
	int replayed = d.at ? edgexray_ask(k.at, (char *)d.at + offset, (size_t)bytes) : 0;
	(void)class;
	release(env, d, replayed ? COPY_BACK : ABORT);
	release(env, k, ABORT);
	return (jboolean)replayed;
}
