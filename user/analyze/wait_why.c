/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/wait_why.h"

#include <errno.h>

#include "analyze/reason_rules.h"

/* The names of the frames that are asked, innermost first. */
struct why_frames {
	const char *names[WIRE_MAX_FRAMES + 1 + WAIT_WHY_USER_FRAMES];
	uint32_t cnt;
};

static const struct profile_frame *why_frame(const struct stack_names *n,
					     const struct named_stack *s, uint32_t i)
{
	return &n->profile->frames[s->frames[i]];
}

/*
 * The texts last only while nothing is named anew: so both stacks are named first, and the table may move what it says of
 * them, but not the frames.
 */
static int why_name(struct stack_names *n, uint64_t id, uint64_t date_ns, struct named_stack *ret)
{
	const struct named_stack *s;

	*ret = (struct named_stack){.id = id};
	if (!id)
		return 0;
	s = stack_names__get(n, id, date_ns);
	if (!s)
		return -errno;
	*ret = *s;
	return 0;
}

static void why_add_kernel(struct why_frames *f, const struct stack_names *n,
			   const struct named_stack *s)
{
	for (uint32_t i = 0; i < s->cnt && f->cnt < WIRE_MAX_FRAMES + 1; i++)
		f->names[f->cnt++] = profile__str(n->profile, why_frame(n, s, i)->name);
}

/* Whether inlined functions are shown is a question of the view, and must not change the reason. */
static void why_add_user(struct why_frames *f, const struct stack_names *n,
			 const struct named_stack *s)
{
	uint32_t left = WAIT_WHY_USER_FRAMES;

	for (uint32_t i = 0; i < s->cnt && left; i++) {
		const struct profile_frame *frame = why_frame(n, s, i);

		if (frame->kind == FRAME_KIND_INLINED)
			continue;
		f->names[f->cnt++] = profile__str(n->profile, frame->name);
		left--;
	}
}

int wait_why_get(struct stack_names *n, const struct wire_wait *wait, uint64_t kernel_stack,
		 uint64_t user_stack, uint64_t date_ns, struct wait_why *ret)
{
	bool named = wait->flags & WIRE_F_NAMED;
	struct named_stack kernel, user;
	struct why_frames f = {.cnt = 0};
	int err = why_name(n, kernel_stack, 0, &kernel);

	if (!err)
		err = why_name(n, named ? user_stack : 0, date_ns, &user);
	if (err)
		return err;
	why_add_kernel(&f, n, &kernel);
	why_add_user(&f, n, &user);
	*ret = named ? wait_reason_table__find(&n->model->wait_reasons, wait->state, f.names, f.cnt)
		     : (struct wait_why){reason_of_wait(wait, f.names, f.cnt), ""};
	if (wait->flags & WIRE_F_PREEMPT)
		ret->reason = REASON_PREEMPTED;
	return 0;
}
