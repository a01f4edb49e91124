// SPDX-License-Identifier: Apache-2.0
//
// A preloaded library that breaks kernels: what chosen nodes made is spoiled, in a chosen way, when their kernel returns.
//
//	EDGEXRAY_BREAK="WAY SUBGRAPH:NODE[,SUBGRAPH:NODE...]"
//
// They are spoiled ten thousand times in all: a loop whose condition is broken would never end.
#include "chosen.h"

// A tensor that was made, as numbers.
struct output {
	const struct tensor *tensor;
	s32 code;        // of the op
	word elements;
	s64 low, high;   // of the type
	int real;        // it is FLOAT32
	int quantized;
	u32 random;      // state of a xorshift generator, not 0
};

static const struct {
	s32 type;
	word bytes;
	s64 low, high;
} integers[] = {
	{ TYPE_INT8, 1, -128, 127 }, { TYPE_UINT8, 1, 0, 255 }, { TYPE_INT16, 2, -32768, 32767 },
	{ TYPE_INT32, 4, -2147483648LL, 2147483647 }, { TYPE_INT64, 8, -__INT64_MAX__ - 1, __INT64_MAX__ }, { TYPE_FLOAT32, 4, 0, 0 },
};

// Reports false for types that aren't spoiled.
static int describe(struct output *o, const struct tensor *t, s32 code)
{
	*o = (struct output){ .tensor = t, .code = code, .real = t->type == TYPE_FLOAT32, .random = 2463534242 + t->bytes };
	o->quantized = !o->real && t->scale != 0;
	for (word i = 0; i < ARRAY(integers); i++) {
		if (integers[i].type != t->type || t->data == NULL)
			continue;
		o->elements = t->bytes / integers[i].bytes;
		o->low = integers[i].low;
		o->high = integers[i].high;
		return 1;
	}
	return 0;
}

static s64 integer(s32 type, const void *data, word i)
{
	switch (type) {
	case TYPE_INT8: return ((signed char *)data)[i];
	case TYPE_UINT8: return ((u8 *)data)[i];
	case TYPE_INT16: return ((short *)data)[i];
	case TYPE_INT32: return ((s32 *)data)[i];
	default: return ((s64 *)data)[i];
	}
}

static s64 get(const struct output *o, word i) { return integer(o->tensor->type, o->tensor->data, i); }

// Keeps the low bits of what doesn't fit.
static void put(const struct output *o, word i, s64 v)
{
	switch (o->tensor->type) {
	case TYPE_INT8: case TYPE_UINT8: ((u8 *)o->tensor->data)[i] = v; break;
	case TYPE_INT16: ((short *)o->tensor->data)[i] = v; break;
	case TYPE_INT32: ((s32 *)o->tensor->data)[i] = v; break;
	default: ((s64 *)o->tensor->data)[i] = v;
	}
}

static float *real(const struct output *o, word i) { return (float *)o->tensor->data + i; }

static word pick(struct output *o, word below)
{
	o->random ^= o->random << 13;
	o->random ^= o->random >> 17;
	o->random ^= o->random << 5;
	return o->random % below;
}

static s64 within(const struct output *o, s64 v) { return v < o->low ? o->low : v > o->high ? o->high : v; }

static void wrong_zero_point(struct output *o)
{
	for (word i = 0; o->quantized && i < o->elements; i++)
		put(o, i, within(o, get(o, i) + 1));
}

// Down instead of to the nearest: what is between two steps is as likely in either half.
static void wrong_rounding(struct output *o)
{
	for (word i = 0; o->quantized && i < o->elements; i++)
		put(o, i, within(o, get(o, i) - (s64)pick(o, 2)));
}

// What is at a limit would have been beyond.
static void lost_saturation(struct output *o)
{
	for (word i = 0; o->quantized && i < o->elements; i++) {
		s64 v = get(o, i), beyond = 1 + pick(o, 16);
		if (v == o->high)
			put(o, i, o->low + beyond - 1);
		else if (v == o->low)
			put(o, i, o->high - beyond + 1);
	}
}

enum { OP_AVERAGE_POOL_2D = 1, OP_MEAN = 40 };

static int at_border(const struct ints *dims, word i)
{
	if (dims->size != 4)
		return 1;
	word height = dims->data[1], width = dims->data[2], channels = dims->data[3];
	word y = i / channels / width % height, x = i / channels % width;
	return y == 0 || x == 0 || y == height - 1 || x == width - 1;
}

// Padding is counted: a window of 3 by 3 at an edge has 6 elements of 9.
static void wrong_divisor(struct output *o)
{
	if (o->code != OP_AVERAGE_POOL_2D && o->code != OP_MEAN)
		return;
	for (word i = 0; i < o->elements; i++) {
		if (!at_border(o->tensor->dims, i))
			continue;
		if (o->real)
			*real(o, i) *= 2.0f / 3;
		else if (o->quantized)
			put(o, i, o->tensor->zero_point + (get(o, i) - o->tensor->zero_point) * 2 / 3);
	}
}

static void swapped_channels(struct output *o)
{
	const struct ints *dims = o->tensor->dims;
	word channels = dims && dims->size > 0 ? dims->data[dims->size - 1] : 0;
	if (channels < 2)
		return;
	word a = pick(o, channels), b = (a + 1 + pick(o, channels - 1)) % channels;
	for (word row = 0; row + channels <= o->elements; row += channels) {
		if (o->real) {
			float v = *real(o, row + a);
			*real(o, row + a) = *real(o, row + b);
			*real(o, row + b) = v;
		} else {
			s64 v = get(o, row + a);
			put(o, row + a, get(o, row + b));
			put(o, row + b, v);
		}
	}
}

