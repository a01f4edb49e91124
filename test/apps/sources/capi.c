// Runs models through TFLite's C API, in the ways in which a profiler may meet
// it: threads, children, interpreters that come and go, a library that is
// loaded, unloaded and loaded again, kernels of the app's own, kernels that
// abort. The library is chosen at run time, so one binary runs with every
// version of it; it is built against the headers of TFLite 2.9.0, the oldest.
//
// Inputs depend only on the number of the invoke. One JSON object on stdout
// says what happened; exit status 0 means that everything ran.

#define _GNU_SOURCE  // unshare
#include <dlfcn.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tensorflow/lite/c/c_api.h"
#include "tensorflow/lite/c/common.h"

// Of c_api_experimental.h, which the package of the headers leaves out.
void TfLiteInterpreterOptionsAddCustomOp(TfLiteInterpreterOptions*, const char* name,
    const TfLiteRegistration*, int32_t min_version, int32_t max_version);

#define API(X)                            \
  X(TfLiteVersion)                        \
  X(TfLiteModelCreateFromFile)            \
  X(TfLiteModelDelete)                    \
  X(TfLiteInterpreterOptionsCreate)       \
  X(TfLiteInterpreterOptionsDelete)       \
  X(TfLiteInterpreterOptionsSetNumThreads)\
  X(TfLiteInterpreterOptionsAddCustomOp)  \
  X(TfLiteInterpreterOptionsAddDelegate)  \
  X(TfLiteInterpreterCreate)              \
  X(TfLiteInterpreterDelete)              \
  X(TfLiteInterpreterGetInputTensorCount) \
  X(TfLiteInterpreterGetInputTensor)      \
  X(TfLiteInterpreterGetOutputTensorCount)\
  X(TfLiteInterpreterGetOutputTensor)     \
  X(TfLiteInterpreterResizeInputTensor)   \
  X(TfLiteInterpreterAllocateTensors)     \
  X(TfLiteInterpreterInvoke)              \
  X(TfLiteTensorType)                     \
  X(TfLiteTensorData)                     \
  X(TfLiteTensorByteSize)                 \
  X(TfLiteIntArrayCopy)

static struct {
#define FIELD(name) __typeof__(name)* name;
  API(FIELD)
#undef FIELD
} lite;

// TfLiteXNNPackDelegateOptions begins with these in all versions; it is 8 bytes
// long in 2.9.0, and zero is the default of what newer ones have after them.
static union {
  struct {
    int32_t threads;
    uint32_t flags;
  };
  char space[256];
} xnnpack = {.flags = 1 /* QS8 */ | 2 /* QU8 */};

// Only libraries with XNNPACK have these.
static struct {
  TfLiteDelegate* (*TfLiteXNNPackDelegateCreate)(const void* options);
  void (*TfLiteXNNPackDelegateDelete)(TfLiteDelegate*);
} delegate;

#define REPEATED 16  // how often --model, --resize and --also may be given

static struct {
  const char *library, *models[REPEATED], *shapes[REPEATED], *others[REPEATED];
  int model_count, shape_count, other_count;
  int invokes, interpreters, threads;
  int rate;  // invokes a second; 0: as many as there can be
  int reload, fork, wait, steps, times, sleep_before_ms, spin_us, sleep_us, workers;
  int custom_op, custom_op_with_data, abort_in_prepare, abort_in_invoke, abort_after, own_threads, without_proc, tensors, mallocs, allocate;
} option = {.invokes = 1, .interpreters = 1, .threads = 1, .workers = 1};

// What one thread did; summed over threads, so that their order has no effect.
struct outcome {
  int64_t invokes;
  uint64_t hash;  // sum of FNV-1a of every interpreter's outputs
  int64_t invoke_ns;
  int64_t cpu_ns;  // of the whole process, in invokes: of one thread only
};

static void fail(const char* what, const char* why) {
  fprintf(stderr, "capi: %s: %s\n", what, why);
  exit(1);
}

