/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* --max-cpu over simulated days: loads of many kinds, and what the levels do about them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/throttle.h"
#include "base/compiler.h"
#include "fixtures/random.h"

#define SECOND 1000000000ull
#define CPUS   2

/* A load: how many intervals a second, and what one of each length costs if it is delivered. */
struct load {
	double rate;			/* per second */
	double shortest_us, longest_us; /* lengths are log-uniform */
	double cost_us;			/* CPU of the process per delivered interval */
	double floor_us;		/* and per observed one, delivered or not */
	double fixed;			/* CPUs used whatever happens */
	double noise;			/* a period is off by up to this share */
	uint64_t on_s, off_s;		/* 0: always on; else it comes and goes */
};

struct sim {
	struct load load;
	struct throttle t;
	struct throttle_sample s;
	struct throttle_change last;
	uint32_t ups, downs, tops; /* so far */
	double used_ns;		   /* since the last reset */
	uint64_t since_ns;
	double off; /* the noise of these five seconds */
};

/* log2(), near enough, without its library. */
static double log2_of(double x)
{
	double whole = 0;

	for (; x >= 2; x /= 2)
		whole++;
	for (; x < 1; x *= 2)
		whole--;
	return whole + x - 1;
}

/* The share of intervals that are at least @min_us long. */
static double delivered_share(const struct load *l, double min_us)
{
	if (min_us <= l->shortest_us)
		return 1;
	if (min_us >= l->longest_us)
		return 0;
	return log2_of(l->longest_us / min_us) / log2_of(l->longest_us / l->shortest_us);
}

static bool is_on(const struct load *l, uint64_t now_s)
{
	return !l->on_s || now_s % (l->on_s + l->off_s) < l->on_s;
}

/* CPUs busy with it. */
static double cpus_used(const struct load *l, uint32_t level, double rate)
{
	double min_us = (double)throttle_min_ns(level) / 1000;

	return l->fixed + rate * (l->floor_us + l->cost_us * delivered_share(l, min_us)) / 1e6;
}

static double would_use(const struct sim *m, uint32_t level)
{
	return cpus_used(&m->load, level, m->load.rate) / CPUS;
}

/* A second passes. */
static void step(struct sim *m)
{
	const struct load *l = &m->load;
	double rate = is_on(l, m->s.now_ns / SECOND) ? l->rate : 0;
	double cpus = cpus_used(l, m->t.level, rate);
	struct throttle_change c;

	if (m->s.now_ns / SECOND % 5 == 0)
		m->off = l->noise * ((double)random_below(2001) / 1000 - 1);
	m->s.now_ns += SECOND;
	m->s.cpu_ns += (uint64_t)(cpus * (1 + m->off) * 1e9);
	m->s.observed += (uint64_t)rate;
	m->used_ns += cpus * 1e9;
	if (!throttle__update(&m->t, &m->s, CPUS, &c))
		return;
	m->last = c;
	m->ups += c.to > c.from;
	m->downs += c.to < c.from;
	m->tops += c.why == THROTTLE_AT_TOP;
	assert_int_equal(c.to, m->t.level);
	assert_true(c.min_ns == throttle_min_ns(c.to));
	/* Step by step; only at the end of its wits it goes back at once. */
	assert_true(c.to == c.from + 1 || c.to + 1 == c.from || c.why == THROTTLE_NO_EFFECT ||
		    c.why == THROTTLE_AT_TOP || c.why == THROTTLE_OFF);
}

static void begin(struct sim *m, const struct load *l, uint32_t limit_ppm)
{
	memset(m, 0, sizeof(*m));
	m->load = *l;
	m->s.now_ns = 1000 * SECOND;
	throttle__init(&m->t, limit_ppm);
}

static void run(struct sim *m, uint64_t seconds)
{
	m->used_ns = 0;
	m->since_ns = m->s.now_ns;
	while (seconds--)
		step(m);
}

static double used_share(const struct sim *m)
{
	return m->used_ns / (double)(m->s.now_ns - m->since_ns) / CPUS;
}

#define MINUTE 60ull
#define HOUR   3600ull
#define DAY    (24 * HOUR)

