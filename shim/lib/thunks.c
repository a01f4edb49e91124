// SPDX-License-Identifier: Apache-2.0
#include "thunks.h"
#include "ring.h"

HIDDEN struct thunk thunks[THUNKS];
extern HIDDEN char thunk_code[];

// Every thunk loads its number into a register that holds no argument, and goes on to thunk_common. That calls the handler
// of a kernel, and leaves all other registers as they are. While it is not proven what the function is, prove decides;
// whatever isn't a kernel's is called with all the arguments that its caller passed.
#define TEXT(x) TEXT2(x)
#define TEXT2(x) #x

#if defined(__x86_64__)
__asm__(".text\n"
	".p2align 4\n"
	".hidden thunk_code\n"
	"thunk_code:\n"
	".cfi_startproc\n"
	".set i, 0\n"
	".rept " TEXT(THUNKS) "\n"
	".p2align 4\n"
	"	endbr64\n"
	"	movl $i, %r11d\n"
	"	jmp thunk_common\n"
	".set i, i+1\n"
	".endr\n"
	"thunk_common:\n"
	"	shlq $5, %r11\n"
	"	leaq thunks(%rip), %r10\n"
	"	addq %r11, %r10\n"
	"	cmpb $1, 16(%r10)\n"
	"	jne 1f\n"
	"0:	movq %r10, %rcx\n"
	"	jmp *8(%r10)\n"
	"1:	cmpb $0, 16(%r10)\n"
	"	jne 2f\n"
	"	pushq %rax\n .cfi_adjust_cfa_offset 8\n"
	"	pushq %rdi\n .cfi_adjust_cfa_offset 8\n"
	"	pushq %rsi\n .cfi_adjust_cfa_offset 8\n"
	"	pushq %rdx\n .cfi_adjust_cfa_offset 8\n"
	"	pushq %rcx\n .cfi_adjust_cfa_offset 8\n"
	"	pushq %r8\n .cfi_adjust_cfa_offset 8\n"
	"	pushq %r9\n .cfi_adjust_cfa_offset 8\n"
	"	pushq %r10\n .cfi_adjust_cfa_offset 8\n"
	"	subq $136, %rsp\n .cfi_adjust_cfa_offset 136\n"
	"	movups %xmm0, (%rsp)\n"
	"	movups %xmm1, 16(%rsp)\n"
	"	movups %xmm2, 32(%rsp)\n"
	"	movups %xmm3, 48(%rsp)\n"
	"	movups %xmm4, 64(%rsp)\n"
	"	movups %xmm5, 80(%rsp)\n"
	"	movups %xmm6, 96(%rsp)\n"
	"	movups %xmm7, 112(%rsp)\n"
	"	movq %rsi, %rdx\n"
	"	movq %rdi, %rsi\n"
	"	movq %r10, %rdi\n"
	"	call prove\n"
	"	movl %eax, %r11d\n"
	"	movups (%rsp), %xmm0\n"
	"	movups 16(%rsp), %xmm1\n"
	"	movups 32(%rsp), %xmm2\n"
	"	movups 48(%rsp), %xmm3\n"
	"	movups 64(%rsp), %xmm4\n"
	"	movups 80(%rsp), %xmm5\n"
	"	movups 96(%rsp), %xmm6\n"
	"	movups 112(%rsp), %xmm7\n"
	"	addq $136, %rsp\n .cfi_adjust_cfa_offset -136\n"
	"	popq %r10\n .cfi_adjust_cfa_offset -8\n"
	"	popq %r9\n .cfi_adjust_cfa_offset -8\n"
	"	popq %r8\n .cfi_adjust_cfa_offset -8\n"
	"	popq %rcx\n .cfi_adjust_cfa_offset -8\n"
	"	popq %rdx\n .cfi_adjust_cfa_offset -8\n"
	"	popq %rsi\n .cfi_adjust_cfa_offset -8\n"
	"	popq %rdi\n .cfi_adjust_cfa_offset -8\n"
	"	popq %rax\n .cfi_adjust_cfa_offset -8\n"
	"	testl %r11d, %r11d\n"
	"	jne 0b\n"
	"2:	jmp *(%r10)\n"
	".cfi_endproc\n");
