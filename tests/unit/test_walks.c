/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Random programs, random call chains: each walk finds the chain that was made, also with rules remembered in a small
 * cache whose entries are torn all the time. test_walks_arm64.c compiles the same with the rules of that machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/compiler.h"
#include "fixtures/unwind_sim.h"

#define PROGRAMS	  600
#define WALKS_PER_PROGRAM 200
#define CACHE_ENTRIES	  64

static struct unwind_cached cache[CACHE_ENTRIES];

/* Mostly few calls, sometimes as many as fit. */
static uint32_t random_depth(uint64_t seed)
{
	sim.random = seed;
	if (!sim_below(60))
		return WIRE_MAX_FRAMES;
	return 1 + (uint32_t)sim_below(sim_below(20) ? 40 : WIRE_MAX_FRAMES);
}

/* At the limit only a table can say that a frame is the outermost. */
static uint32_t expected_end(void)
{
	return sim.frame_cnt == WIRE_MAX_FRAMES && sim.frames[0].site->kind != SIM_OUTERMOST
		       ? WIRE_END_DEPTH_LIMIT
		       : WIRE_END_OUTERMOST;
}

static void assert_chain(uint64_t seed)
{
	uint32_t end = host_walk(WIRE_MAX_FRAMES, 0);

	if (end != expected_end() || host.walk.frame_cnt != sim.frame_cnt)
		fail_msg("run %jx: ended with %u after %u frames of %u", (uintmax_t)seed, end,
			 host.walk.frame_cnt, sim.frame_cnt);
	for (uint32_t i = 0; i < sim.frame_cnt; i++)
		if (host.ips[i] != sim.want[i])
			fail_msg("run %jx: frame %u is %llx and not %jx", (uintmax_t)seed, i,
				 host.ips[i], (uintmax_t)sim.want[i]);
}

/* How often each way to leave a frame was taken, so that none is missed without anybody knowing. */
static uint64_t kinds_seen[SIM_KINDS], cfas_seen[8], signals_on_alt, deepest;

static void count_chain(void)
{
	for (uint32_t i = 0; i < sim.frame_cnt; i++) {
		kinds_seen[sim.frames[i].site->kind]++;
		cfas_seen[sim.rules[sim.frames[i].site->rule].cfa]++;
	}
	signals_on_alt += sim.on_alt;
	if (sim.frame_cnt > deepest)
		deepest = sim.frame_cnt;
}

static void test_each_walk_finds_the_chain_that_was_made(void **state _unused_)
{
	uint64_t walks = 0;

	for (uint64_t program = 0; program < PROGRAMS; program++) {
		sim_new_code(program);
		sim_new_memory(program);
		for (uint64_t i = 0; i < WALKS_PER_PROGRAM; i++, walks++) {
			uint64_t seed = program << 32 | i;

			sim_run(seed, random_depth(seed));
			assert_chain(seed);
			count_chain();
		}
	}
	assert_true(walks >= 100000);
	for (int i = 0; i < SIM_KINDS; i++)
		assert_true(kinds_seen[i] > 10000);
	assert_true(cfas_seen[UNWIND_CFA_REG] > 100000 && cfas_seen[UNWIND_CFA_DEREF] > 100000);
	assert_true(!SIM_X86 || cfas_seen[UNWIND_CFA_PLT] > 100000);
	assert_true(signals_on_alt > 1000);
	assert_int_equal(deepest, WIRE_MAX_FRAMES);
}

/* ---- with a cache ---- */

static uint64_t tears;

/* As if two walks had written to the places at once: words of one entry go to another. */
static void tear(void)
{
	uint64_t *a = (uint64_t *)&cache[sim_below(CACHE_ENTRIES)],
		 *b = (uint64_t *)&cache[sim_below(CACHE_ENTRIES)];
	uint64_t mix = sim_random();

	if (sim_below(4))
		return;
	for (size_t i = 0; i < sizeof(*cache) / sizeof(*a); i++)
		if (mix >> i & 1)
			a[i] = b[i];
	tears++;
}

/* Entries collide all the time; walks of several programs share the places, as those of processes do. */
static void run_with_cache(uint32_t mask, void (*used)(void), uint64_t *ret_lookups,
			   uint64_t *ret_searches)
{
	memset(cache, 0, sizeof(cache));
	*ret_lookups = *ret_searches = 0;
	for (uint64_t program = 0; program < PROGRAMS / 2; program++) {
		sim_new_code(program + 1000);
		sim_new_memory(program);
		host.cache = cache;
		host.cache_mask = mask;
		for (uint64_t i = 0; i < WALKS_PER_PROGRAM; i++) {
			uint64_t seed = program << 32 | i / 4; /* each four times */

			sim_run(seed, random_depth(seed));
			host.cache_used = used;
			host_begin(WIRE_MAX_FRAMES, 0);
			host.walk.set.id = (uint32_t)program + 1;
			assert_int_equal(host_finish(), expected_end());
			assert_int_equal(host.walk.frame_cnt, sim.frame_cnt);
			assert_memory_equal(host.ips, sim.want, sim.frame_cnt * sizeof(*host.ips));
			*ret_lookups += sim.frame_cnt;
		}
		*ret_searches += host.search_cnt;
	}
}

static void test_remembered_rules_change_nothing(void **state _unused_)
{
	uint64_t lookups, searches;

	run_with_cache(CACHE_ENTRIES - 1, NULL, &lookups, &searches);
	assert_true(searches < lookups * 9 / 10);
	run_with_cache(0, NULL, &lookups, &searches); /* one place for all */
	assert_true(searches < lookups);
}

static void test_torn_rules_are_never_believed(void **state _unused_)
{
	uint64_t lookups, searches;

	tears = 0;
	run_with_cache(CACHE_ENTRIES - 1, tear, &lookups, &searches);
	assert_true(tears > 100000);
	assert_true(searches < lookups); /* whole ones are */
	run_with_cache(3, tear, &lookups, &searches);
}

static int teardown(void **state _unused_)
{
	host_reset();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_walk_finds_the_chain_that_was_made),
		cmocka_unit_test(test_remembered_rules_change_nothing),
		cmocka_unit_test(test_torn_rules_are_never_believed),
	};

	return cmocka_run_group_tests_name(SIM_X86 ? "walks" : "walks_arm64", tests, NULL,
					   teardown);
}
