/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Metrics of waits and groups: everything is counted once, and stays where it was counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "analyze/call_metrics.h"
#include "analyze/metrics.h"
#include "base/compiler.h"
#include "base/hash.h"
#include "format/syscall_table.h"

#define MINUTE 60000000000ull
#define ID     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID    "2f3c1f5e-8b1e-4d4e-9d6b-0a1b2c3d4e5f"

/* ---- groups ---- */

static int path_calls;

/* The path says the cgroup's id; 404 is gone. */
static int path_of(void *arg, const struct group_member *who, char *ret_path, size_t size)
{
	const char *format = arg;

	path_calls++;
	if (who->cgroup_id == 404)
		return -ENOENT;
	snprintf(ret_path, size, format, (unsigned long long)who->cgroup_id);
	return 0;
}

static struct groups make_groups(enum group_by by, uint32_t max, const char *format)
{
	struct groups g;

	assert_int_equal(groups__init(&g, by, max, format ? path_of : NULL, (void *)format, false),
			 0);
	return g;
}

static uint32_t get_comm(struct groups *g, const char *comm, uint64_t now_ns)
{
	return groups__get(g, &(struct group_member){.comm = comm}, now_ns);
}

static uint32_t get_cgroup(struct groups *g, uint64_t id, uint64_t now_ns)
{
	return groups__get(g, &(struct group_member){.comm = "x", .cgroup_id = id}, now_ns);
}

static void test_names_of_kinds(void **state _unused_)
{
	enum group_by by;

	assert_int_equal(group_by_parse("pod", &by), 0);
	assert_int_equal(by, GROUP_BY_POD);
	assert_int_equal(group_by_parse("pods", &by), -ENOENT);
	assert_string_equal(group_by_label(GROUP_BY_POD, 0), "pod_uid");
	assert_string_equal(group_by_label(GROUP_BY_POD, 1), "container_id");
	assert_null(group_by_label(GROUP_BY_COMM, 1));
	assert_null(group_by_label(GROUP_BY_NONE, 0));
}

static void test_sizes(void **state _unused_)
{
	struct groups g;

	assert_int_equal(groups__init(&g, GROUP_BY_COMM, 1, NULL, NULL, false), -EINVAL);
	assert_int_equal(groups__init(&g, GROUP_BY_COMM, GROUPS_MAX + 1, NULL, NULL, false),
			 -EINVAL);
}

static void test_first_come(void **state _unused_)
{
	struct groups g = make_groups(GROUP_BY_COMM, 3, NULL);
	uint32_t a = get_comm(&g, "a", 1), b = get_comm(&g, "b", 1);

	assert_int_not_equal(a, GROUPS_OTHER);
	assert_int_not_equal(b, GROUPS_OTHER);
	assert_int_not_equal(a, b);
	assert_int_equal(get_comm(&g, "a", 2), a);
	assert_int_equal(g.overflow_cnt, 0);
	assert_int_equal(get_comm(&g, "c", 3), GROUPS_OTHER);
	assert_int_equal(get_comm(&g, "c", 4), GROUPS_OTHER);
	assert_int_equal(get_comm(&g, "d", 5), GROUPS_OTHER);
	assert_int_equal(g.overflow_cnt, 3);
	assert_int_equal(groups__used_cnt(&g), 3);
	assert_string_equal(g.items[a].label, "a");
	groups__fini(&g);
}

/* One label, one series: what is called "other" is counted there, and it is no overflow. */
static void test_a_group_called_other(void **state _unused_)
{
	struct groups g = make_groups(GROUP_BY_COMM, 10, NULL);

	assert_int_equal(get_comm(&g, "other", 1), GROUPS_OTHER);
	assert_int_equal(g.overflow_cnt, 0);
	groups__fini(&g);
}

static void test_names_that_are_no_text(void **state _unused_)
{
	struct groups g = make_groups(GROUP_BY_COMM, 10, NULL);
	uint32_t bad = get_comm(&g, "a\xff\n\"", 1), empty = get_comm(&g, "", 1);

	assert_string_equal(g.items[bad].label, "a\xef\xbf\xbd\xef\xbf\xbd\"");
	assert_string_equal(g.items[empty].label, "[unknown]");
	groups__fini(&g);
}

