// A library the size of a page that has what package symbolize looks for in a TFLite runtime: registrations in a row,
// decoys, and pointers through every kind of relocation. build.sh compiles it for each processor and linker option.

typedef struct {
  void *(*init)(void *, const char *, unsigned long);
  void (*free)(void *, void *);
  int (*prepare)(void *, void *);
  int (*invoke)(void *, void *);
  const char *(*profiling_string)(const void *, const void *);
  int builtin_code;
  const char *custom_name;
  int version;
  void *registration_external;
  void *async_kernel;
  unsigned long long inplace_operator;
} TfLiteRegistration;

#define EXPORT __attribute__((visibility("default")))
#define FUNCTION static __attribute__((noinline, used))

FUNCTION void *SharedInit(void *context, const char *buffer, unsigned long n) { return (char *)context + n; }
FUNCTION void SharedFree(void *context, void *data) { *(void **)data = context; }

#define KERNEL(op, n, init, free, profiling)                                             \
  FUNCTION int op##Prepare(void *context, void *node) { return *(int *)context + n; }    \
  FUNCTION int op##Eval(void *context, void *node) { return *(int *)node * n; }          \
  static TfLiteRegistration op = {init, free, op##Prepare, op##Eval, profiling};         \
  EXPORT TfLiteRegistration *Register_##op(void) { return &op; }

KERNEL(Add, 3, 0, 0, 0)
KERNEL(Conv, 5, SharedInit, SharedFree, 0)
KERNEL(Mul, 7, 0, 0, 0)
KERNEL(Pad, 11, SharedInit, SharedFree, 0)
KERNEL(Pool, 13, 0, 0, 0)

FUNCTION int DelegatePrepare(void *context, void *node) { return *(int *)context + 17; }
FUNCTION int DelegateEval(void *context, void *node) { return *(int *)node * 17; }
const char padding[] = "TfLite";
EXPORT const TfLiteRegistration kDelegate = {SharedInit, SharedFree, DelegatePrepare, DelegateEval, .custom_name = "TfLiteTestDelegate", .version = 2};

// Five functions and zeros: a registration at its start as well as at its second word. Far from the others.
EXPORT char gap[4400] = {1};
EXPORT void *decoy[13] = {(void *)AddEval, (void *)MulEval, (void *)PadEval, (void *)PoolEval, (void *)ConvEval};

EXPORT int Visible(int n) { return n * n * n; }
extern int Outside(int) __attribute__((weak));
EXPORT void *pointers[] = {(void *)AddEval, (void *)Visible, (void *)Outside, (void *)padding, 0};

int _start(void) { return Visible(2) + Register_Add()->version + kDelegate.version; }
