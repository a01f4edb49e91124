// SPDX-License-Identifier: Apache-2.0
//
// Statistics of a tensor, computed where it lies, right after its kernel wrote it. What they mean is in snapshot.proto; Go
// computes the same of tensors in a file. Sums within a block are of single precision, so mean and rms have six digits.
#include "graph.h"

typedef float floats __attribute__((vector_size(16), aligned(4)));
typedef s32 ints4 __attribute__((vector_size(16)));
typedef u8 bytes16 __attribute__((vector_size(16), aligned(1)));
typedef u16 words16 __attribute__((vector_size(32)));
typedef u32 longs16 __attribute__((vector_size(64)));

struct sums {
	u64 finite, nans, infs;
	double min, max, sum, squares;
};

static void add_value(struct sums *s, double v)
{
	if (v != v) {
		s->nans++;
		return;
	}
	if (v - v != 0) {
		s->infs++;
		return;
	}
	if (s->finite++ == 0)
		s->min = s->max = v;
	s->min = v < s->min ? v : s->min;
	s->max = v > s->max ? v : s->max;
	s->sum += v;
	s->squares += v * v;
}

static void add_range(struct sums *s, u64 n, double min, double max, double sum, double squares)
{
	s->min = s->finite && s->min < min ? s->min : min;
	s->max = s->finite && s->max > max ? s->max : max;
	s->finite += n;
	s->sum += sum;
	s->squares += squares;
}

#define BLOCK 256       // elements that are summed up in single precision
#define SAFE 1e15f      // of elements whose squares can be

static double total(floats v) { return (double)v[0] + v[1] + v[2] + v[3]; }

static floats lesser(floats a, floats b)
{
	ints4 first = a < b;
	return (floats)(((ints4)a & first) | ((ints4)b & ~first));
}

static float least(floats v)
{
	float a = v[0] < v[1] ? v[0] : v[1], b = v[2] < v[3] ? v[2] : v[3];
	return a < b ? a : b;
}

static void add_floats(struct sums *s, const float *data, word n)
{
	word i = 0;
	for (; i + BLOCK <= n; i += BLOCK) {
		const floats *at = (const floats *)(data + i);
		floats low = at[0], negated = -at[0], sum = {}, squares = {}, sum2 = {}, squares2 = {};
		ints4 unsafe = {};
		for (int k = 0; k < BLOCK / 4; k += 2) {
			floats v = at[k], w = at[k + 1];
			low = lesser(low, lesser(v, w));
			negated = lesser(negated, lesser(-v, -w));
			sum += v;
			sum2 += w;
			squares += v * v;
			squares2 += w * w;
		}
		squares += squares2;
		// A NaN anywhere makes the sum of squares one; an infinity or a huge value makes it too large.
		unsafe = ~(squares < (floats){ SAFE, SAFE, SAFE, SAFE } * SAFE);
		if (unsafe[0] | unsafe[1] | unsafe[2] | unsafe[3]) {
			for (word k = i; k < i + BLOCK; k++)
				add_value(s, data[k]);
			continue;
		}
		add_range(s, BLOCK, least(low), -(double)least(negated), total(sum) + total(sum2), total(squares));
	}
	for (; i < n; i++)
		add_value(s, data[i]);
}

#define ROUNDS 128 // of 16 bytes whose sums fit into 16 bits

// Elements of 8 bits, as they are with flip 0, as signed ones with 128: these become unsigned ones that are 128 larger.
static void add_bytes(struct sums *s, const u8 *data, word n, u8 flip)
{
	u8 low = 255, high = 0;
	u64 sum = 0, squares = 0;
	word i = 0;
	bytes16 lows = ~(bytes16){}, highs = {}, flips = (bytes16){} + flip;
	while (i + 16 <= n) {
		words16 sums = {};
		longs16 squared = {};
		for (int k = 0; k < ROUNDS && i + 16 <= n; k++, i += 16) {
			bytes16 v = *(const bytes16 *)(data + i) ^ flips;
			words16 wide = __builtin_convertvector(v, words16);
			lows = __builtin_elementwise_min(lows, v);
			highs = __builtin_elementwise_max(highs, v);
			sums += wide;
			squared += __builtin_convertvector(wide * wide, longs16);
		}
		for (int k = 0; k < 16; k++) {
			sum += sums[k];
			squares += squared[k];
		}
	}
	for (int k = 0; k < 16; k++) {
		low = lows[k] < low ? lows[k] : low;
		high = highs[k] > high ? highs[k] : high;
	}
	for (; i < n; i++) {
		u8 v = data[i] ^ flip;
		low = v < low ? v : low;
		high = v > high ? v : high;
		sum += v;
		squares += (u32)v * v;
	}
	if (n == 0)
		return;
	double elements = (double)(u32)n, shift = flip;
	add_range(s, n, low - shift, high - shift, (double)sum - shift * elements,
		  (double)squares - 2 * shift * (double)sum + shift * shift * elements);
}

static float from_bits(u32 bits)
{
	float f;
	__builtin_memcpy(&f, &bits, 4);
	return f;
}

// IEEE 754 binary16.
static float from_half(u16 h)
{
	u32 sign = (u32)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023;
	if (exponent == 31)
		return from_bits(sign | 0x7f800000 | fraction << 13);
	if (exponent)
		return from_bits(sign | (exponent + 112) << 23 | fraction << 13);
	float f = fraction * (1.0f / (1 << 24));
	return sign ? -f : f;
}

