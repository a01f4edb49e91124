// SPDX-License-Identifier: Apache-2.0
//
// Listens to its own markers, and prints what they say.
#include <inttypes.h>
#include <stdio.h>
#include "edgexray.h"

static const char *text(uint64_t at) { return at ? (const char *)(uintptr_t)at : "-"; }

static int print(const struct edgexray_event *e)
{
	uint32_t i;
	printf("kind %u key %s text %s type %u format %u rate %u stride %u replay %u bytes %" PRIu64 " dims", e->kind, text(e->key),
	       text(e->text), e->type, e->format, e->rate, e->stride, e->replay, e->bytes);
	for (i = 0; i < e->rank && i < EDGEXRAY_MAX_RANK; i++)
		printf(" %" PRId64, e->dims[i]);
	printf(" numbers");
	for (i = 0; i < e->numbers; i++)
		printf(" %g", e->number[i]);
	printf(" %s\n", e->data ? "data" : "-");
	return (int)e->replay;
}

int main(void)
{
	static unsigned char data[64];
	const int dims[] = {2, 3}, huge[] = {1 << 30, 1 << 30, 1 << 30}, negative[] = {2, -3}, empty[] = {0, 1 << 30, 1 << 30, 1 << 30};
	edgexray_metric("unheard", 1);
	edgexray_hook.listener = print;
	edgexray_hook.listening = 1 << 16;
	edgexray_frame_begin();
	edgexray_image("camera", data, 5, 3, 8, EDGEXRAY_NV21);
	edgexray_image("camera", data, 2, 3, 0, EDGEXRAY_ARGB);
	edgexray_image("camera", data, -2, 3, 0, EDGEXRAY_ARGB);
	edgexray_audio("microphone", data, EDGEXRAY_INT16, 16, 2, 16000);
	edgexray_before("resized", data, EDGEXRAY_FLOAT32, 2, dims);
	edgexray_after("scores", data, EDGEXRAY_INT8, 2, dims);
	edgexray_after("scalar", data, EDGEXRAY_FLOAT64, 0, NULL);
	edgexray_after("huge", data, EDGEXRAY_COMPLEX128, 3, huge);
	edgexray_after("negative", data, EDGEXRAY_INT8, 2, negative);
	edgexray_after("empty", data, EDGEXRAY_INT8, 4, empty);
	edgexray_after("nowhere", NULL, EDGEXRAY_INT8, 9, NULL);
	edgexray_text("question", "why?");
	edgexray_result("answer", "because");
	edgexray_label("cat");
	edgexray_metric("confidence", 0.5);
	edgexray_sensor("light", 200);
	edgexray_sensor3("orientation", 0, 0.25, 90);
	edgexray_frame_end();
	printf("replayed %d\n", edgexray_replay("camera", data, sizeof(data)));
	return 0;
}
