/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/top_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"

#define TOP_MAX_TEXT   (64u << 20)
#define TOP_MAX_FRAMES (1u << 25)
#define TOP_OTHERS     "[others]"

_Static_assert(FRAME_KIND_LAST < 16, "a frame's kind takes four bits");

int top_rows__init(struct top_rows *r)
{
	int err;

	*r = (struct top_rows){.max_cnt = TOP_ROWS_MAX};
	hash_index__init(&r->index);
	err = strtab__init(&r->strings, TOP_MAX_TEXT);
	return err ? err : strtab__intern(&r->strings, TOP_OTHERS, &r->others);
}

void top_rows__fini(struct top_rows *r)
{
	strtab__fini(&r->strings);
	hash_index__fini(&r->index);
	free(r->frames);
	free(r->rows);
	*r = (struct top_rows){0};
}

/* ---- one sample ---- */

/* What the adding of a profile needs. */
struct adding {
	struct top_rows *rows;
	const struct profile *profile;
	uint32_t *ids; /* by string of the profile: ours + 1; 0: not asked for yet */
	uint32_t *frames;
	size_t frame_cap;
};

struct row_key {
	const struct top_row *row;
	const uint32_t *frames;
};

static uint64_t row_hash(const struct row_key *k)
{
	const struct top_row *row = k->row;
	uint64_t h = hash_bytes(k->frames, row->cnt * sizeof(*k->frames));

	h = hash_mix(h, (uint64_t)row->tid << 32 | row->pid);
	h = hash_mix(h, (uint64_t)row->comm << 32 | row->process);
	h = hash_mix(h, (uint64_t)row->lock_owner << 32 | row->lock);
	return hash_mix(h, (uint64_t)row->syscall << 8 | row->reason);
}

static bool row_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct top_rows *r = owner;
	const struct top_row *a = &r->rows[pos];
	const struct row_key *k = key;
	const struct top_row *b = k->row;

	return a->tid == b->tid && a->pid == b->pid && a->comm == b->comm &&
	       a->process == b->process && a->lock_owner == b->lock_owner && a->lock == b->lock &&
	       a->syscall == b->syscall && a->reason == b->reason && a->cnt == b->cnt &&
	       (!a->cnt || !memcmp(&r->frames[a->first], k->frames, a->cnt * sizeof(*k->frames)));
}

static int adding_text(struct adding *a, uint32_t id, uint32_t *ret_id)
{
	uint32_t mine;
	int err;

	if (!a->ids[id]) {
		err = strtab__intern(&a->rows->strings, profile__str(a->profile, id), &mine);
		if (err)
			return err;
		a->ids[id] = mine + 1;
	}
	*ret_id = a->ids[id] - 1;
	return 0;
}

/* The frames behind that of the process, in a->frames. */
static int adding_frames(struct adding *a, const struct profile_sample *s, uint32_t *ret_cnt)
{
	uint32_t cnt = 0, name;
	int err = array__grow((void **)&a->frames, &a->frame_cap, s->frame_cnt + 1,
			      sizeof(*a->frames), TOP_MAX_FRAMES);

	for (uint32_t i = 0; !err && i < s->frame_cnt; i++) {
		const struct profile_frame *f = profile__sample_frame(a->profile, s, i);

		if (f->kind == FRAME_KIND_PROCESS)
			continue;
		err = adding_text(a, f->name, &name);
		if (!err)
			a->frames[cnt++] = name << 4 | f->kind;
	}
	*ret_cnt = cnt;
	return err;
}

static int adding_row(struct adding *a, const struct profile_sample *s, struct top_row *row)
{
	const struct profile *p = a->profile;
	int err = adding_frames(a, s, &row->cnt);

	if (!err && s->thread < p->thread_cnt) {
		const struct profile_thread *th = &p->threads[s->thread];

		row->pid = th->pid;
		row->tid = th->tid;
		err = adding_text(a, th->comm, &row->comm);
		if (!err)
			err = adding_text(a, th->process, &row->process);
	} else if (!err) {
		/* A window with too many different waits has some without their thread. */
		row->comm = row->process = a->rows->others;
	}
	if (!err)
		err = adding_text(a, s->lock_owner, &row->lock_owner);
	if (!err)
		err = adding_text(a, s->lock, &row->lock);
	row->reason = s->reason;
	row->syscall = s->syscall;
	return err;
}

