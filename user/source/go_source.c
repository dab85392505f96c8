/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/go_source.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/os_clock.h"
#include "source/go_targets.h"

struct go_source {
	struct source base;
	struct source *inner;
	struct go_source_opts opts;
	struct go_targets targets;
	uint64_t random;
	uint64_t next_ns; /* the next look */
	uint64_t look_cnt, look_ns;
	/* The consumer, during a call. */
	event_fn fn;
	void *arg;
};

static const struct source_ops go_source_ops;

/* Of one that is known to be ours. */
static struct go_source *go_source_of(const struct source *s)
{
	return (struct go_source *)s;
}

/* NULL: it is another one, or none. */
static struct go_source *go_source_if(const struct source *s)
{
	return s && s->ops == &go_source_ops ? go_source_of(s) : NULL;
}

/* ---- events ---- */

static void go_source_take_consumer(struct go_source *s, event_fn fn, void *arg)
{
	s->fn = fn;
	s->arg = arg;
	s->targets.wire.fn = fn;
	s->targets.wire.arg = arg;
}

/* The ledger is of both sources: what the looks counted is added to what the kernel side did. */
static int go_source_add_counters(struct go_source *s, const struct wire_counters *from)
{
	union {
		struct wire_counters rec;
		uint64_t words[sizeof(struct wire_counters) / 8 + WIRE_COUNTER_CNT];
	} u;
	struct event e = {.counters = &u.rec};

	if (from->cnt != WIRE_COUNTER_CNT || from->h.size != sizeof(u)) {
		e.counters = from;
		return s->fn(s->arg, &e);
	}
	memcpy(&u, from, sizeof(u));
	u.rec.values[WIRE_C_OBSERVED_NS] += s->targets.seen_ns - s->targets.unended_ns;
	u.rec.values[WIRE_C_OBSERVED_CNT] += s->targets.seen_cnt - s->targets.unended_cnt;
	u.rec.values[WIRE_C_FILTERED_NS] += s->targets.filtered_ns;
	u.rec.values[WIRE_C_FILTERED_CNT] += s->targets.filtered_cnt;
	return s->fn(s->arg, &e);
}

static int go_source_take(void *arg, const struct event *e)
{
	struct go_source *s = arg;
	int err = e->h->kind == WIRE_COUNTERS ? go_source_add_counters(s, e->counters)
					      : s->fn(s->arg, e);

	return err ? err : go_targets__learn(&s->targets, e);
}

/* ---- looks ---- */

/* In (0, 1]: xorshift64*, of S. Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
static double go_source_random(struct go_source *s)
{
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return ((double)(s->random * 0x2545f4914f6cdd1dull >> 11) + 1) / 9007199254740992.0;
}

/*
 * Looks come as a Poisson process does, so no program that does things at even distances runs in step with them. When a look takes
 * long, the next one is as much later.
 */
static void go_source_plan(struct go_source *s, uint64_t now_ns, uint64_t took_ns)
{
	double wait_ns = -log(go_source_random(s)) * 1e9 / s->opts.hz;
	double least_ns = (double)took_ns / s->opts.max_cpu;

	s->next_ns = now_ns + (uint64_t)(wait_ns > least_ns ? wait_ns : least_ns);
}

static int go_source_look(struct go_source *s, bool last)
{
	uint64_t begin_ns = os_monotonic_ns(), end_ns;
	int err = go_targets__look(&s->targets, begin_ns, last);

	end_ns = os_monotonic_ns();
	/* The first one opens the programs and reads all stacks: later ones don't. */
	go_source_plan(s, end_ns, s->look_cnt ? end_ns - begin_ns : 0);
	s->look_cnt++;
	s->look_ns += end_ns - begin_ns;
	return err;
}

static int go_source_timeout(const struct go_source *s, uint64_t now_ns, int timeout_ms)
{
	uint64_t ms = s->next_ns > now_ns ? (s->next_ns - now_ns + 999999) / 1000000 : 0;

	if (!s->targets.open_cnt && !s->targets.new_cnt)
		return timeout_ms;
	return ms < (uint64_t)timeout_ms ? (int)ms : timeout_ms;
}

