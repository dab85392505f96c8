/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Waits of goroutines, added up: those for the same reason, of goroutines that were created at the same place to run the same function,
 * and, if wanted, with the same stack are one row.
 *
 *   go_waits__init -> go_waits__add ... -> go_waits__sort -> go_waits__fini
 */
#ifndef ANALYZE_GO_WAITS_H
#define ANALYZE_GO_WAITS_H

#include "analyze/go_reason_stack.h"
#include "base/hash.h"
#include "base/histogram.h"
#include "format/go_wait.h"

#define GO_WAITS_MAX_ROWS 65536

struct go_waits_row {
	/* The key. */
	const char *wait_reason; /* Go's own word */
	enum go_reason reason;
	uint64_t gopc, startpc;
	uint32_t stack; /* GO_STACK_NONE but by stack, and where there is none */
	/* Of all of its waits. */
	uint64_t cnt;
	uint64_t total_ns; /* until they ran */
	/* Until it could run. Where that isn't known, until it ran, which is a little more. */
	struct histogram blocked;
	struct histogram delay; /* from then on until it ran, where it is known */
};

struct go_waits {
	const struct go_runtime *runtime;
	struct go_frames *frames;
	bool system, by_stack;
	struct go_waits_row *rows;
	size_t cnt, cap;
	struct hash_index index;
	uint64_t wait_cnt;   /* in rows */
	uint64_t system_cnt; /* of the runtime's own goroutines, not in rows */
	uint64_t unkept_cnt; /* beyond GO_WAITS_MAX_ROWS, not in rows */
	struct {
		uint32_t stack; /* + 1 */
		enum go_reason reason;
	} memo[256];
};

/* @system: with the runtime's own goroutines. @runtime and @frames must outlive it. */
void go_waits__init(struct go_waits *w, const struct go_runtime *runtime, struct go_frames *frames,
		    bool system, bool by_stack);
void go_waits__fini(struct go_waits *w);
/* One more that is over; @stack: its stack. 0 or -ENOMEM. */
int go_waits__add(struct go_waits *w, const struct go_wait *wait, struct go_stack_view stack);
/* The longest total first. Nothing can be added any more. */
void go_waits__sort(struct go_waits *w);

#endif
