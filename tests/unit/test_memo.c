/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Remembered walks: what is found again is what a walk would have come to, whatever else has changed. Over the stacks
 * of fixtures/unwind_sim.h, and kernel stacks made here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/compiler.h"
#include "fixtures/unwind_sim.h"

#define PREFIX_FRAMES 3 /* walked before the memo is asked */

static int setup(void **state _unused_)
{
	host_reset();
	return 0;
}

static int teardown(void **state _unused_)
{
	host_reset();
	return 0;
}

/* ---- as the probes do it ---- */

static void start_of(struct memo_start *ret)
{
	const struct unwind_walk *w = &host.walk;

	*ret = (struct memo_start){
		.key = intern_mix(w->hash, w->set.id),
		.base = w->sp,
		.fp = w->fp,
		.bx = w->bx,
		.lr = w->lr,
	};
}

/* The innermost frame. */
static void begin_first(struct memo_start *start)
{
	host_begin(WIRE_MAX_FRAMES, 0);
	start_of(start);
}

/* Walks up to where the memo is asked. False: the walk has ended before. */
static bool begin(struct memo_start *start)
{
	begin_first(start);
	for (int i = 0; i < PREFIX_FRAMES; i++)
		if (unwind_step(&host.walk, host.ips))
			return false;
	return true;
}

/* Walks on to the end. The id; *@e remembers it if it can be. */
static uint64_t walk_and_store(const struct memo_start *start, struct memo_entry *e)
{
	uint32_t end;
	uint64_t id;

	memo_part(&host.walk.notes);
	end = host_finish();
	id = host_id();
	if (end != WIRE_END_FAULT && end != WIRE_END_PENDING)
		memo_store(e, start, &host.walk.notes, end << MEMO_FREE_SHIFT, id);
	return id;
}

static uint64_t find_after(const struct memo_entry *e, const struct memo_start *start,
			   const struct memo_notes *notes)
{
	struct window w = {0};
	uint32_t flags;

	return memo_recall(e, start, memo_hash_slots(e, notes, &w, false), &flags);
}

/* The id that is remembered, 0: none. Nothing was walked before. */
static uint64_t find(const struct memo_entry *e, const struct memo_start *start)
{
	struct memo_notes none;

	memo_begin(&none, start->base, start->top);
	return find_after(e, start, &none);
}

/* What the memo and a walk say of the stack as it is now. */
static uint64_t look(const struct memo_entry *e, uint64_t *ret_walked)
{
	struct memo_start start;
	uint64_t found, found_first;

	begin_first(&start);
	found_first = find(e, &start);
	/* After some frames it is the same, and what they read is not read again. */
	found = begin(&start) ? find_after(e, &start, &host.walk.notes) : found_first;
	assert_int_equal(found, found_first);
	host_finish();
	*ret_walked = host_id();
	return found;
}

/* A walk of run @seed from start to end; false: nothing was remembered. */
static bool remember(uint64_t seed, uint32_t depth, struct memo_entry *ret)
{
	struct memo_start start;

	memset(ret, 0, sizeof(*ret));
	sim_run(seed, depth);
	if (!begin(&start))
		return false;
	walk_and_store(&start, ret);
	assert_int_equal(host.walk.end, WIRE_END_OUTERMOST);
	return ret->id;
}

static uint64_t *slot_of(const struct memo_entry *e, const struct memo_start *start, uint32_t i)
{
	return sim_word(start->base + (uint64_t)(e->slots[i] & MEMO_SLOT_PLACE) * 8);
}

/* ---- user stacks ---- */

/* Of each thread of a process, as its stack lies elsewhere and has held other things. */
static void test_the_same_chain_is_found_again_elsewhere(void **state _unused_)
{
	uint32_t remembered = 0, elsewhere = 0, runs = 0;
	struct memo_entry e;
	uint64_t walked;

	for (uint64_t program = 0; program < 100; program++) {
		sim_new_code(program);
		for (uint64_t i = 0; i < 40; i++, runs++) {
			uint64_t seed = program << 32 | i;

			sim_new_memory(seed);
			if (!remember(seed, 5 + (uint32_t)(seed % 40), &e))
				continue;
			remembered++;
			assert_int_equal(look(&e, &walked), e.id);
			assert_int_equal(walked, e.id);
			sim_new_memory(~seed);
			sim_run(seed, 5 + (uint32_t)(seed % 40));
			/* A frame pointer of 0, and what is on two stacks, has no distance from the base. */
			if (sim.frames[0].site->kind == SIM_NO_CFI || sim.on_alt)
				continue;
			elsewhere++;
			assert_int_equal(look(&e, &walked), e.id);
			assert_int_equal(walked, e.id);
		}
	}
	assert_true(remembered > runs / 4);
	assert_true(elsewhere > runs / 4);
}