static int64_t clock_ns(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

// The custom op EdgexrayTestCustom: y = -x. It times itself with the clock that
// a profiler's times come from.
#define KEPT_TIMES 4096
static pthread_mutex_t custom_lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t custom_calls, custom_ns[KEPT_TIMES];

static TfLiteStatus custom_prepare(TfLiteContext* context, TfLiteNode* node) {
  if (option.abort_in_prepare) abort();
  TfLiteTensor* input = &context->tensors[node->inputs->data[0]];
  TfLiteTensor* output = &context->tensors[node->outputs->data[0]];
  return context->ResizeTensor(context, output, lite.TfLiteIntArrayCopy(input->dims));
}

// Allocates in all the ways that there are: 8 times, 1065753 bytes, of which it
// never frees 77. It holds 1056453 bytes at most.
__attribute__((noinline)) static void allocate(void) {
  void* aligned = NULL;
  void* volatile kept = malloc(77);
  char* grown = realloc(calloc(10, 100), 3000);
  grown = realloc(grown, 4800);
  if (posix_memalign(&aligned, 64, 500) != 0) fail("allocate", "posix_memalign");
  free(aligned);
  free(grown);
  void* volatile pages = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  grown = aligned_alloc(64, 6400);
  void* volatile failed = malloc(PTRDIFF_MAX);
  free(failed);
  char* volatile none = malloc(1400);
  free(none);
  free(grown);
  munmap(pages, 1 << 20);
  (void)kept;
}

static TfLiteStatus custom_invoke(TfLiteContext* context, TfLiteNode* node) {
  int64_t start = now_ns();
  if (option.abort_in_invoke || (option.abort_after > 0 && custom_calls == option.abort_after)) abort();
  if (option.allocate) allocate();
  TfLiteTensor* input = &context->tensors[node->inputs->data[0]];
  TfLiteTensor* output = &context->tensors[node->outputs->data[0]];
  for (size_t i = 0; i < input->bytes / sizeof(float); i++) output->data.f[i] = -input->data.f[i];
  while (now_ns() - start < option.spin_us * INT64_C(1000)) {}
  if (option.sleep_us > 0) usleep(option.sleep_us); // one of 0 gives the core away, too
  pthread_mutex_lock(&custom_lock);
  if (custom_calls < KEPT_TIMES) custom_ns[custom_calls] = now_ns() - start;
  custom_calls++;
  pthread_mutex_unlock(&custom_lock);
  return kTfLiteOk;
}

// Newer runtimes read a registration with more fields at its end; zero is their
// default.
static union {
  TfLiteRegistration registration;
  char space[256];
} custom = {.registration = {.prepare = custom_prepare,
                             .invoke = custom_invoke,
                             .custom_name = "EdgexrayTestCustom",
                             .version = 1}};

// The same as a TfLiteOperator, which newer runtimes have. Its functions get
// user data before their context, as those that LiteRT registers do.
static TfLiteStatus prepare_with_data(void* data, TfLiteContext* context, TfLiteNode* node) {
  return data == &option ? custom_prepare(context, node) : kTfLiteError;
}

static TfLiteStatus invoke_with_data(void* data, TfLiteContext* context, TfLiteNode* node) {
  return data == &option ? custom_invoke(context, node) : kTfLiteError;
}

typedef TfLiteStatus with_data(void*, TfLiteContext*, TfLiteNode*);

static struct {
  void* (*TfLiteOperatorCreateWithData)(int builtin, const char* name, int version, void* data);
  void (*TfLiteOperatorSetPrepareWithData)(void*, with_data*);
  void (*TfLiteOperatorSetInvokeWithData)(void*, with_data*);
  void (*TfLiteInterpreterOptionsAddOperator)(TfLiteInterpreterOptions*, void*);
} newer;

static void* look_up(void* library, const char* name) {
  void* function = dlsym(library, name);
  if (function == NULL) fail("find function", dlerror());
  return function;
}

static void load_newer(void* library) {
  newer.TfLiteOperatorCreateWithData = look_up(library, "TfLiteOperatorCreateWithData");
  newer.TfLiteOperatorSetPrepareWithData = look_up(library, "TfLiteOperatorSetPrepareWithData");
  newer.TfLiteOperatorSetInvokeWithData = look_up(library, "TfLiteOperatorSetInvokeWithData");
  newer.TfLiteInterpreterOptionsAddOperator = look_up(library, "TfLiteInterpreterOptionsAddOperator");
}

static void add_operator(TfLiteInterpreterOptions* options) {
  static void* operator;  // outlives all interpreters
  if (operator == NULL) {
    operator = newer.TfLiteOperatorCreateWithData(32 /* custom */, "EdgexrayTestCustom", 1, &option);
    newer.TfLiteOperatorSetPrepareWithData(operator, prepare_with_data);
    newer.TfLiteOperatorSetInvokeWithData(operator, invoke_with_data);
  }
  newer.TfLiteInterpreterOptionsAddOperator(options, operator);
}

// A delegate that takes no node over, but remembers all subgraphs and their
// nodes, so that trace_tensors can put itself in the place of their kernels.
#define SUBGRAPHS 16
static struct subgraph {
  pthread_t thread;  // that has its interpreter
  TfLiteContext* context;
  int nodes;
  struct {
    int index;  // in the subgraph, where a delegate may have replaced some
    TfLiteNode* node;
    TfLiteRegistration* registration;
    TfLiteStatus (*invoke)(TfLiteContext*, TfLiteNode*);
  }* node;
} subgraphs[SUBGRAPHS];
static int subgraph_count;
static pthread_mutex_t subgraph_lock = PTHREAD_MUTEX_INITIALIZER;

static TfLiteStatus remember_subgraph(TfLiteContext* context, TfLiteDelegate* delegate) {
  (void)delegate;
  TfLiteIntArray* plan;
  pthread_mutex_lock(&subgraph_lock);
  int index = subgraph_count++;
  pthread_mutex_unlock(&subgraph_lock);
  if (index >= SUBGRAPHS || context->GetExecutionPlan(context, &plan) != kTfLiteOk) return kTfLiteError;
  struct subgraph* s = &subgraphs[index];
  *s = (struct subgraph){pthread_self(), context, plan->size, calloc(plan->size, sizeof *s->node)};
  for (int i = 0; i < plan->size; i++) {
    s->node[i].index = plan->data[i];
    if (context->GetNodeAndRegistration(context, plan->data[i], &s->node[i].node, &s->node[i].registration) != kTfLiteOk)
      return kTfLiteError;
  }
  return kTfLiteOk;
}

static union {
  TfLiteDelegate delegate;
  char space[256];  // newer runtimes read more
} observer = {.delegate = {.Prepare = remember_subgraph, .flags = kTfLiteDelegateFlagsAllowDynamicTensors}};

static void find_node(TfLiteContext* context, TfLiteNode* node, int* subgraph, int* index) {
  for (*subgraph = 0; *subgraph < subgraph_count; ++*subgraph)
    if (subgraphs[*subgraph].context == context)
      for (*index = 0; *index < subgraphs[*subgraph].nodes; ++*index)
        if (subgraphs[*subgraph].node[*index].node == node) return;
  fail("find node", "it is not of a known subgraph");
}

static void print_tensors(const TfLiteContext* context) {
  printf(",\"tensors\":[");
  for (size_t i = 0; i < context->tensors_size; i++) {
    const TfLiteTensor* t = &context->tensors[i];
    printf("%s[%" PRIuPTR ",%zu,%d]", i ? "," : "", (uintptr_t)t->data.raw, t->bytes, (int)t->allocation_type);
  }
  printf("],\"temporaries\":[");
}

static uint64_t fnv1a(uint64_t hash, const uint8_t* bytes, size_t size) {
  for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
  return hash;
}

static const uint64_t fnv1a_of_nothing = UINT64_C(14695981039346656037);

// Prints what a kernel has made: tensors and FNV-1a of what they hold, or nothing
// for a resource.
static void print_outputs(const TfLiteContext* context, const TfLiteIntArray* outputs) {
  printf("],\"outputs\":[");
  for (int i = 0, n = 0; i < outputs->size; i++) {
    if (outputs->data[i] < 0) continue;
    const TfLiteTensor* t = &context->tensors[outputs->data[i]];
    printf("%s{\"tensor\":%d,\"hash\":\"", n++ ? "," : "", outputs->data[i]);
    if (t->type != kTfLiteResource) printf("%016" PRIx64, fnv1a(fnv1a_of_nothing, t->data.uint8, t->bytes));
    printf("\"}");
  }
}

// Runs a kernel, and prints what it made and where the tensors are now: those of
// its subgraph, and of those that an op runs in which this one is.
static TfLiteStatus trace_tensors(TfLiteContext* context, TfLiteNode* node) {
  static struct { int subgraph, index; } open[8];
  static int depth;
  if (depth == 8) fail("trace tensors", "ops are nested too deep");
  int* subgraph = &open[depth].subgraph, *index = &open[depth].index;
  find_node(context, node, subgraph, index);
  depth++;
  TfLiteStatus status = subgraphs[*subgraph].node[*index].invoke(context, node);
  printf("tensors [");
  for (int i = 0; i < depth; i++) {
    const struct subgraph* s = &subgraphs[open[i].subgraph];
    printf("%s{\"subgraph\":%d,\"node\":%d", i ? "," : "", open[i].subgraph, open[i].index);
    print_tensors(s->context);
    const TfLiteIntArray* temporaries = s->node[open[i].index].node->temporaries;
    for (int j = 0; temporaries != NULL && j < temporaries->size; j++) printf(j ? ",%d" : "%d", temporaries->data[j]);
    if (i == depth - 1) print_outputs(s->context, node->outputs);
    printf("]}");
  }
  printf("]\n");
  depth--;
  return status;
}

// The preloaded library mallocs.c, if it is there.
static struct {
  void (*begin)(int subgraph, int node);
  void (*end)(void);
} mallocs;

static TfLiteStatus count_mallocs(TfLiteContext* context, TfLiteNode* node) {
  int subgraph, index;
  find_node(context, node, &subgraph, &index);
  mallocs.begin(subgraph, subgraphs[subgraph].node[index].index);
  TfLiteStatus status = subgraphs[subgraph].node[index].invoke(context, node);
  mallocs.end();
  return status;
}

// Each thread looks after the subgraphs of its own interpreter: those of others may be gone at any time.
static int is_own(const struct subgraph* s) { return s->nodes > 0 && pthread_equal(s->thread, pthread_self()); }

static void replace_kernels(TfLiteStatus (*by)(TfLiteContext*, TfLiteNode*)) {
  for (int i = 0; i < SUBGRAPHS; i++)
    for (int j = 0; is_own(&subgraphs[i]) && j < subgraphs[i].nodes; j++) {
      if (subgraphs[i].node[j].registration->invoke == by) continue;
      subgraphs[i].node[j].invoke = subgraphs[i].node[j].registration->invoke;
      subgraphs[i].node[j].registration->invoke = by;
    }
}

static void forget_subgraphs(void) {
  for (int i = 0; i < SUBGRAPHS; i++)
    if (is_own(&subgraphs[i])) {
      free(subgraphs[i].node);
      subgraphs[i] = (struct subgraph){0};
    }
}

static void* load(void) {
  for (int i = 0; i < option.other_count; i++)
    if (dlopen(option.others[i], RTLD_NOW | RTLD_LOCAL) == NULL) fail("load library", dlerror());
  void* library = dlopen(option.library, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) fail("load library", dlerror());
  if (option.custom_op_with_data) load_newer(library);
  *(void**)&mallocs.begin = dlsym(RTLD_DEFAULT, "mallocs_begin");
  *(void**)&mallocs.end = dlsym(RTLD_DEFAULT, "mallocs_end");
  if (xnnpack.threads > 0) {
    delegate.TfLiteXNNPackDelegateCreate = look_up(library, "TfLiteXNNPackDelegateCreate");
    delegate.TfLiteXNNPackDelegateDelete = look_up(library, "TfLiteXNNPackDelegateDelete");
  }
#define LOOK_UP(name) lite.name = look_up(library, #name);
  API(LOOK_UP)
#undef LOOK_UP
  return library;
}

static void hide_proc(void) {
  if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) != 0 || umount2("/proc", MNT_DETACH) != 0)
    fail("hide /proc", strerror(errno));
}

