// SPDX-License-Identifier: Apache-2.0
//
// Access to memory that may not be there, or not be writable. Linux copies within one process, too, and tells what isn't there
// instead of a signal. Where it doesn't let us (an older one, SELinux, a filter of system calls), the process's memory is
// read as a file, which takes three calls. Where there is no /proc either, Linux is asked for each page whether it is there.
#include "system.h"

static int refused; // copying within the process

static long copy_at(long call, long fd, word memory, word bytes, u64 offset)
{
#if defined(__arm__) // an offset is a pair of registers that begins at an even one
	return call6(call, fd, memory, bytes, 0, (word)offset, (word)(offset >> 32));
#else
	return call6(call, fd, memory, bytes, offset, 0, 0);
#endif
}

static long copy_as_file(long call, void *mine, word bytes, word there)
{
	long fd = call6(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR | O_CLOEXEC, 0, 0, 0);
	if (FAILED(fd))
		return fd;
	long n = copy_at(call, fd, (word)mine, bytes, there);
	call1(SYS_close, fd);
	return n;
}

HIDDEN int read_from_file(const char *path, u64 offset, word to, word bytes)
{
	long fd = call6(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (FAILED(fd))
		return 0;
	for (long n; bytes; bytes -= n, to += n, offset += n) {
		n = copy_at(SYS_pread64, fd, untagged(to), bytes, offset);
		if (FAILED(n) || n == 0)
			break;
	}
	call1(SYS_close, fd);
	return bytes == 0;
}

#define PAGE 4096 // the smallest there is; larger ones are multiples

enum { NO_SUCH_WAY = -1, SIGNAL_SET_BYTES = 8 };

// rt_sigprocmask reads the set of signals before it refuses to do something unknown with it.
static int is_readable(word from, word bytes)
{
	if (from + bytes < from) // beyond the last address
		return 0;
	for (word at = from & ~(word)(SIGNAL_SET_BYTES - 1); at < from + bytes; at = (at & ~(word)(PAGE - 1)) + PAGE)
		if (call6(SYS_rt_sigprocmask, NO_SUCH_WAY, at, NULL, SIGNAL_SET_BYTES, 0, 0) != -EINVAL)
			return 0;
	return 1;
}

HIDDEN int read_memory(void *to, const void *from, word bytes)
{
	struct piece mine = { (word)to, bytes }, there = { untagged((word)from), bytes };
	if (!refused) {
		long n = call6(SYS_process_vm_readv, call0(SYS_getpid), &mine, 1, &there, 1, 0);
		if (!FAILED(n) || n == -EFAULT)
			return n == (long)bytes;
		refused = 1;
	}
	long n = copy_as_file(SYS_pread64, to, bytes, there.at);
	if (!FAILED(n) || n == -EIO || n == -EFAULT)
		return n == (long)bytes;
	if (!is_readable(there.at, bytes))
		return 0;
	memcpy(to, from, bytes);
	return 1;
}

HIDDEN int read_pieces(void *to, const struct piece *pieces, word count)
{
	struct piece mine = { (word)to, 0 };
	for (word i = 0; i < count; i++)
		mine.bytes += pieces[i].bytes;
	if (!refused) {
		long n = call6(SYS_process_vm_readv, call0(SYS_getpid), &mine, 1, pieces, count, 0);
		if (!FAILED(n) || n == -EFAULT)
			return n == (long)mine.bytes;
	}
	for (const struct piece *p = pieces; p < pieces + count; p++) {
		if (!read_memory(to, (void *)p->at, p->bytes))
			return 0;
		to = (char *)to + p->bytes;
	}
	return 1;
}

static int protect(word at, int how)
{
	for (word page = PAGE; page <= 65536; page *= 4)
		if (!FAILED(call3(SYS_mprotect, at & ~(page - 1), page, how)))
			return 1;
	return 0;
}

HIDDEN int write_word(word *at, word value)
{
	struct piece mine = { (word)&value, sizeof(value) }, there = { untagged((word)at), sizeof(value) };
	long n = refused ? -EPERM : call6(SYS_process_vm_writev, call0(SYS_getpid), &mine, 1, &there, 1, 0);
	if (n == (long)sizeof(value))
		return 1;
	if (n != -EFAULT && copy_as_file(SYS_pwrite64, &value, sizeof(value), there.at) == (long)sizeof(value))
		return 1; // also where it is read-only
	if (!is_readable(there.at, sizeof(value)) || !protect(there.at, PROT_READ | PROT_WRITE))
		return 0;
	store(at, value);
	if (n == -EFAULT) // it was read-only, as the dynamic linker had left it; otherwise nobody has told
		protect(there.at, PROT_READ);
	return 1;
}
