/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What dwell top takes for the same and what not, over intervals and within one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "browser/sample_profile.h"
#include "output/top_view.h"

#define MS 1000000ull
#define S  1000000000ull

struct who {
	const char *comm, *process;
	uint32_t pid, tid;
	const char *lock_owner, *lock;
	const char *frames[3]; /* as of sample_frame() */
};

static struct profile *profile_of(const struct who *who, size_t cnt, uint64_t max_ns)
{
	struct profile *p = sample_new("app", 1 * S);

	for (size_t i = 0; i < cnt; i++) {
		sample_thread(p, who[i].comm,
			      (struct profile_thread){.pid = who[i].pid,
						      .tid = who[i].tid,
						      .process = sample_str(p, who[i].process)});
		sample_add(p,
			   (struct profile_sample){
				   .thread = (uint32_t)i,
				   .reason = REASON_LOCK,
				   .cnt = 1,
				   .blocked_ns = 10 * MS,
				   .max_ns = max_ns,
				   .syscall = 1,
				   .lock_owner = sample_str(p, who[i].lock_owner),
				   .lock = sample_str(p, who[i].lock),
			   },
			   who[i].frames);
	}
	return p;
}

static void add(struct top_rows *rows, struct profile *p)
{
	assert_int_equal(top_rows__add(rows, p), 0);
	profile__free(p);
}

/* How many lines the first two of @who are in a view. */
static size_t item_cnt(const struct who *who, enum top_by by)
{
	struct top_state state = {.by = by, .locks = true};
	struct top_view view = {0};
	struct top_rows rows;
	size_t cnt;

	assert_int_equal(top_rows__init(&rows), 0);
	add(&rows, profile_of(who, 2, 10 * MS));
	assert_int_equal(top_view__make(&view, &rows, &state), 0);
	cnt = view.item_cnt;
	if (cnt == 2)
		assert_true(view.items[0].key != view.items[1].key);
	top_view__fini(&view);
	top_rows__fini(&rows);
	return cnt;
}

/* Two that differ in one thing only are two where it is shown, and one elsewhere. */
static void test_what_differs(void **state _unused_)
{
	static const struct {
		struct who who[2];
		size_t cnts[TOP_BY_CNT]; /* stack, thread, process, reason, lock, syscall */
	} pairs[] = {
		{{{"t", "app", 1, 2, "app", "0x1", {"Umain", "Utake"}},
		  {"t", "app", 1, 2, "app", "0x1", {"Umain", "Utake"}}},
		 {1, 1, 1, 1, 1, 1}},
		{{{"t", "app", 1, 2, "app", "0x1", {"Umain", "Utake"}},
		  {"u", "app", 1, 2, "app", "0x1", {"Umain", "Utake"}}},
		 {1, 2, 1, 1, 1, 1}},
		{{{"t", "app", 1, 2, "app", "0x1", {"Umain", "Utake"}},
		  {"t", "app", 1, 3, "app", "0x1", {"Umain", "Utake"}}},
		 {1, 2, 1, 1, 1, 1}},
		{{{"t", "app", 1, 2, "app", "0x1", {"Umain", "Utake"}},
		  {"t", "db", 1, 2, "app", "0x1", {"Umain", "Utake"}}},
		 {2, 1, 2, 1, 1, 1}},
		{{{"t", "app", 1, 2, "app", "0x1", {"Umain", "Utake"}},
		  {"t", "app", 9, 3, "app", "0x1", {"Umain", "Utake"}}},
		 {1, 2, 2, 1, 1, 1}},
		{{{"t", "app", 1, 2, "app", "0x1", {"Umain", "Utake"}},
		  {"t", "app", 1, 2, "db", "0x1", {"Umain", "Utake"}}},
		 {1, 1, 1, 1, 2, 1}},
		{{{"t", "app", 1, 2, "app", "0x1", {"Umain", "Utake"}},
		  {"t", "app", 1, 2, "app", "0x2", {"Umain", "Utake"}}},
		 {1, 1, 1, 1, 2, 1}},
		{{{"t", "app", 1, 2, "app", "0x1", {"Umain", "Utake"}},
		  {"t", "app", 1, 2, "app", "0x1", {"Utake"}}},
		 {2, 1, 1, 1, 1, 1}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		for (int by = 0; by < TOP_BY_CNT; by++)
			if (item_cnt(pairs[i].who, (enum top_by)by) != pairs[i].cnts[by])
				fail_msg("pair %zu by %s", i, top_by_name((enum top_by)by));
}

/* Those with the same numbers do not change places from one interval to the next. */
static void test_equals_keep_their_places(void **state _unused_)
{
	static const struct who one[] = {{"t", "app", 1, 2, "", "", {"Umain"}},
					 {"u", "app", 1, 3, "", "", {"Umain"}}};
	static const struct who two[] = {{"u", "app", 1, 3, "", "", {"Umain"}},
					 {"t", "app", 1, 2, "", "", {"Umain"}}};
	struct top_state by_thread = {.by = TOP_BY_THREAD};
	struct top_view views[2] = {0};
	struct top_rows rows[2];

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(top_rows__init(&rows[i]), 0);
		add(&rows[i], profile_of(i ? two : one, 2, 10 * MS));
		assert_int_equal(top_view__make(&views[i], &rows[i], &by_thread), 0);
	}
	assert_true(views[0].items[0].key == views[1].items[0].key);
	assert_true(views[0].items[1].key == views[1].items[1].key);
	for (size_t i = 0; i < 2; i++) {
		top_view__fini(&views[i]);
		top_rows__fini(&rows[i]);
	}
}

static void test_intervals_add_up(void **state _unused_)
{
	static const struct who who[] = {{"t", "app", 1, 2, "", "", {"Umain"}}};
	static const uint64_t max_ns[] = {5 * MS, 9 * MS, 7 * MS};
	struct top_rows rows;

	assert_int_equal(top_rows__init(&rows), 0);
	for (size_t i = 0; i < ARRAY_SIZE(max_ns); i++) {
		struct profile *p = profile_of(who, 1, max_ns[i]);

		p->hidden_ns = 3 * MS;
		add(&rows, p);
	}
	assert_int_equal(rows.cnt, 1);
	assert_int_equal(rows.rows[0].max_ns, 9 * MS);
	assert_int_equal(rows.rows[0].ns, 30 * MS);
	assert_int_equal(rows.rows[0].ended_cnt, 3);
	assert_int_equal(rows.hidden_ns, 9 * MS);
	assert_int_equal(rows.window_ns, 3 * S);
	top_rows__fini(&rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_differs),
		cmocka_unit_test(test_equals_keep_their_places),
		cmocka_unit_test(test_intervals_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