static void fill(TfLiteTensor* tensor, int invoke) {
  size_t size = lite.TfLiteTensorByteSize(tensor);
  uint8_t* bytes = lite.TfLiteTensorData(tensor);
  uint32_t random = 12345 + invoke;
  if (lite.TfLiteTensorType(tensor) == kTfLiteFloat32) {
    float* values = (float*)bytes;
    for (size_t i = 0; i < size / sizeof(float); i++) {
      random = random * 1664525 + 1013904223;
      values[i] = (int32_t)random / 2147483648.0f;
    }
    return;
  }
  for (size_t i = 0; i < size; i++) {
    random = random * 1664525 + 1013904223;
    bytes[i] = random >> 24;
  }
}

static void resize(TfLiteInterpreter* interpreter, const char* dimensions) {
  int shape[8], rank = 0;
  for (const char* at = dimensions; *at != 0 && rank < 8; rank++) {
    char* end;
    shape[rank] = strtol(at, &end, 10);
    if (end == at) fail("parse --resize", dimensions);
    at = *end == ',' ? end + 1 : end;
  }
  if (lite.TfLiteInterpreterResizeInputTensor(interpreter, 0, shape, rank) != kTfLiteOk)
    fail("resize input", dimensions);
}

// Tells whoever started this that it may do something, and waits for a line.
// Returns 0 when stdin has ended.
static int wait_for_line(void) {
  printf("ready\n");
  fflush(stdout);
  int c;
  do c = getchar();
  while (c != '\n' && c != EOF);
  return c != EOF;
}

