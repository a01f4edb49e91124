// A preloaded library with an allocator of its own, which has nothing of
// libc's: it gives out one piece of memory after the other, and takes none back.

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ALIGNMENT 16

static char memory[1 << 29] __attribute__((aligned(4096)));
static size_t used;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// Each block has its size right before it.
void* aligned_alloc(size_t alignment, size_t bytes) {
  if (alignment < ALIGNMENT) alignment = ALIGNMENT;
  pthread_mutex_lock(&lock);
  size_t at = (used + sizeof(size_t) + alignment - 1) & -alignment;
  int fits = bytes < sizeof memory && at + bytes <= sizeof memory;
  if (fits) used = at + bytes;
  pthread_mutex_unlock(&lock);
  if (!fits) {
    errno = ENOMEM;
    return NULL;
  }
  memcpy(memory + at - sizeof bytes, &bytes, sizeof bytes);
  return memory + at;
}

void* memalign(size_t alignment, size_t bytes) { return aligned_alloc(alignment, bytes); }
void* malloc(size_t bytes) { return aligned_alloc(ALIGNMENT, bytes); }
void* calloc(size_t n, size_t bytes) { return malloc(n * bytes); }  // it is zero: nothing was used before
void free(void* address) { (void)address; }

int posix_memalign(void** out, size_t alignment, size_t bytes) {
  void* address = aligned_alloc(alignment, bytes);
  if (address == NULL) return ENOMEM;
  *out = address;
  return 0;
}

void* realloc(void* old, size_t bytes) {
  void* address = malloc(bytes);
  if (address == NULL || old == NULL) return address;
  size_t before;
  memcpy(&before, (char*)old - sizeof before, sizeof before);
  return memcpy(address, old, before < bytes ? before : bytes);
}
