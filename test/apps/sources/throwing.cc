// Runs a model whose custom op, EdgexrayTestCustom, throws in every second
// invoke: the exception passes through the runtime, and through whatever has put
// itself between that and its kernels, up to main, which goes on.
//
// usage: throwing LIBRARY MODEL INVOKES
// The library is TFLite's C API. Prints how many invokes ended and how many
// exceptions came through.

#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "tensorflow/lite/c/c_api.h"
#include "tensorflow/lite/c/common.h"

namespace {

int calls;

TfLiteStatus Prepare(TfLiteContext*, TfLiteNode*) { return kTfLiteOk; }

TfLiteStatus Invoke(TfLiteContext* context, TfLiteNode* node) {
  if (++calls % 2 == 0) throw std::runtime_error("thrown by EdgexrayTestCustom");
  const TfLiteTensor& input = context->tensors[node->inputs->data[0]];
  TfLiteTensor& output = context->tensors[node->outputs->data[0]];
  for (size_t i = 0; i < input.bytes / sizeof(float); i++) output.data.f[i] = -input.data.f[i];
  return kTfLiteOk;
}

template <typename Function>
Function* LookUp(void* library, const char* name) {
  void* function = dlsym(library, name);
  if (function == nullptr) {
    std::fprintf(stderr, "throwing: find function: %s\n", dlerror());
    std::exit(1);
  }
  return reinterpret_cast<Function*>(function);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: throwing LIBRARY MODEL INVOKES\n");
    return 2;
  }
  void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    std::fprintf(stderr, "throwing: load library: %s\n", dlerror());
    return 1;
  }
#define LOOK_UP(name) auto* name = LookUp<decltype(::name)>(library, #name)
  LOOK_UP(TfLiteModelCreateFromFile);
  LOOK_UP(TfLiteInterpreterOptionsCreate);
  LOOK_UP(TfLiteInterpreterCreate);
  LOOK_UP(TfLiteInterpreterAllocateTensors);
  LOOK_UP(TfLiteInterpreterInvoke);
#undef LOOK_UP
  // Of c_api_experimental.h, which the package of the headers leaves out.
  auto* add_custom_op = LookUp<void(TfLiteInterpreterOptions*, const char*, const TfLiteRegistration*, int32_t, int32_t)>(
      library, "TfLiteInterpreterOptionsAddCustomOp");

  // Newer runtimes read a registration with more fields at its end; zero is
  // their default.
  static union {
    TfLiteRegistration registration;
    char space[256];
  } custom;
  custom.registration.prepare = Prepare;
  custom.registration.invoke = Invoke;
  custom.registration.custom_name = "EdgexrayTestCustom";
  custom.registration.version = 1;

  TfLiteInterpreterOptions* options = TfLiteInterpreterOptionsCreate();
  add_custom_op(options, "EdgexrayTestCustom", &custom.registration, 1, 1);
  TfLiteInterpreter* interpreter = TfLiteInterpreterCreate(TfLiteModelCreateFromFile(argv[2]), options);
  if (interpreter == nullptr || TfLiteInterpreterAllocateTensors(interpreter) != kTfLiteOk) return 1;
  int ended = 0, caught = 0;
  for (int i = std::atoi(argv[3]); i > 0; i--) {
    try {
      if (TfLiteInterpreterInvoke(interpreter) != kTfLiteOk) return 1;
      ended++;
    } catch (const std::runtime_error&) {
      caught++;
    }
  }
  std::printf("%d ended, %d threw\n", ended, caught);
}
