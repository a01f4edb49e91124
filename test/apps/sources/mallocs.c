// A preloaded library that counts what ops allocate, on glibc: another way to
// what a profiler finds out. The app tells it when an op begins and ends on a
// thread. It prints a line for each node that allocated anything, when the
// process ends.

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
void __libc_free(void*);

#define SUBGRAPHS 16
#define NODES 1024
#define DEPTH 8
#define THREADS 64
#define BLOCKS (1 << 16)

struct sums {
  uint64_t bytes, count, kept, peak;
};

struct op {
  int subgraph, node;
  uint64_t began;  // as clock
  struct sums sums;
  int64_t live;
};

struct thread {
  int depth;
  struct op open[DEPTH];
};

// A block that was allocated in an op. Removed ones keep their address, so that
// those behind them are found.
struct block {
  uintptr_t address;
  uint64_t bytes, time;
  struct thread* thread;  // NULL: removed
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t clock_now;
static struct sums sums[SUBGRAPHS][NODES];
static struct block blocks[BLOCKS];
// Threads' own memory goes with them, but what they allocated may be freed later.
static struct thread threads[THREADS];
static int thread_count;
static __thread struct thread* here __attribute__((tls_model("initial-exec")));

static void give_up(const char* why) {
  dprintf(2, "mallocs: %s\n", why);
  abort();
}

static struct block* find(uintptr_t address) {
  for (size_t i = 0; i < BLOCKS; i++) {
    struct block* b = &blocks[(address / 16 + i) % BLOCKS];
    if (b->address == address || b->address == 0) return b;
  }
  give_up("too many blocks");
  return NULL;
}

static void hold(struct thread* thread, uint64_t time, int64_t bytes) {
  for (int i = 0; i < thread->depth && thread->open[i].began < time; i++) {
    struct op* op = &thread->open[i];
    op->live += bytes;
    if (op->live > (int64_t)op->sums.peak) op->sums.peak = op->live;
  }
}

static void freed(void* address) {
  if (address == NULL) return;
  pthread_mutex_lock(&lock);
  struct block* b = find((uintptr_t)address);
  if (b->thread != NULL) {
    hold(b->thread, b->time, -(int64_t)b->bytes);
    b->thread = NULL;
  }
  pthread_mutex_unlock(&lock);
}

static void* allocated(void* address, size_t bytes) {
  if (address == NULL || here == NULL || here->depth == 0) return address;
  pthread_mutex_lock(&lock);
  uint64_t time = ++clock_now;
  *find((uintptr_t)address) = (struct block){(uintptr_t)address, bytes, time, here};
  hold(here, time, bytes);
  for (int i = 0; i < here->depth; i++) {
    here->open[i].sums.bytes += bytes;
    here->open[i].sums.count++;
  }
  pthread_mutex_unlock(&lock);
  return address;
}

void mallocs_begin(int subgraph, int node) {
  if (here == NULL) {
    int i = __sync_fetch_and_add(&thread_count, 1);
    if (i >= THREADS) give_up("too many threads");
    here = &threads[i];
  }
  if (here->depth == DEPTH || subgraph >= SUBGRAPHS || node >= NODES) give_up("too many ops");
  pthread_mutex_lock(&lock);
  here->open[here->depth++] = (struct op){.subgraph = subgraph, .node = node, .began = clock_now++};
  pthread_mutex_unlock(&lock);
}

void mallocs_end(void) {
  pthread_mutex_lock(&lock);
  struct op* op = &here->open[--here->depth];
  struct sums* s = &sums[op->subgraph][op->node];
  s->bytes += op->sums.bytes;
  s->count += op->sums.count;
  s->kept += op->live;
  if (op->sums.peak > s->peak) s->peak = op->sums.peak;
  pthread_mutex_unlock(&lock);
}

__attribute__((destructor)) static void print(void) {
  for (int i = 0; i < SUBGRAPHS; i++)
    for (int j = 0; j < NODES; j++) {
      struct sums* s = &sums[i][j];
      if (s->count > 0)
        dprintf(1, "mallocs {\"subgraph\":%d,\"node\":%d,\"bytes\":%lu,\"count\":%lu,\"kept\":%lu,\"peak\":%lu}\n", i, j,
                s->bytes, s->count, s->kept, s->peak);
    }
}

void* malloc(size_t bytes) { return allocated(__libc_malloc(bytes), bytes); }
void* calloc(size_t n, size_t bytes) { return allocated(__libc_calloc(n, bytes), n * bytes); }
void* memalign(size_t alignment, size_t bytes) { return allocated(__libc_memalign(alignment, bytes), bytes); }
void* aligned_alloc(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }

int posix_memalign(void** out, size_t alignment, size_t bytes) {
  void* address = memalign(alignment, bytes);
  if (address == NULL) return ENOMEM;
  *out = address;
  return 0;
}

void* realloc(void* old, size_t bytes) {
  freed(old);
  return allocated(__libc_realloc(old, bytes), bytes);
}

void free(void* address) {
  freed(address);
  __libc_free(address);
}

void* mmap(void* address, size_t bytes, int protection, int flags, int file, off_t offset) {
  void* result = (void*)syscall(SYS_mmap, address, bytes, protection, flags, file, offset);
  if (result != MAP_FAILED && flags & MAP_ANONYMOUS) allocated(result, bytes);
  return result;
}

int munmap(void* address, size_t bytes) {
  freed(address);
  return syscall(SYS_munmap, address, bytes);
}