static void sleep_until(int64_t ns) {
  struct timespec t = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {}
}

static void print_times(const int64_t* times) {
  printf("invoke_ns");
  for (int i = 0; i < option.invokes; i++) printf(" %" PRId64, times[i]);
  printf("\n");
}

static void invoke(TfLiteInterpreter* interpreter, struct outcome* outcome, uint64_t* hash) {
  int64_t* times = calloc(option.invokes, sizeof *times);
  int64_t begin = now_ns();
  for (int i = 0; i < option.invokes; i++) {
    if (option.rate > 0) sleep_until(begin + i * INT64_C(1000000000) / option.rate);
    for (int j = 0; j < lite.TfLiteInterpreterGetInputTensorCount(interpreter); j++)
      fill(lite.TfLiteInterpreterGetInputTensor(interpreter, j), i);
    int64_t cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID), start = now_ns();
    if (lite.TfLiteInterpreterInvoke(interpreter) != kTfLiteOk) fail("invoke", "TFLite says no more");
    times[i] = now_ns() - start;
    outcome->cpu_ns += clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    outcome->invoke_ns += times[i];
    outcome->invokes++;
    for (int j = 0; j < lite.TfLiteInterpreterGetOutputTensorCount(interpreter); j++) {
      const TfLiteTensor* output = lite.TfLiteInterpreterGetOutputTensor(interpreter, j);
      *hash = fnv1a(*hash, lite.TfLiteTensorData(output), lite.TfLiteTensorByteSize(output));
    }
  }
  if (option.times) print_times(times);
  free(times);
}