static void test_a_slot_is_reused_only_after_an_exposition_without_it(void **state _unused_)
{
	struct groups g = make_groups(GROUP_BY_COMM, 2, NULL);
	uint32_t slot = get_comm(&g, "a", 1 * MINUTE);

	groups__retire(&g, 16 * MINUTE);
	assert_int_equal(g.items[slot].state, GROUP_USED);
	groups__retire(&g, 16 * MINUTE + 1);
	assert_int_equal(g.items[slot].state, GROUP_RETIRED);
	assert_int_equal(g.retired_cnt, 1);
	/* This exposition is the first without it; until the next one the slot stays empty. */
	assert_int_equal(get_comm(&g, "b", 17 * MINUTE), GROUPS_OTHER);
	assert_int_equal(get_comm(&g, "a", 17 * MINUTE), GROUPS_OTHER);
	assert_int_equal(g.overflow_cnt, 2);
	groups__retire(&g, 18 * MINUTE);
	assert_int_equal(g.items[slot].state, GROUP_FREE);
	/* And who had none before gets it, though it is remembered where it was. */
	assert_int_equal(get_comm(&g, "b", 19 * MINUTE), slot);
	assert_string_equal(g.items[slot].label, "b");
	assert_int_equal(g.items[slot].counts.block_cnt[REASON_LOCK], 0);
	groups__fini(&g);
}

static void test_use_keeps_a_group(void **state _unused_)
{
	struct groups g = make_groups(GROUP_BY_COMM, 2, NULL);
	uint32_t slot = get_comm(&g, "a", 0);

	for (uint64_t now = 10 * MINUTE; now < 200 * MINUTE; now += 10 * MINUTE) {
		assert_int_equal(get_comm(&g, "a", now), slot);
		groups__retire(&g, now);
	}
	assert_int_equal(g.retired_cnt, 0);
	groups__fini(&g);
}

static void test_cgroups_are_asked_for_once(void **state _unused_)
{
	struct groups g = make_groups(GROUP_BY_CGROUP, 10, "/x/%llu");
	uint32_t slot;

	path_calls = 0;
	slot = get_cgroup(&g, 1, 1);
	for (int i = 0; i < 100; i++)
		assert_int_equal(get_cgroup(&g, 1, 1), slot);
	assert_int_equal(path_calls, 1);
	assert_string_equal(g.items[slot].label, "/x/1");
	assert_string_equal(g.items[get_cgroup(&g, 404, 1)].label, "[unknown]");
	groups__fini(&g);
}

static void test_cgroups_of_one_container_are_one_group(void **state _unused_)
{
	struct groups g = make_groups(GROUP_BY_CONTAINER, 10, "/docker/" ID "/%llu");
	uint32_t slot = get_cgroup(&g, 1, 1);

	assert_int_equal(get_cgroup(&g, 2, 1), slot);
	assert_string_equal(g.items[slot].label, ID);
	groups__fini(&g);
	g = make_groups(GROUP_BY_CONTAINER, 10, "/system.slice/%llu");
	slot = get_cgroup(&g, 1, 1);
	assert_string_equal(g.items[slot].label, "");
	groups__fini(&g);
}

static void test_pods_have_two_labels(void **state _unused_)
{
	struct groups g = make_groups(GROUP_BY_POD, 10, "/kubepods/pod" UID "/" ID "/%llu");
	uint32_t slot = get_cgroup(&g, 1, 1);

	assert_string_equal(g.items[slot].label, UID);
	assert_string_equal(g.items[slot].label2, ID);
	assert_string_equal(g.items[GROUPS_OTHER].label2, "other");
	groups__fini(&g);
}

/* Where a cgroup's id says nothing, each image is asked for. */
static void test_by_image(void **state _unused_)
{
	struct group_member who = {.comm = "x", .cgroup_id = 1, .image = {.pid = 1}};
	struct groups g = make_groups(GROUP_BY_CGROUP, 10, "/x/%llu");

	g.by_image = true;
	path_calls = 0;
	groups__get(&g, &who, 1);
	who.cgroup_id = 2;
	groups__get(&g, &who, 1);
	assert_int_equal(path_calls, 1);
	who.image.exec_id++;
	groups__get(&g, &who, 1);
	who.image.start_ns++;
	groups__get(&g, &who, 1);
	assert_int_equal(path_calls, 3);
	groups__fini(&g);
}

