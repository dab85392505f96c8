/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/stack_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define STACK_ROWS_MAX_FRAMES (1u << 31) /* of all rows */
#define STACK_ROWS_MAX_CNT    (1u << 28)

/* ---- frames that look the same ---- */

/* The kinds that writers have another form for; all other ones look the same. */
static uint8_t role_of(const struct profile_frame *f)
{
	return f->kind == FRAME_KIND_PROCESS || f->kind == FRAME_KIND_STATE ? f->kind
									    : FRAME_KIND_NATIVE;
}

static bool frame_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct stack_rows *r = owner;
	const struct profile_frame *a = &r->profile->frames[pos], *b = key;

	if (a->name != b->name)
		return false;
	if (r->by & STACK_ROWS_BY_MODULE && (a->module != b->module || role_of(a) != role_of(b)))
		return false;
	return !(r->by & STACK_ROWS_BY_PLACE) || (a->file == b->file && a->line == b->line);
}

static int find_alike(struct stack_rows *r)
{
	const struct profile *p = r->profile;

	r->alike = calloc(p->frame_cnt + 1, sizeof(*r->alike));
	if (!r->alike)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->frame_cnt; i++) {
		const struct profile_frame *f = &p->frames[i];
		uint64_t hash = hash_mix(f->name, r->by & STACK_ROWS_BY_PLACE ? f->line : 0);

		r->alike[i] = hash_index__find(&r->index, hash, frame_eq, r, f);
		if (r->alike[i] != HASH_INDEX_NONE)
			continue;
		if (hash_index__add(&r->index, hash, i))
			return -ENOMEM;
		r->alike[i] = i;
	}
	r->alike[p->frame_cnt] = stack_rows__no_frame(r);
	hash_index__clear(&r->index);
	return 0;
}

/* ---- rows ---- */

static int compare_u32(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_rows(const void *left, const void *right, void *arg)
{
	const struct stack_row *a = left, *b = right;
	const struct stack_rows *r = arg;
	int order = compare_u32(a->thread, b->thread);

	for (uint32_t i = 0; !order && i < a->cnt && i < b->cnt; i++)
		order = compare_u32(r->frames[a->first + i], r->frames[b->first + i]);
	return order ? order : compare_u32(a->cnt, b->cnt);
}

static bool row_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct stack_rows *r = owner;

	return !compare_rows(&r->rows[pos], key, (void *)r);
}

static uint64_t row_hash(const struct stack_rows *r, const struct stack_row *row)
{
	uint64_t hash = hash_u64((uint64_t)row->thread << 32 | row->cnt);

	for (uint32_t i = 0; i < row->cnt; i++)
		hash = hash_mix(hash, r->frames[row->first + i]);
	return hash;
}

/* The stack of @s behind those that are there; it is taken back if its row is not new. */
static int push_stack(struct stack_rows *r, const struct profile_sample *s, struct stack_row *ret)
{
	const struct profile *p = r->profile;
	uint32_t cnt = s->frame_cnt ? s->frame_cnt : 1;
	int err = array__grow((void **)&r->frames, &r->frame_cap, r->frame_cnt + cnt,
			      sizeof(*r->frames), STACK_ROWS_MAX_FRAMES);

	if (err)
		return err;
	ret->first = (uint32_t)r->frame_cnt;
	ret->cnt = cnt;
	ret->thread = s->thread < p->thread_cnt ? s->thread : (uint32_t)p->thread_cnt;
	r->frames[r->frame_cnt] = stack_rows__no_frame(r);
	for (uint32_t i = 0; i < s->frame_cnt; i++)
		r->frames[r->frame_cnt + i] = r->alike[p->frame_ids[s->first_frame + i]];
	return 0;
}

static int add_sample(struct stack_rows *r, const struct profile_sample *s)
{
	struct stack_row row = {.first = 0};
	int err = push_stack(r, s, &row);
	uint64_t hash;
	uint32_t pos;

	if (err)
		return err;
	hash = row_hash(r, &row);
	pos = hash_index__find(&r->index, hash, row_eq, r, &row);
	if (pos == HASH_INDEX_NONE) {
		pos = (uint32_t)r->cnt;
		err = array__grow((void **)&r->rows, &r->cap, r->cnt + 1, sizeof(*r->rows),
				  STACK_ROWS_MAX_CNT);
		if (!err)
			err = hash_index__add(&r->index, hash, pos);
		if (err)
			return err;
		r->rows[r->cnt++] = row;
		r->frame_cnt += row.cnt;
	}
	r->rows[pos].blocked_ns += s->blocked_ns;
	r->rows[pos].runnable_ns += s->runnable_ns;
	return 0;
}

int stack_rows__init(struct stack_rows *r, const struct profile *p, unsigned int by)
{
	int err;

	*r = (struct stack_rows){.profile = p, .by = by};
	hash_index__init(&r->index);
	err = find_alike(r);
	for (size_t i = 0; !err && i < p->sample_cnt; i++)
		err = add_sample(r, &p->samples[i]);
	if (!err && r->cnt)
		qsort_r(r->rows, r->cnt, sizeof(*r->rows), compare_rows, r);
	return err;
}

void stack_rows__fini(struct stack_rows *r)
{
	free(r->alike);
	free(r->frames);
	free(r->rows);
	hash_index__fini(&r->index);
	*r = (struct stack_rows){.profile = NULL};
}

const char *stack_rows__name(const struct stack_rows *r, uint32_t frame)
{
	const struct profile *p = r->profile;

	return frame < p->frame_cnt ? profile__str(p, p->frames[frame].name) : "[unknown]";
}
