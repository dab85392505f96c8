/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/go_tally.h"

#include <string.h>

#include "analyze/go_pairs.h"

const struct bounds go_bounds_wait = {
	.cnt = 6,
	.values = {100000000, 500000000, 1000000000, 5000000000, 10000000000, 60000000000},
	.le = {"0.1", "0.5", "1.0", "5.0", "10.0", "60.0"},
};

/* From Go 1.26 on goroutine.seq stays in system calls (proc.go, reentersyscall()). */
static bool go_look_counts_parks(const struct go_look *look)
{
	return look->runtime->minor >= 26;
}

bool go_look__tells_waits(const struct go_look *look, enum go_reason reason)
{
	return look->runtime->layout.seq &&
	       !(reason == GO_REASON_SYSCALL && go_look_counts_parks(look));
}

/* ---- now ---- */

static void go_tally_blocked(struct go_tally *t, const struct go_look *look,
			     const struct goroutine *g, const struct go_fact *fact, uint64_t dt)
{
	uint64_t *oldest = &t->now.oldest_ns[fact->reason];
	uint64_t age_ns = look->all->now_ns - g->since_ns;

	t->now.blocked_cnt[fact->reason][fact->depth]++;
	t->blocked_ns[fact->reason][fact->depth] += dt;
	if (fact->reason != GO_REASON_FOREVER && go_look__tells_waits(look, fact->reason) &&
	    age_ns > *oldest)
		*oldest = age_ns;
}

static int go_tally_now(struct go_tally *t, struct go_facts *f, const struct go_look *look,
			const struct goroutines *before)
{
	uint64_t dt = before ? look->all->now_ns - before->now_ns : 0;
	struct go_pairs pairs = {before, 0};
	struct go_fact fact;
	int err = 0;

	for (size_t i = 0; !err && i < look->all->cnt; i++) {
		const struct goroutine *g = &look->all->items[i];
		const struct goroutine *old = go_pairs_next(&pairs, g);

		err = go_facts__get(f, look, g, &fact);
		if (err)
			break;
		t->now.goroutine_cnt[fact.state][fact.is_system]++;
		if (fact.is_system)
			continue;
		if (before && t->has_stops)
			t->stop_cnt += go_stops(g, old);
		if (fact.reason != GO_REASON_NONE)
			go_tally_blocked(t, look, g, &fact, dt);
	}
	return err;
}

/* ---- waits that ended ---- */

/* The time from the look before @ns to that look; 0: there was none at @ns. */
static uint64_t go_looks_gap(const struct go_looks *l, uint64_t ns)
{
	uint64_t oldest = l->cnt > GO_LOOKS_KEPT ? l->cnt - GO_LOOKS_KEPT : 0;

	for (uint64_t i = l->cnt; i > oldest + 1; i--)
		if (l->times_ns[(i - 1) % GO_LOOKS_KEPT] == ns)
			return ns - l->times_ns[(i - 2) % GO_LOOKS_KEPT];
	return 0;
}

/*
 * It began in the period before it was seen first, and ended in the one after it was seen last: half of each, on average, belongs to
 * it. One that was there at the first look of all is older than anybody knows.
 */
static void go_tally_wait(struct go_tally *t, const struct go_looks *looks,
			  const struct go_look *look, const struct goroutine *g,
			  const struct go_fact *fact, const struct goroutines *before)
{
	uint64_t seen_ns = before->now_ns - g->since_ns;

	if (!seen_ns || g->since_first || fact->is_system || fact->reason == GO_REASON_NONE ||
	    fact->reason == GO_REASON_RUNNABLE || fact->reason == GO_REASON_PREEMPTED ||
	    !go_look__tells_waits(look, fact->reason))
		return;
	bounds_counts__add(&t->waits[fact->reason], &go_bounds_wait, 1,
			   seen_ns + go_looks_gap(looks, g->since_ns) / 2 +
				   (look->all->now_ns - before->now_ns) / 2);
}

static int go_tally_ended(struct go_tally *t, struct go_facts *f, const struct go_looks *looks,
			  const struct go_look *look, const struct goroutines *before)
{
	struct go_pairs pairs = {look->all, 0};
	struct go_fact fact;
	int err = 0;

	for (size_t i = 0; !err && before && i < before->cnt; i++) {
		const struct goroutine *g = &before->items[i];
		const struct goroutine *now = go_pairs_next(&pairs, g);

		if ((now && goroutine__is_unchanged(g, now)) || g->since_ns >= before->now_ns)
			continue;
		err = go_facts__get(f, look, g, &fact);
		if (!err)
			go_tally_wait(t, looks, look, g, &fact, before);
	}
	return err;
}

int go_tally__fill(struct go_tally *t, struct go_facts *f, struct go_looks *looks,
		   const struct go_look *look, const struct goroutines *before)
{
	int err;

	memset(t, 0, sizeof(*t));
	t->has_stops = look->runtime->layout.seq != 0;
	t->stops_are_parks = go_look_counts_parks(look);
	t->torn_cnt = look->all->counts.torn;
	err = go_tally_now(t, f, look, before);
	looks->times_ns[looks->cnt++ % GO_LOOKS_KEPT] = look->all->now_ns;
	return err ? err : go_tally_ended(t, f, looks, look, before);
}
