/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Remembered walks of kernel stacks: only what the kernel found is known, so which words it read is guessed, and the
 * guess must hold all that count.
 */
#define MEMO_ENTRY_BYTES 8192 /* these stacks are small */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/compiler.h"
#include "fixtures/unwind_host.h"

#define TEXT	   0xffffffff81000000ull
#define STACK	   0xffffc90000000000ull
#define WORDS	   MEMO_KERNEL_WORDS
#define ID	   4711
#define MAX_FRAMES (MEMO_MAX_KERNEL_FRAMES + 2)

static uint64_t words[WORDS];
static uint64_t base, top;
static __u64 ips[MAX_FRAMES]; /* innermost first; the first three are the probe's own */
static uint32_t ip_cnt;
static struct memo_scan scan;

static uint64_t random_state;

static uint64_t random_below(uint64_t n) /* splitmix64 */
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (z ^ z >> 31) % n;
}

static int setup(void **state _unused_)
{
	host_reset();
	host_add_memory(STACK, words, sizeof(words), true);
	memset(words, 0, sizeof(words));
	top = STACK + sizeof(words);
	base = top - 100 * 8;
	random_state = 1;
	ip_cnt = MEMO_OWN_FRAMES;
	for (uint32_t i = 0; i < MEMO_OWN_FRAMES; i++)
		ips[i] = TEXT + i;
	return 0;
}

static int teardown(void **state _unused_)
{
	host_reset();
	return 0;
}

static uint64_t *word(uint64_t addr)
{
	assert_in_range(addr, STACK, STACK + sizeof(words) - 8);
	return &words[(addr - STACK) / 8];
}

/* A frame with its return address at @addr; the innermost first. */
static void frame(uint64_t addr, uint64_t ip)
{
	*word(addr) = ips[ip_cnt++] = TEXT + ip;
}

/* From the top inward, as the probe does. May the stack be remembered? */
static bool look_through(void)
{
	memo_scan_begin(&scan, base, top, ips, ip_cnt);
	for (uint64_t addr = top - 8; addr >= base; addr -= 8) {
		uint64_t value = *word(addr), above = 0;

		if (value - base < top - base && !(value & 7) && value + 8 < top)
			above = *word(value + 8);
		memo_scan_word(&scan, addr, value, above);
	}
	return memo_scan_end(&scan);
}

static bool remember(struct memo_entry *ret)
{
	struct memo_start start = {.key = 1, .base = base, .top = top};

	memset(ret, 0, sizeof(*ret));
	if (!look_through())
		return false;
	memo_store(ret, &start, &scan.notes, 0, ID);
	return ret->id;
}

static bool holds(const struct memo_entry *e)
{
	struct memo_start start = {.key = 1, .base = base, .top = top};
	struct window w = {.limit = top};
	struct memo_notes none;
	uint32_t flags;

	memo_begin(&none, base, top);
	return memo_recall(e, &start, memo_hash_slots(e, &none, &w, true), &flags) == ID;
}

/* What a change of each word does: as many as @slots must be seen. */
static void check_words(const struct memo_entry *e, uint32_t slots)
{
	uint32_t seen = 0;

	assert_true(holds(e));
	for (uint64_t addr = base; addr < top; addr += 8) {
		*word(addr) ^= 1;
		seen += !holds(e);
		*word(addr) ^= 1;
	}
	assert_true(holds(e));
	assert_int_equal(seen, slots);
}

/* ---- by hand ---- */

static void test_each_return_address_is_a_slot(void **state _unused_)
{
	struct memo_entry e;

	frame(base, 0x100);
	frame(base + 8, 0x200);
	frame(base + 240, 0x300);
	frame(top - 8, 0x400);
	assert_true(remember(&e));
	check_words(&e, 4);
	*word(base + 8) = TEXT + 0x201;
	assert_false(holds(&e));
}

static void test_an_address_without_a_slot_is_not_remembered(void **state _unused_)
{
	struct memo_entry e;

	frame(base + 16, 0x100);
	frame(base + 24, 0x200);
	frame(base + 80, 0x300);
	frame(base + 160, 0x400);
	for (uint32_t i = 0; i < 4; i++) {
		uint64_t addr = (uint64_t[]){base + 16, base + 24, base + 80, base + 160}[i];
		uint64_t was = *word(addr);

		*word(addr) = 0;
		assert_false(remember(&e));
		*word(addr) = was;
		assert_true(remember(&e));
	}
	/* All there, but not in the order of the frames. */
	*word(base + 24) = ips[3];
	*word(base + 16) = ips[4];
	assert_false(remember(&e));
}