/* Under a constant load the level goes up to where it has to be, never down: so it can't oscillate, however long. */
static void test_constant_loads(void **state _unused_)
{
	static const double rates[] = {100, 3000, 10000, 30000, 100000, 300000, 1000000};
	static const double noises[] = {0, 0.1, 0.3};
	static const struct load kinds[] = {
		{.shortest_us = 0.5, .longest_us = 100000, .cost_us = 1},
		{.shortest_us = 1.4, .longest_us = 1.6, .cost_us = 1},
		{.shortest_us = 15, .longest_us = 25, .cost_us = 2},
		{.shortest_us = 300, .longest_us = 400, .cost_us = 1},
		{.shortest_us = 0.5,
		 .longest_us = 50000,
		 .cost_us = 0.8,
		 .floor_us = 0.05,
		 .fixed = 0.005},
	};
	struct sim m;

	random_seed(1);
	for (size_t i = 0; i < ARRAY_SIZE(kinds) * ARRAY_SIZE(rates) * ARRAY_SIZE(noises); i++) {
		struct load l = kinds[i % ARRAY_SIZE(kinds)];
		uint32_t ups;

		l.rate = rates[i / ARRAY_SIZE(kinds) % ARRAY_SIZE(rates)];
		l.noise = noises[i / ARRAY_SIZE(kinds) / ARRAY_SIZE(rates)];
		begin(&m, &l, 10000);
		run(&m, 10 * MINUTE);
		ups = m.ups;
		run(&m, DAY);
		assert_int_equal(m.downs, 0);
		/* Noise may show late that a level is too near the limit. */
		assert_true(l.noise > 0 || m.ups == ups);
		assert_true(used_share(&m) <= 0.01 || m.t.level == THROTTLE_LEVEL_CNT - 1);
		/* The level below would not have done: nothing is given up without need. */
		if (!l.noise && m.t.level)
			assert_true(would_use(&m, m.t.level - 1) > 0.01);
		/* What can't be helped is said, once. */
		if (!l.noise)
			assert_int_equal(m.tops, used_share(&m) > 0.01);
	}
}

static void test_load_comes_and_goes(void **state _unused_)
{
	struct load l = {.shortest_us = 0.5, .longest_us = 1000, .cost_us = 1, .rate = 60000};
	struct sim m;

	begin(&m, &l, 10000);
	run(&m, 10 * MINUTE);
	assert_true(m.t.level > 5);
	assert_int_equal(m.last.why, THROTTLE_OVER);
	m.load.rate = 10;
	run(&m, 10 * MINUTE);
	assert_int_equal(m.t.level, 0);
	assert_int_equal(m.last.why, THROTTLE_FITS);
	m.load.rate = 60000;
	run(&m, 10 * MINUTE);
	assert_true(m.t.level > 5);
	assert_true(used_share(&m) < 0.015);
	/* Less, but not little: some levels lower. */
	m.load.rate = 25000;
	run(&m, 20 * MINUTE);
	assert_in_range(m.t.level, 1, 5);
}

/* Bursts that are shorter than its patience keep it on the level that they need; between long ones it comes back. */
static void test_bursts(void **state _unused_)
{
	struct load l = {.shortest_us = 0.5, .longest_us = 1000, .cost_us = 1, .rate = 90000};
	struct sim m;
	uint32_t changes;

	l.on_s = 20;
	l.off_s = 40;
	begin(&m, &l, 10000);
	run(&m, HOUR);
	changes = m.ups + m.downs;
	run(&m, DAY);
	assert_int_equal(m.ups + m.downs, changes);
	assert_true(used_share(&m) < 0.01);
	/* Hours of load and of none are different loads. */
	l.on_s = l.off_s = 2 * HOUR;
	begin(&m, &l, 10000);
	run(&m, DAY);
	assert_true(m.downs > 12);
	assert_true(m.ups + m.downs <= 6 * 2 * THROTTLE_LEVEL_CNT);
	/* A spike of ten seconds an hour: a level, for a minute. */
	l.on_s = 10;
	l.off_s = HOUR - 10;
	begin(&m, &l, 10000);
	run(&m, DAY);
	assert_true(m.ups <= 2 * 25);
	assert_int_equal(m.t.level, 0);
}

/* Intervals that became cheaper, as many as before: the level below is tried when that is clear. */
static void test_cheaper_intervals(void **state _unused_)
{
	struct load l = {.shortest_us = 0.5, .longest_us = 10000, .cost_us = 2, .rate = 20000};
	uint32_t level;
	struct sim m;

	begin(&m, &l, 10000);
	run(&m, 10 * MINUTE);
	level = m.t.level;
	assert_true(level > 0);
	m.load.cost_us = 0.4;
	run(&m, HOUR);
	assert_true(m.t.level < level);
}

