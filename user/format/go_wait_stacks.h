/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Stacks of waits by the ids that a source has for them: each once, by number. */
#ifndef FORMAT_GO_WAIT_STACKS_H
#define FORMAT_GO_WAIT_STACKS_H

#include "base/hash.h"
#include "format/go_stacks.h"

#define GO_WAIT_STACKS_MAX_CNT (1u << 20)

struct go_wait_stacks {
	struct go_wait_stack {
		uint64_t id;
		size_t first; /* in pcs */
		uint32_t cnt;
		bool is_whole;
	} * stacks;
	size_t cnt, cap;
	uint64_t *pcs;
	size_t pc_cnt, pc_cap;
	struct hash_index index;
};

/* A zeroed one is empty. */
void go_wait_stacks__fini(struct go_wait_stacks *s);
/*
 * One more: return addresses, innermost first, of the process of @c. One that is there already changes nothing. 0, also where there
 * is no room for it; -ENOMEM.
 */
int go_wait_stacks__add(struct go_wait_stacks *s, const struct go_code *c, uint64_t id,
			const uint64_t *pcs, uint32_t cnt);
/* Its number; GO_STACK_NONE. */
uint32_t go_wait_stacks__find(const struct go_wait_stacks *s, uint64_t id);
/* No frames for GO_STACK_NONE. Valid until the next is added. */
struct go_stack_view go_wait_stacks__get(const struct go_wait_stacks *s, uint32_t number);

#endif
