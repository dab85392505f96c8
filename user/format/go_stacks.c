/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/go_stacks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"

#define BATCH_CNT   256
#define FIRST_BYTES 4096 /* of each stack that are read at first: few are deeper */
#define TRY_CNT	    4	 /* of a stack that changes meanwhile */

struct go_stacks_row {
	uint32_t first, cnt; /* in pcs */
	bool is_whole;
};

/* A goroutine whose stack is being read. */
struct go_stacks_job {
	struct goroutine *g;
	size_t len; /* bytes of its stack that came */
	struct go_stack stack;
	bool is_seen; /* its struct was read again */
	bool is_done;
};

struct go_stacks {
	uint64_t *pcs;
	size_t pc_cnt, pc_cap;
	struct go_stacks_row *rows;
	size_t cnt, cap;
	struct hash_index index;
	struct go_frame_cache cache;
	struct go_stacks_job jobs[BATCH_CNT];
	size_t job_cnt;
	uint64_t addrs[BATCH_CNT];
	const struct go_layout *layout;
	uint64_t now_ns;
	bool is_first;
	uint8_t bytes[BATCH_CNT][FIRST_BYTES];
	uint8_t deep[GO_STACK_MAX_BYTES];
};

struct go_stacks *go_stacks__new(void)
{
	return calloc(1, sizeof(struct go_stacks));
}

void go_stacks__free(struct go_stacks *s)
{
	if (!s)
		return;
	free(s->pcs);
	free(s->rows);
	hash_index__fini(&s->index);
	free(s);
}

struct go_stack_view go_stacks__get(const struct go_stacks *s, uint32_t number)
{
	const struct go_stacks_row *r;

	if (number >= s->cnt)
		return (struct go_stack_view){0};
	r = &s->rows[number];
	return (struct go_stack_view){s->pcs + r->first, r->cnt, r->is_whole};
}

bool go_stacks__is_full(const struct go_stacks *s)
{
	return s->pc_cnt > GO_STACKS_MAX_PCS / 2;
}

void go_stacks__forget(struct go_stacks *s, struct goroutines *g)
{
	s->pc_cnt = s->cnt = 0;
	hash_index__clear(&s->index);
	for (size_t i = 0; i < g->cnt; i++)
		g->items[i].stack = GO_STACK_NONE;
}

/* ---- each once ---- */

static bool go_stacks_equal(const void *owner, uint32_t pos, const void *key)
{
	const struct go_stacks *s = owner;
	const struct go_stacks_row *r = &s->rows[pos];
	const struct go_stack *k = key;

	return r->cnt == k->cnt && r->is_whole == (k->end == GO_STACK_WHOLE) &&
	       !memcmp(s->pcs + r->first, k->pcs, k->cnt * sizeof(*k->pcs));
}

/* 0; -E2BIG: there is no room; -ENOMEM. */
static int go_stacks_intern(struct go_stacks *s, const struct go_stack *k, uint32_t *ret)
{
	uint64_t hash = hash_bytes(k->pcs, k->cnt * sizeof(*k->pcs));
	uint32_t found = hash_index__find(&s->index, hash, go_stacks_equal, s, k);
	int err;

	if (found != HASH_INDEX_NONE) {
		*ret = found;
		return 0;
	}
	err = array__grow((void **)&s->pcs, &s->pc_cap, s->pc_cnt + k->cnt, sizeof(*s->pcs),
			  GO_STACKS_MAX_PCS);
	if (!err)
		err = array__grow((void **)&s->rows, &s->cap, s->cnt + 1, sizeof(*s->rows),
				  GO_STACKS_MAX_PCS);
	if (!err)
		err = hash_index__add(&s->index, hash, (uint32_t)s->cnt);
	if (err)
		return err;
	memcpy(s->pcs + s->pc_cnt, k->pcs, k->cnt * sizeof(*k->pcs));
	s->rows[s->cnt] =
		(struct go_stacks_row){(uint32_t)s->pc_cnt, k->cnt, k->end == GO_STACK_WHOLE};
	s->pc_cnt += k->cnt;
	*ret = (uint32_t)s->cnt++;
	return 0;
}

/* ---- reading ---- */

static size_t go_stacks_want(const struct goroutine *g, size_t max)
{
	uint64_t bytes = g->sp < g->stack_hi ? g->stack_hi - g->sp : 0;

	return bytes < max ? (size_t)bytes : max;
}

static void go_stacks_walk(struct go_stacks *s, const struct go_runtime *r,
			   struct go_stacks_job *job, const void *bytes, size_t len)
{
	const struct goroutine *g = job->g;

	go_stack_walk(&r->code, &s->cache, g->pc, g->sp, g->stack_hi, bytes, len, &job->stack);
}

/* The few that are deeper than what was read. */
static void go_stacks_walk_deep(struct go_stacks *s, const struct go_runtime *r,
				struct go_stacks_job *job)
{
	size_t len = go_stacks_want(job->g, GO_STACK_MAX_BYTES);

	if (!go_memory__read(r->code.memory, job->g->sp, s->deep, len))
		len = 0;
	go_stacks_walk(s, r, job, s->deep, len);
}

