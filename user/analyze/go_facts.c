/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/go_facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

const char *go_state_name(enum go_state state)
{
	static const char *const names[GO_STATE_CNT] = {
		[GO_STATE_RUNNING] = "running", [GO_STATE_RUNNABLE] = "runnable",
		[GO_STATE_WAITING] = "waiting", [GO_STATE_SYSCALL] = "syscall",
		[GO_STATE_LEAKED] = "leaked",
	};

	return names[state];
}

const char *go_depth_name(enum go_depth depth)
{
	static const char *const names[GO_DEPTH_CNT] = {
		[GO_DEPTH_0] = "0",
		[GO_DEPTH_1] = "1-3",
		[GO_DEPTH_4] = "4-8",
		[GO_DEPTH_9] = ">8",
	};

	return names[depth];
}

void go_facts__init(struct go_facts *f)
{
	*f = (struct go_facts){0};
}

void go_facts__fini(struct go_facts *f)
{
	free(f->stacks);
	*f = (struct go_facts){0};
}

void go_facts__forget(struct go_facts *f)
{
	f->cnt = 0;
	memset(f->texts, 0, sizeof(f->texts));
	memset(f->starts, 0, sizeof(f->starts));
}

static enum go_state go_state_of(enum go_status status)
{
	switch (status) {
	case GO_RUNNING:
	case GO_COPYSTACK:
		return GO_STATE_RUNNING;
	case GO_RUNNABLE:
		return GO_STATE_RUNNABLE;
	case GO_SYSCALL:
		return GO_STATE_SYSCALL;
	case GO_LEAKED:
		return GO_STATE_LEAKED;
	default:
		return GO_STATE_WAITING;
	}
}

static bool go_facts_is_system(struct go_facts *f, const struct go_look *look,
			       const struct goroutine *g)
{
	struct go_fact_start *s = &f->starts[hash_u64(g->startpc) & (GO_FACTS_STARTS - 1)];

	if (s->pc != g->startpc)
		*s = (struct go_fact_start){g->startpc, go_look__is_system(look, g)};
	return s->is_system;
}

/* ---- stacks ---- */

static int go_depth_count(void *arg, const struct go_line *line)
{
	*(uint32_t *)arg += strncmp(line->name, "runtime.", strlen("runtime.")) != 0;
	return 0;
}

static int go_depth_of(const struct go_look *look, uint32_t stack, enum go_depth *ret)
{
	uint32_t cnt = 0;
	int err = go_frames__each(look->frames, go_look__stack(look, stack), false, go_depth_count,
				  &cnt);

	*ret = !cnt ? GO_DEPTH_0 : cnt < 4 ? GO_DEPTH_1 : cnt < 9 ? GO_DEPTH_4 : GO_DEPTH_9;
	return err == -E2BIG ? 0 : err;
}

static int go_facts_stack(struct go_facts *f, uint32_t stack, struct go_fact_stack **ret)
{
	int err = array__grow((void **)&f->stacks, &f->cap, stack + 1ull, sizeof(*f->stacks),
			      GO_STACKS_MAX_PCS);

	if (err)
		return err;
	for (; f->cnt <= stack; f->cnt++)
		f->stacks[f->cnt] = (struct go_fact_stack){0};
	*ret = &f->stacks[stack];
	return 0;
}

/* The depth, and what kind of lock it is. */
static int go_facts_by_stack(struct go_facts *f, const struct go_look *look,
			     const struct goroutine *g, struct go_fact *fact)
{
	struct go_fact_stack *s;
	int err;

	if (g->stack == GO_STACK_NONE)
		return 0;
	err = go_facts_stack(f, g->stack, &s);
	if (!err && !s->depth) {
		err = go_depth_of(look, g->stack, &fact->depth);
		s->depth = err ? 0 : (uint8_t)(fact->depth + 1);
	}
	if (err)
		return err;
	fact->depth = (enum go_depth)(s->depth - 1);
	if (fact->reason != GO_REASON_SEMACQUIRE)
		return 0;
	if (!s->reason)
		s->reason = (uint8_t)(go_look__reason(look, g) + 1);
	fact->reason = (enum go_reason)(s->reason - 1);
	return 0;
}

/* ---- reasons ---- */

static enum go_reason go_facts_reason(struct go_facts *f, const struct go_look *look,
				      const struct goroutine *g)
{
	uint8_t *text = &f->texts[g->wait_reason];

	if (g->status != GO_WAITING && g->status != GO_LEAKED)
		return go_reason_of((enum go_status)g->status, "");
	if (!*text)
		*text = (uint8_t)(go_reason_of(GO_WAITING, go_look__wait_reason(look, g)) + 1);
	return (enum go_reason)(*text - 1);
}

int go_facts__get(struct go_facts *f, const struct go_look *look, const struct goroutine *g,
		  struct go_fact *ret)
{
	*ret = (struct go_fact){
		.state = go_state_of((enum go_status)g->status),
		.reason = go_facts_reason(f, look, g),
		.is_system = go_facts_is_system(f, look, g),
	};
	return go_facts_by_stack(f, look, g, ret);
}
