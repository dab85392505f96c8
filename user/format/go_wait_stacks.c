/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/go_wait_stacks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void go_wait_stacks__fini(struct go_wait_stacks *s)
{
	hash_index__fini(&s->index);
	free(s->stacks);
	free(s->pcs);
	*s = (struct go_wait_stacks){0};
}

static bool go_wait_stack_equals(const void *owner, uint32_t pos, const void *key)
{
	return ((const struct go_wait_stacks *)owner)->stacks[pos].id == *(const uint64_t *)key;
}

uint32_t go_wait_stacks__find(const struct go_wait_stacks *s, uint64_t id)
{
	uint32_t found = hash_index__find(&s->index, hash_u64(id), go_wait_stack_equals, s, &id);

	return found == HASH_INDEX_NONE ? GO_STACK_NONE : found;
}

/* Does it reach the function that goroutines begin in? */
static bool go_wait_stack_is_whole(const struct go_code *c, uint64_t pc)
{
	struct gopclntab_func f;

	return !go_code__find(c, pc, &f) &&
	       !strcmp(gopclntab__name(c->table, &f), "runtime.goexit");
}

int go_wait_stacks__add(struct go_wait_stacks *s, const struct go_code *c, uint64_t id,
			const uint64_t *pcs, uint32_t cnt)
{
	int err;

	if (!cnt || go_wait_stacks__find(s, id) != GO_STACK_NONE)
		return 0;
	err = array__grow((void **)&s->stacks, &s->cap, s->cnt + 1, sizeof(*s->stacks),
			  GO_WAIT_STACKS_MAX_CNT);
	if (!err)
		err = array__grow((void **)&s->pcs, &s->pc_cap, s->pc_cnt + cnt, sizeof(*s->pcs),
				  GO_STACKS_MAX_PCS);
	if (!err)
		err = hash_index__add(&s->index, hash_u64(id), (uint32_t)s->cnt);
	if (err)
		return err == -E2BIG ? 0 : err;
	memcpy(s->pcs + s->pc_cnt, pcs, cnt * sizeof(*pcs));
	s->stacks[s->cnt++] = (struct go_wait_stack){
		.id = id,
		.first = s->pc_cnt,
		.cnt = cnt,
		.is_whole = go_wait_stack_is_whole(c, pcs[cnt - 1]),
	};
	s->pc_cnt += cnt;
	return 0;
}

struct go_stack_view go_wait_stacks__get(const struct go_wait_stacks *s, uint32_t number)
{
	const struct go_wait_stack *stack;

	if (number >= s->cnt)
		return (struct go_stack_view){0};
	stack = &s->stacks[number];
	return (struct go_stack_view){s->pcs + stack->first, stack->cnt, stack->is_whole};
}
