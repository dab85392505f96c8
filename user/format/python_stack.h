/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One user stack out of two: the native frames, and those of Python. Each call of the interpreter's loop,
 * _PyEval_EvalFrameDefault(), runs one frame of Python and all that those call without C between them; so each of its
 * native frames gives way to a run of Python's.
 */
#ifndef FORMAT_PYTHON_STACK_H
#define FORMAT_PYTHON_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "format/python.h"
#include "wire.h"

struct python_stack {
	const __u64 *ips; /* native, as in struct wire_stack */
	uint32_t ip_cnt;
	bool ips_cut;				     /* outer frames are missing */
	struct python_range loop[PYTHON_LOOP_PARTS]; /* as it is mapped */
	const __u64 *words;			     /* of Python, as in struct python_frames */
	const __u64 *places;			     /* what each of them becomes; 0: nothing */
	uint32_t word_cnt;
	bool words_cut; /* outer frames are missing */
};

/*
 * Writes at most ip_cnt + word_cnt ips, and no more than WIRE_MAX_FRAMES, to @ret_ips and their number to *@ret_cnt. False:
 * there are more or fewer calls of the loop than runs, and nothing explains it; then all frames of Python are beside the
 * outermost call.
 */
bool python_stack_merge(const struct python_stack *s, __u64 ret_ips[WIRE_MAX_FRAMES],
			uint32_t *ret_cnt);

#endif
