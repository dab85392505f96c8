/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/wait_facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/offcpu_rows.h"
#include "analyze/wait_why.h"
#include "analyze/waker_frames.h"

#define WAIT_FACTS_MAX_NAMED 4096 /* stacks whose names are held; then they are all thrown away */

static int wait_facts_init_names(struct wait_facts *f)
{
	f->profile = profile__new();
	if (!f->profile)
		return -ENOMEM;
	stack_names__init(&f->names, f->model, f->symbols, f->profile, false);
	return 0;
}

static void wait_facts_fini_names(struct wait_facts *f)
{
	stack_names__fini(&f->names);
	profile__free(f->profile);
	f->profile = NULL;
}

int wait_facts__init(struct wait_facts *f, const struct model *model, struct symbolizer *symbols)
{
	*f = (struct wait_facts){.model = model, .symbols = symbols};
	f->items = calloc(WAIT_FACTS_CNT, sizeof(*f->items));
	return f->items ? wait_facts_init_names(f) : -ENOMEM;
}

void wait_facts__fini(struct wait_facts *f)
{
	if (f->profile)
		wait_facts_fini_names(f);
	free(f->items);
	*f = (struct wait_facts){0};
}

int wait_facts__renew(struct wait_facts *f, struct symbolizer *symbols)
{
	wait_facts_fini_names(f);
	f->symbols = symbols;
	return wait_facts_init_names(f);
}

static struct wait_fact *wait_facts_place(const struct wait_facts *f, const struct wire_wait *wait,
					  uint64_t kernel_stack, uint64_t user_stack)
{
	uint64_t h = hash_mix(kernel_stack, user_stack);

	h = hash_mix(h, (uint64_t)wait->state << 32 | (uint64_t)(uint16_t)wait->syscall << 16 |
				wait->flags);
	return &f->items[h & (WAIT_FACTS_CNT - 1)];
}

static bool wait_fact_is(const struct wait_fact *fact, const struct wire_wait *wait,
			 uint64_t kernel_stack, uint64_t user_stack)
{
	return fact->kernel_stack == kernel_stack && fact->user_stack == user_stack &&
	       fact->wait.state == wait->state && fact->wait.syscall == wait->syscall &&
	       fact->wait.flags == wait->flags;
}

static bool wait_facts_pending(const struct stack *s, uint64_t id)
{
	return id && (!s || !s->resolved);
}

/* Names that are held come again when they are needed. */
static int wait_facts_make_room(struct wait_facts *f)
{
	return f->names.cnt >= WAIT_FACTS_MAX_NAMED ? wait_facts__renew(f, f->symbols) : 0;
}

/* What was answered without its stack is asked for again. Reasons that came with the events need all there are. */
static bool wait_fact_is_whole(const struct wait_fact *fact)
{
	if (fact->wait.flags & WIRE_F_NAMED)
		return (!fact->kernel_stack || fact->kernel_frame_cnt) &&
		       (!fact->user_stack || fact->user_frame_cnt);
	return fact->kernel_frame_cnt || fact->user_frame_cnt;
}

const struct wait_fact *wait_facts__get(struct wait_facts *f, const struct wire_wait *whole,
					uint64_t kernel_stack, uint64_t user_stack, bool last)
{
	struct wire_wait wait = {whole->state, whole->syscall, whole->flags & OFFCPU_ROW_FLAGS};
	struct wait_fact *fact = wait_facts_place(f, &wait, kernel_stack, user_stack);
	const struct stack *kernel, *user;
	struct wait_why why;
	int err;

	if (wait_fact_is(fact, &wait, kernel_stack, user_stack) && wait_fact_is_whole(fact))
		return fact;
	kernel = stack_table__find(&f->model->stacks, kernel_stack);
	user = stack_table__find(&f->model->stacks, user_stack);
	if (!last &&
	    (wait_facts_pending(kernel, kernel_stack) || wait_facts_pending(user, user_stack))) {
		errno = EAGAIN;
		return NULL;
	}
	err = wait_facts_make_room(f);
	if (!err)
		err = wait_why_get(&f->names, &wait, kernel && kernel->resolved ? kernel_stack : 0,
				   user && user->resolved ? user_stack : 0, 0, &why);
	if (err) {
		errno = -err;
		return NULL;
	}
	*fact = (struct wait_fact){
		.kernel_stack = kernel_stack,
		.user_stack = user_stack,
		.wait = wait,
		.reason = (uint8_t)why.reason,
		.kernel_frame_cnt = kernel ? kernel->frame_cnt : 0,
		.user_frame_cnt = user ? user->frame_cnt : 0,
		.go = user ? user->go : WIRE_GO_NONE,
	};
	return fact;
}

int wait_facts__waker(struct wait_facts *f, const struct wire_waker *waker, bool last)
{
	struct waker_context context;
	int err;

	if (!waker)
		return WAKER_NONE;
	/* Named before it is there it would be called lost from then on. */
	if (wait_facts_pending(stack_table__find(&f->model->stacks, waker->kernel_stack),
			       waker->kernel_stack)) {
		context = waker_context_of(waker, NULL, 0);
		return last ? (int)context.kind : -EAGAIN;
	}
	err = wait_facts_make_room(f);
	if (!err)
		err = waker_frames__context(&f->names, waker, &context);
	return err ? err : (int)context.kind;
}