static void test_the_probes_own_frames_need_no_slot(void **state _unused_)
{
	struct memo_entry e;

	assert_false(remember(&e)); /* nothing else */
	frame(base + 16, 0x100);
	assert_true(remember(&e));
	/* But three, not four. */
	ips[MEMO_OWN_FRAMES] = TEXT + 0x50;
	ips[ip_cnt++] = TEXT + 0x100;
	assert_false(remember(&e));
}

static void test_only_so_many_frames_are_remembered(void **state _unused_)
{
	struct memo_entry e;

	while (ip_cnt < MEMO_MAX_KERNEL_FRAMES)
		frame(base + ip_cnt * 16ull, ip_cnt * 0x100);
	assert_true(remember(&e));
	check_words(&e, MEMO_MAX_KERNEL_FRAMES - MEMO_OWN_FRAMES);
	frame(base + ip_cnt * 16ull, ip_cnt * 0x100);
	assert_false(remember(&e));
}

/* What calls itself has equal addresses: all of their slots count, or the stack is not remembered. */
static void test_recursion_is_not_remembered_by_half(void **state _unused_)
{
	struct memo_entry e;

	for (int i = 0; i < 5; i++)
		frame(base + 8 + i * 24, 0x100);
	frame(base + 304, 0x200);
	if (remember(&e))
		check_words(&e, 6);
	*word(base + 32) = 0;
	assert_false(remember(&e));
}

/* The entry's frame keeps its distance from the top, the others from the base; between them lies a random gap. */
static void make_with_gap(uint64_t gap, bool pointers)
{
	ip_cnt = MEMO_OWN_FRAMES;
	memset(words, 0, sizeof(words));
	base = top - 8 * (40 + gap);
	frame(base + 16, 0x100);
	frame(base + 64, 0x200);
	frame(base + 120, 0x300);
	frame(top - 48, 0x400);
	if (!pointers)
		return;
	*word(base + 8) = base + 56;
	*word(base + 56) = base + 112;
	*word(base + 112) = top - 56;
}

static void test_the_gap_below_the_systems_entry_may_vary(void **state _unused_)
{
	struct memo_entry e;

	for (int pointers = 0; pointers < 2; pointers++)
		for (uint64_t gap = 0; gap < 128; gap += 9) {
			make_with_gap(gap, pointers);
			assert_true(remember(&e));
			check_words(&e, pointers ? 7 : 4);
			for (uint64_t other = 0; other < 128; other += 2) {
				make_with_gap(other, pointers);
				assert_true(holds(&e));
				*word(top - 48) = TEXT;
				assert_false(holds(&e));
			}
		}
}

/* What has the look of a saved frame pointer, too: more than the kernel read, and never less. */
static void test_frame_pointers_are_placed(void **state _unused_)
{
	struct memo_entry e;

	make_with_gap(20, true);
	*word(base + 200) =
		base + 56; /* points at a frame further in: it can't have been saved here */
	*word(base + 80) = 8;
	assert_true(remember(&e));
	check_words(&e, 7);
	*word(base + 56) += 8; /* to another place */
	assert_false(holds(&e));
}

/* ---- at random ---- */

#define FUNCTIONS 12

/* How far up the next return address lies, by where it returns to: as the kernel's own tables say. */
static uint32_t frame_words[FUNCTIONS];
static uint64_t first_slot;

/* The kernel's walk. Its frames go to @to. @ret_whole: it came to the system call's entry. */
static uint32_t walk(__u64 *to, bool *ret_whole)
{
	uint64_t at = first_slot;
	uint32_t n = MEMO_OWN_FRAMES;

	*ret_whole = false;
	memcpy(to, ips, MEMO_OWN_FRAMES * sizeof(*to));
	while (at >= base && at < top && n < MEMO_MAX_KERNEL_FRAMES) {
		uint64_t ip = *word(at), f = (ip - TEXT) / 0x1000;

		if (ip < TEXT + 0x1000 || f >= FUNCTIONS)
			break;
		to[n++] = ip;
		if (!frame_words[f]) { /* the entry */
			*ret_whole = true;
			break;
		}
		at += 8ull * frame_words[f];
	}
	return n;
}

