/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Frame kinds as words: the same in JSON, in class names of the pictures and in their legends. */
#ifndef OUTPUT_FRAME_KIND_H
#define OUTPUT_FRAME_KIND_H

#include <stdint.h>

#include "base/compiler.h"
#include "model/profile.h"

#define FRAME_KIND_CNT (FRAME_KIND_MISSING + 1)

static inline const char *frame_kind_name(uint8_t kind)
{
	static const char *const names[FRAME_KIND_CNT] = {
		[FRAME_KIND_PROCESS] = "process", [FRAME_KIND_USER] = "user",
		[FRAME_KIND_KERNEL] = "kernel",	  [FRAME_KIND_DELIMITER] = "delimiter",
		[FRAME_KIND_STATE] = "state",	  [FRAME_KIND_MISSING] = "missing",
	};

	return kind < ARRAY_SIZE(names) ? names[kind] : "missing";
}

#endif
