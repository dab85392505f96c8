/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/throttle.h"

#include <inttypes.h>
#include <string.h>

#include "base/compiler.h"

#define THROTTLE_PERIOD_NS	 5000000000ull
#define THROTTLE_OVER_PERIODS	 3   /* above the limit, until the next level */
#define THROTTLE_FAR_PERIODS	 2   /* the same at twice the limit */
#define THROTTLE_FITS_PERIODS	 12  /* in which the level below would fit, until it is taken */
#define THROTTLE_NEXT_PERIODS	 4   /* the same for the next ones on the way down */
#define THROTTLE_HERE_PERIODS	 12  /* that tell what an interval costs on a level */
#define THROTTLE_FITS_SHARE	 0.7 /* of the limit: what fits */
#define THROTTLE_NO_EFFECT_SHARE 0.8 /* of what an interval cost on level 0: more is no effect */
#define THROTTLE_RETRY_SHARE	 1.5 /* times what was used when it had no effect: worth another try */
#define THROTTLE_CHEAP_SHARE	 0.5 /* of what an interval cost here: they are others now */
#define THROTTLE_TELLING_SHARE	 0.2 /* of the cost on the level below: enough is left here to tell */

static const uint64_t levels_ns[THROTTLE_LEVEL_CNT] = {
	0,	1000,	2000,	5000,	 10000,	  20000,   50000,
	100000, 200000, 500000, 1000000, 2000000, 5000000, 10000000,
};

uint64_t throttle_min_ns(uint32_t level)
{
	return levels_ns[level < THROTTLE_LEVEL_CNT ? level : THROTTLE_LEVEL_CNT - 1];
}

void throttle__init(struct throttle *t, uint32_t limit_ppm)
{
	memset(t, 0, sizeof(*t));
	throttle__set_limit(t, limit_ppm);
}

void throttle__set_limit(struct throttle *t, uint32_t limit_ppm)
{
	t->limit = limit_ppm / 1e6;
	t->over = t->fits = (struct throttle_sum){0};
	t->given_up = 0;
	t->told_top = false;
}

static void sum_add(struct throttle_sum *sum, double used, double rate)
{
	sum->periods++;
	sum->used += used;
	sum->rate += rate;
}

/* Of one interval; 0: there was none to speak of. */
static double sum_cost(const struct throttle_sum *sum)
{
	return sum->rate > sum->periods ? sum->used / sum->rate : 0;
}

static double sum_used(const struct throttle_sum *sum)
{
	return sum->periods ? sum->used / sum->periods : 0;
}

static void throttle_go(struct throttle *t, uint32_t level, double used, enum throttle_why why,
			struct throttle_change *ret)
{
	*ret = (struct throttle_change){
		.from = t->level,
		.to = level,
		.min_ns = throttle_min_ns(level),
		.used = used,
		.limit = t->limit,
		.why = why,
	};
	t->settling = level != t->level;
	t->level = level;
	t->over = t->fits = t->here = (struct throttle_sum){0};
}

static void throttle_up(struct throttle *t, struct throttle_change *ret)
{
	t->costs[t->level] = sum_cost(&t->over);
	t->going_down = false;
	throttle_go(t, t->level + 1, sum_used(&t->over), THROTTLE_OVER, ret);
}

/* Above the limit at the highest level. */
static bool throttle_top(struct throttle *t, struct throttle_change *ret)
{
	double used = sum_used(&t->over), cost = sum_cost(&t->over);

	if (cost >= THROTTLE_NO_EFFECT_SHARE * t->costs[0]) {
		t->given_up = used;
		throttle_go(t, 0, used, THROTTLE_NO_EFFECT, ret);
		return true;
	}
	if (t->told_top)
		return false;
	t->told_top = true;
	throttle_go(t, t->level, used, THROTTLE_AT_TOP, ret);
	return true;
}

static bool throttle_over(struct throttle *t, double used, double rate, struct throttle_change *ret)
{
	uint32_t wanted = THROTTLE_OVER_PERIODS;

	sum_add(&t->over, used, rate);
	t->fits = (struct throttle_sum){0};
	if (sum_used(&t->over) > 2 * t->limit && !t->given_up)
		wanted = THROTTLE_FAR_PERIODS;
	if (t->over.periods < wanted)
		return false;
	if (t->given_up && sum_used(&t->over) < THROTTLE_RETRY_SHARE * t->given_up) {
		t->over = (struct throttle_sum){0};
		return false;
	}
	t->given_up = 0;
	if (t->level + 1 == THROTTLE_LEVEL_CNT)
		return throttle_top(t, ret);
	throttle_up(t, ret);
	return true;
}

