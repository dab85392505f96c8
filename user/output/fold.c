/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/fold.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

struct stack_key {
	const uint32_t *frames;
	uint32_t cnt;
};

/* A sample's frames; NULL when it has none, as the profile may have none at all. */
static const uint32_t *sample_frames(const struct fold *f, const struct profile_sample *s)
{
	return s->frame_cnt ? f->profile->frame_ids + s->first_frame : NULL;
}

static uint32_t name_id(const struct fold *f, uint32_t frame)
{
	return frame < f->profile->frame_cnt ? f->profile->frames[frame].name : 0;
}

static const char *kind_suffix(const struct fold *f, uint32_t frame)
{
	if (!f->opts.kinds || frame >= f->profile->frame_cnt)
		return "";
	switch (f->profile->frames[frame].kind) {
	case FRAME_KIND_KERNEL:
		return "_[k]";
	case FRAME_KIND_INLINED:
		return "_[i]";
	case FRAME_KIND_JIT:
		return "_[j]";
	case FRAME_KIND_WAKER:
		return "_[w]";
	default:
		return "";
	}
}

/* Do two frames look the same? */
static bool frame_eq(const struct fold *f, uint32_t a, uint32_t b)
{
	return name_id(f, a) == name_id(f, b) && !strcmp(kind_suffix(f, a), kind_suffix(f, b));
}

static bool row_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct fold *f = owner;
	const struct fold_row *row = &f->rows[pos];
	const struct stack_key *k = key;

	if (row->frame_cnt != k->cnt)
		return false;
	for (uint32_t i = 0; i < k->cnt; i++)
		if (!frame_eq(f, row->frames[i], k->frames[i]))
			return false;
	return true;
}

/* The row of a stack, added if new; NULL when there is no memory. */
static struct fold_row *find_or_add_row(struct fold *f, const struct profile_sample *s)
{
	struct stack_key key = {sample_frames(f, s), s->frame_cnt};
	uint64_t hash = hash_u64(key.cnt);
	uint32_t pos;

	for (uint32_t i = 0; i < key.cnt; i++)
		hash = hash_mix(hash, name_id(f, key.frames[i]));
	pos = hash_index__find(&f->index, hash, row_eq, f, &key);
	if (pos != HASH_INDEX_NONE)
		return &f->rows[pos];
	if (array__grow((void **)&f->rows, &f->row_cap, f->row_cnt + 1, sizeof(*f->rows),
			FOLD_MAX_CNT) ||
	    hash_index__add(&f->index, hash, (uint32_t)f->row_cnt))
		return NULL;
	f->rows[f->row_cnt] = (struct fold_row){
		.frames = key.frames,
		.frame_cnt = key.cnt,
		.first_part = FOLD_NONE,
		.first_variant = FOLD_NONE,
	};
	return &f->rows[f->row_cnt++];
}

/* Remembers the sample's frames if they are not exactly those that the row has. */
static int add_variant(struct fold *f, struct fold_row *row, const struct profile_sample *s)
{
	const uint32_t *frames = sample_frames(f, s);
	size_t size = s->frame_cnt * sizeof(*frames);
	uint32_t at;

	if (!frames || !row->frames || !memcmp(row->frames, frames, size))
		return 0;
	for (at = row->first_variant; at != FOLD_NONE; at = f->variants[at].next)
		if (!memcmp(f->variants[at].frames, frames, size))
			return 0;
	if (array__grow((void **)&f->variants, &f->variant_cap, f->variant_cnt + 1,
			sizeof(*f->variants), FOLD_MAX_CNT))
		return -ENOMEM;
	f->variants[f->variant_cnt] = (struct fold_variant){row->first_variant, frames};
	row->first_variant = (uint32_t)f->variant_cnt++;
	return 0;
}