static void test_long_paths_are_cut_between_characters(void **state _unused_)
{
	char format[GROUP_LABEL_LEN * 2];
	struct groups g;
	uint32_t slot;

	memset(format, 'a', sizeof(format));
	/* A character of two bytes lies across the limit. */
	memcpy(format + GROUP_LABEL_LEN - 2, "\xc3\xa4", 2);
	strcpy(format + sizeof(format) - 8, "%llu");
	g = make_groups(GROUP_BY_CGROUP, 10, format);
	slot = get_cgroup(&g, 1, 1);
	assert_int_equal(strlen(g.items[slot].label), GROUP_LABEL_LEN - 2);
	/* The same label is the same group. */
	assert_int_equal(get_cgroup(&g, 2, 1), slot);
	groups__fini(&g);
}

static void test_looking_changes_nothing(void **state _unused_)
{
	struct groups g = make_groups(GROUP_BY_COMM, 3, NULL);
	uint32_t a = get_comm(&g, "a", 1);

	assert_int_equal(groups__find(&g, &(struct group_member){.comm = "a"}), a);
	assert_int_equal(groups__find(&g, &(struct group_member){.comm = "b"}), GROUPS_OTHER);
	assert_int_equal(groups__used_cnt(&g), 2);
	get_comm(&g, "b", 1);
	assert_int_equal(get_comm(&g, "c", 1), GROUPS_OTHER);
	assert_int_equal(groups__find(&g, &(struct group_member){.comm = "c"}), GROUPS_OTHER);
	assert_int_equal(g.overflow_cnt, 1);
	/* What was remembered is gone, the name is not. */
	g.generation++;
	assert_int_equal(groups__find(&g, &(struct group_member){.comm = "a"}), a);
	assert_int_equal(g.items[a].used_ns, 1);
	groups__fini(&g);
}

/* 5,000 cgroups come and go, over hours: never more than the cap. */
static void test_many_short_lived_cgroups(void **state _unused_)
{
	struct groups g = make_groups(GROUP_BY_CGROUP, 50, "/x/%llu");

	for (uint64_t i = 1; i <= 5000; i++) {
		get_cgroup(&g, i, i * MINUTE / 4);
		if (i % 4 == 0)
			groups__retire(&g, i * MINUTE / 4);
		assert_true(groups__used_cnt(&g) <= 50);
	}
	assert_true(g.retired_cnt > 1000);
	for (uint64_t i = 1; i <= 20; i++)
		groups__retire(&g, 5000 * MINUTE / 4 + i * MINUTE);
	assert_int_equal(groups__used_cnt(&g), 1);
	groups__fini(&g);
}

/* ---- waits ---- */

static struct metrics make_metrics(enum group_by by, uint32_t max, const char *format)
{
	struct groups g = make_groups(by, max, format);
	struct metrics m;

	metrics__init(&m, NULL, &g);
	assert_null(g.items);
	return m;
}

static struct metrics_wait a_wait(enum reason reason, uint64_t blocked_ns, uint64_t runnable_ns)
{
	return (struct metrics_wait){.reason = (uint8_t)reason,
				     .cnt = 1,
				     .blocked_ns = blocked_ns,
				     .runnable_ns = runnable_ns,
				     .delay_ns = METRICS_NO_DELAY};
}

static void test_a_block(void **state _unused_)
{
	struct metrics m = make_metrics(GROUP_BY_NONE, 2, NULL);
	struct metrics_wait w = a_wait(REASON_LOCK, 1500, 700);

	w.sched_class = WIRE_CLASS_RT;
	w.waker = WAKER_TIMER;
	w.user_frame_cnt = 3;
	w.kernel_frame_cnt = 127;
	w.delay_ns = 5000;
	metrics__add(&m, &w);
	assert_int_equal(m.block[REASON_LOCK].cnts[1], 1);
	assert_true(m.block[REASON_LOCK].sum == 1500);
	assert_int_equal(m.runqueue[WIRE_CLASS_RT].cnts[0], 1);
	assert_true(m.runqueue[WIRE_CLASS_RT].sum == 700);
	assert_int_equal(m.waker_cnt[WAKER_TIMER], 1);
	assert_int_equal(m.user_frames.cnts[2], 1);
	assert_int_equal(m.kernel_frames.cnts[7], 1);
	assert_true(m.kernel_frames.sum == 127);
	assert_int_equal(m.delay.cnts[2], 1);
	assert_true(m.delivered.ns == 2200);
	assert_int_equal(m.delivered.cnt, 1);
	assert_int_equal(m.preempted_cnt, 0);
	metrics__fini(&m);
}

