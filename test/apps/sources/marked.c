// SPDX-License-Identifier: Apache-2.0
//
// An app that marks what it does. Its camera gives noise, other each time; with --library and --model the frames go through
// a model. One JSON object on stdout says how many of them were replayed, and a hash of all that the app fed to the model and
// got from it.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "edgexray.h"
#include "tensorflow/lite/c/c_api.h"

enum { WIDTH = 61, HEIGHT = 40, STRIDE = 192, CHANNELS = 3, SAMPLES = 1600 };

static struct {
	const char *library, *model;
	int frames, threads, fork, bad, large, crop;
	long cost;
} option = {.frames = 1, .threads = 1};

#define API(X) \
	X(TfLiteModelCreateFromFile) X(TfLiteInterpreterCreate) X(TfLiteInterpreterAllocateTensors) X(TfLiteInterpreterGetInputTensor) \
	X(TfLiteInterpreterGetOutputTensor) X(TfLiteInterpreterInvoke) X(TfLiteTensorData) X(TfLiteTensorByteSize) X(TfLiteTensorNumDims) \
	X(TfLiteTensorDim) X(TfLiteTensorType)

static struct {
#define FIELD(name) __typeof__(name) *name;
	API(FIELD)
#undef FIELD
} lite;

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "marked: %s: %s\n", what, why);
	exit(1);
}