static void run_interpreter(TfLiteModel* model, struct outcome* outcome) {
  TfLiteInterpreterOptions* options = lite.TfLiteInterpreterOptionsCreate();
  lite.TfLiteInterpreterOptionsSetNumThreads(options, option.workers);
  if (option.custom_op)
    lite.TfLiteInterpreterOptionsAddCustomOp(options, "EdgexrayTestCustom", &custom.registration, 1, 1);
  if (option.custom_op_with_data) add_operator(options);
  TfLiteDelegate* added = NULL;
  if (xnnpack.threads > 0) {
    added = delegate.TfLiteXNNPackDelegateCreate(&xnnpack);
    if (added == NULL) fail("create XNNPACK delegate", "TFLite says no more");
    lite.TfLiteInterpreterOptionsAddDelegate(options, added);
  }
  if (option.tensors || option.mallocs) lite.TfLiteInterpreterOptionsAddDelegate(options, &observer.delegate);
  TfLiteInterpreter* interpreter = lite.TfLiteInterpreterCreate(model, options);
  lite.TfLiteInterpreterOptionsDelete(options);
  if (interpreter == NULL) fail("create interpreter", "TFLite says no more");

  uint64_t hash = fnv1a_of_nothing;
  for (int i = 0; i == 0 || i < option.shape_count; i++) {
    if (option.shape_count > 0) resize(interpreter, option.shapes[i]);
    if (lite.TfLiteInterpreterAllocateTensors(interpreter) != kTfLiteOk) fail("allocate tensors", "TFLite says no more");
    if (option.mallocs && mallocs.begin != NULL) replace_kernels(count_mallocs);
    if (!option.steps) invoke(interpreter, outcome, &hash);
    while (option.steps && wait_for_line()) invoke(interpreter, outcome, &hash);
  }
  if (option.tensors) {
    replace_kernels(trace_tensors);
    invoke(interpreter, outcome, &hash);
  }
  outcome->hash += hash;
  forget_subgraphs();
  lite.TfLiteInterpreterDelete(interpreter);
  if (added != NULL) delegate.TfLiteXNNPackDelegateDelete(added);
}