static void go_stacks_read_memory(struct go_stacks *s, const struct go_runtime *r)
{
	const struct go_memory *m = r->code.memory;
	struct go_span spans[BATCH_CNT];
	size_t next = 0;

	for (size_t i = 0; i < s->job_cnt; i++) {
		struct go_stacks_job *job = &s->jobs[i];

		job->len = go_stacks_want(job->g, FIRST_BYTES);
		spans[i] = (struct go_span){job->g->sp, job->len};
	}
	while (next < s->job_cnt) {
		size_t came = m->read_spans(m->ctx, spans + next, s->job_cnt - next, s->bytes);
		const uint8_t *at = s->bytes[0];

		for (; came; came--, next++) {
			struct go_stacks_job *job = &s->jobs[next];

			go_stacks_walk(s, r, job, at, job->len);
			at += job->len;
			if (job->stack.end == GO_STACK_MORE)
				go_stacks_walk_deep(s, r, job);
		}
		if (next < s->job_cnt)
			s->jobs[next++].stack = (struct go_stack){.end = GO_STACK_BROKEN};
	}
}

/* The struct after its stack was read: the stack is right if it says the same as before. */
static int go_stacks_see(void *arg, size_t i, const uint8_t bytes[GO_G_BYTES])
{
	struct go_stacks *s = arg;
	struct go_stacks_job *job = &s->jobs[i];
	struct goroutine now;
	bool damaged;

	job->is_seen = true;
	if (!goroutine_decode(s->layout, job->g->addr, bytes, &now, &damaged)) {
		/* It has ended: it is shown as it was, without a stack. */
		job->stack = (struct go_stack){.end = GO_STACK_WHOLE};
		job->is_done = true;
		return 0;
	}
	job->is_done = goroutine__is_unchanged(&now, job->g) &&
		       (job->stack.end == GO_STACK_WHOLE || job->stack.end == GO_STACK_DEEP);
	if (goroutine__is_unchanged(&now, job->g))
		return 0;
	/* Again, as it is now. */
	goroutine__set_new(&now, s->now_ns, s->is_first);
	goroutine__set_changed(&now, job->g);
	*job->g = now;
	job->stack = (struct go_stack){.end = GO_STACK_MORE};
	return 0;
}

static bool go_stacks_wants(const struct goroutine *g)
{
	return g->stack == GO_STACK_NONE && g->status != GO_RUNNING && g->status != GO_COPYSTACK;
}

/* What the last try left: the goroutine's struct as it is now, and no stack if that is in doubt. */
static int go_stacks_finish(struct go_stacks *s, struct go_stacks_job *job,
			    struct go_counts *counts)
{
	int err;

	if (!go_stacks_wants(job->g))
		return 0;
	if (!job->is_seen || job->stack.end == GO_STACK_MORE) {
		counts->torn++;
		return 0;
	}
	counts->broken += job->stack.end == GO_STACK_BROKEN;
	if (!job->stack.cnt)
		return 0;
	err = go_stacks_intern(s, &job->stack, &job->g->stack);
	counts->unkept += err == -E2BIG;
	return err == -E2BIG ? 0 : err;
}

/* Reads the stacks of what is in the batch; those that are done leave it. */
static int go_stacks_try(struct go_stacks *s, const struct go_runtime *r, struct go_counts *counts,
			 bool last)
{
	size_t left = 0;
	int err;

	for (size_t i = 0; i < s->job_cnt; i++) {
		s->addrs[i] = s->jobs[i].g->addr;
		s->jobs[i].is_seen = s->jobs[i].is_done = false;
	}
	go_stacks_read_memory(s, r);
	err = go_structs_read(r->code.memory, s->addrs, s->job_cnt, go_stacks_see, s);
	for (size_t i = 0; !err && i < s->job_cnt; i++) {
		struct go_stacks_job *job = &s->jobs[i];

		if (job->is_done || last || !go_stacks_wants(job->g))
			err = go_stacks_finish(s, job, counts);
		else
			s->jobs[left++] = *job;
	}
	s->job_cnt = left;
	return err;
}

static int go_stacks_read_batch(struct go_stacks *s, const struct go_runtime *r,
				struct go_counts *counts)
{
	int err = 0;

	for (int i = 1; !err && s->job_cnt && i <= TRY_CNT; i++)
		err = go_stacks_try(s, r, counts, i == TRY_CNT);
	return err;
}

static bool go_stacks_waits_for(const struct goroutine *g, const struct go_runtime *r,
				const char *reason)
{
	return g->status == GO_WAITING &&
	       !strcmp(go_wait_reasons__text(&r->reasons, g->wait_reason), reason);
}

int go_stacks__read(struct go_stacks *s, const struct go_runtime *r, struct goroutines *g,
		    const char *reason)
{
	int err = 0;

	s->layout = &r->layout;
	s->now_ns = g->now_ns;
	s->is_first = g->is_first;
	s->job_cnt = 0;
	for (size_t i = 0; !err && i < g->cnt; i++) {
		if (!go_stacks_wants(&g->items[i]))
			continue;
		if (reason && !go_stacks_waits_for(&g->items[i], r, reason))
			continue;
		s->jobs[s->job_cnt++] = (struct go_stacks_job){.g = &g->items[i]};
		if (s->job_cnt == BATCH_CNT)
			err = go_stacks_read_batch(s, r, &g->counts);
	}
	return err ? err : go_stacks_read_batch(s, r, &g->counts);
}
