/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The goroutines of a process, added up: those in the same state, for the same reason, created at the same place, with the same
 * first function and, if wanted, the same stack are one row.
 *
 *   go_table__init -> go_table__fill ... -> go_table__fini
 */
#ifndef ANALYZE_GO_TABLE_H
#define ANALYZE_GO_TABLE_H

#include "analyze/go_reason_stack.h"
#include "format/go_labels.h"

/* What there is of one process. Nothing is owned. */
struct go_look {
	uint32_t pid;
	const char *comm;
	const struct go_runtime *runtime;
	const struct goroutines *all;
	const struct go_stacks *stacks; /* NULL: not read */
	const struct go_labels *labels; /* likewise */
	struct go_frames *frames;
};

/* Why goroutines of one look wait, without comparing texts each time; zero at first. */
struct go_reason_memo {
	uint8_t texts[UINT8_MAX + 1]; /* enum go_reason + 1 by number of wait reason */
	struct {
		uint32_t stack; /* + 1 */
		enum go_reason reason;
	} stacks[256];
};

struct go_row {
	/* The key. */
	enum go_status status;
	const char *wait_reason; /* Go's own word; "": it doesn't wait */
	uint64_t gopc, startpc;
	uint32_t stack; /* GO_STACK_NONE but by stack, and where there is none */
	enum go_reason reason;
	const char *label; /* the value of go_table.by_label; NULL: none */
	/* Of all of its goroutines. */
	uint64_t cnt;
	uint64_t oldest_ns;   /* how long the oldest is seen as it is */
	bool oldest_is_bound; /* or longer: the first look found it so */
};

/* Where goroutines like one of a moment ago went, found without hashing names and rows again. */
struct go_row_memo {
	uint64_t gopc, startpc;
	uint32_t stack;
	uint8_t status, wait_reason;
	bool is_set, is_system;
	uint32_t row; /* unless is_system */
};

struct go_table {
	struct go_row *rows; /* most goroutines first */
	size_t cnt, cap;
	struct hash_index index;
	const char *
		by_label; /* its value is a part of the key; NULL: no label is. To be set after go_table__init() */
	uint64_t by_status[GO_STATUS_CNT];
	uint64_t shown_cnt;
	uint64_t system_cnt; /* of the runtime itself, not shown */
	struct go_reason_memo memo;
	struct go_row_memo recent[256];
};

void go_table__init(struct go_table *t);
void go_table__fini(struct go_table *t);
/* Anew; @system: with the runtime's own; @by_stack: stacks are a part of the key. 0 or -ENOMEM. */
int go_table__fill(struct go_table *t, const struct go_look *look, bool system, bool by_stack);

/* Is it one of the runtime's own? */
bool go_look__is_system(const struct go_look *look, const struct goroutine *g);
/* Go's word for why it waits; "" when it doesn't. */
const char *go_look__wait_reason(const struct go_look *look, const struct goroutine *g);
/* Why it doesn't run. */
enum go_reason go_look__reason(const struct go_look *look, const struct goroutine *g);
/* The same, of many of one look. */
enum go_reason go_look__reason_of_many(const struct go_look *look, const struct goroutine *g,
				       struct go_reason_memo *memo);
/* All of them in the order in which they were created, to be freed; NULL + errno. */
const struct goroutine **go_look__sort(const struct go_look *look);
/* Its labels; none if they were not read. */
struct go_label_view go_look__labels(const struct go_look *look, const struct goroutine *g);
/* Its stack; no frames if there is none. */
struct go_stack_view go_look__stack(const struct go_look *look, uint32_t stack);

#endif