/* `preempted` is never a reason of a block. */
static void test_preempted_waits_for_a_cpu_only(void **state _unused_)
{
	struct metrics m = make_metrics(GROUP_BY_NONE, 2, NULL);
	struct metrics_wait w = a_wait(REASON_PREEMPTED, 0, 700);

	metrics__add(&m, &w);
	for (int i = 0; i < REASON_CNT; i++)
		assert_int_equal(m.block[i].cnt, 0);
	assert_int_equal(m.runqueue[WIRE_CLASS_FAIR].cnt, 1);
	assert_int_equal(m.preempted_cnt, 1);
	/* Blocked time has a reason, though nobody knows which. */
	w.blocked_ns = 5;
	metrics__add(&m, &w);
	w.reason = 200;
	metrics__add(&m, &w);
	assert_int_equal(m.block[REASON_PREEMPTED].cnt, 0);
	assert_int_equal(m.block[REASON_OTHER].cnt, 2);
	/* A block that was over at once is one. */
	w = a_wait(REASON_PIPE, 0, 0);
	metrics__add(&m, &w);
	assert_int_equal(m.block[REASON_PIPE].cnts[0], 1);
	metrics__fini(&m);
}

static void test_spilled_waits_count_at_their_mean(void **state _unused_)
{
	struct metrics m = make_metrics(GROUP_BY_NONE, 2, NULL);
	struct metrics_wait w = a_wait(REASON_NET, 10000000, 30000);

	w.cnt = 10;
	w.spilled = true;
	w.user_frame_cnt = 4;
	metrics__add(&m, &w);
	assert_int_equal(m.block[REASON_NET].cnts[bounds__find(&bounds_time, 1000000)], 10);
	assert_true(m.block[REASON_NET].sum == 10000000);
	assert_int_equal(m.averaged_cnt, 10);
	assert_int_equal(m.user_frames.cnts[2], 10);
	assert_int_equal(m.delivered.cnt, 0);
	w.cnt = 0;
	metrics__add(&m, &w);
	assert_int_equal(m.block[REASON_NET].cnt, 10);
	metrics__fini(&m);
}

static void test_sums_outgrow_64_bits(void **state _unused_)
{
	struct metrics m = make_metrics(GROUP_BY_NONE, 2, NULL);
	struct metrics_wait w = a_wait(REASON_POLL, UINT64_MAX, UINT64_MAX);

	metrics__add(&m, &w);
	metrics__add(&m, &w);
	assert_true(m.block[REASON_POLL].sum == (unsigned __int128)UINT64_MAX * 2);
	assert_true(m.delivered.ns == (unsigned __int128)UINT64_MAX * 4);
	metrics__fini(&m);
}

/* What groups have together, with those that are gone. */
static struct group_counts sum_of_groups(const struct metrics *m)
{
	struct group_counts all = m->groups.retired;

	for (uint32_t i = 0; i < m->groups.max; i++) {
		const struct group *g = &m->groups.items[i];

		for (int r = 0; g->state == GROUP_USED && r < REASON_CNT; r++) {
			all.blocked_ns[r] += g->counts.blocked_ns[r];
			all.block_cnt[r] += g->counts.block_cnt[r];
		}
		if (g->state == GROUP_USED)
			all.runqueue_ns += g->counts.runqueue_ns;
	}
	return all;
}

static void check_sums(const struct metrics *m)
{
	struct group_counts all = sum_of_groups(m);
	unsigned __int128 runqueue_ns = 0;

	for (int r = 0; r < REASON_CNT; r++) {
		assert_true(all.blocked_ns[r] == m->block[r].sum);
		assert_int_equal(all.block_cnt[r], m->block[r].cnt);
	}
	for (int c = 0; c < METRICS_CLASS_CNT; c++)
		runqueue_ns += m->runqueue[c].sum;
	assert_true(all.runqueue_ns == runqueue_ns);
}

