/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Language runtimes that make code, by what their processes have mapped. */
#ifndef SYMBOL_RUNTIME_H
#define SYMBOL_RUNTIME_H

#include "model/image.h"
#include "model/module.h"

#define RUNTIME_FRAME_JAVA "[java]"
#define RUNTIME_FRAME_JIT  "[jit]"

/*
 * What a frame in @m, memory without a file, is called when nothing names it: "[java]" in a process with libjvm.so, "[jit]"
 * in one of Node.js. NULL: nothing is known.
 */
const char *runtime_frame_name(const struct module_table *modules, const struct image_table *images,
			       const struct module *m);

#endif
