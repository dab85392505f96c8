/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "app/rotation.h"
#include "app/rotation_name.h"
#include "base/log.h"
#include "base/os_clock.h"
#include "fixtures/tmpdir.h"

#define S  1000000000ull
#define T0 (1769904000ull * S) /* 2026-02-01 00:00:00 UTC */

static char dir[TMPDIR_LEN];

static int setup(void **state)
{
	(void)state;
	tmpdir_make(dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tmpdir_remove(dir);
	return 0;
}

static struct rotation *open_with(struct rotation_opts opts)
{
	struct rotation *r = rotation__open(dir, &opts);

	assert_non_null(r);
	return r;
}

struct content {
	size_t bytes;
	int err; /* what the writer ends with */
};

static int write_content(FILE *to, void *arg)
{
	struct content *c = arg;

	for (size_t i = 0; i < c->bytes; i++)
		putc('x', to);
	return c->err;
}

static int put(struct rotation *r, uint64_t start_ns, size_t bytes)
{
	struct content c = {.bytes = bytes};
	char stem[ROTATION_STEM_LEN];

	assert_int_equal(rotation__stem(r, start_ns, stem), 0);
	return rotation__put(r, stem, ".folded", write_content, &c);
}

static void test_names_tell_when_and_sort(void **state)
{
	char first[ROTATION_STEM_LEN], second[ROTATION_STEM_LEN], a[64], b[64];
	uint64_t ns;

	(void)state;
	rotation_name_stem(T0 + 5 * S + 999999999, 0, first);
	assert_string_equal(first, "dwell-20260201T000005Z");
	rotation_name_stem(T0 + 5 * S, 7, second);
	assert_string_equal(second, "dwell-20260201T000005Z_007");
	snprintf(a, sizeof(a), "%s.folded", first);
	snprintf(b, sizeof(b), "%s.folded", second);
	assert_true(strcmp(a, b) < 0);
	snprintf(a, sizeof(a), "%s.pb.gz", first);
	assert_true(strcmp(a, b) < 0);
	assert_int_equal(rotation_name_parse(b, &ns), 0);
	assert_true(ns == T0 + 5 * S);
	rotation_name_stem(UINT64_MAX, 0, first); /* the year 2554 */
	assert_string_equal(first, "dwell-25540721T233433Z");
	rotation_name_stem(0, 0, first);
	assert_string_equal(first, "dwell-19700101T000000Z");
}

static void test_other_names_are_not_ours(void **state)
{
	static const char *const others[] = {
		"",
		"dwell-.folded",
		"dwell-20260201T000005Z",
		"dwell-20260201T000005Z.folded.tmp",
		"dwell-20260201T000005Z.folded~",
		"dwell-20260201T000005Z.svg",
		"dwell-20260201T000005.folded",
		"dwell-20260201T000005Z_000.folded",
		"dwell-20260201T000005Z_01.folded",
		"dwell-20260201T000005Z_0001.folded",
		"dwell-20260201T000005Z_-01.folded",
		"dwell-20260230T000005Z.folded",
		"dwell-2026020 T000005Z.folded",
		"dwell-+2260201T000005Z.folded",
		"dwell-20260201T000061Z.folded",
		"dwell-19690201T000000Z.folded",
		"Dwell-20260201T000005Z.folded",
		" dwell-20260201T000005Z.folded",
	};
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_int_equal(rotation_name_parse(others[i], &ns), -EINVAL);
}

static void test_files_appear_under_their_time(void **state)
{
	struct rotation *r = open_with((struct rotation_opts){0});
	struct content c = {.bytes = 7};
	char stem[ROTATION_STEM_LEN];
	char path[TMPDIR_LEN + 64];
	struct stat st;

	(void)state;
	assert_int_equal(rotation__stem(r, T0, stem), 0);
	assert_int_equal(rotation__put(r, stem, ".folded", write_content, &c), 0);
	assert_int_equal(rotation__put(r, stem, ".pb.gz", write_content, &c), 0);
	assert_string_equal(tmpdir_names(dir, ""),
			    "dwell-20260201T000000Z.folded dwell-20260201T000000Z.pb.gz ");
	snprintf(path, sizeof(path), "%s/dwell-20260201T000000Z.folded", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_size, 7);
	assert_int_equal(r->file_cnt, 2);
	assert_int_equal(r->bytes, 14);
	assert_int_equal(r->written_cnt, 2);
	assert_int_equal(r->written_bytes, 14);
	assert_true(r->oldest_ns == T0);
	assert_int_equal(rotation__put(r, stem, ".exe", write_content, &c), -EINVAL);
	assert_int_equal(rotation__put(r, "../x", ".folded", write_content, &c), -EINVAL);
	rotation__close(r);
	rotation__close(NULL);
}

static void test_a_name_is_given_once(void **state)
{
	struct rotation *r = open_with((struct rotation_opts){0});
	struct content c = {.bytes = 1};
	char stem[ROTATION_STEM_LEN];

	(void)state;
	assert_int_equal(put(r, T0, 1), 0);
	assert_int_equal(put(r, T0 + S / 2, 2), 0);
	assert_int_equal(put(r, T0, 3), 0); /* the clock stepped back */
	/* Only its pprof has the name: both files of a window are called the same. */
	assert_int_equal(rotation__stem(r, T0 + S, stem), 0);
	assert_int_equal(rotation__put(r, stem, ".pb.gz", write_content, &c), 0);
	assert_int_equal(put(r, T0 + S, 1), 0);
	assert_string_equal(tmpdir_names(dir, ""),
			    "dwell-20260201T000000Z.folded dwell-20260201T000000Z_001.folded "
			    "dwell-20260201T000000Z_002.folded dwell-20260201T000001Z.pb.gz "
			    "dwell-20260201T000001Z_001.folded ");
	assert_int_equal(rotation__put(r, "dwell-20260201T000000Z", ".folded", write_content, &c),
			 -EEXIST);
	assert_int_equal(r->bytes, 8);
	rotation__close(r);
}

static void test_the_names_of_a_second_end(void **state)
{
	struct rotation *r = open_with((struct rotation_opts){0});
	char stem[ROTATION_STEM_LEN], name[64];

	(void)state;
	for (unsigned int i = 0; i <= 999; i++) {
		rotation_name_stem(T0, i, stem);
		snprintf(name, sizeof(name), "%s.folded", stem);
		tmpdir_write(dir, name, "");
	}
	assert_int_equal(rotation__stem(r, T0, stem), -EEXIST);
	assert_int_equal(rotation__stem(r, T0 + S, stem), 0);
	rotation__close(r);
}

static void test_the_oldest_go_first_over_bytes(void **state)
{
	struct rotation *r = open_with((struct rotation_opts){.keep_bytes = 250});

	(void)state;
	tmpdir_write(dir, "notes.txt", "not ours, and never removed");
	tmpdir_write(dir, "dwell-20260201T000000Z.svg", "nor this");
	for (uint64_t i = 0; i < 4; i++)
		assert_int_equal(put(r, T0 + i * 60 * S, 100), 0);
	assert_string_equal(tmpdir_names(dir, ""),
			    "dwell-20260201T000000Z.svg dwell-20260201T000200Z.folded "
			    "dwell-20260201T000300Z.folded notes.txt ");
	assert_int_equal(r->dropped_cnt[ROTATION_DROP_BYTES], 2);
	assert_int_equal(r->dropped_cnt[ROTATION_DROP_AGE], 0);
	assert_int_equal(r->file_cnt, 2);
	assert_int_equal(r->bytes, 200);
	assert_true(r->oldest_ns == T0 + 120 * S);
	rotation__close(r);
	/* A smaller limit holds from the start on. */
	r = open_with((struct rotation_opts){.keep_bytes = 100});
	assert_int_equal(r->file_cnt, 1);
	assert_int_equal(r->dropped_cnt[ROTATION_DROP_BYTES], 1);
	rotation__close(r);
}

static void test_old_ones_go(void **state)
{
	struct rotation *r = open_with((struct rotation_opts){.keep_age_ns = 3600 * S});
	uint64_t now_ns = os_realtime_ns();

	(void)state;
	assert_int_equal(put(r, now_ns - 1800 * S, 10), 0);
	assert_int_equal(put(r, now_ns - 7200 * S, 10), 0);
	assert_int_equal(r->file_cnt, 1);
	assert_int_equal(r->dropped_cnt[ROTATION_DROP_AGE], 1);
	assert_true(r->oldest_ns / S == now_ns / S - 1800);
	rotation__close(r);
}

static void test_files_from_the_future_are_the_oldest(void **state)
{
	struct rotation *r = open_with((struct rotation_opts){
		.keep_bytes = 250,
		.keep_age_ns = 3600 * S,
	});
	uint64_t now_ns = os_realtime_ns();

	(void)state;
	/* Written before the clock was set back by a year. By name they would be kept for ever, and new ones go. */
	assert_int_equal(put(r, now_ns + 365 * 86400 * S, 100), 0);
	assert_int_equal(put(r, now_ns + 365 * 86400 * S + 60 * S, 100), 0);
	assert_int_equal(r->file_cnt, 2);
	assert_int_equal(put(r, now_ns - 60 * S, 100), 0);
	assert_int_equal(put(r, now_ns, 100), 0);
	assert_int_equal(r->file_cnt, 2);
	assert_true(r->oldest_ns / S == now_ns / S - 60);
	assert_int_equal(r->dropped_cnt[ROTATION_DROP_BYTES], 2);
	rotation__close(r);
}

static void test_leftovers_are_removed_at_start(void **state)
{
	struct rotation *r;

	(void)state;
	tmpdir_write(dir, "dwell-20260201T000000Z.folded.tmp", "torn");
	tmpdir_write(dir, "dwell-20260201T000000Z_001.pb.gz.tmp", "torn");
	tmpdir_write(dir, "letter.tmp", "somebody else's");
	r = open_with((struct rotation_opts){0});
	assert_string_equal(tmpdir_names(dir, ""), "letter.tmp ");
	assert_int_equal(r->leftover_cnt, 2);
	rotation__close(r);
}

static void test_a_directory_is_for_one(void **state)
{
	struct rotation_opts opts = {0};
	struct rotation *r = open_with(opts);

	(void)state;
	assert_null(rotation__open(dir, &opts));
	assert_int_equal(errno, EBUSY);
	assert_non_null(strstr(error_text(-EBUSY), "another dwell writes to the directory"));
	rotation__close(r);
	r = open_with(opts);
	rotation__close(r);
	assert_null(rotation__open("/proc/no/where", &opts));
	assert_int_equal(errno, ENOENT);
	error_text(-ENOENT);
}

static void test_the_directory_is_made(void **state)
{
	struct rotation_opts opts = {0};
	char sub[TMPDIR_LEN + 8];
	struct rotation *r;
	struct stat st;

	(void)state;
	snprintf(sub, sizeof(sub), "%s/sub", dir);
	r = rotation__open(sub, &opts);
	assert_non_null(r);
	assert_int_equal(stat(sub, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	rotation__close(r);
}

static void test_a_failure_is_told_once_and_ends(void **state)
{
	struct rotation *r = open_with((struct rotation_opts){0});
	struct content full = {.bytes = 10, .err = -ENOSPC}, fine = {.bytes = 10};

	(void)state;
	assert_int_equal(
		rotation__put(r, "dwell-20260201T000000Z", ".folded", write_content, &full),
		-ENOSPC);
	assert_true(r->disk.failing && r->disk.changed);
	assert_int_equal(r->disk.err, -ENOSPC);
	assert_int_equal(
		rotation__put(r, "dwell-20260201T000000Z", ".folded", write_content, &full),
		-ENOSPC);
	assert_true(r->disk.failing && !r->disk.changed);
	assert_string_equal(tmpdir_names(dir, ""), "");
	assert_int_equal(
		rotation__put(r, "dwell-20260201T000000Z", ".folded", write_content, &fine), 0);
	assert_true(!r->disk.failing && r->disk.changed);
	assert_int_equal(
		rotation__put(r, "dwell-20260201T000001Z", ".folded", write_content, &fine), 0);
	assert_true(!r->disk.failing && !r->disk.changed);
	assert_int_equal(r->disk.failure_cnt, 2);
	assert_int_equal(r->written_cnt, 2);
	rotation__close(r);
}

static void test_little_room_is_a_full_disk(void **state)
{
	struct rotation *r = open_with((struct rotation_opts){.min_free_bytes = UINT64_MAX});

	(void)state;
	assert_int_equal(put(r, T0, 10), -ENOSPC);
	assert_true(r->disk.failing);
	assert_string_equal(tmpdir_names(dir, ""), "");
	r->opts.min_free_bytes = 1;
	assert_int_equal(put(r, T0, 10), 0);
	rotation__close(r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_tell_when_and_sort),
		cmocka_unit_test(test_other_names_are_not_ours),
		TEST(test_files_appear_under_their_time),
		TEST(test_a_name_is_given_once),
		TEST(test_the_names_of_a_second_end),
		TEST(test_the_oldest_go_first_over_bytes),
		TEST(test_old_ones_go),
		TEST(test_files_from_the_future_are_the_oldest),
		TEST(test_leftovers_are_removed_at_start),
		TEST(test_a_directory_is_for_one),
		TEST(test_the_directory_is_made),
		TEST(test_a_failure_is_told_once_and_ends),
		TEST(test_little_room_is_a_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