/* ---- the source ---- */

static int go_source_start(struct source *base, event_fn fn, void *arg)
{
	struct go_source *s = go_source_of(base);
	int err;

	go_source_take_consumer(s, fn, arg);
	err = source__start(s->inner, go_source_take, s);
	return err ? err : go_source_look(s, false);
}

static int go_source_poll(struct source *base, int timeout_ms, event_fn fn, void *arg)
{
	struct go_source *s = go_source_of(base);
	uint64_t now_ns = os_monotonic_ns();
	int err = 0;

	go_source_take_consumer(s, fn, arg);
	if (now_ns >= s->next_ns)
		err = go_source_look(s, false);
	return err ? err
		   : source__poll(s->inner, go_source_timeout(s, os_monotonic_ns(), timeout_ms),
				  go_source_take, s);
}

/* The last look is before the window's end: what comes after that has no stacks. */
static int go_source_stop(struct source *base, event_fn fn, void *arg)
{
	struct go_source *s = go_source_of(base);
	int err;

	go_source_take_consumer(s, fn, arg);
	err = go_source_look(s, true);
	return err ? err : source__stop(s->inner, go_source_take, s);
}

static int go_source_refresh(struct source *base, const struct wire_image *image, event_fn fn,
			     void *arg)
{
	struct go_source *s = go_source_of(base);

	go_source_take_consumer(s, fn, arg);
	return s->inner->ops->refresh ? s->inner->ops->refresh(s->inner, image, go_source_take, s)
				      : 0;
}

static int go_source_locate(struct source *base, const struct wire_image *image, uint64_t addr,
			    event_fn fn, void *arg)
{
	struct go_source *s = go_source_of(base);

	go_source_take_consumer(s, fn, arg);
	return s->inner->ops->locate
		       ? s->inner->ops->locate(s->inner, image, addr, go_source_take, s)
		       : -ENOTSUP;
}

static void go_source_close(struct source *base)
{
	struct go_source *s = go_source_of(base);

	source__close(s->inner);
	go_targets__fini(&s->targets);
	free(s);
}

/* It can't be cut into windows: what is open in between is told by the last look only. */
static const struct source_ops go_source_ops = {
	.name = "go",
	.start = go_source_start,
	.poll = go_source_poll,
	.stop = go_source_stop,
	.refresh = go_source_refresh,
	.locate = go_source_locate,
	.close = go_source_close,
};

struct source *go_source_open(struct source *inner, const struct go_source_opts *opts)
{
	struct go_source *s = calloc(1, sizeof(*s));

	if (!s) {
		source__close(inner);
		errno = ENOMEM;
		return NULL;
	}
	s->base.ops = &go_source_ops;
	s->inner = inner;
	s->opts = *opts;
	s->random = hash_u64(os_monotonic_ns()) | 1;
	go_targets__init(&s->targets, opts->min_ns, opts->max_ns);
	s->targets.wants_labels = opts->labels;
	return &s->base;
}

struct source *go_source_inner(struct source *s)
{
	struct go_source *g = go_source_if(s);

	return g ? g->inner : s;
}

void go_source_stats(const struct source *s, struct go_source_stats *ret)
{
	const struct go_source *g = go_source_if(s);

	*ret = (struct go_source_stats){0};
	if (!g)
		return;
	*ret = (struct go_source_stats){
		.process_cnt = g->targets.process_cnt,
		.refused_cnt = g->targets.refused_cnt,
		.look_cnt = g->look_cnt,
		.look_ns = g->look_ns,
		.goroutine_cnt = g->targets.goroutine_cnt,
		.torn_cnt = g->targets.torn_cnt,
		.unread_cnt = g->targets.unread_cnt,
		.unopened_cnt = g->targets.unopened_cnt,
		.unknown_cnt = g->targets.unknown_cnt,
	};
	memcpy(ret->refusal, g->targets.refusal, sizeof(ret->refusal));
}