#elif defined(__aarch64__)
__asm__(".text\n"
	".p2align 4\n"
	".hidden thunk_code\n"
	"thunk_code:\n"
	".cfi_startproc\n"
	".set i, 0\n"
	".rept " TEXT(THUNKS) "\n"
	".p2align 4\n"
	"	hint #34\n" // bti c
	"	mov w16, #i\n"
	"	b thunk_common\n"
	".set i, i+1\n"
	".endr\n"
	"thunk_common:\n"
	"	adrp x17, thunks\n"
	"	add x17, x17, :lo12:thunks\n"
	"	add x16, x17, x16, lsl #5\n"
	"	ldrb w17, [x16, #16]\n"
	"	cmp w17, #1\n"
	"	b.ne 1f\n"
	"0:	mov x3, x16\n"
	"	ldr x17, [x16, #8]\n"
	"	br x17\n"
	"1:	cbnz w17, 2f\n"
	"	stp x29, x30, [sp, #-224]!\n"
	"	.cfi_def_cfa_offset 224\n .cfi_offset 29, -224\n .cfi_offset 30, -216\n"
	"	stp x0, x1, [sp, #16]\n"
	"	stp x2, x3, [sp, #32]\n"
	"	stp x4, x5, [sp, #48]\n"
	"	stp x6, x7, [sp, #64]\n"
	"	stp x8, x16, [sp, #80]\n"
	"	stp q0, q1, [sp, #96]\n"
	"	stp q2, q3, [sp, #128]\n"
	"	stp q4, q5, [sp, #160]\n"
	"	stp q6, q7, [sp, #192]\n"
	"	mov x2, x1\n"
	"	mov x1, x0\n"
	"	mov x0, x16\n"
	"	bl prove\n"
	"	mov w17, w0\n"
	"	ldp q0, q1, [sp, #96]\n"
	"	ldp q2, q3, [sp, #128]\n"
	"	ldp q4, q5, [sp, #160]\n"
	"	ldp q6, q7, [sp, #192]\n"
	"	ldp x0, x1, [sp, #16]\n"
	"	ldp x2, x3, [sp, #32]\n"
	"	ldp x4, x5, [sp, #48]\n"
	"	ldp x6, x7, [sp, #64]\n"
	"	ldp x8, x16, [sp, #80]\n"
	"	ldp x29, x30, [sp], #224\n"
	"	.cfi_def_cfa_offset 0\n .cfi_restore 29\n .cfi_restore 30\n"
	"	cbnz w17, 0b\n"
	"2:	ldr x17, [x16]\n"
	"	br x17\n"
	".cfi_endproc\n");
#elif defined(__arm__)
__asm__(".text\n"
	".arm\n"
	".p2align 4\n"
	".hidden thunk_code\n"
	"thunk_code:\n"
	".fnstart\n"
	".set i, 0\n"
	".rept " TEXT(THUNKS) "\n"
	".p2align 4\n"
	"	movw r12, #i\n"
	"	b thunk_common\n"
	".set i, i+1\n"
	".endr\n"
	"thunk_common:\n"
	"	push {r0-r4, lr}\n"
	"	vpush {d0-d7}\n"
	"	ldr r4, 3f\n"
	"4:	add r4, pc, r4\n"
	"	add r4, r4, r12, lsl #4\n"
	"	ldrb r0, [r4, #8]\n"
	"	cmp r0, #0\n"
	"	bne 1f\n"
	"	mov r0, r4\n"
	"	ldr r1, [sp, #64]\n"
	"	ldr r2, [sp, #68]\n"
	"	bl prove\n"
	"1:	cmp r0, #1\n"
	"	mov r12, r4\n"
	"	vpop {d0-d7}\n"
	"	pop {r0-r4, lr}\n"
	"	ldrne r12, [r12]\n"
	"	moveq r3, r12\n"
	"	ldreq r12, [r12, #4]\n"
	"	bx r12\n"
	"3:	.word thunks - (4b + 8)\n"
	".cantunwind\n"
	".fnend\n");
#endif


static word handler_of(enum role role)
{
	switch (role) {
	case ROLE_INVOKE: return (word)on_invoke;
	case ROLE_INVOKE_WITH_DATA: return (word)on_invoke_with_data;
	case ROLE_PREPARE: return (word)on_prepare;
	case ROLE_PREPARE_WITH_DATA: return (word)on_prepare_with_data;
	default: return (word)on_init;
	}
}

HIDDEN struct thunk *thunk_at(word address)
{
	word offset = address - (word)thunk_code;
	return offset < THUNKS * THUNK_BYTES ? &thunks[offset / THUNK_BYTES] : NULL;
}

#define FORGOTTEN 1 // instead of a function: others behind it in the table may have been put there because of it

static u32 table_lock;

static struct thunk *take(struct thunk *t, word function, enum role role)
{
	t->proof = PROOF_NONE;
	t->failures = 0;
	t->role = role;
	t->handler = handler_of(role);
	store(&t->original, function);
	return t;
}

// A hash table with open addresses. What a function is doesn't change while it is mapped.
static struct thunk *find(word function, enum role role)
{
	struct thunk *forgotten = NULL;
	u32 at = (u32)((function >> 2) * 2654435761u) % THUNKS;
	for (u32 tried = 0; tried < THUNKS; tried++, at = (at + 1) % THUNKS) {
		struct thunk *t = &thunks[at];
		if (t->original == function && t->role == role)
			return t;
		if (t->original == FORGOTTEN && forgotten == NULL)
			forgotten = t;
		if (t->original == 0)
			return take(forgotten ? forgotten : t, function, role);
	}
	return forgotten ? take(forgotten, function, role) : NULL;
}

HIDDEN word thunk_for(word function, enum role role)
{
	if (thunk_at(function))
		return function;
	if (!lock(&table_lock))
		return 0;
	struct thunk *t = find(function, role);
	unlock(&table_lock);
	if (t == NULL) {
		count(NO_THUNK, 1);
		return 0;
	}
	return (word)thunk_code + (t - thunks) * THUNK_BYTES;
}

HIDDEN void forget_thunks(word start, word end)
{
	if (!lock(&table_lock))
		return;
	for (u32 i = 0; i < THUNKS; i++)
		if (thunks[i].original >= start && thunks[i].original < end)
			store(&thunks[i].original, FORGOTTEN);
	unlock(&table_lock);
}