static void check_grows(const struct group_counts *old, const struct group_counts *now)
{
	for (int r = 0; r < REASON_CNT; r++) {
		assert_true(now->blocked_ns[r] >= old->blocked_ns[r]);
		assert_true(now->block_cnt[r] >= old->block_cnt[r]);
	}
	assert_true(now->runqueue_ns >= old->runqueue_ns);
}

/* No series goes down while it is shown, and none has another label without having been gone. */
static void check_series(const struct groups *before, const struct groups *now)
{
	check_grows(&before->retired, &now->retired);
	for (uint32_t i = 0; i < now->max; i++) {
		const struct group *a = &before->items[i], *b = &now->items[i];

		if (a->state != GROUP_USED || b->state != GROUP_USED)
			continue;
		assert_string_equal(a->label, b->label);
		check_grows(&a->counts, &b->counts);
	}
	for (uint32_t i = 0; i < now->max; i++)
		for (uint32_t j = i + 1; j < now->max; j++)
			assert_false(now->items[i].state == GROUP_USED &&
				     now->items[j].state == GROUP_USED &&
				     !strcmp(now->items[i].label, now->items[j].label));
}

/* Hours of random waits of groups that come, go and come back. */
static void test_sum_over_groups_is_the_total(void **state _unused_)
{
	struct metrics m = make_metrics(GROUP_BY_CGROUP, 8, "/x/%llu"), before, now;
	uint64_t now_ns = 1, reappeared = 0;

	assert_int_equal(metrics__copy(&m, &before), 0);
	for (uint64_t i = 0; i < 200000; i++) {
		struct metrics_wait w = a_wait(hash_u64(i) % REASON_CNT, hash_u64(i + 1) >> 34,
					       hash_u64(i + 2) >> 40);

		if (w.reason == REASON_PREEMPTED)
			w.blocked_ns = 0;
		w.sched_class = hash_u64(i + 3) % 7;
		w.cnt = hash_u64(i + 4) % 3;
		w.group =
			get_cgroup(&m.groups, now_ns / (20 * MINUTE) + hash_u64(i + 5) % 7, now_ns);
		metrics__add(&m, &w);
		now_ns += hash_u64(i + 6) % (MINUTE / 4);
		if (hash_u64(i + 7) % 100)
			continue;
		metrics__expose(&m, now_ns);
		assert_int_equal(metrics__copy(&m, &now), 0);
		check_sums(&now);
		check_series(&before.groups, &now.groups);
		metrics__fini(&before);
		before = now;
		reappeared = now.groups.retired_cnt;
	}
	assert_true(reappeared > 100);
	assert_true(m.groups.overflow_cnt > 100);
	metrics__fini(&before);
	metrics__fini(&m);
}

/* A slot that the caller kept too long. */
static void test_a_stale_slot_is_other(void **state _unused_)
{
	struct metrics m = make_metrics(GROUP_BY_COMM, 4, NULL);
	struct metrics_wait w = a_wait(REASON_LOCK, 5, 5);

	w.group = get_comm(&m.groups, "a", 1);
	metrics__expose(&m, 20 * MINUTE);
	metrics__add(&m, &w);
	w.group = 77;
	metrics__add(&m, &w);
	assert_int_equal(m.groups.items[GROUPS_OTHER].counts.block_cnt[REASON_LOCK], 2);
	check_sums(&m);
	metrics__fini(&m);
}

static void test_a_copy_stays(void **state _unused_)
{
	struct metrics m = make_metrics(GROUP_BY_COMM, 4, NULL), copy;
	struct metrics_wait w = a_wait(REASON_LOCK, 5, 5);

	w.group = get_comm(&m.groups, "a", 1);
	metrics__add(&m, &w);
	assert_int_equal(metrics__copy(&m, &copy), 0);
	metrics__add(&m, &w);
	assert_int_equal(copy.block[REASON_LOCK].cnt, 1);
	assert_int_equal(copy.groups.items[w.group].counts.block_cnt[REASON_LOCK], 1);
	metrics__fini(&m);
	assert_string_equal(copy.groups.items[w.group].label, "a");
	metrics__fini(&copy);
}

/* ---- the ledger ---- */

