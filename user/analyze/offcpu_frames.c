/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The frames of a row, as the view has them: the wait, who ended it, the chain behind that one, the lock. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "analyze/offcpu_builder.h"

/* The frame that names a thread: its comm, or as in the view comm-PID/TID. */
static int builder_thread_frame(struct builder *b, const struct wire_thread_key *key,
				uint32_t *ret_id)
{
	uint32_t pos = thread_table__find(&b->model->threads, key->tid, key->start_ns);
	const struct thread *th = pos == HASH_INDEX_NONE ? NULL : &b->model->threads.items[pos];
	const struct thread_name *name = th ? thread__find_name(th, key->comm_gen) : NULL;
	const char *comm = name && *thread_name__text(name) ? thread_name__text(name) : "[unknown]";
	char text[THREAD_NAME_MAX + 32];

	if (b->view->per_thread)
		snprintf(text, sizeof(text), "%s-%u/%s%u", comm, th ? th->pid : 0,
			 th && th->flags & WIRE_THREAD_GOROUTINE ? "goroutine-" : "", key->tid);
	else
		snprintf(text, sizeof(text), "%s", comm);
	return profile__frame(b->profile, text, NULL, FRAME_KIND_PROCESS, ret_id);
}

/* A stack's frames, outermost first, behind those that are there. @missing stands for one that there is not. */
static int builder_append_stack(struct builder *b, uint64_t id, uint64_t date_ns, uint32_t missing,
				uint32_t *frames, uint32_t *n)
{
	const struct named_stack *s;

	if (!id) {
		if (*n < PROFILE_MAX_STACK)
			frames[(*n)++] = missing;
		return 0;
	}
	s = stack_names__get(&b->names, id, date_ns);
	if (!s)
		return -errno;
	for (uint32_t i = s->cnt; i-- > 0 && *n < PROFILE_MAX_STACK - 4;)
		frames[(*n)++] = s->frames[i];
	return 0;
}

/* The two parts of the stack in which a thread waited. */
static int builder_wait_frames(struct builder *b, const struct wire_wait *wait,
			       uint64_t kernel_stack, uint64_t user_stack, uint64_t date_ns,
			       uint32_t *frames, uint32_t *n)
{
	bool user = !(wait->flags & WIRE_F_KTHREAD) && !b->view->no_user_stacks;
	bool kernel = !b->view->no_kernel_stacks;
	int err = 0;

	if (wait->flags & WIRE_F_NEW) {
		/* It never ran: there is no stack to see. */
		frames[(*n)++] = b->new_thread;
		return 0;
	}
	if (b->go == WIRE_GO_IDLE) {
		frames[(*n)++] = b->go_idle;
		return 0;
	}
	if (user)
		err = builder_append_stack(b, user_stack, date_ns, b->missed_user, frames, n);
	if (b->go == WIRE_GO_PARKED) {
		frames[(*n)++] = b->go_reason;
		return err;
	}
	if (!err && user && kernel && b->view->delimiter)
		frames[(*n)++] = b->delimiter;
	if (!err && kernel)
		err = builder_append_stack(b, kernel_stack, 0, b->missed_kernel, frames, n);
	return err;
}

/* Behind the frames that are there, standing on its head: who ended the wait. */
static void builder_waker_frames(struct builder *b, uint32_t *frames, uint32_t *n)
{
	const struct waker_frames *w = &b->waker;

	if (w->context.kind == WAKER_NONE)
		return;
	frames[(*n)++] = b->waker_delimiter;
	memcpy(frames + *n, w->frames, w->cnt * sizeof(*frames));
	*n += w->cnt;
	frames[(*n)++] = w->name;
}

/* "--", the thread, and the stack in which it waited itself. */
static int builder_hop_frames(struct builder *b, const struct chain_hop *hop, uint32_t *frames,
			      uint32_t *n)
{
	int err;

	if (*n >= PROFILE_MAX_STACK)
		return 0;
	frames[(*n)++] = b->waker_delimiter;
	err = builder_thread_frame(b, &hop->thread, &frames[(*n)++]);
	return err ? err
		   : builder_wait_frames(b, &hop->wait, hop->kernel_stack, hop->user_stack, 0,
					 frames, n);
}