static int rows_append(struct top_rows *r, const struct top_row *row, const uint32_t *frames,
		       uint64_t hash, uint32_t *ret_pos)
{
	int err = array__grow((void **)&r->frames, &r->frame_cap, r->frame_cnt + row->cnt,
			      sizeof(*r->frames), TOP_MAX_FRAMES);

	if (!err)
		err = array__grow((void **)&r->rows, &r->cap, r->cnt + 1, sizeof(*r->rows),
				  TOP_ROWS_MAX + REASON_CNT);
	if (!err)
		err = hash_index__add(&r->index, hash, (uint32_t)r->cnt);
	if (err)
		return err;
	if (row->cnt)
		memcpy(&r->frames[r->frame_cnt], frames, row->cnt * sizeof(*frames));
	r->rows[r->cnt] = *row;
	r->rows[r->cnt].first = (uint32_t)r->frame_cnt;
	r->frame_cnt += row->cnt;
	*ret_pos = (uint32_t)r->cnt++;
	return 0;
}

/* The row that is like @row, or a new one. -E2BIG: there are too many. */
static int rows_get(struct top_rows *r, const struct top_row *row, const uint32_t *frames,
		    size_t max_cnt, uint32_t *ret_pos)
{
	struct row_key key = {row, frames};
	uint64_t hash = row_hash(&key);

	*ret_pos = hash_index__find(&r->index, hash, row_eq, r, &key);
	if (*ret_pos != HASH_INDEX_NONE)
		return 0;
	return r->cnt < max_cnt ? rows_append(r, row, frames, hash, ret_pos) : -E2BIG;
}

/* That of all others with this reason. */
static int rows_get_others(struct top_rows *r, uint8_t reason, uint32_t *ret_pos)
{
	const struct top_row row = {.comm = r->others, .process = r->others, .reason = reason};

	r->left_cnt++;
	return rows_get(r, &row, NULL, TOP_ROWS_MAX + REASON_CNT, ret_pos);
}

static int adding_sample(struct adding *a, const struct profile_sample *s)
{
	struct top_row row = {0}, *at;
	uint32_t pos;
	int err = adding_row(a, s, &row);

	if (!err)
		err = rows_get(a->rows, &row, a->frames, a->rows->max_cnt, &pos);
	if (err == -E2BIG)
		err = rows_get_others(a->rows, s->reason, &pos);
	if (err)
		return err;
	at = &a->rows->rows[pos];
	if (s->open)
		at->open_cnt += s->cnt;
	else
		at->ended_cnt += s->cnt;
	at->ns += profile_sample__total_ns(s);
	if (at->max_ns < s->max_ns)
		at->max_ns = s->max_ns;
	return 0;
}

int top_rows__add(struct top_rows *r, const struct profile *p)
{
	struct adding a = {.rows = r, .profile = p};
	int err = 0;

	a.ids = calloc(p->strings.cnt + 1, sizeof(*a.ids));
	if (!a.ids)
		return -ENOMEM;
	for (size_t i = 0; i < r->cnt; i++)
		r->rows[i].open_cnt = 0;
	for (size_t i = 0; !err && i < p->sample_cnt; i++)
		err = adding_sample(&a, &p->samples[i]);
	r->window_ns += p->window_ns;
	r->hidden_ns += p->hidden_ns;
	free(a.ids);
	free(a.frames);
	return err;
}

/* ---- copies ---- */

static void *copy_of(const void *from, size_t cnt, size_t size)
{
	void *to = malloc(cnt * size + 1);

	if (to && cnt)
		memcpy(to, from, cnt * size);
	return to;
}

int top_rows__copy(struct top_rows *to, const struct top_rows *from)
{
	int err = top_rows__init(to);
	uint32_t id;

	for (uint32_t i = 1; !err && i < from->strings.cnt; i++)
		err = strtab__intern(&to->strings, strtab__get(&from->strings, i), &id);
	if (err)
		return err;
	to->frames = copy_of(from->frames, from->frame_cnt, sizeof(*to->frames));
	to->rows = copy_of(from->rows, from->cnt, sizeof(*to->rows));
	if (!to->frames || !to->rows)
		return -ENOMEM;
	to->frame_cnt = from->frame_cnt;
	to->cnt = from->cnt;
	to->window_ns = from->window_ns;
	to->hidden_ns = from->hidden_ns;
	to->left_cnt = from->left_cnt;
	return 0;
}
