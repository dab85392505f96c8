/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What metrics say of a goroutine, in words of closed sets, and remembered: names and stacks are looked at once, not in each of many
 * looks.
 *
 *   init -> { get ... } -> fini; forget when the numbers of stacks become void
 */
#ifndef ANALYZE_GO_FACTS_H
#define ANALYZE_GO_FACTS_H

#include "analyze/go_table.h"

enum go_state {
	GO_STATE_RUNNING,
	GO_STATE_RUNNABLE,
	GO_STATE_WAITING,
	GO_STATE_SYSCALL,
	GO_STATE_LEAKED, /* the runtime itself has found that nothing can wake it: from Go 1.26 on */
	GO_STATE_CNT
};

/* How many functions of the program its stack has. */
enum go_depth {
	GO_DEPTH_0, /* none, or its stack could not be read */
	GO_DEPTH_1,
	GO_DEPTH_4,
	GO_DEPTH_9,
	GO_DEPTH_CNT
};

struct go_fact {
	enum go_state state;
	enum go_reason reason; /* GO_REASON_NONE: it runs */
	enum go_depth depth;
	bool is_system; /* one of the runtime's own */
};

#define GO_FACTS_STARTS 1024 /* a power of two: first functions that are remembered */

/* Of one process. */
struct go_facts {
	uint8_t texts[UINT8_MAX + 1]; /* enum go_reason + 1 by number of wait reason */
	struct go_fact_start {
		uint64_t pc; /* 0: free */
		bool is_system;
	} starts[GO_FACTS_STARTS];
	struct go_fact_stack {
		uint8_t depth;	/* + 1; 0: not looked at */
		uint8_t reason; /* what kind of lock "semacquire" is, + 1; 0: not looked at */
	} * stacks;		/* by number */
	size_t cnt, cap;
};

/* "running"... */
const char *go_state_name(enum go_state state);
/* "0", "1-3", "4-8", ">8". */
const char *go_depth_name(enum go_depth depth);

void go_facts__init(struct go_facts *f);
void go_facts__fini(struct go_facts *f);
/* All of it: another program, or the numbers of stacks are void. */
void go_facts__forget(struct go_facts *f);
/* 0 or -ENOMEM. */
int go_facts__get(struct go_facts *f, const struct go_look *look, const struct goroutine *g,
		  struct go_fact *ret);

#endif