// The sum went around: a few elements are off by a power of 2, integers by their highest bit, reals by more than any of them.
static void overflow(struct output *o)
{
	float power = 1;
	for (word i = 0; o->real && i < o->elements; i++)
		while (power < 1e30f && (*real(o, i) > power || *real(o, i) < -power))
			power *= 2;
	for (int n = 0; n < 3; n++) {
		word i = pick(o, o->elements);
		if (o->real)
			*real(o, i) -= 2 * power;
		else
			put(o, i, get(o, i) - o->low + (o->low == 0 ? (o->high + 1) / 2 : 0));
	}
}

static void not_a_number(struct output *o)
{
	if (o->real)
		*real(o, pick(o, o->elements)) = __builtin_nanf("");
}

static void all_zeros(struct output *o) { memset(o->tensor->data, 0, o->tensor->bytes); }

#define TILE 64 // elements

// The end keeps what was in memory before.
static word tile_of(const struct output *o)
{
	word n = o->elements / 4 < TILE ? (o->elements + 3) / 4 : TILE;
	return n * (o->tensor->bytes / o->elements);
}

static const struct {
	const char *name;
	void (*spoil)(struct output *o); // NULL: what the kernel wrote at the end is taken back
} ways[] = {
	{ "zero-point", wrong_zero_point }, { "rounding", wrong_rounding }, { "saturation", lost_saturation },
	{ "divisor", wrong_divisor }, { "channels", swapped_channels }, { "tile", NULL }, { "overflow", overflow },
	{ "nan", not_a_number }, { "zeros", all_zeros },
};

static word way, times;
static const char *places;

HIDDEN int attach(void)
{
	const char *text = environment("EDGEXRAY_BREAK");
	if (text == NULL)
		return 0;
	for (way = 0; way < ARRAY(ways); way++) {
		word n = length(ways[way].name), i = 0;
		while (i < n && text[i] == ways[way].name[i])
			i++;
		if (i == n && text[n] == ' ') {
			places = text + n + 1;
			begin();
			return 1;
		}
	}
	dprintf(2, "broken: EDGEXRAY_BREAK=\"%s\": want WAY SUBGRAPH:NODE,...\n", text);
	return 0;
}

#define OUTPUTS 64
#define KEPT (TILE * 8)

// An op that is to be spoiled.
struct chosen {
	struct subgraph *subgraph;
	struct node *node;
	s32 index;
	struct {
		void *data; // as it was before, NULL for none
		word bytes;
		char end[KEPT];
	} before[OUTPUTS];
};

static struct tensor *output_of(const struct chosen *c, s32 i)
{
	const struct ints *list = c->node->outputs;
	s32 index = i < OUTPUTS && i < list->size ? list->data[i] : -1;
	return index >= 0 ? &c->subgraph->context->tensors[index] : NULL;
}

static int choose(struct chosen *c, struct context *context, struct node *node)
{
	c->node = node;
	c->subgraph = place_of(context, node, &c->index);
	if (c->subgraph == NULL || !is_listed(places, c->subgraph->index, c->index) || __atomic_add_fetch(&times, 1, __ATOMIC_RELAXED) > 10000)
		return 0;
	struct tensor *t;
	for (s32 i = 0; (t = output_of(c, i)) != NULL; i++) {
		struct output o;
		c->before[i].data = NULL;
		if (!describe(&o, t, 0) || o.elements == 0)
			continue;
		c->before[i].data = t->data;
		c->before[i].bytes = t->bytes;
		word n = tile_of(&o);
		memcpy(c->before[i].end, (char *)t->data + t->bytes - n, n);
	}
	return 1;
}

// What was done to the outputs of an op, in elements.
struct damage {
	word of, changed;
	word far; // of the changed, by more than one step; of reals all
};

static void assess(struct damage *d, const struct output *o, const char *good)
{
	const char *now = o->tensor->data;
	word size = o->tensor->bytes / o->elements;
	d->of += o->elements;
	for (word i = 0; i < o->elements; i++) {
		word j = i * size;
		while (j < (i + 1) * size && good[j] == now[j])
			j++;
		if (j == (i + 1) * size)
			continue;
		d->changed++;
		d->far += o->real || (word)get(o, i) - (word)integer(o->tensor->type, good, i) + 1 > 2;
	}
}

static void spoil(struct chosen *c)
{
	struct tensor *t;
	struct damage d = { 0 };
	for (s32 i = 0; (t = output_of(c, i)) != NULL; i++) {
		struct output o;
		if (!describe(&o, t, registration_of(c->subgraph, c->node)->builtin_code) || o.elements == 0)
			continue;
		char *good = map_memory(t->bytes);
		if (good == NULL)
			continue;
		memcpy(good, t->data, t->bytes);
		word n = tile_of(&o);
		if (ways[way].spoil)
			ways[way].spoil(&o);
		else if (c->before[i].data == t->data && c->before[i].bytes == t->bytes)
			memcpy((char *)t->data + t->bytes - n, c->before[i].end, n);
		else
			memset((char *)t->data + t->bytes - n, 0, n);
		assess(&d, &o, good);
		call2(SYS_munmap, good, t->bytes);
	}
	dprintf(2, "broken: %d:%d: %lu of %lu elements, %lu by more than a step\n", c->subgraph->index, c->index,
		(unsigned long)d.changed, (unsigned long)d.of, (unsigned long)d.far);
}

HIDDEN s32 on_invoke(struct context *context, struct node *node, word unused, struct thunk *thunk)
{
	kernel_function *kernel = (kernel_function *)thunk->original;
	struct chosen c;
	int chosen = choose(&c, context, node);
	s32 status = kernel(context, node);
	if (chosen)
		spoil(&c);
	return status;
}
