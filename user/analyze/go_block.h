/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where the goroutines of a process did not run in a window of time, and for how long, by looks at random moments: what a block profile is
 * made of. Each look stands for the time since the one before.
 *
 *   init -> { add ..., rows, clear } ... -> fini
 */
#ifndef ANALYZE_GO_BLOCK_H
#define ANALYZE_GO_BLOCK_H

#include "analyze/go_facts.h"

#define GO_BLOCK_MAX_ROWS (1u << 20)

struct go_block_row {
	uint32_t stack;	  /* of the process; GO_STACK_NONE: it could not be read */
	uint64_t startpc; /* its first function */
	enum go_reason reason;
	uint64_t ns;
	uint64_t cnt; /* times that goroutines stopped there */
};

struct go_block {
	struct go_block_row *rows;
	size_t cnt, cap;
	struct hash_index index;
};

void go_block__init(struct go_block *b);
void go_block__fini(struct go_block *b);
/* Before the numbers of stacks become void. */
void go_block__clear(struct go_block *b);
/* The look after @before, of which the time from @begin_ns on counts. 0, -ENOMEM, -E2BIG. */
int go_block__add(struct go_block *b, struct go_facts *f, const struct go_look *look,
		  const struct goroutines *before, uint64_t begin_ns);

#endif