static pthread_t start(void* (*run)(void*), void* argument) {
  pthread_t thread;
  if ((errno = pthread_create(&thread, NULL, run, argument)) != 0) fail("start thread", strerror(errno));
  return thread;
}

struct turn {
  TfLiteModel* model;
  struct outcome* outcome;
};

static void* run_turn(void* argument) {
  struct turn* turn = argument;
  run_interpreter(turn->model, turn->outcome);
  return NULL;
}

static void* run_thread(void* argument) {
  TfLiteModel* models[REPEATED];
  for (int i = 0; i < option.model_count; i++)
    if ((models[i] = lite.TfLiteModelCreateFromFile(option.models[i])) == NULL) fail("load model", option.models[i]);
  for (int i = 0; i < option.interpreters; i++) {
    struct turn turn = {models[i % option.model_count], argument};
    if (option.own_threads) pthread_join(start(run_turn, &turn), NULL);
    else run_turn(&turn);
  }
  for (int i = 0; i < option.model_count; i++) lite.TfLiteModelDelete(models[i]);
  return NULL;
}

// Adds what option.threads threads do to outcome. One thread is this one.
static void run_threads(struct outcome* outcome) {
  if (option.threads == 1) {
    run_thread(outcome);
    return;
  }
  pthread_t* threads = calloc(option.threads, sizeof *threads);
  struct outcome* outcomes = calloc(option.threads, sizeof *outcomes);
  for (int i = 0; i < option.threads; i++) threads[i] = start(run_thread, &outcomes[i]);
  for (int i = 0; i < option.threads; i++) {
    pthread_join(threads[i], NULL);
    outcome->invokes += outcomes[i].invokes;
    outcome->hash += outcomes[i].hash;
    outcome->invoke_ns += outcomes[i].invoke_ns;
  }
  free(threads);
  free(outcomes);
}

static void print(const struct outcome* outcome, const char* version, int unloaded) {
  printf("{\"pid\":%d,\"version\":\"%s\",\"invokes\":%" PRId64 ",\"hash\":\"%016" PRIx64 "\",\"invoke_ns\":%" PRId64
         ",\"cpu_ns\":%" PRId64 ",\"unloaded\":%s,\"custom_calls\":%" PRId64 ",\"custom_ns\":[",
         getpid(), version, outcome->invokes, outcome->hash, outcome->invoke_ns, outcome->cpu_ns,
         unloaded ? "true" : "false", custom_calls);
  for (int64_t i = 0; i < custom_calls && i < KEPT_TIMES; i++) printf(i ? ",%" PRId64 : "%" PRId64, custom_ns[i]);
  printf("]}\n");
}

static void add(const char** list, int* count) {
  if (*count == REPEATED) fail("parse arguments", "too many models, shapes or libraries");
  list[(*count)++] = optarg;
}

