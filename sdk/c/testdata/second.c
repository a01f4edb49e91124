// SPDX-License-Identifier: Apache-2.0
#include "edgexray.h"

#ifdef __cplusplus
extern "C"
#endif
int second(double value);

int second(double value)
{
	edgexray_metric("value", value);
	edgexray_frame_end();
	return edgexray_listening();
}
