// SPDX-License-Identifier: Apache-2.0
//
// An app of several translation units, in C and in C++, that has markers in each.
#include "edgexray.h"

#ifdef __cplusplus
extern "C"
#endif
int second(double value);

int main(int argc, char **argv)
{
	unsigned char pixels[12] = {0};
	(void)argv;
	edgexray_frame_begin();
	edgexray_image("camera", pixels, 2, 2, 0, EDGEXRAY_RGB);
	return second(argc) + edgexray_replay("camera", pixels, sizeof(pixels));
}
