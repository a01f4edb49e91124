// SPDX-License-Identifier: Apache-2.0
//
// Where the app meets the shim: when it is loaded, when libraries may have come, and when kernels are made or prepared. It
// needs nothing of any other library, so that one object works with glibc, musl and bionic, and may run before them.
#include "graph.h"

static word real_dlopen, real_dlsym, real_dlvsym, real_android, real_dlclose;
static u32 opened;   // counts loads that have begun
static u32 searched; // what it was when libraries were last searched

// Threads that are loading: what they load can only be searched when they come back and ask for its symbols.
#define LOADING 64
static u32 loading[LOADING];

static void begins_loading(void)
{
	u32 me = call0(SYS_gettid);
	add(&opened, 1);
	for (u32 i = 0; i < LOADING; i++) {
		u32 free = 0;
		if (load(&loading[i]) == me || swap_if(&loading[i], &free, me))
			return;
	}
}

static int has_loaded(void)
{
	u32 me = call0(SYS_gettid);
	for (u32 i = 0; i < LOADING; i++) {
		u32 mine = me;
		if (swap_if(&loading[i], &mine, 0))
			return 1;
	}
	return 0;
}

static void search_if_new(void)
{
	u32 now_opened = load(&opened);
	if (!recording() || (!has_loaded() && now_opened == load(&searched)))
		return;
	store(&searched, now_opened);
	notice_fork();
	search_libraries();
}

static word resolved(word *real, const char *name)
{
	if (*real == 0)
		*real = next_symbol(name);
	return *real;
}

// These run before the function of the same name, which is then called as if the app had called it: the linker looks at where
// a call comes from. So libraries that a call loads are searched when the next one comes: to use them it takes dlsym.
HIDDEN word before_dlopen(void)
{
	search_if_new();
	begins_loading();
	return resolved(&real_dlopen, "dlopen");
}

HIDDEN word before_android_dlopen_ext(void)
{
	search_if_new();
	begins_loading();
	return resolved(&real_android, "android_dlopen_ext");
}

HIDDEN word before_dlsym(void)
{
	search_if_new();
	return resolved(&real_dlsym, "dlsym");
}

HIDDEN word before_dlvsym(void)
{
	search_if_new();
	return resolved(&real_dlvsym, "dlvsym");
}

HIDDEN word before_dlclose(void)
{
	begins_loading(); // what comes next may lie where this one was
	return resolved(&real_dlclose, "dlclose");
}

// A runtime or a delegate that prepares to run asks for aligned memory: the moment to look at what was built.
static word before_allocation(word *real, const char *name)
{
	if (quiet_subgraphs && recording())
		reach_quiet();
	return resolved(real, name);
}

HIDDEN word before_posix_memalign(void)
{
	static word real;
	return before_allocation(&real, "posix_memalign");
}

HIDDEN word before_aligned_alloc(void)
{
	static word real;
	return before_allocation(&real, "aligned_alloc");
}

HIDDEN word before_memalign(void)
{
	static word real;
	return before_allocation(&real, "memalign");
}

// Other allocations are many: only between a subgraph's kernels being prepared and its first op, or while its nodes are made.
HIDDEN word before_malloc(void)
{
	static word real;
	if (expecting && recording())
		reach_quiet();
	return resolved(&real, "malloc");
}

