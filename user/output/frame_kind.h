/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Frame kinds as words: the same in JSON, in class names of the pictures and in their legends. */
#ifndef OUTPUT_FRAME_KIND_H
#define OUTPUT_FRAME_KIND_H

#include <stdint.h>

#include "base/compiler.h"
#include "model/profile.h"

#define FRAME_KIND_CNT (FRAME_KIND_LAST + 1)

static inline const char *frame_kind_name(uint8_t kind)
{
	static const char *const names[FRAME_KIND_CNT] = {
		[FRAME_KIND_PROCESS] = "process", [FRAME_KIND_NATIVE] = "native",
		[FRAME_KIND_KERNEL] = "kernel",	  [FRAME_KIND_DELIMITER] = "delimiter",
		[FRAME_KIND_STATE] = "state",	  [FRAME_KIND_MISSING] = "missing",
		[FRAME_KIND_INLINED] = "inlined", [FRAME_KIND_JIT] = "jit",
		[FRAME_KIND_PYTHON] = "python",	  [FRAME_KIND_GO] = "go",
		[FRAME_KIND_WAKER] = "waker",	  [FRAME_KIND_LOCK] = "lock",
	};

	return kind < ARRAY_SIZE(names) ? names[kind] : "missing";
}

#endif
