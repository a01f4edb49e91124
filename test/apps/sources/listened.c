// SPDX-License-Identifier: Apache-2.0
//
// An app that marks a step for each line that it reads, and says how many listen. Built with LIBRARY it is a library that does
// the same, which the app loads at its second step if it is named on its command line.

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "edgexray.h"

#ifdef LIBRARY

__attribute__((visibility("default"))) int mark(double step)
{
	edgexray_metric("library", step);
	return edgexray_hook.listening & 0xffff;
}

#else

int main(int argc, char **argv)
{
	int (*mark)(double) = NULL;
	for (int step = 1; getchar() != EOF; step++) {
		if (step == 2 && argc > 1) {
			void *library = dlopen(argv[1], RTLD_NOW);
			if (library == NULL || (*(void **)&mark = dlsym(library, "mark")) == NULL) {
				fprintf(stderr, "listened: %s\n", dlerror());
				return 1;
			}
		}
		edgexray_metric("app", step);
		printf("step %d: listening %d %d\n", step, edgexray_hook.listening & 0xffff, mark ? mark(step) : 0);
		fflush(stdout);
	}
	return 0;
}

#endif
