// The program that the cost of a probe hit is measured on: it calls functions that begin with the instructions Linux
// treats differently, and times them. They look like the kernels of a model, so that the real BPF programs do all their
// work: a tflite::Subgraph of one node per function, in the layout of TFLite 2.14 and later (package tflite).
//
// It reads struct request from standard input, answers each with the nanoseconds the calls took (a u64), and ends with
// its input. Freestanding: no libc, so that the committed binaries are small and the same wherever they are built.

typedef unsigned char u8;
typedef unsigned int u32;
typedef int s32;
typedef long s64;
typedef unsigned long u64;

struct request {
	u32 kernel; // index in kernels
	u32 calls;
};

#if defined(__x86_64__)
enum { READ = 0, WRITE = 1, CLOCK_GETTIME = 228, EXIT_GROUP = 231 };

static s64 system_call(s64 number, s64 a, s64 b, s64 c)
{
	s64 result;
	asm volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return result;
}

// Linux enters with the stack aligned as for a caller, a function expects it as after a call.
asm(".globl _start; _start: xor %ebp, %ebp; call run; ud2");

#define BODIES(KERNEL)                                                                \
	KERNEL(push, "push %rbp; pop %rbp; xor %eax, %eax; ret")                      \
	KERNEL(nop, ".byte 0x0f, 0x1f, 0x40, 0x00; xor %eax, %eax; ret")              \
	KERNEL(jump, "jmp 1f; 1: xor %eax, %eax; ret")                                \
	KERNEL(lea, "lea 0x8(%rdi), %rax; xor %eax, %eax; ret")
#elif defined(__aarch64__)
enum { READ = 63, WRITE = 64, CLOCK_GETTIME = 113, EXIT_GROUP = 94 };

static s64 system_call(s64 number, s64 a, s64 b, s64 c)
{
	register s64 x8 asm("x8") = number, x0 asm("x0") = a, x1 asm("x1") = b, x2 asm("x2") = c;
	asm volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
}

asm(".globl _start; _start: mov x29, xzr; mov x30, xzr; bl run; brk #1");

#define BODIES(KERNEL)                                                                \
	KERNEL(page_address, "adrp x8, _start; mov w0, wzr; ret")                     \
	KERNEL(nop, "nop; mov w0, wzr; ret")                                          \
	KERNEL(frame, "sub sp, sp, #16; add sp, sp, #16; mov w0, wzr; ret")           \
	KERNEL(frame_record, "stp x29, x30, [sp, #-16]!; ldp x29, x30, [sp], #16; mov w0, wzr; ret")
#else
#error "architecture"
#endif

struct context;
struct node;
typedef s32 kernel_function(struct context *, struct node *);

// Go finds the functions by their names' beginning, in the order of their addresses. They are hidden because lld 16
// otherwise reads their addresses from beyond the end of the table it makes for them.
#define DEFINE(name, body) asm(".balign 16; .type kernel_" #name ", @function; kernel_" #name ": " body "; .size kernel_" #name ", . - kernel_" #name);
#define DECLARE(name, body) __attribute__((visibility("hidden"))) kernel_function kernel_##name;
#define LIST(name, body) kernel_##name,
BODIES(DEFINE)
BODIES(DECLARE)
static kernel_function *const kernels[] = { BODIES(LIST) };
#define KERNELS (sizeof(kernels) / sizeof(kernels[0]))

struct int_array {
	s32 size, values[1];
};

struct tensor { // TfLiteTensor
	s32 type;
	void *data;
	struct int_array *dims;
	float scale;
	s32 zero_point;
	s32 allocation_type;
	u64 bytes;
	void *allocation;
	const char *name;
	void *delegate;
	s32 buffer_handle;
	u8 data_is_stale, is_variable;
	s32 quantization_type;
	void *quantization_params, *sparsity;
	struct int_array *dims_signature;
};
_Static_assert(sizeof(struct tensor) == 112, "TfLiteTensor");

struct node { // std::pair<TfLiteNode, TfLiteRegistration>
	struct int_array *inputs, *outputs, *intermediates, *temporaries;
	void *user_data, *builtin_data, *custom_initial_data;
	s32 custom_initial_data_size;
	void *delegate;
	u8 might_have_side_effect;
	struct {
		void *init, *free, *prepare;
		kernel_function *invoke;
		void *profiling_string;
		s32 builtin_code;
		const char *custom_name;
		s32 version;
		void *registration_external, *async_kernel;
		u64 inplace_operator;
	} registration;
};
_Static_assert(sizeof(struct node) == 168, "node and registration");

struct vector {
	void *begin, *end, *capacity;
};

struct subgraph { // tflite::Subgraph
	void *vtable;
	struct vector tensors;
	s32 state;
	struct context { // TfLiteContext
		u64 tensors_size;
		void *get_execution_plan;
		struct tensor *tensors;
		struct subgraph *impl;
		void *functions[21];
	} context;
	void *external_contexts, *registration_externals[2];
	struct vector nodes;
	u8 rest[1024]; // what the BPF program copies, at least
};
_Static_assert(sizeof(struct context) == 200, "TfLiteContext");
_Static_assert(__builtin_offsetof(struct subgraph, context) == 40, "context_");
_Static_assert(__builtin_offsetof(struct subgraph, nodes) == 264, "nodes_and_registration_");

static float data[2];
static struct int_array shape = { 1, { 1 } }, input = { 1, { 0 } }, output = { 1, { 1 } }, none;
static struct tensor tensors[2];
static struct node nodes[KERNELS];
static struct subgraph subgraph;

enum { FLOAT32 = 1, ARENA = 2, CUSTOM = 32, INVOKABLE = 1 };

static void build(void)
{
	for (int i = 0; i < 2; i++) {
		struct tensor *t = &tensors[i];
		t->type = FLOAT32;
		t->data = &data[i];
		t->dims = t->dims_signature = &shape;
		t->allocation_type = ARENA;
		t->bytes = sizeof(float);
		t->name = i ? "output" : "input";
	}
	for (unsigned i = 0; i < KERNELS; i++) {
		struct node *n = &nodes[i];
		n->inputs = &input;
		n->outputs = &output;
		n->intermediates = n->temporaries = &none;
		n->registration.invoke = kernels[i];
		n->registration.builtin_code = CUSTOM;
		n->registration.custom_name = "edgexray_calibration";
		n->registration.version = 1;
	}
	subgraph.tensors = (struct vector){ tensors, tensors + 2, tensors + 2 };
	subgraph.state = INVOKABLE;
	subgraph.context.tensors_size = 2;
	subgraph.context.tensors = tensors;
	subgraph.context.impl = &subgraph;
	subgraph.nodes = (struct vector){ nodes, nodes + KERNELS, nodes + KERNELS };
}

static u64 now(void)
{
	s64 time[2];
	system_call(CLOCK_GETTIME, 1 /* CLOCK_MONOTONIC */, (s64)time, 0);
	return time[0] * 1000000000UL + time[1];
}

__attribute__((noreturn)) void run(void)
{
	struct request request;
	build();
	while (system_call(READ, 0, (s64)&request, sizeof(request)) == sizeof(request) && request.kernel < KERNELS) {
		struct node *node = &nodes[request.kernel];
		u64 start = now();
		for (u32 i = 0; i < request.calls; i++)
			node->registration.invoke(&subgraph.context, node);
		u64 duration = now() - start;
		if (system_call(WRITE, 1, (s64)&duration, sizeof(duration)) != sizeof(duration))
			break;
	}
	for (;;)
		system_call(EXIT_GROUP, 0, 0, 0);
}