// Calls before_NAME, then goes on to what it returns with the arguments and the return address that the app's call has.
#if defined(__x86_64__)
#define HOOK(name) \
	__asm__(".text\n.globl " #name "\n.type " #name ", @function\n" #name ":\n" \
		".cfi_startproc\n	endbr64\n" \
		"	pushq %rdi\n .cfi_adjust_cfa_offset 8\n	pushq %rsi\n .cfi_adjust_cfa_offset 8\n" \
		"	pushq %rdx\n .cfi_adjust_cfa_offset 8\n" \
		"	call before_" #name "\n" \
		"	popq %rdx\n .cfi_adjust_cfa_offset -8\n	popq %rsi\n .cfi_adjust_cfa_offset -8\n" \
		"	popq %rdi\n .cfi_adjust_cfa_offset -8\n" \
		"	testq %rax, %rax\n	je 1f\n	jmp *%rax\n1:	ret\n" \
		".cfi_endproc\n.size " #name ", . - " #name "\n")
#elif defined(__aarch64__)
#define HOOK(name) \
	__asm__(".text\n.globl " #name "\n.type " #name ", @function\n" #name ":\n" \
		".cfi_startproc\n	hint #34\n" \
		"	stp x29, x30, [sp, #-48]!\n .cfi_def_cfa_offset 48\n .cfi_offset 29, -48\n .cfi_offset 30, -40\n" \
		"	stp x0, x1, [sp, #16]\n	str x2, [sp, #32]\n" \
		"	bl before_" #name "\n	mov x16, x0\n" \
		"	ldp x0, x1, [sp, #16]\n	ldr x2, [sp, #32]\n" \
		"	ldp x29, x30, [sp], #48\n .cfi_def_cfa_offset 0\n .cfi_restore 29\n .cfi_restore 30\n" \
		"	cbz x16, 1f\n	br x16\n1:	mov x0, #0\n	ret\n" \
		".cfi_endproc\n.size " #name ", . - " #name "\n")
#elif defined(__arm__)
#define HOOK(name) \
	__asm__(".text\n.arm\n.globl " #name "\n.type " #name ", %function\n" #name ":\n.fnstart\n" \
		"	push {r0-r3, r4, lr}\n	bl before_" #name "\n	mov r12, r0\n" \
		"	pop {r0-r3, r4, lr}\n	cmp r12, #0\n	moveq r0, #0\n	bxeq lr\n	bx r12\n" \
		".cantunwind\n.fnend\n.size " #name ", . - " #name "\n")
#endif
HOOK(dlopen);
HOOK(android_dlopen_ext);
HOOK(dlsym);
HOOK(dlvsym);
HOOK(dlclose);
HOOK(posix_memalign);
HOOK(aligned_alloc);
HOOK(memalign);
HOOK(malloc);

#define PROOFS 8 // calls that must not be a kernel's before a function counts as none

HIDDEN u32 prove(struct thunk *thunk, word first, word second)
{
	word words[9];
	if (thunk->proof)
		return thunk->proof == PROOF_KERNEL;
	if (shared && valid_context((void *)first) &&
	    (thunk->role == ROLE_INIT || read_memory(words, (void *)second, sizeof(words)))) {
		thunk->proof = PROOF_KERNEL;
		return 1;
	}
	if (++thunk->failures >= PROOFS)
		thunk->proof = PROOF_OTHER;
	if (shared)
		count(NOT_KERNELS, 1);
	return 0;
}

static struct open_op enter(struct open_op *open, const struct subgraph *g, s32 index, s32 code, enum phase phase)
{
	struct open_op before = *open;
	open->index = index;
	open->code = code;
	open->subgraph = g && !g->stale ? g->id : 0;
	open->phase = phase;
	return before;
}

static void name_op(struct open_op *open, const char *name)
{
	word n = 0;
	for (; name && name[n] && n < sizeof(open->name) - 1; n++)
		open->name[n] = name[n];
	open->name[n] = 0;
}

static void leave(struct open_op *open, const struct open_op *before)
{
	open->index = before->index;
	open->code = before->code;
	open->subgraph = before->subgraph;
	open->phase = before->phase;
}

// What is to be done when a node has been prepared.
struct preparing {
	struct thread *thread; // NULL: nothing
	struct subgraph *undisguised;
	struct open_op before;
};

// A delegate may come when all of a subgraph's nodes are prepared: also when it was applied already, and the app has resized
// an input since.
static void disguise_while_preparing(struct preparing *p, struct subgraph *g, s32 index, s32 code)
{
	if (index == g->prepared)
		disguise(g);
	if (code < OP_STABLEHLO_FIRST || code > OP_STABLEHLO_LAST)
		return;
	undisguise(g);
	p->undisguised = g;
}

static struct preparing begin_preparing(struct context *context, struct node *node)
{
	struct preparing p = {};
	struct subgraph *g = recording() ? subgraph_of(context) : NULL;
	struct thread *t = g ? thread_of(call0(SYS_gettid)) : NULL;
	if (t == NULL || !locate(g, node))
		return p;
	s32 index = index_of(g, node);
	store(&g->thread_at_work, t->tid);
	if (g->prepared < 0)
		g->prepared = index;
	reach_nodes(g);
	g->nodes[index].stale = 1;
	if (g->quiet)
		expect();
	s32 code = code_of(g, index);
	if (shared->selection.keep_delegates_out)
		disguise_while_preparing(&p, g, index, code);
	p.thread = t;
	p.before = enter(t->open, g, index, code, PHASE_PREPARE);
	name_op(t->open, registration_of(g, node)->custom_name);
	return p;
}

static void end_preparing(const struct preparing *p)
{
	if (p->thread == NULL)
		return;
	if (p->undisguised)
		disguise_all(p->undisguised);
	leave(p->thread->open, &p->before);
}

HIDDEN s32 on_prepare(struct context *context, struct node *node, word unused, struct thunk *thunk)
{
	struct preparing p = begin_preparing(context, node);
	s32 status = ((kernel_function *)thunk->original)(context, node);
	end_preparing(&p);
	return status;
}

// Of an op that was registered through the opaque C API.
HIDDEN s32 on_prepare_with_data(void *data, struct context *context, struct node *node, struct thunk *thunk)
{
	struct preparing p = begin_preparing(context, node);
	s32 status = ((kernel_function_with_data *)thunk->original)(data, context, node);
	end_preparing(&p);
	return status;
}

// What was at this address is gone.
static void begin_anew(struct subgraph *g)
{
	g->stale = 1;
	g->prepared = -1;
}

HIDDEN void *on_init(struct context *context, const char *buffer, word bytes, struct thunk *thunk)
{
	void *(*init)(struct context *, const char *, word) = (void *(*)(struct context *, const char *, word))thunk->original;
	struct thread *t = recording() ? thread_of(call0(SYS_gettid)) : NULL;
	if (t == NULL)
		return init(context, buffer, bytes);
	struct subgraph *g = subgraph_of(context);
	if (g) {
		store(&g->thread_at_work, t->tid);
		if (g->prepared >= 0)
			each_sibling(g, begin_anew); // the interpreter has all of them by now, and some may have no op with an init
		begin_anew(g);
		make_quiet(g);
		if (shared->selection.keep_delegates_out) {
			expect();
			disguise(g);
		}
	}
	struct open_op before = enter(t->open, g, -1, -1, PHASE_INIT);
	void *data = init(context, buffer, bytes);
	leave(t->open, &before);
	return data;
}

__attribute__((constructor)) static void begin(void)
{
	find_clock();
	if (!attach())
		return;
	attach_replay();
	describe_process(call0(SYS_gettid));
	search_libraries();
}
