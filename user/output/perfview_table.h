/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The tables of a PerfView file: a tree of stacks over frames that are there once, and the time at its leaves. Ids are
 * positions; callers come before what they call.
 *
 * A stack is rooted in its process and thread, as PerfView's own are, instead of the thread's name; the frame of a state is
 * left out, since each stack ends in what its time is: blocked, or waiting for a CPU.
 */
#ifndef OUTPUT_PERFVIEW_TABLE_H
#define OUTPUT_PERFVIEW_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "output/stack_rows.h"

#define PERFVIEW_NO_CALLER UINT32_MAX

enum perfview_frame_type {
	PERFVIEW_FRAME,	  /* id: string id of its module, 0: none; name: its own, 0: "[unknown]" */
	PERFVIEW_PROCESS, /* id: pid; name: of the process */
	PERFVIEW_THREAD,  /* id: tid; name: of the thread */
	PERFVIEW_BLOCKED,
	PERFVIEW_RUNNABLE,
};

struct perfview_frame {
	enum perfview_frame_type type;
	uint32_t id;
	uint32_t name; /* string id of the profile */
};

struct perfview_stack {
	uint32_t caller; /* PERFVIEW_NO_CALLER: it is a root */
	uint32_t frame;
};

struct perfview_sample {
	uint32_t stack;
	uint64_t ns;
};

struct perfview_table {
	struct stack_rows rows;
	struct perfview_frame *frames;
	size_t frame_cnt, frame_cap;
	struct perfview_stack *stacks;
	size_t stack_cnt, stack_cap;
	struct perfview_sample *samples;
	size_t sample_cnt, sample_cap;
	struct hash_index frame_index, stack_index;
};

/* Makes the tables of @p, which must outlive @t. 0 or -errno; perfview_table__fini() is right in both cases. */
int perfview_table__init(struct perfview_table *t, const struct profile *p);
void perfview_table__fini(struct perfview_table *t);

#endif
