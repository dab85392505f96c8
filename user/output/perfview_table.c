/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/perfview_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* PerfView's ids are signed. */
#define PERFVIEW_MAX_CNT (1u << 30)

/* ---- frames and stacks, each once ---- */

static bool frame_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct perfview_frame *a = &((const struct perfview_table *)owner)->frames[pos];
	const struct perfview_frame *b = key;

	return a->type == b->type && a->id == b->id && a->name == b->name;
}

static int frame_of(struct perfview_table *t, struct perfview_frame f, uint32_t *ret_id)
{
	uint64_t hash = hash_mix(hash_u64((uint64_t)f.id << 32 | f.name), f.type);
	uint32_t pos = hash_index__find(&t->frame_index, hash, frame_eq, t, &f);
	int err = 0;

	if (pos == HASH_INDEX_NONE) {
		pos = (uint32_t)t->frame_cnt;
		err = array__grow((void **)&t->frames, &t->frame_cap, t->frame_cnt + 1,
				  sizeof(*t->frames), PERFVIEW_MAX_CNT);
		if (!err)
			err = hash_index__add(&t->frame_index, hash, pos);
		if (err)
			return err;
		t->frames[t->frame_cnt++] = f;
	}
	*ret_id = pos;
	return 0;
}

static bool stack_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct perfview_stack *a = &((const struct perfview_table *)owner)->stacks[pos];
	const struct perfview_stack *b = key;

	return a->caller == b->caller && a->frame == b->frame;
}

/* The stack of @f, called by that in *@stack, which it takes the place of. */
static int push(struct perfview_table *t, struct perfview_frame f, uint32_t *stack)
{
	struct perfview_stack s = {.caller = *stack};
	int err = frame_of(t, f, &s.frame);
	uint64_t hash = hash_u64((uint64_t)s.caller << 32 | s.frame);
	uint32_t pos;

	if (err)
		return err;
	pos = hash_index__find(&t->stack_index, hash, stack_eq, t, &s);
	if (pos == HASH_INDEX_NONE) {
		pos = (uint32_t)t->stack_cnt;
		err = array__grow((void **)&t->stacks, &t->stack_cap, t->stack_cnt + 1,
				  sizeof(*t->stacks), PERFVIEW_MAX_CNT);
		if (!err)
			err = hash_index__add(&t->stack_index, hash, pos);
		if (err)
			return err;
		t->stacks[t->stack_cnt++] = s;
	}
	*stack = pos;
	return 0;
}

/* ---- rows ---- */

static uint8_t kind_of(const struct perfview_table *t, uint32_t frame)
{
	const struct profile *p = t->rows.profile;

	return frame < p->frame_cnt ? p->frames[frame].kind : FRAME_KIND_MISSING;
}

/* Does the row's first frame name the thread that waited? With --by-lock it is somebody else's. */
static bool begins_with_thread(const struct perfview_table *t, const struct stack_row *row)
{
	const struct profile *p = t->rows.profile;

	return !p->by_lock && row->thread < p->thread_cnt &&
	       kind_of(t, t->rows.frames[row->first]) == FRAME_KIND_PROCESS;
}

/* Does the frame say what those of process and thread do: a name of theirs, or as with --per-thread NAME-PID/TID? */
static bool says_no_more(const struct perfview_table *t, const struct profile_thread *th,
			 uint32_t frame)
{
	const char *comm = profile__str(t->rows.profile, th->comm);
	const char *name = stack_rows__name(&t->rows, frame);
	size_t len = strlen(comm);
	char rest[32];

	if (!strcmp(name, profile__str(t->rows.profile, th->process)))
		return true;
	if (strncmp(name, comm, len) != 0)
		return false;
	snprintf(rest, sizeof(rest), "-%" PRIu32 "/%" PRIu32, th->pid, th->tid);
	return !name[len] || !strcmp(name + len, rest);
}

/* By its text: what looks the same is one in PerfView, too. */
static int push_frame(struct perfview_table *t, uint32_t frame, uint32_t *stack)
{
	const struct profile *p = t->rows.profile;
	struct perfview_frame f = {PERFVIEW_FRAME, 0, 0};

	if (frame < p->frame_cnt) {
		f.id = p->frames[frame].module;
		f.name = p->frames[frame].name;
	}
	return push(t, f, stack);
}

/* A name that the thread had before, and no more, stays as a frame. */
static int push_thread(struct perfview_table *t, const struct stack_row *row, uint32_t *stack)
{
	const struct profile_thread *th = &t->rows.profile->threads[row->thread];
	uint32_t frame = t->rows.frames[row->first];
	struct perfview_frame process = {PERFVIEW_PROCESS, th->pid, th->process};
	struct perfview_frame thread = {PERFVIEW_THREAD, th->tid, th->comm};
	int err = push(t, process, stack);

	if (!err)
		err = push(t, thread, stack);
	if (!err && !says_no_more(t, th, frame))
		err = push_frame(t, frame, stack);
	return err;
}

static int add_sample(struct perfview_table *t, enum perfview_frame_type leaf, uint32_t stack,
		      uint64_t ns)
{
	int err;

	if (!ns)
		return 0;
	err = push(t, (struct perfview_frame){leaf, 0, 0}, &stack);
	if (!err)
		err = array__grow((void **)&t->samples, &t->sample_cap, t->sample_cnt + 1,
				  sizeof(*t->samples), PERFVIEW_MAX_CNT);
	if (err)
		return err;
	t->samples[t->sample_cnt++] = (struct perfview_sample){stack, ns};
	return 0;
}

static int add_row(struct perfview_table *t, const struct stack_row *row)
{
	const uint32_t *frames = t->rows.frames + row->first;
	uint32_t stack = PERFVIEW_NO_CALLER, i = 0, cnt = row->cnt;
	int err = 0;

	if (begins_with_thread(t, row)) {
		err = push_thread(t, row, &stack);
		i++;
	}
	if (cnt > i && kind_of(t, frames[cnt - 1]) == FRAME_KIND_STATE)
		cnt--;
	for (; !err && i < cnt; i++)
		err = push_frame(t, frames[i], &stack);
	if (!err)
		err = add_sample(t, PERFVIEW_BLOCKED, stack, row->blocked_ns);
	return err ? err : add_sample(t, PERFVIEW_RUNNABLE, stack, row->runnable_ns);
}

int perfview_table__init(struct perfview_table *t, const struct profile *p)
{
	int err;

	memset(t, 0, sizeof(*t));
	hash_index__init(&t->frame_index);
	hash_index__init(&t->stack_index);
	err = stack_rows__init(&t->rows, p, STACK_ROWS_BY_MODULE);
	for (size_t i = 0; !err && i < t->rows.cnt; i++)
		err = add_row(t, &t->rows.rows[i]);
	return err;
}

void perfview_table__fini(struct perfview_table *t)
{
	stack_rows__fini(&t->rows);
	free(t->frames);
	free(t->stacks);
	free(t->samples);
	hash_index__fini(&t->frame_index);
	hash_index__fini(&t->stack_index);
	memset(t, 0, sizeof(*t));
}