// The bits of an element, 0 of types without values.
static u32 width(s32 type)
{
	switch (type) {
	case TYPE_INT4: return 4;
	case TYPE_UINT8: case TYPE_INT8: case TYPE_BOOL: return 8;
	case TYPE_INT16: case TYPE_UINT16: case TYPE_FLOAT16: case TYPE_BFLOAT16: return 16;
	case TYPE_FLOAT32: case TYPE_INT32: case TYPE_UINT32: return 32;
	case TYPE_FLOAT64: case TYPE_INT64: case TYPE_UINT64: return 64;
	default: return 0;
	}
}

// Data may lie anywhere: a packed or a custom allocation.
#define AT(ctype) ({ ctype v; __builtin_memcpy(&v, (const ctype *)data + i, sizeof(v)); v; })

static double element(s32 type, const void *data, word i)
{
	switch (type) {
	case TYPE_INT4: return (s32)((u32)(((const u8 *)data)[i / 2] >> (i % 2 * 4)) << 28) >> 28; // the lower half first
	case TYPE_UINT8: case TYPE_BOOL: return AT(u8);
	case TYPE_INT8: return AT(signed char);
	case TYPE_INT16: return AT(short);
	case TYPE_UINT16: return AT(u16);
	case TYPE_FLOAT16: return from_half(AT(u16));
	case TYPE_BFLOAT16: return from_bits((u32)AT(u16) << 16);
	case TYPE_FLOAT32: return AT(float);
	case TYPE_INT32: return AT(s32);
	case TYPE_UINT32: return AT(u32);
	case TYPE_FLOAT64: return AT(double);
	case TYPE_INT64: return (double)AT(s64);
	case TYPE_UINT64: return (double)AT(u64);
	default: return 0;
	}
}

#define COUNTED 4096 // elements for the histogram
#define FLOAT_EXPONENT -16

// The type's range, for types whose buckets are equally wide; reports false for the others.
static int linear(s32 type, double *low, double *width)
{
	switch (type) {
	case TYPE_INT4: *low = -8, *width = 1; return 1;
	case TYPE_BOOL: *low = 0, *width = 1; return 1;
	case TYPE_UINT8: *low = 0, *width = 4; return 1;
	case TYPE_INT8: *low = -128, *width = 4; return 1;
	case TYPE_UINT16: *low = 0, *width = 1024; return 1;
	case TYPE_INT16: *low = -32768, *width = 1024; return 1;
	default: return 0;
	}
}

static u32 logarithmic_bucket(double v, s32 exponent)
{
	u64 bits;
	__builtin_memcpy(&bits, &v, 8);
	s32 i = (s32)(bits >> 52 & 2047) - 1023 - exponent; // IEEE 754 binary64's exponent: floor(log2(|v|))
	i = i < 0 ? 0 : i > 31 ? 31 : i;
	return v < 0 ? 31 - i : 32 + i;
}

// The bucket of an element of the type, BUCKETS for one that has none. The two types that most tensors have come first: what
// the others do is up to three times as slow for them.
static u32 bucket_of(const struct statistics_record *s, int equal, s32 type, const void *data, word i)
{
	if (type == TYPE_INT8)
		return (AT(u8) ^ 128) >> 2;
	if (type == TYPE_FLOAT32) {
		u32 bits = AT(u32), magnitude = bits & 0x7fffffff;
		if (magnitude >= 0x7f800000)
			return BUCKETS; // NaN, infinity
		s32 k = (s32)(magnitude >> 23) - 127 - FLOAT_EXPONENT; // IEEE 754 binary32's exponent
		k = k < 0 ? 0 : k > 31 ? 31 : k;
		return magnitude && bits >> 31 ? 31 - k : 32 + k;
	}
	double v = element(type, data, i);
	if (v - v != 0)
		return BUCKETS;
	u32 bucket = equal ? (u32)(s32)((v - s->histogram_low) / s->histogram_width) : logarithmic_bucket(v, s->histogram_exponent);
	return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static void make_histogram(struct statistics_record *s, s32 type, const void *data, word n)
{
	word step = (n + COUNTED - 1) / COUNTED;
	int equal = linear(type, &s->histogram_low, &s->histogram_width);
	int is_float = type == TYPE_FLOAT32 || type == TYPE_FLOAT16 || type == TYPE_BFLOAT16 || type == TYPE_FLOAT64;
	s->histogram_exponent = is_float ? FLOAT_EXPONENT : 0;
	for (word i = 0; i < n; i += step) {
		u32 bucket = bucket_of(s, equal, type, data, i);
		if (bucket == BUCKETS)
			continue;
		s->histogram[bucket]++;
		s->histogram_elements++;
	}
}

HIDDEN void summarize(struct statistics_record *s, s32 type, const void *data, word bytes, word elements)
{
	struct sums sums = {};
	u32 bits = width(type);
	if (bits == 0)
		return;
	word n = bits == 4 ? bytes * 2 : bytes / (bits / 8);
	if (elements < n)
		n = elements; // the last byte holds one element of 4 bits only
	if (type == TYPE_FLOAT32 && ((word)data & 3) == 0)
		add_floats(&sums, data, n);
	else if (type == TYPE_UINT8)
		add_bytes(&sums, data, n, 0);
	else if (type == TYPE_INT8)
		add_bytes(&sums, data, n, 128);
	else
		for (word i = 0; i < n; i++)
			add_value(&sums, element(type, data, i));
	s->elements = n;
	s->nans = sums.nans;
	s->infs = sums.infs;
	s->min = sums.min;
	s->max = sums.max;
	if (sums.finite) {
		double finite = (double)(word)sums.finite, mean_square = sums.squares / finite;
		s->mean = sums.sum / finite;
		s->rms = mean_square > 0 ? __builtin_sqrt(mean_square) : 0;
	}
	make_histogram(s, type, data, n);
}
