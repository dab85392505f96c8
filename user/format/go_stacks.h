/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The stacks of the goroutines of a process: each distinct one once, by number.
 *
 *   go_stacks__new -> { goroutines__read, goroutines__age, go_stacks__read } ... -> go_stacks__free
 *
 * A stack is believed only if its goroutine's struct says the same before and after it was read; it is read again else. Stacks of
 * goroutines that have not run since the last look are not read again.
 */
#ifndef FORMAT_GO_STACKS_H
#define FORMAT_GO_STACKS_H

#include "format/go_stack.h"
#include "format/goroutine.h"

#define GO_STACKS_MAX_PCS (1u << 23)

struct go_stacks;

/* One of them. Valid until the next go_stacks__read(). */
struct go_stack_view {
	const uint64_t *pcs; /* innermost first; see go_stack.h */
	uint32_t cnt;
	bool is_whole; /* down to the function that goroutines begin in */
};

/* NULL + errno. */
struct go_stacks *go_stacks__new(void);
void go_stacks__free(struct go_stacks *s);
/*
 * Gives a stack to each goroutine of @g that has none and doesn't run, or just to those that wait for @reason; counts in g->counts
 * those that have none then. 0 or -ENOMEM.
 */
int go_stacks__read(struct go_stacks *s, const struct go_runtime *r, struct goroutines *g,
		    const char *reason);
/* No frames for GO_STACK_NONE. */
struct go_stack_view go_stacks__get(const struct go_stacks *s, uint32_t number);
/* More than half of the memory is taken: forget all of them, see go_stacks__forget(). */
bool go_stacks__is_full(const struct go_stacks *s);
/* All numbers become void: @g's are taken away. */
void go_stacks__forget(struct go_stacks *s, struct goroutines *g);

#endif