/* The hops of the row's chain, each standing on the one before it, and who woke the last one. */
static int builder_chain_frames(struct builder *b, const struct offcpu_row *row, uint32_t *frames,
				uint32_t *n)
{
	const struct waker_frames *w = &b->waker;
	uint32_t hops[CHAINS_MAX_HOPS], cnt = 0;
	int err = 0;

	for (uint32_t id = row->chain; id && cnt < CHAINS_MAX_HOPS;
	     id = chains__get(&b->chains, id)->before)
		hops[cnt++] = id;
	while (!err && cnt--)
		err = builder_hop_frames(b, &chains__get(&b->chains, hops[cnt])->hop, frames, n);
	if (err || w->context.kind == WAKER_NONE || *n >= PROFILE_MAX_STACK)
		return err;
	frames[(*n)++] = b->waker_delimiter;
	frames[(*n)++] = w->name;
	for (uint32_t i = w->cnt; i-- > 0;)
		frames[(*n)++] = w->frames[i];
	return 0;
}

/* The wait, and standing on its head on top of it who ended it: as bcc's offwaketime has it. */
static int builder_frames_of_wait(struct builder *b, const struct offcpu_row *row, uint32_t *frames,
				  uint32_t *ret_n)
{
	uint32_t n = 0;
	int err;

	err = builder_thread_frame(b, &row->thread, &frames[n++]);
	if (!err)
		err = builder_wait_frames(b, &row->wait, row->kernel_stack, row->user_stack,
					  row->date_ns, frames, &n);
	if (!err && b->view->chains)
		err = builder_chain_frames(b, row, frames, &n);
	else if (!err && b->view->wakers)
		builder_waker_frames(b, frames, &n);
	*ret_n = n;
	return err;
}

/* Whose threads and user stacks were not kept. */
static int builder_frames_of_merged(struct builder *b, const struct offcpu_row *row,
				    uint32_t *frames, uint32_t *ret_n)
{
	uint32_t n = 0;
	int err = profile__frame(b->profile, "[merged: too many stacks]", NULL, FRAME_KIND_MISSING,
				 &frames[n++]);

	if (!err && row->kernel_stack && !b->view->no_kernel_stacks)
		err = builder_append_stack(b, row->kernel_stack, 0, b->missed_kernel, frames, &n);
	*ret_n = n;
	return err;
}

/* Who ended the wait, its stack, and who waited: as bcc's wakeuptime has it. */
static int builder_frames_of_waker(struct builder *b, const struct offcpu_row *row,
				   uint32_t *frames, uint32_t *ret_n)
{
	const struct waker_frames *w = &b->waker;
	uint32_t n = 0;

	frames[n++] = w->name;
	for (uint32_t i = w->cnt; i-- > 0;)
		frames[n++] = w->frames[i];
	*ret_n = n + 1;
	return builder_thread_frame(b, &row->thread, &frames[n]);
}

/* The lock, where threads waited for it, and on its head who let go of it. */
static int builder_frames_of_lock(struct builder *b, const struct offcpu_row *row, uint32_t *frames,
				  uint32_t *ret_n)
{
	uint32_t n = 2;
	int err = builder_wait_frames(b, &row->wait, row->kernel_stack, row->user_stack,
				      row->date_ns, frames, &n);

	frames[0] = b->lock_owner;
	frames[1] = b->lock;
	if (!err)
		builder_waker_frames(b, frames, &n);
	*ret_n = n;
	return err;
}

int builder_frames(struct builder *b, const struct offcpu_row *row, uint32_t *frames,
		   uint32_t *ret_n)
{
	if (offcpu_row_is_merged(row))
		return builder_frames_of_merged(b, row, frames, ret_n);
	if (b->view->by_lock)
		return builder_frames_of_lock(b, row, frames, ret_n);
	return b->view->by_waker ? builder_frames_of_waker(b, row, frames, ret_n)
				 : builder_frames_of_wait(b, row, frames, ret_n);
}