/* By reason, then by the system's name for it, then by the group's name, then by thread. */
static int part_cmp(const struct fold *f, const struct fold_part *a, const struct fold_part *b)
{
	int order = 0;

	if (a->reason != b->reason)
		return a->reason < b->reason ? -1 : 1;
	if (a->labels != b->labels)
		return strcmp(profile__str(f->profile, a->labels),
			      profile__str(f->profile, b->labels));
	if (a->goroutine != b->goroutine)
		return a->goroutine ? 1 : -1;
	if (a->wait_name != b->wait_name)
		order = strcmp(profile__str(f->profile, a->wait_name),
			       profile__str(f->profile, b->wait_name));
	if (!order && a->group != b->group)
		order = strcmp(profile__str(f->profile, a->group),
			       profile__str(f->profile, b->group));
	if (order || !f->opts.threads || a->thread == b->thread)
		return order;
	return a->thread < b->thread ? -1 : 1;
}

/* The part of a row that is like @like, added in order if new; NULL when there is no memory. */
static struct fold_part *find_or_add_part(struct fold *f, struct fold_row *row,
					  const struct fold_part *like)
{
	uint32_t prev = FOLD_NONE, at = row->first_part, pos = (uint32_t)f->part_cnt;
	int order = 1;

	for (; at != FOLD_NONE; at = f->parts[at].next) {
		order = part_cmp(f, &f->parts[at], like);
		if (order >= 0)
			break;
		prev = at;
	}
	if (at != FOLD_NONE && !order)
		return &f->parts[at];
	if (array__grow((void **)&f->parts, &f->part_cap, f->part_cnt + 1, sizeof(*f->parts),
			FOLD_MAX_CNT))
		return NULL;
	f->parts[pos] = *like;
	f->parts[pos].next = at;
	f->part_cnt++;
	if (prev == FOLD_NONE)
		row->first_part = pos;
	else
		f->parts[prev].next = pos;
	return &f->parts[pos];
}

static int add_sample(struct fold *f, const struct profile_sample *s)
{
	struct fold_part like = {
		.reason = s->reason < REASON_CNT ? s->reason : REASON_OTHER,
		.thread = s->thread,
		.wait_name = f->opts.wait_names ? s->wait_name : 0,
		.labels = f->opts.wait_names ? s->labels : 0,
		.goroutine = f->opts.wait_names && s->thread < f->profile->thread_cnt &&
			     f->profile->threads[s->thread].goroutine,
	};
	uint64_t ns = profile_sample__total_ns(s);
	struct fold_row *row = find_or_add_row(f, s);
	struct fold_part *part;

	if (f->opts.groups && s->thread < f->profile->thread_cnt)
		like.group = f->profile->threads[s->thread].group;
	part = row ? find_or_add_part(f, row, &like) : NULL;
	if (!part || add_variant(f, row, s))
		return -ENOMEM;
	if (part->thread != s->thread)
		part->thread = FOLD_NONE;
	part->ns += ns;
	part->cnt += s->cnt;
	if (part->max_ns < s->max_ns)
		part->max_ns = s->max_ns;
	row->ns += ns;
	f->total_ns += ns;
	f->total_cnt += s->cnt;
	return 0;
}

static uint64_t round_us(uint64_t ns)
{
	return ns / 1000 + (ns % 1000 >= 500);
}

/*
 * Rounds the rows, shares each row's microseconds between its parts (by rounding the running sum,
 * so that no part is off by more than one and the sum is right), and drops the rows of 0 us.
 */
static void round_rows(struct fold *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->row_cnt; i++) {
		struct fold_row *row = &f->rows[i];
		uint64_t sum_ns = 0;

		for (uint32_t at = row->first_part; at != FOLD_NONE; at = f->parts[at].next) {
			struct fold_part *part = &f->parts[at];

			part->us = round_us(sum_ns + part->ns) - round_us(sum_ns);
			sum_ns += part->ns;
		}
		row->us = round_us(row->ns);
		f->total_us += row->us;
		if (row->us || f->opts.keep_short)
			f->rows[kept++] = *row;
		else
			f->left_out_ns += row->ns;
	}
	f->row_cnt = kept;
}

