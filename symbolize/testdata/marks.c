// Marks one point, through the header that apps include.
#include "../../sdk/c/edgexray.h"

__attribute__((visibility("default"))) void mark(double value) { edgexray_metric("value", value); }