static void check_each_word(const struct memo_entry *e, uint32_t *ret_slots, uint32_t *ret_others)
{
	static bool is_slot[SIM_WORDS];
	struct memo_start start;
	uint64_t walked;

	begin_first(&start);
	memset(is_slot, 0, sizeof(is_slot));
	for (uint32_t i = 0; i < e->cnt; i++)
		if (slot_of(e, &start, i) >= sim.stack &&
		    slot_of(e, &start, i) < sim.stack + SIM_WORDS)
			is_slot[slot_of(e, &start, i) - sim.stack] = true;
	for (uint32_t i = 0; i < SIM_WORDS; i++) {
		uint64_t was = sim.stack[i], addr = sim.base + i * 8ull;

		/* Far below the stack all words are alike. */
		if (addr + 64 < start.base)
			continue;
		sim.stack[i] ^= 1ull << (i & 63);
		if (is_slot[i]) {
			assert_int_equal(find(e, &start), 0);
			++*ret_slots;
		} else {
			assert_int_equal(find(e, &start), e->id);
			++*ret_others;
			/* And rightly so. */
			if (addr >= start.base) {
				assert_int_equal(look(e, &walked), e->id);
				assert_int_equal(walked, e->id);
			}
		}
		sim.stack[i] = was;
	}
}

static void test_each_slot_counts_and_no_other_word(void **state _unused_)
{
	uint32_t slots = 0, others = 0, runs = 0;
	struct memo_entry e;

	for (uint64_t program = 0; program < 60; program++) {
		sim_new_code(program);
		sim_new_memory(program);
		for (uint64_t i = 0; i < 6; i++) {
			uint64_t seed = program << 32 | i;

			if (!remember(seed, 5 + (uint32_t)(seed % 25), &e) || sim.on_alt)
				continue;
			check_each_word(&e, &slots, &others);
			runs++;
		}
	}
	assert_true(runs > 150 && slots > 1000 && others > 10000);
}

/* Another value for a word: an address of code, a place of the stack, a number. */
static uint64_t another(uint64_t was)
{
	switch (sim_below(5)) {
	case 0:
		return sim_pick(SIM_PLAIN)->end;
	case 1:
		return sim_pick(SIM_OUTERMOST)->end;
	case 2:
		return was + 8 * (sim_below(9) - 4);
	case 3:
		return 0;
	default:
		return sim_rubbish();
	}
}

/* Changes what was remembered in a place or two; how often a walk then came to something else than the memo. */
static void check_changes(const struct memo_entry *e, uint32_t *ret_hits, uint32_t *ret_misses,
			  uint32_t *ret_wrong)
{
	uint64_t lowest = (host.regs.reg[UNWIND_REG_SP] - sim.base) / 8;

	for (uint32_t n = 0; n < 300; n++) {
		uint64_t was[2], walked, found;
		uint64_t *at[2];

		for (int k = 0; k < 2; k++) {
			at[k] = &sim.stack[lowest + sim_below(SIM_WORDS - lowest)];
			was[k] = *at[k];
		}
		*at[0] = another(was[0]);
		if (sim_below(2))
			*at[1] = another(was[1]);
		found = look(e, &walked);
		*ret_hits += found != 0;
		*ret_misses += !found;
		*ret_wrong += found && found != walked;
		*at[1] = was[1];
		*at[0] = was[0];
	}
}

/* Also the registers, which a remembered walk may depend on. */
static void check_other_registers(const struct memo_entry *e)
{
	const uint8_t regs[] = {UNWIND_REG_FP, UNWIND_REG_SP, UNWIND_REG_BX};
	struct host_regs was = host.regs;
	uint64_t walked, found;

	for (uint32_t n = 0; n < 60; n++) {
		uint64_t *reg = &host.regs.reg[regs[n % 3] & 31];

		*reg = another(*reg);
		found = look(e, &walked);
		assert_true(!found || found == walked);
		host.regs = was;
	}
}