/* Reads the bytes of a row's folded line from a frame on. */
struct line_cursor {
	const struct fold *f;
	const struct fold_row *row;
	uint32_t frame;
	const char *s;
	const char *suffix; /* what comes after s */
	char number[24];
};

static void line_cursor_init(struct line_cursor *c, const struct fold *f,
			     const struct fold_row *row, uint32_t frame)
{
	c->f = f;
	c->row = row;
	c->frame = frame;
	c->suffix = "";
	if (frame < fold_row__name_cnt(row)) {
		c->s = fold__name(f, row, frame);
		c->suffix = fold__suffix(f, row, frame);
		return;
	}
	snprintf(c->number, sizeof(c->number), " %" PRIu64, row->us);
	c->s = c->number;
}

/* The next byte, -1 at the end of the line. */
static int line_cursor_next(struct line_cursor *c)
{
	if (!*c->s) {
		c->s = c->suffix;
		c->suffix = "";
	}
	if (*c->s)
		return (unsigned char)*c->s++;
	if (c->frame >= fold_row__name_cnt(c->row))
		return -1;
	line_cursor_init(c, c->f, c->row, c->frame + 1);
	if (c->frame < fold_row__name_cnt(c->row))
		return ';';
	return (unsigned char)*c->s++;
}

static int row_cmp(const void *left, const void *right, void *arg)
{
	const struct fold_row *a = left, *b = right;
	const struct fold *f = arg;
	struct line_cursor at_a, at_b;
	uint32_t i = 0;
	int byte_a, byte_b;

	/*
	 * Equal frames need no look at their bytes; the last ones do, for the separator behind
	 * them.
	 */
	while (i + 1 < a->frame_cnt && i + 1 < b->frame_cnt &&
	       frame_eq(f, a->frames[i], b->frames[i]))
		i++;
	line_cursor_init(&at_a, f, a, i);
	line_cursor_init(&at_b, f, b, i);
	do {
		byte_a = line_cursor_next(&at_a);
		byte_b = line_cursor_next(&at_b);
	} while (byte_a == byte_b && byte_a >= 0);
	return byte_a - byte_b;
}

int fold__init_with(struct fold *f, const struct profile *p, const struct fold_opts *opts)
{
	memset(f, 0, sizeof(*f));
	f->profile = p;
	f->opts = *opts;
	hash_index__init(&f->index);
	for (size_t i = 0; i < p->sample_cnt; i++) {
		int err = add_sample(f, &p->samples[i]);

		if (err)
			return err;
	}
	hash_index__fini(&f->index); /* positions change from here on */
	round_rows(f);
	if (f->row_cnt)
		qsort_r(f->rows, f->row_cnt, sizeof(*f->rows), row_cmp, f);
	return 0;
}

int fold__init(struct fold *f, const struct profile *p)
{
	static const struct fold_opts usual;

	return fold__init_with(f, p, &usual);
}

void fold__fini(struct fold *f)
{
	free(f->rows);
	free(f->parts);
	free(f->variants);
	hash_index__fini(&f->index);
	memset(f, 0, sizeof(*f));
}

const char *fold__name(const struct fold *f, const struct fold_row *row, uint32_t i)
{
	if (i >= row->frame_cnt)
		return "[unknown]";
	return profile__str(f->profile, name_id(f, row->frames[i]));
}

const char *fold__suffix(const struct fold *f, const struct fold_row *row, uint32_t i)
{
	return i < row->frame_cnt ? kind_suffix(f, row->frames[i]) : "";
}

int fold__stack(const struct fold *f, const struct fold_row *row, struct buf *to)
{
	for (uint32_t i = 0; i < fold_row__name_cnt(row); i++) {
		if (i)
			buf__putc(to, ';');
		buf__puts(to, fold__name(f, row, i));
		buf__puts(to, fold__suffix(f, row, i));
	}
	return to->err;
}
