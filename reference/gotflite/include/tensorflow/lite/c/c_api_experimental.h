// What go-tflite uses of TensorFlow Lite's experimental C interface, for packages of the library that come without this
// header. These functions have been the same since TensorFlow Lite 2.2.
#ifndef EDGEXRAY_C_API_EXPERIMENTAL_H
#define EDGEXRAY_C_API_EXPERIMENTAL_H

#include <stdbool.h>

#include <tensorflow/lite/c/c_api.h>
#include <tensorflow/lite/c/common.h>

typedef int TfLiteBuiltinOperator; // an enum in C, as wide

TfLiteStatus TfLiteInterpreterResetVariableTensors(TfLiteInterpreter* interpreter);
void TfLiteInterpreterOptionsAddBuiltinOp(TfLiteInterpreterOptions* options, TfLiteBuiltinOperator op,
                                          const TfLiteRegistration* registration, int32_t min_version,
                                          int32_t max_version);
void TfLiteInterpreterOptionsAddCustomOp(TfLiteInterpreterOptions* options, const char* name,
                                         const TfLiteRegistration* registration, int32_t min_version,
                                         int32_t max_version);
void TfLiteInterpreterOptionsSetUseNNAPI(TfLiteInterpreterOptions* options, bool enable);

#endif