static void run_changes(uint32_t *ret_hits, uint32_t *ret_misses, uint32_t *ret_wrong,
			bool leaves_out)
{
	struct memo_entry e;

	*ret_hits = *ret_misses = *ret_wrong = 0;
	for (uint64_t program = 0; program < 100; program++) {
		sim_new_code(program);
		sim_new_memory(program);
		for (uint64_t i = 0; i < 10; i++) {
			uint64_t seed = program << 32 | i;

			host_leaves_out = leaves_out;
			if (!remember(seed, 5 + (uint32_t)(seed % 25), &e) || sim.on_alt)
				continue;
			check_changes(&e, ret_hits, ret_misses, ret_wrong);
			if (!leaves_out)
				check_other_registers(&e);
		}
	}
}

static void test_what_is_found_is_what_a_walk_comes_to(void **state _unused_)
{
	uint32_t hits, misses, wrong;

	run_changes(&hits, &misses, &wrong, false);
	assert_int_equal(wrong, 0);
	assert_true(hits > 10000 && misses > 10000);
}

static void test_with_one_slot_left_out_it_is_not(void **state _unused_)
{
	uint32_t hits, misses, wrong;

	run_changes(&hits, &misses, &wrong, true);
	assert_true(wrong > 100);
}

/* arm64's functions that call none keep the return address in a register, and system calls are made by such. */
static void test_the_link_register_counts(void **state _unused_)
{
	uint64_t walked, was, found, remembered = 0, by_lr = 0;
	struct memo_entry e;

	for (uint64_t seed = 0; seed < 2000; seed++) {
		if (!(seed % 20))
			sim_new_code(seed);
		sim_new_memory(seed);
		if (!remember(seed, 12, &e) || sim.on_alt)
			continue;
		remembered++;
		was = host.regs.lr;
		host.regs.lr = sim_pick(SIM_PLAIN)->end;
		found = look(&e, &walked);
		assert_int_equal(found, e.flags & MEMO_USES_LR ? 0 : e.id);
		assert_int_equal(walked == e.id, !(e.flags & MEMO_USES_LR) || host.regs.lr == was);
		by_lr += (e.flags & MEMO_USES_LR) != 0;
		host.regs.lr = was;
	}
	assert_true(remembered > 500);
	assert_true(SIM_X86 ? !by_lr : by_lr > 50);
}

/* ---- what can't be remembered ---- */

static bool can_be_stored(const struct memo_notes *n)
{
	struct memo_start start = {.key = 1, .base = n->base, .top = n->top};
	struct memo_entry e = {.id = 4711};

	memo_store(&e, &start, n, 0, 5);
	assert_true(e.id == 5 || e.id == 4711);
	assert_int_equal(e.id == 5, !(n->flags & MEMO_IMPOSSIBLE));
	return e.id == 5;
}

static void test_only_so_many_slots_are_remembered(void **state _unused_)
{
	struct memo_notes n;

	memo_begin(&n, 0x1000, 0);
	for (uint32_t i = 0; i < MEMO_MAX_SLOTS; i++)
		memo_note(&n, 0x1000 + i * 8, i, i & 1);
	assert_int_equal(n.cnt, MEMO_MAX_SLOTS);
	assert_true(can_be_stored(&n));
	memo_note(&n, 0x1000, 0, false);
	assert_int_equal(n.cnt, MEMO_MAX_SLOTS);
	assert_false(can_be_stored(&n));
}