/* What no level changes: tried to the top, once, and then everything is delivered again. */
static void test_no_effect(void **state _unused_)
{
	static const struct load kinds[] = {
		{.rate = 10000, .shortest_us = 1, .longest_us = 10, .fixed = 0.05, .noise = 0.1},
		{.rate = 0, .shortest_us = 1, .longest_us = 10, .fixed = 0.05},
		{.rate = 100000, .shortest_us = 1, .longest_us = 10, .floor_us = 1, .noise = 0.1},
		/* Intervals that are longer than any level. */
		{.rate = 100000, .shortest_us = 20000, .longest_us = 90000, .cost_us = 1},
	};
	struct sim m;

	random_seed(2);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		begin(&m, &kinds[i], 10000);
		run(&m, 10 * MINUTE);
		assert_int_equal(m.last.why, THROTTLE_NO_EFFECT);
		assert_int_equal(m.t.level, 0);
		run(&m, DAY);
		assert_int_equal(m.t.level, 0);
		assert_int_equal(m.downs, 1);
		assert_int_equal(m.ups, THROTTLE_LEVEL_CNT - 1);
		/* Much more than that is another load. */
		m.load.fixed *= 3;
		m.load.rate *= 3;
		run(&m, MINUTE);
		assert_true(m.t.level > 0);
	}
}

static void test_limits(void **state _unused_)
{
	struct load l = {.shortest_us = 0.5, .longest_us = 1000, .cost_us = 1, .rate = 60000};
	struct throttle_change c = {.to = 99};
	struct sim m;
	uint32_t level;

	begin(&m, &l, 0);
	run(&m, HOUR);
	assert_int_equal(m.ups, 0);
	throttle__set_limit(&m.t, 10000);
	run(&m, 10 * MINUTE);
	level = m.t.level;
	assert_true(level > 0);
	throttle__set_limit(&m.t, 2000);
	run(&m, 10 * MINUTE);
	assert_true(m.t.level > level);
	throttle__set_limit(&m.t, 1000000);
	run(&m, 10 * MINUTE);
	assert_int_equal(m.t.level, 0);
	throttle__set_limit(&m.t, 10000);
	run(&m, 10 * MINUTE);
	throttle__set_limit(&m.t, 0);
	assert_true(throttle__update(&m.t, &m.s, CPUS, &c));
	assert_int_equal(c.to, 0);
	assert_int_equal(c.why, THROTTLE_OFF);
	assert_false(throttle__update(&m.t, &m.s, CPUS, &c));
	/* Figures that go back are a new beginning. */
	throttle__set_limit(&m.t, 10000);
	m.s.now_ns += 100 * SECOND;
	m.s.cpu_ns = 0;
	assert_false(throttle__update(&m.t, &m.s, CPUS, &c));
}

static void assert_said(struct throttle_change c, const char *expected)
{
	struct buf text;

	buf__init(&text, 4096);
	throttle__describe(&c, &text);
	assert_string_equal(buf__str(&text), expected);
	buf__fini(&text);
}

static void test_words(void **state _unused_)
{
	struct throttle_change c = {.from = 2,
				    .to = 3,
				    .min_ns = 5000,
				    .used = 0.0163,
				    .limit = 0.01,
				    .why = THROTTLE_OVER};

	assert_said(c, "intervals under 5 us are left out: dwell used 1.63 % of the machine, "
		       "--max-cpu is 1 %");
	c.min_ns = throttle_min_ns(12);
	c.why = THROTTLE_AT_TOP;
	assert_said(c, "still above --max-cpu although intervals under 5 ms are left out: dwell "
		       "used 1.63 % of the machine, --max-cpu is 1 %");
	c.min_ns = 0;
	c.why = THROTTLE_FITS;
	assert_said(c, "intervals of all lengths are delivered: dwell used 1.63 % of the machine, "
		       "--max-cpu is 1 %");
	c.why = THROTTLE_NO_EFFECT;
	assert_said(c, "intervals of all lengths are delivered, since leaving out short ones saves "
		       "nothing here: dwell used 1.63 % of the machine, --max-cpu is 1 %");
	c.why = THROTTLE_OFF;
	assert_said(c, "intervals of all lengths are delivered");
	assert_true(throttle_min_ns(0) == 0 && throttle_min_ns(13) == 10000000 &&
		    throttle_min_ns(99) == 10000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_constant_loads), cmocka_unit_test(test_load_comes_and_goes),
		cmocka_unit_test(test_bursts),	       cmocka_unit_test(test_cheaper_intervals),
		cmocka_unit_test(test_no_effect),      cmocka_unit_test(test_limits),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