static void test_ledger_terms_outlive_the_kernels_wrap(void **state _unused_)
{
	struct metrics m = make_metrics(GROUP_BY_NONE, 2, NULL);
	struct ledger l = {.observed = {UINT64_MAX / 2 - 10, 5}};

	l.counters[WIRE_C_SPILLED_BEFORE_NS] = 7;
	metrics__set_ledger(&m, &l);
	l.observed.ns += UINT64_MAX / 2;
	metrics__set_ledger(&m, &l);
	l.observed.ns += 100; /* wraps */
	metrics__set_ledger(&m, &l);
	metrics__set_ledger(&m, &l);
	assert_true(m.observed.ns == (unsigned __int128)(UINT64_MAX / 2) * 2 + 90);
	assert_int_equal(m.observed.cnt, 5);
	assert_true(m.spilled_before.ns == 7);
	/* What goes back a little has not grown. */
	l.observed.ns -= 50;
	metrics__set_ledger(&m, &l);
	l.observed.ns += 60;
	metrics__set_ledger(&m, &l);
	assert_true(m.observed.ns == (unsigned __int128)(UINT64_MAX / 2) * 2 + 100);
	metrics__fini(&m);
}

static void test_completeness(void **state _unused_)
{
	struct metrics m = make_metrics(GROUP_BY_NONE, 2, NULL);
	struct ledger l = {.observed = {.cnt = 1000}};

	metrics__expose(&m, 1);
	assert_int_equal(m.completeness_ppm, 1000000);
	metrics__set_ledger(&m, &l);
	metrics__expose(&m, 2);
	assert_int_equal(m.completeness_ppm, 1000000);
	l.observed.cnt += 3000000;
	l.lost_spill_full.cnt += 1;
	metrics__set_ledger(&m, &l);
	metrics__expose(&m, 3);
	assert_int_equal(m.completeness_ppm, 999999);
	l.observed.cnt += 10;
	l.lost_spill_full.cnt += 10;
	metrics__set_ledger(&m, &l);
	metrics__expose(&m, 4);
	assert_int_equal(m.completeness_ppm, 0);
	metrics__expose(&m, 5);
	assert_int_equal(m.completeness_ppm, 1000000);
	metrics__fini(&m);
}

/* ---- system calls ---- */

static void test_calls_by_name(void **state _unused_)
{
	_cleanup_free_ struct call_metrics *m = malloc(sizeof(*m));
	struct call_key key = {.nr = syscall_find("futex", false)};
	struct call_row row = {.cnt = 3, .total_ns = 6000};

	assert_non_null(m);
	assert_int_equal(call_metrics__init(m, "read,futex,read", NULL), 0);
	assert_int_equal(m->cnt, 2);
	key.slot = histogram_bucket(2000);
	call_metrics__add_row(m, &key, &row);
	assert_int_equal(m->items[1].lengths.cnt, 3);
	assert_true(m->items[1].lengths.sum == 6000);
	key.nr = syscall_find("futex", true);
	if (key.nr != SYSCALL_NONE) {
		key.nr |= CALL_NR_COMPAT;
		call_metrics__add_row(m, &key, &row);
		assert_int_equal(m->items[1].lengths.cnt, 6);
	}
	key.nr = syscall_find("write", false);
	call_metrics__add_row(m, &key, &row);
	key.nr = 0x7fffffff;
	call_metrics__add_row(m, &key, &row);
	assert_int_equal(m->items[CALL_METRICS_MAX].lengths.cnt, 6);
	assert_string_equal(m->items[CALL_METRICS_MAX].name, "other");
}

static void test_errors_of_calls(void **state _unused_)
{
	_cleanup_free_ struct call_metrics *m = malloc(sizeof(*m));
	struct call_key key = {.nr = syscall_find("read", false)};
	struct call_row row = {.cnt = 1};
	static const struct {
		uint32_t error;
		unsigned int counted;
	} errors[] = {{EAGAIN, CALL_METRICS_EAGAIN},  {EINTR, CALL_METRICS_EINTR},
		      {512, CALL_METRICS_EINTR},      {516, CALL_METRICS_EINTR},
		      {ENOSPC, CALL_METRICS_ENOSPC},  {EBADF, CALL_METRICS_OTHER},
		      {ERESTART, CALL_METRICS_OTHER}, {4000, CALL_METRICS_OTHER}};

	assert_non_null(m);
	assert_int_equal(call_metrics__init(m, CALL_METRICS_DEFAULT, NULL), 0);
	assert_int_equal(m->cnt, 16);
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		uint64_t before = m->items[0].error_cnts[errors[i].counted];

		key.slot = CALL_SLOT_ERRNO + errors[i].error;
		call_metrics__add_row(m, &key, &row);
		assert_int_equal(m->items[0].error_cnts[errors[i].counted], before + 1);
	}
	assert_int_equal(m->items[0].lengths.cnt, 0);
}