static void test_a_slot_must_have_its_place(void **state _unused_)
{
	static const struct {
		uint64_t addr;
		bool fits;
	} cases[] = {
		{0x100000, true},
		{0x100000 + 8ull * MEMO_SLOT_PLACE, true},
		{0x100000 + 8ull * MEMO_SLOT_PLACE + 8, false},
		{0x100000 + (8ull << 32), false},
		{0x100000 - 8, false},
		{0, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (int placed = 0; placed < 2; placed++) {
			struct memo_notes n;

			memo_begin(&n, 0x100000, 0);
			memo_note(&n, cases[i].addr, 5, placed);
			assert_int_equal(can_be_stored(&n), cases[i].fits);
		}
}

/* Its slots would have the same places as those of a stack that lies four bytes further. */
static void test_a_stack_that_is_not_aligned_is_not_remembered(void **state _unused_)
{
	for (uint64_t base = 0x1000; base < 0x1010; base++) {
		struct memo_notes n;

		memo_begin(&n, base, 0);
		memo_note(&n, 0x1010, 5, false);
		assert_int_equal(can_be_stored(&n), !(base & 7));
	}
}

static void test_a_walk_that_read_nothing_is_not_found(void **state _unused_)
{
	struct memo_start start = {.key = 1, .base = 0x1000};
	struct memo_entry e = {0};
	struct memo_notes n;

	memo_begin(&n, 0x1000, 0);
	memo_store(&e, &start, &n, 0, 5);
	assert_int_equal(find(&e, &start), 0);
}

/* ---- what belongs to an entry ---- */

static void test_another_start_is_another_walk(void **state _unused_)
{
	static uint64_t words[64];
	struct memo_start start = {.key = 77, .base = 0x1000, .fp = 0x1020, .bx = 0x1030}, other;
	struct memo_entry e;
	struct memo_notes n;

	host_reset();
	host_add_memory(0x1000, words, sizeof(words), false);
	for (uint32_t flags = 0; flags < 4; flags++) {
		memset(&e, 0, sizeof(e));
		memo_begin(&n, 0x1000, 0);
		memo_note(&n, 0x1008, words[1], false);
		n.flags |= flags;
		memo_store(&e, &start, &n, 3 << MEMO_FREE_SHIFT, 5);
		assert_int_equal(e.flags >> MEMO_FREE_SHIFT, 3);
		assert_int_equal(find(&e, &start), 5);
		other = start;
		other.key++;
		assert_int_equal(find(&e, &other), 0);
		other = start;
		other.fp += 8;
		assert_int_equal(find(&e, &other), flags & MEMO_USES_FP ? 0 : 5);
		other = start;
		other.bx += 8;
		assert_int_equal(find(&e, &other), flags & MEMO_USES_BX ? 0 : 5);
		/* All of it elsewhere is the same. */
		other = start;
		other.base += 8, other.fp += 8, other.bx += 8;
		assert_int_equal(find(&e, &other), 5);
	}
}

/* What stands in two slots must not be able to change places, nor to make up for each other. */
static void test_slots_do_not_make_up_for_each_other(void **state _unused_)
{
	static const uint64_t others[] = {0x555555554138, 0x555555554236, 0x7f0012345678, 0};
	static uint64_t words[40];
	const uint64_t a = 0x555555554136;
	struct memo_start start = {.key = 77, .base = 0x1000};
	struct memo_entry e;
	struct memo_notes n;

	host_add_memory(0x1000, words, sizeof(words), false);
	for (uint32_t i = 0; i < 40; i++)
		for (uint32_t k = i + 1; k < 40; k++)
			for (size_t o = 0; o < ARRAY_SIZE(others); o++) {
				uint64_t b = others[o];

				memset(&e, 0, sizeof(e));
				words[i] = a;
				words[k] = b;
				memo_begin(&n, 0x1000, 0);
				memo_note(&n, 0x1000 + i * 8, a, false);
				memo_note(&n, 0x1000 + k * 8, b, false);
				memo_store(&e, &start, &n, 0, 5);
				assert_int_equal(find(&e, &start), 5);
				for (uint64_t d = 0; d < 128; d++) {
					words[i] = b ^ d;
					words[k] = a ^ d;
					assert_int_equal(find(&e, &start),
							 words[i] == a && words[k] == b ? 5 : 0);
					words[i] = a + d;
					words[k] = b - d;
					assert_int_equal(find(&e, &start), d ? 0 : 5);
				}
			}
}

static void test_each_field_of_an_entry_is_certified(void **state _unused_)
{
	struct memo_entry e, bad;
	struct memo_start start;
	uint32_t bits = 0;
	uint64_t seed = 0;

	sim_new_code(1);
	sim_new_memory(1);
	while (!remember(seed, 12, &e) || sim.on_alt || e.cnt < 6)
		seed++;
	begin_first(&start);
	assert_int_equal(find(&e, &start), e.id);
	for (size_t bit = 0; bit < (offsetof(struct memo_entry, slots) + 2 * e.cnt) * 8; bit++) {
		if (bit / 8 >= offsetof(struct memo_entry, _pad) &&
		    bit / 8 < offsetof(struct memo_entry, slots))
			continue;
		bad = e;
		((uint8_t *)&bad)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(find(&bad, &start), 0);
		bits++;
	}
	assert_true(bits > 8 * (24 + 12));
	/* What lies behind the last slot is not looked at. */
	bad = e;
	bad.slots[e.cnt] ^= 1;
	assert_int_equal(find(&bad, &start), e.id);
}

/* ---- entries of two halves ---- */

#define VARIANTS 24

/* A run, and the same with one word of it changed. */
static struct variant {
	uint64_t *at, value;
	uint64_t id;
	struct memo_entry e;
} variants[VARIANTS];

/* Stacks that begin alike, so that their entries lie in one place. Their number. */
static int make_variants(uint64_t seed, struct memo_start *ret)
{
	struct memo_start start, same;
	struct memo_entry e;
	int n = 0;

	if (!remember(seed, 8 + (uint32_t)(seed % 30), &e) || sim.on_alt)
		return 0;
	begin_first(&start);
	for (int tries = 0; n < VARIANTS && tries < 200; tries++) {
		struct variant *v = &variants[n];
		uint64_t was;

		v->at = slot_of(&e, &start, (uint32_t)sim_below(e.cnt));
		was = *v->at;
		v->value = n ? another(was) : was;
		*v->at = v->value;
		memset(&v->e, 0, sizeof(v->e));
		if (begin(&same) && same.key == start.key)
			v->id = walk_and_store(&same, &v->e);
		*v->at = was;
		n += v->e.id != 0;
	}
	*ret = start;
	return n;
}

/* Words of @a and @b at random, mostly in two halves. */
static void mix(const struct memo_entry *a, const struct memo_entry *b, struct memo_entry *ret)
{
	size_t words = (offsetof(struct memo_entry, slots) + a->cnt * 2 + 7) / 8,
	       cut = sim_below(words + 1);
	bool halves = sim_below(2);
	uint64_t bits = sim_random();

	*ret = *a;
	for (size_t i = 0; i < sizeof(*a) / 8; i++)
		if (halves ? i >= cut : bits >> (i & 63) & 1)
			((uint64_t *)ret)[i] = ((const uint64_t *)b)[i];
}

static void test_entries_of_two_halves_never_give_a_wrong_id(void **state _unused_)
{
	uint64_t mixes = 0, hits = 0;

	for (uint64_t program = 0; mixes < 1200000; program++) {
		struct memo_start start;
		int n;

		sim_new_code(program / 8);
		sim_new_memory(program);
		n = make_variants(program, &start);
		for (int i = 0; n > 1 && i < 20000; i++) {
			const struct variant *a = &variants[sim_below((uint64_t)n)],
					     *b = &variants[sim_below((uint64_t)n)],
					     *now = &variants[sim_below((uint64_t)n)];
			struct memo_entry torn;
			uint64_t found, was = *now->at;

			mix(&a->e, &b->e, &torn);
			*now->at = now->value;
			found = find(&torn, &start);
			*now->at = was;
			assert_true(!found || found == now->id);
			hits += found != 0;
			mixes++;
		}
	}
	assert_true(mixes >= 1000000 && hits > 1000);
}

#define MEMO_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MEMO_TEST(test_the_same_chain_is_found_again_elsewhere),
		MEMO_TEST(test_each_slot_counts_and_no_other_word),
		MEMO_TEST(test_what_is_found_is_what_a_walk_comes_to),
		MEMO_TEST(test_with_one_slot_left_out_it_is_not),
		MEMO_TEST(test_the_link_register_counts),
		MEMO_TEST(test_only_so_many_slots_are_remembered),
		MEMO_TEST(test_a_slot_must_have_its_place),
		MEMO_TEST(test_a_stack_that_is_not_aligned_is_not_remembered),
		MEMO_TEST(test_a_walk_that_read_nothing_is_not_found),
		MEMO_TEST(test_another_start_is_another_walk),
		MEMO_TEST(test_slots_do_not_make_up_for_each_other),
		MEMO_TEST(test_each_field_of_an_entry_is_certified),
		MEMO_TEST(test_entries_of_two_halves_never_give_a_wrong_id),
	};

	return cmocka_run_group_tests_name(SIM_X86 ? "memo" : "memo_arm64", tests, NULL, NULL);
}