static void parse(int argc, char** argv) {
  static const struct option known[] = {
      {"library", required_argument, NULL, 'l'},     {"model", required_argument, NULL, 'm'},
      {"invokes", required_argument, NULL, 'n'},     {"interpreters", required_argument, NULL, 'i'},
      {"threads", required_argument, NULL, 't'},     {"resize", required_argument, NULL, 's'},
      {"sleep-before", required_argument, NULL, 'b'},{"spin", required_argument, NULL, 'u'},
      {"sleep", required_argument, NULL, 'z'},       {"workers", required_argument, NULL, 'w'},
      {"reload", no_argument, &option.reload, 1},    {"fork", no_argument, &option.fork, 1},
      {"wait", no_argument, &option.wait, 1},        {"steps", no_argument, &option.steps, 1},
      {"times", no_argument, &option.times, 1},      {"rate", required_argument, NULL, 'r'},
      {"custom-op", no_argument, &option.custom_op, 1},
      {"custom-op-with-data", no_argument, &option.custom_op_with_data, 1},
      {"xnnpack", required_argument, NULL, 'x'},
      {"only-float", no_argument, NULL, 'f'},
      {"abort-in-prepare", no_argument, &option.abort_in_prepare, 1},
      {"abort-in-invoke", no_argument, &option.abort_in_invoke, 1},
      {"also", required_argument, NULL, 'o'},
      {"abort-after", required_argument, NULL, 'a'},
      {"own-threads", no_argument, &option.own_threads, 1},
      {"without-proc", no_argument, &option.without_proc, 1},
      {"tensors", no_argument, &option.tensors, 1},
      {"mallocs", no_argument, &option.mallocs, 1},
      {"allocate", no_argument, &option.allocate, 1},
      {0}};
  for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) switch (c) {
      case 0: break;
      case 'l': option.library = optarg; break;
      case 'm': add(option.models, &option.model_count); break;
      case 'n': option.invokes = atoi(optarg); break;
      case 'i': option.interpreters = atoi(optarg); break;
      case 't': option.threads = atoi(optarg); break;
      case 's': add(option.shapes, &option.shape_count); break;
      case 'r': option.rate = atoi(optarg); break;
      case 'b': option.sleep_before_ms = atoi(optarg); break;
      case 'z': option.sleep_us = atoi(optarg); break;
      case 'w': option.workers = atoi(optarg); break;
      case 'o': add(option.others, &option.other_count); break;
      case 'a': option.abort_after = atoi(optarg); break;
      case 'x': xnnpack.threads = atoi(optarg); break;
      case 'f': xnnpack.flags = 0; break;
      case 'u': option.spin_us = atoi(optarg); break;
      default: exit(2);
    }
  if (option.library == NULL || option.model_count == 0 || optind != argc) {
    fprintf(stderr,
            "usage: capi --library FILE --model FILE... [--invokes N] [--interpreters N] [--threads N]\n"
            "  --model FILE        may come again: interpreters run the models in turn\n"
            "  --interpreters N    create and destroy that many, one after the other, in each thread\n"
            "  --also FILE         load that library, too, first; may come again\n"
            "  --own-threads       each interpreter runs in a thread of its own, one after the other\n"
            "  --resize 1,64,64,3  shape of the first input; may come again: all invokes with each shape\n"
            "  --reload            unload the library and do everything once more\n"
            "  --fork              do it in a child process\n"
            "  --without-proc      first hide /proc from this process, as root\n"
            "  --wait              load the library, print \"ready\", wait for a line on stdin\n"
            "  --steps             print \"ready\" and do the invokes for each line on stdin, until it ends\n"
            "  --rate N            hold the invokes to N a second\n"
            "  --times             print \"invoke_ns\" and what each invoke took, on one line after the last one\n"
            "  --sleep-before MS   sleep after loading the library\n"
            "  --xnnpack THREADS   run what XNNPACK can in its delegate\n"
            "  --only-float        XNNPACK is to refuse quantized ops\n"
            "  --custom-op         register EdgexrayTestCustom, whose calls are timed in custom_ns\n"
            "  --custom-op-with-data  register it as a TfLiteOperator whose functions take user data\n"
            "  --spin US           it takes at least that long\n"
            "  --sleep US          it sleeps that long\n"
            "  --workers N         threads of each interpreter\n"
            "  --abort-in-prepare, --abort-in-invoke  it aborts there\n"
            "  --abort-after N     it aborts when it was called that often\n"
            "  --allocate          the custom op allocates\n"
            "  --mallocs           tell the preloaded library mallocs.c which ops run; without it nothing but set\n"
            "                      up alike, so that both allocate the same\n"
            "  --tensors           when all is done do the invokes once more, and print after each op\n"
            "                      \"tensors\", where the runtime has them and what the op made; for one interpreter\n");
    exit(2);
  }
}

int main(int argc, char** argv) {
  parse(argc, argv);
  if (option.without_proc) hide_proc();
  void* library = load();
  char version[32];
  snprintf(version, sizeof version, "%s", lite.TfLiteVersion());
  if (option.wait && !wait_for_line()) fail("wait", "stdin ended before a line came");
  usleep(option.sleep_before_ms * 1000);

  if (option.fork) {
    pid_t child = fork();
    if (child < 0) fail("fork", strerror(errno));
    if (child > 0) {
      int status;
      if (waitpid(child, &status, 0) < 0) fail("wait for child", strerror(errno));
      if (WIFSIGNALED(status)) fail("run child", strsignal(WTERMSIG(status)));
      return WEXITSTATUS(status);
    }
  }
  struct outcome outcome = {0};
  run_threads(&outcome);
  int unloaded = 0;
  if (option.reload) {
    dlclose(library);
    unloaded = dlopen(option.library, RTLD_NOLOAD | RTLD_NOW) == NULL;
    load();
    run_threads(&outcome);
  }
  print(&outcome, version, unloaded);
  return 0;
}