static void test_calls_that_there_are_not(void **state _unused_)
{
	_cleanup_free_ struct call_metrics *m = malloc(sizeof(*m));

	assert_non_null(m);
	assert_int_equal(call_metrics__init(m, "read,raed", NULL), -EINVAL);
	assert_int_equal(call_metrics__init(m, "read,,write", NULL), -EINVAL);
	assert_int_equal(call_metrics__init(m, "a_name_that_is_longer_than_any_system_call", NULL),
			 -EINVAL);
	assert_int_equal(call_metrics__init(m, "", NULL), 0);
	assert_int_equal(m->cnt, 0);
}

/* Values by way of the kernel's buckets are at most one of those away from where they belong. */
static void test_bounds_are_right_within_a_sub_bucket(void **state _unused_)
{
	_cleanup_free_ struct call_metrics *m = malloc(sizeof(*m));
	struct call_key key = {.nr = syscall_find("read", false)};
	struct bounds_counts low = {0}, high = {0}, *got;
	uint64_t below[3] = {0};

	assert_non_null(m);
	assert_int_equal(call_metrics__init(m, "read", NULL), 0);
	got = &m->items[0].lengths;
	for (uint64_t i = 0; i < 50000; i++) {
		uint64_t v = hash_u64(i) % 100000000000ull >> hash_u64(~i) % 30;
		uint32_t bucket = histogram_bucket(v);
		/* Rows hold many calls: one at each end of the bucket. */
		struct call_row row = {
			.cnt = 2,
			.total_ns = 2 * histogram_lower(bucket) + histogram_width(bucket) - 1,
		};

		key.slot = bucket;
		call_metrics__add_row(m, &key, &row);
		bounds_counts__add(&low, &bounds_time, 2, 2 * histogram_lower(bucket));
		bounds_counts__add(&high, &bounds_time, 2,
				   2 * (histogram_lower(bucket) + histogram_width(bucket) - 1));
	}
	for (uint32_t i = 0; i < bounds_time.cnt; i++) {
		below[0] += high.cnts[i];
		below[1] += got->cnts[i];
		below[2] += low.cnts[i];
		assert_true(below[0] <= below[1] && below[1] <= below[2]);
	}
	assert_int_equal(got->cnt, 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_of_kinds),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_first_come),
		cmocka_unit_test(test_a_group_called_other),
		cmocka_unit_test(test_names_that_are_no_text),
		cmocka_unit_test(test_a_slot_is_reused_only_after_an_exposition_without_it),
		cmocka_unit_test(test_use_keeps_a_group),
		cmocka_unit_test(test_cgroups_are_asked_for_once),
		cmocka_unit_test(test_cgroups_of_one_container_are_one_group),
		cmocka_unit_test(test_pods_have_two_labels),
		cmocka_unit_test(test_by_image),
		cmocka_unit_test(test_long_paths_are_cut_between_characters),
		cmocka_unit_test(test_looking_changes_nothing),
		cmocka_unit_test(test_many_short_lived_cgroups),
		cmocka_unit_test(test_a_block),
		cmocka_unit_test(test_preempted_waits_for_a_cpu_only),
		cmocka_unit_test(test_spilled_waits_count_at_their_mean),
		cmocka_unit_test(test_sums_outgrow_64_bits),
		cmocka_unit_test(test_sum_over_groups_is_the_total),
		cmocka_unit_test(test_a_stale_slot_is_other),
		cmocka_unit_test(test_a_copy_stays),
		cmocka_unit_test(test_ledger_terms_outlive_the_kernels_wrap),
		cmocka_unit_test(test_completeness),
		cmocka_unit_test(test_calls_by_name),
		cmocka_unit_test(test_errors_of_calls),
		cmocka_unit_test(test_calls_that_there_are_not),
		cmocka_unit_test(test_bounds_are_right_within_a_sub_bucket),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
