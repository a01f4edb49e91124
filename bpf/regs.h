// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//
// Registers of the probed thread. The layouts are Linux's user-visible ones: struct pt_regs of x86-64
// (arch/x86/include/uapi/asm/ptrace.h) and struct user_pt_regs of arm64 (arch/arm64/include/uapi/asm/ptrace.h).
#pragma once

#if defined(__TARGET_ARCH_x86)
struct regs {
	u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};
_Static_assert(sizeof(struct regs) == 168, "pt_regs");
#define ARG0(r) ((r)->di)
#define ARG1(r) ((r)->si)
#define ARG2(r) ((r)->dx)
#define ARG3(r) ((r)->cx)
#define RESULT(r) ((r)->ax)
#define FP(r) ((r)->bp)
// At a function's entry. A frame record is the caller's frame pointer and, above it, the return address: that of a
// function itself lies right at its stack pointer at entry.
#define RETURN_ADDRESS(r, to) read_user(&to, sizeof(to), (r)->sp)
#define IS_KERNEL_RECORD(fp, next, op_sp) ((fp) + 8 == (op_sp))
#define IP(r) ((r)->ip)
#define SP(r) ((r)->sp)
// A return probe runs after `ret` has popped the return address.
#define SP_AT_ENTRY(r) ((r)->sp - 8)
#define SYSCALL_NR(r) ((r)->orig_ax)
#define SYSCALL_ARG1(r) ((r)->si)
#define SYSCALL_ARG2(r) ((r)->dx)
#define SYSCALL_ARG4(r) ((r)->r8)
#define NR_MMAP 9
#define IN_KERNEL(r) (((r)->cs & 3) == 0)
#elif defined(__TARGET_ARCH_arm64)
struct regs {
	u64 regs[31], sp, pc, pstate;
};
_Static_assert(sizeof(struct regs) == 272, "user_pt_regs");
#define ARG0(r) ((r)->regs[0])
#define ARG1(r) ((r)->regs[1])
#define ARG2(r) ((r)->regs[2])
#define ARG3(r) ((r)->regs[3])
#define RESULT(r) ((r)->regs[0])
#define FP(r) ((r)->regs[29])
// A frame record may lie anywhere in a frame: a function's own is the last one below its stack pointer at entry.
#define RETURN_ADDRESS(r, to) (to = (r)->regs[30])
#define IS_KERNEL_RECORD(fp, next, op_sp) ((next) >= (op_sp))
#define IP(r) ((r)->pc)
#define SP(r) ((r)->sp)
#define SP_AT_ENTRY(r) ((r)->sp)
#define SYSCALL_NR(r) ((r)->regs[8])
#define SYSCALL_ARG1(r) ((r)->regs[1])
#define SYSCALL_ARG2(r) ((r)->regs[2])
#define SYSCALL_ARG4(r) ((r)->regs[4])
#define NR_MMAP 222
#define IN_KERNEL(r) (((r)->pstate & 15) != 0)
#else
#error "architecture"
#endif