static TfLiteInterpreter *open_model(void)
{
	void *library = dlopen(option.library, RTLD_NOW);
	if (library == NULL)
		fail("load the library", dlerror());
#define FIND(name) \
	if ((*(void **)&lite.name = dlsym(library, #name)) == NULL) \
		fail("find " #name, dlerror());
	API(FIND)
#undef FIND
	TfLiteModel *model = lite.TfLiteModelCreateFromFile(option.model);
	TfLiteInterpreter *interpreter = model ? lite.TfLiteInterpreterCreate(model, NULL) : NULL;
	if (interpreter == NULL || lite.TfLiteInterpreterAllocateTensors(interpreter) != kTfLiteOk)
		fail("open the model", option.model);
	return interpreter;
}

static uint64_t mix(uint64_t hash, const void *data, size_t bytes)
{
	for (const uint8_t *b = data; bytes--; b++)
		hash = (hash ^ *b) * UINT64_C(0x100000001b3);
	return hash;
}

static void noise(void *to, size_t bytes)
{
	int fd = open("/dev/urandom", O_RDONLY);
	for (size_t n = 0; n < bytes;) {
		ssize_t got = read(fd, (char *)to + n, bytes - n);
		if (got <= 0)
			fail("read", "/dev/urandom");
		n += got;
	}
	close(fd);
}

static void *allocate(size_t bytes)
{
	void *memory = malloc(bytes);
	if (memory == NULL)
		fail("allocate", "no memory");
	return memory;
}

// The nearest pixels, from -1 to 1: what the model is fed.
static uint64_t run_model(TfLiteInterpreter *interpreter, const uint8_t *pixels, size_t stride, uint64_t hash)
{
	TfLiteTensor *in = lite.TfLiteInterpreterGetInputTensor(interpreter, 0);
	int rank = lite.TfLiteTensorNumDims(in), dims[8], side = lite.TfLiteTensorDim(in, 1);
	float *input = lite.TfLiteTensorData(in);
	for (int i = 0; i < rank; i++)
		dims[i] = lite.TfLiteTensorDim(in, i);
	for (int y = 0; y < side; y++)
		for (int x = 0; x < side; x++)
			for (int c = 0; c < CHANNELS; c++)
				input[(y * side + x) * CHANNELS + c] = pixels[y * HEIGHT / side * stride + x * WIDTH / side * CHANNELS + c] / 127.5f - 1;
	edgexray_before("resized", input, lite.TfLiteTensorType(in), rank, dims);
	hash = mix(hash, input, lite.TfLiteTensorByteSize(in));
	if (lite.TfLiteInterpreterInvoke(interpreter) != kTfLiteOk)
		fail("invoke", option.model);
	const TfLiteTensor *out = lite.TfLiteInterpreterGetOutputTensor(interpreter, 0);
	int classes = lite.TfLiteTensorDim(out, 1);
	const float *scores = lite.TfLiteTensorData(out);
	int best = 0;
	for (int i = 0; i < classes; i++)
		if (scores[i] > scores[best])
			best = i;
	char name[32];
	snprintf(name, sizeof(name), "class %d", best);
	edgexray_after("scores", scores, EDGEXRAY_FLOAT32, 1, &classes);
	edgexray_result("top1", name);
	edgexray_metric("confidence", scores[best]);
	return mix(hash, scores, lite.TfLiteTensorByteSize(out));
}

struct result {
	uint64_t hash;
	int replayed;
};

static void *run_frames(void *to)
{
	struct result *result = to;
	TfLiteInterpreter *interpreter = option.model ? open_model() : NULL;
	size_t stride = option.crop ? STRIDE : WIDTH * CHANNELS, bytes = stride * HEIGHT;
	uint8_t *pixels = allocate(bytes), *dense = allocate(WIDTH * CHANNELS * HEIGHT);
	int16_t samples[SAMPLES];
	for (int i = 0; i < option.frames; i++) {
		edgexray_frame_begin();
		noise(pixels, bytes);
		noise(samples, sizeof(samples));
		if (option.crop) { // a part of a larger image
			edgexray_image("camera", pixels, WIDTH, HEIGHT, STRIDE, EDGEXRAY_RGB);
			for (int y = 0; y < HEIGHT; y++)
				memcpy(dense + y * WIDTH * CHANNELS, pixels + y * STRIDE, WIDTH * CHANNELS);
			result->hash = mix(result->hash, dense, WIDTH * CHANNELS * HEIGHT);
		} else {
			result->replayed += edgexray_replay("camera", pixels, bytes);
			result->replayed += edgexray_replay("microphone", samples, sizeof(samples));
			edgexray_image("camera", pixels, WIDTH, HEIGHT, 0, EDGEXRAY_RGB);
			edgexray_audio("microphone", samples, EDGEXRAY_INT16, SAMPLES, 1, 16000);
			result->hash = mix(mix(result->hash, pixels, bytes), samples, sizeof(samples));
		}
		double tilt[3] = {i, 0.25, -90};
		result->replayed += edgexray_replay("orientation", tilt, sizeof(tilt));
		edgexray_sensor3("orientation", tilt[0], tilt[1], tilt[2]);
		edgexray_sensor("light", 200 + i);
		edgexray_label("cat");
		if (interpreter)
			result->hash = run_model(interpreter, pixels, stride, result->hash);
		edgexray_text("question", "why?");
		edgexray_frame_end();
	}
	return NULL;
}

// What no app should do.
static void mark_badly(void)
{
	static uint8_t data[64];
	char long_key[200], *edge;
	long page = sysconf(_SC_PAGESIZE);
	const int dims[8] = {2, 3, 1, 1, 1, 1, 1, 1}, huge[] = {1 << 30, 1 << 30, 1 << 30}, negative[] = {-1, 4}, large[] = {1 << 30};
	memset(long_key, 'k', sizeof(long_key));
	long_key[sizeof(long_key) - 1] = 0;
	edge = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(edge + page, page);
	memset(edge, 'x', page); // a text without an end
	edgexray_frame_end();
	edgexray_metric(NULL, 1);
	edgexray_metric("", 2);
	edgexray_metric(long_key, 3);
	edgexray_metric("not \xff UTF-8", 4);
	edgexray_metric("not a number", NAN);
	edgexray_metric("infinite", -INFINITY);
	edgexray_metric((const char *)8, 5);
	edgexray_metric(edge + page - 3, 6);
	edgexray_result("endless", edge);
	edgexray_result("nowhere", (const char *)-64);
	edgexray_result("no text", NULL);
	edgexray_label(NULL);
	edgexray_before("nowhere", (void *)64, EDGEXRAY_FLOAT32, 2, dims);
	edgexray_before("null", NULL, EDGEXRAY_FLOAT32, 2, dims);
	edgexray_before("half there", edge + page - 8, EDGEXRAY_FLOAT32, 2, dims);
	edgexray_before("large", data, EDGEXRAY_FLOAT32, 1, large);
	edgexray_before("huge", data, EDGEXRAY_FLOAT32, 3, huge);
	edgexray_before("negative", data, EDGEXRAY_FLOAT32, 2, negative);
	edgexray_before("rank", data, EDGEXRAY_FLOAT32, 9, dims);
	edgexray_before("type", data, 99, 2, dims);
	edgexray_before("fine", data, EDGEXRAY_FLOAT32, 8, dims);
	edgexray_image("narrow", data, 4, 4, 3, EDGEXRAY_RGB);
	edgexray_image("format", data, 2, 2, 0, (enum edgexray_format)77);
	edgexray_image("wide", data, 1 << 30, 1 << 30, 0, EDGEXRAY_RGBA);
	edgexray_image("gaps nowhere", edge + page - 24, 2, 16, 8, EDGEXRAY_RGB);
	edgexray_image("i420", data, 5, 3, 8, EDGEXRAY_I420);
	edgexray_replay("camera", (void *)64, WIDTH * HEIGHT * CHANNELS);
	edgexray_replay(NULL, data, 8);
	struct edgexray_event e = edgexray_event_of(EDGEXRAY_METRIC, "event");
	if (edgexray_listening()) {
		e.numbers = 1000;
		edgexray_say(&e);
		e.numbers = 0;
		e.kind = 12345;
		edgexray_say(&e);
		e.size = 8;
		edgexray_say(&e);
	}
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

// What markers take, in turns with what they are compared with: nanoseconds each, the least of several rounds. Copies go where
// nothing is in a cache yet, as those of a recorder.
static void measure(long calls)
{
	enum { SIDE = 224, BYTES = SIDE * SIDE * 3, ROUNDS = 15, COPIES = 400 };
	uint8_t *pixels = allocate(BYTES), *copies = allocate(BYTES * COPIES);
	double best[4] = {1e9, 1e9, 1e9, 1e9};
	long copied = 0;
	noise(pixels, BYTES);
	memset(copies, 1, BYTES * COPIES);
	for (int round = 0; round < ROUNDS; round++) {
		for (int what = 0; what < 4; what++) {
			long n = what < 2 ? calls : calls / 100 + 1;
			double began = seconds();
			for (long i = 0; i < n; i++) {
				switch (what) {
				case 0: __asm__ volatile("" : : "r"(i) : "memory"); break;
				case 1: edgexray_metric("cost", 0.5); break;
				case 2:
					memcpy(copies + copied++ % COPIES * BYTES, pixels, BYTES);
					__asm__ volatile("" : : "r"(copies) : "memory");
					break;
				case 3: edgexray_image("cost", pixels, SIDE, SIDE, 0, EDGEXRAY_RGB); break;
				}
			}
			double each = (seconds() - began) / n * 1e9;
			if (each < best[what])
				best[what] = each;
		}
	}
	printf("{\"loop_ns\": %.3f, \"scalar_ns\": %.3f, \"memcpy_ns\": %.1f, \"image_ns\": %.1f}\n", best[0], best[1], best[2], best[3]);
}

static void mark_at_exit(void) { edgexray_metric("at exit", 1); }

// An array that doesn't fit into the recorder's memory at once.
static void mark_large(void)
{
	int dims[] = {option.large << 18};
	uint32_t *data = allocate((size_t)option.large << 20);
	for (int i = 0; i < dims[0]; i++)
		data[i] = i * 2654435761u;
	edgexray_after("large", data, EDGEXRAY_UINT32, 1, dims);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"library", 1, 0, 'l'}, {"model", 1, 0, 'm'}, {"frames", 1, 0, 'n'}, {"threads", 1, 0, 't'}, {"fork", 0, &option.fork, 1},
		{"bad", 0, &option.bad, 1}, {"large-mib", 1, 0, 'L'}, {"crop", 0, &option.crop, 1}, {"cost", 1, 0, 'c'}, {0},
	};
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (c) {
		case 'l': option.library = optarg; break;
		case 'm': option.model = optarg; break;
		case 'n': option.frames = atoi(optarg); break;
		case 't': option.threads = atoi(optarg); break;
		case 'L': option.large = atoi(optarg); break;
		case 'c': option.cost = atol(optarg); break;
		case 0: break;
		default: return 2;
		}
	}
	if (option.cost) {
		measure(option.cost);
		return 0;
	}
	atexit(mark_at_exit);
	if (option.bad)
		mark_badly();
	if (option.large)
		mark_large();
	if (option.fork) {
		edgexray_frame_begin();
		pid_t child = fork();
		if (child == 0) {
			edgexray_metric("in child", getpid());
			_exit(0);
		}
		waitpid(child, NULL, 0);
		edgexray_frame_end();
	}
	struct result results[64] = {{0}}, sum = {0};
	pthread_t threads[64];
	if (option.threads > 64)
		option.threads = 64;
	for (int i = 0; i < option.threads; i++)
		pthread_create(&threads[i], NULL, run_frames, &results[i]);
	for (int i = 0; i < option.threads; i++) {
		pthread_join(threads[i], NULL);
		sum.hash += results[i].hash;
		sum.replayed += results[i].replayed;
	}
	printf("{\"hash\": \"%016" PRIx64 "\", \"replayed\": %d}\n", sum.hash, sum.replayed);
	return 0;
}
