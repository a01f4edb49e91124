// SPDX-License-Identifier: Apache-2.0
//
// What the Python package can't have itself: the hook and the probe of its markers, and the note that names them.
#include "../../c/edgexray.h"

#define EXPORT __attribute__((visibility("default")))

// Where it says whether anybody listens.
EXPORT volatile uint32_t *edgexray_python_listening(void) { return &edgexray_hook.listening; }

EXPORT int edgexray_python_say(const struct edgexray_event *event) { return edgexray_say(event); }