/*
 * What the level below would use, if there are as many intervals as in this period, by what one cost there. That may have become much less
 * since: then one costs less here, too.
 */
static double throttle_below(const struct throttle *t, double used, double rate)
{
	double cost = t->level ? t->costs[t->level - 1] : 0, here = sum_cost(&t->here), below;

	below = cost * rate;
	if (t->here.periods == THROTTLE_HERE_PERIODS && here > THROTTLE_TELLING_SHARE * cost &&
	    used < THROTTLE_CHEAP_SHARE * here * rate)
		below *= used / (here * rate);
	return below > used ? below : used;
}

static bool throttle_under(struct throttle *t, double used, double rate,
			   struct throttle_change *ret)
{
	uint32_t wanted = t->going_down ? THROTTLE_NEXT_PERIODS : THROTTLE_FITS_PERIODS;

	t->over = (struct throttle_sum){0};
	if (throttle_below(t, used, rate) >= THROTTLE_FITS_SHARE * t->limit) {
		t->fits = (struct throttle_sum){0};
		return false;
	}
	t->told_top = false;
	sum_add(&t->fits, used, rate);
	if (t->fits.periods < wanted)
		return false;
	t->given_up = 0;
	if (!t->level)
		return false;
	throttle_go(t, t->level - 1, sum_used(&t->fits), THROTTLE_FITS, ret);
	t->here.periods = THROTTLE_HERE_PERIODS; /* nothing to compare with */
	t->going_down = true;
	return true;
}

static bool throttle_off(struct throttle *t, struct throttle_change *ret)
{
	if (!t->level)
		return false;
	throttle_go(t, 0, 0, THROTTLE_OFF, ret);
	return true;
}

bool throttle__update(struct throttle *t, const struct throttle_sample *s, uint32_t cpus,
		      struct throttle_change *ret_change)
{
	uint64_t ns = s->now_ns - t->last.now_ns;
	double used, rate;

	if (!t->limit)
		return throttle_off(t, ret_change);
	if (t->begun && ns < THROTTLE_PERIOD_NS)
		return false;
	if (!t->begun || s->cpu_ns < t->last.cpu_ns || s->observed < t->last.observed) {
		t->begun = true;
		t->last = *s;
		return false;
	}
	used = (double)(s->cpu_ns - t->last.cpu_ns) / (double)ns / (cpus ? cpus : 1);
	rate = (double)(s->observed - t->last.observed) * 1e9 / (double)ns;
	t->last = *s;
	if (t->settling) {
		t->settling = false;
		return false;
	}
	if (t->here.periods < THROTTLE_HERE_PERIODS)
		sum_add(&t->here, used, rate);
	return used > t->limit ? throttle_over(t, used, rate, ret_change)
			       : throttle_under(t, used, rate, ret_change);
}

/* ---- for the log ---- */

static void put_length(uint64_t ns, struct buf *to)
{
	if (ns >= 1000000)
		buf__printf(to, "%" PRIu64 " ms", ns / 1000000);
	else
		buf__printf(to, "%" PRIu64 " us", ns / 1000);
}

void throttle__describe(const struct throttle_change *c, struct buf *to)
{
	if (c->why == THROTTLE_AT_TOP) {
		buf__puts(to, "still above --max-cpu although intervals under ");
		put_length(c->min_ns, to);
		buf__puts(to, " are left out");
	} else if (!c->min_ns) {
		buf__puts(to, "intervals of all lengths are delivered");
		if (c->why == THROTTLE_NO_EFFECT)
			buf__puts(to, ", since leaving out short ones saves nothing here");
	} else {
		buf__puts(to, "intervals under ");
		put_length(c->min_ns, to);
		buf__puts(to, " are left out");
	}
	if (c->why != THROTTLE_OFF)
		buf__printf(to, ": dwell used %.2f %% of the machine, --max-cpu is %.4g %%",
			    100 * c->used, 100 * c->limit);
}