static uint64_t random_ip(void)
{
	return TEXT + 0x1000 * (1 + random_below(FUNCTIONS - 1)) + 8 * random_below(64);
}

/* False: it is none that ends as it should. */
static bool make_random_stack(void)
{
	bool whole;
	uint64_t at;

	base = top - 8 * (60 + random_below(400));
	for (uint32_t i = 0; i < FUNCTIONS; i++)
		frame_words[i] = i + 2 < FUNCTIONS ? 1 + (uint32_t)random_below(14) : 0;
	for (uint64_t addr = base; addr < top; addr += 8)
		switch (random_below(4)) {
		case 0:
			*word(addr) = random_ip(); /* of calls that are over */
			break;
		case 1:
			*word(addr) = base + 8 * random_below((top - base) / 8);
			break;
		default:
			*word(addr) = random_below(1000);
		}
	first_slot = base + 8 * random_below(4);
	for (at = first_slot; at < top; at += 8ull * frame_words[(*word(at) - TEXT) / 0x1000]) {
		*word(at) = random_ip();
		if (!frame_words[(*word(at) - TEXT) / 0x1000])
			break;
	}
	ip_cnt = walk(ips, &whole);
	/* What was called before often came by the same ways. */
	for (int i = 0; i < 6; i++)
		*word(base + 8 * random_below((top - base) / 8)) = ips[random_below(ip_cnt)];
	ip_cnt = walk(ips, &whole);
	return whole;
}

static void test_what_holds_is_what_a_walk_comes_to(void **state _unused_)
{
	uint32_t remembered = 0, hits = 0, misses = 0, changed = 0;
	__u64 now[MEMO_MAX_KERNEL_FRAMES];
	struct memo_entry e;

	for (int round = 0; round < 3000; round++) {
		if (!make_random_stack() || !remember(&e))
			continue;
		remembered++;
		assert_true(holds(&e));
		for (int i = 0; i < 100; i++) {
			uint64_t addr[2], was[2];
			bool same, found, whole;

			for (int k = 0; k < 2; k++) {
				addr[k] = base + 8 * random_below((top - base) / 8);
				was[k] = *word(addr[k]);
				*word(addr[k]) =
					random_below(3) ? random_ip() : ips[random_below(ip_cnt)];
			}
			same = walk(now, &whole) == ip_cnt &&
			       !memcmp(now, ips, ip_cnt * sizeof(*now));
			found = holds(&e);
			assert_true(same || !found);
			hits += found;
			misses += !found;
			changed += !same;
			for (int k = 1; k >= 0; k--)
				*word(addr[k]) = was[k];
		}
	}
	assert_true(remembered > 1000 && hits > 10000 && misses > 10000 && changed > 10000);
}

#define KERNEL_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* What was remembered in one epoch is not found in the next, whatever the key. */
static void test_epochs_have_keys_of_their_own(void **state _unused_)
{
	random_state = 5;
	for (int i = 0; i < 1000; i++) {
		uint64_t key = random_below(UINT64_MAX);

		for (uint64_t epoch = 0; epoch < 16; epoch++) {
			assert_true(memo_key(key, epoch) != 0);
			assert_true(memo_key(key, epoch) != memo_key(key, epoch + 1));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_epochs_have_keys_of_their_own),
		KERNEL_TEST(test_each_return_address_is_a_slot),
		KERNEL_TEST(test_an_address_without_a_slot_is_not_remembered),
		KERNEL_TEST(test_the_probes_own_frames_need_no_slot),
		KERNEL_TEST(test_only_so_many_frames_are_remembered),
		KERNEL_TEST(test_recursion_is_not_remembered_by_half),
		KERNEL_TEST(test_the_gap_below_the_systems_entry_may_vary),
		KERNEL_TEST(test_frame_pointers_are_placed),
		KERNEL_TEST(test_what_holds_is_what_a_walk_comes_to),
	};

	return cmocka_run_group_tests_name("memo_kernel", tests, NULL, NULL);
}
