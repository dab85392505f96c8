/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/spool.h"
#include "app/spool_reader.h"
#include "base/gzip.h"
#include "base/log.h"
#include "base/os_clock.h"
#include "fixtures/tmpdir.h"

#define S 1000000000ull

static const struct spool_opts no_limits = {.gid = OS_DIR_NO_GROUP};
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

static struct spool *open_writer(const struct spool_opts *opts)
{
	struct spool *s = spool__open(dir, "t", opts);

	assert_non_null(s);
	return s;
}

static struct spool_reader *open_reader(bool keep_sent)
{
	struct spool_reader_opts opts = {.keep_sent = keep_sent};
	struct spool_reader *r = spool_reader__open(dir, "t", &opts);

	assert_non_null(r);
	return r;
}

/* A segment of @len bytes before compression, which are as hard to compress as random ones if @hard. */
static struct spool_name add(struct spool *s, uint64_t start_ns, size_t len, bool hard)
{
	struct spool_segment seg;
	_cleanup_buf_ struct buf packed;
	char data[4096];

	for (size_t i = 0; i < len; i++)
		data[i] = (char)(hard ? random() : 'x');
	buf__init(&packed, 8192);
	assert_int_equal(gzip_pack(data, len, &packed), 0);
	assert_int_equal(spool__begin(s, start_ns, start_ns + 60 * S, ".pb.gz", &seg), 0);
	assert_int_equal(fwrite(packed.data, 1, packed.len, seg.file.fp), packed.len);
	assert_int_equal(spool__commit(s, &seg), 0);
	return seg.name;
}

static struct spool_name next(struct spool_reader *r)
{
	struct spool_name n;

	assert_int_equal(spool_reader__next(r, &n), 1);
	return n;
}

static void test_names_come_back(void **state)
{
	static const char *const others[] = {
		"",
		"seq",
		"state.tmp",
		"0000000000000007-1-2-00112233445566778899aabbccddeeff.pb.gz.tmp",
		"0000000000000007-1-2-00112233445566778899aabbccddeeff.txt",
		"0000000000000007-1-2-00112233445566778899aabbccddeef.pb.gz",
		"0000000000000007-1-2-00112233445566778899aabbccddeeff0.pb.gz",
		"0000000000000007-1-2-00112233445566778899AABBCCDDEEFF.pb.gz",
		"7-1-2-00112233445566778899aabbccddeeff.pb.gz",
		"00000000000000007-1-2-00112233445566778899aabbccddeeff.pb.gz",
		"9999999999999999-1-2-00112233445566778899aabbccddeeff.pb.gz",
		"0000000000000007--1-2-00112233445566778899aabbccddeeff.pb.gz",
		"0000000000000007- 1-2-00112233445566778899aabbccddeeff.pb.gz",
		"0000000000000007-1-99999999999999999999-00112233445566778899aabbccddeeff.pb.gz",
		"0000000000000007-1-2-00112233445566778899aabbccddeeff",
	};
	struct spool_name n = {
		.seq = 7,
		.start_ns = 1769904000ull * S,
		.end_ns = 1769904060ull * S + 1,
		.id = "00112233445566778899aabbccddeeff",
		.ext = ".ndjson.gz",
	};
	struct spool_name again;
	char text[SPOOL_NAME_LEN];

	(void)state;
	spool_name__format(&n, text);
	assert_string_equal(text, "0000000000000007-1769904000000000000-1769904060000000001-"
				  "00112233445566778899aabbccddeeff.ndjson.gz");
	assert_int_equal(spool_name__parse(&again, text), 0);
	assert_true(again.seq == n.seq && again.start_ns == n.start_ns && again.end_ns == n.end_ns);
	assert_string_equal(again.id, n.id);
	assert_string_equal(again.ext, n.ext);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_int_equal(spool_name__parse(&again, others[i]), -EINVAL);
}

static void test_a_segment_goes_from_writer_to_reader(void **state)
{
	struct spool *s = open_writer(&no_limits);
	struct spool_name a = add(s, 100 * S, 10, false), b = add(s, 160 * S, 10, false), n;
	struct spool_reader *r = open_reader(false);
	struct spool_read read;

	(void)state;
	assert_int_equal(s->segment_cnt, 2);
	assert_true(s->oldest_ns == 100 * S);
	assert_string_not_equal(a.id, b.id);
	n = next(r);
	assert_string_equal(n.id, a.id);
	assert_int_equal(spool_reader__read(r, &n, &read), 0);
	assert_int_equal(read.bytes.len * 2, s->bytes);
	assert_int_equal(spool_reader__ack(r, &read), 0);
	n = next(r);
	assert_string_equal(n.id, b.id);
	assert_int_equal(spool_reader__read(r, &n, &read), 0);
	assert_int_equal(spool_reader__ack(r, &read), 0);
	assert_int_equal(spool_reader__next(r, &n), 0);
	assert_int_equal(r->acked_cnt, 2);
	assert_int_equal(spool__tidy(s), 0);
	assert_int_equal(s->segment_cnt, 0);
	assert_true(s->oldest_ns == 0);
	assert_int_equal(s->dropped_cnt[SPOOL_DROP_QUOTA], 0);
	spool_reader__close(r);
	spool__close(s);
	spool__close(NULL);
	spool_reader__close(NULL);
}

static void test_permissions_are_for_the_group(void **state)
{
	mode_t old = umask(077);
	struct spool *s = spool__open(dir, "u", &no_limits);
	struct spool_segment seg;
	char path[TMPDIR_LEN + SPOOL_NAME_LEN + 8], text[SPOOL_NAME_LEN];
	struct stat st;

	(void)state;
	assert_int_equal(spool__begin(s, 1, 2, ".pb.gz", &seg), 0);
	assert_int_equal(spool__commit(s, &seg), 0);
	umask(old);
	spool_name__format(&seg.name, text);
	snprintf(path, sizeof(path), "%s/u/%s", dir, text);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/u/%s", dir, i ? "rejected" : "");
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 02770);
	}
	spool__close(s);
}

static void test_numbers_and_ids_are_never_used_again(void **state)
{
	struct spool *s = open_writer(&no_limits);
	struct spool_name a = add(s, 100 * S, 1, false), b;
	struct spool_reader *r = open_reader(false);
	struct spool_segment seg;
	struct spool_read read;
	char path[TMPDIR_LEN + 8];

	(void)state;
	assert_int_equal(spool__begin(s, 100 * S, 101 * S, ".pb.gz", &seg), 0);
	spool__abort(s, &seg, 0); /* a number that nobody sees */
	assert_false(s->disk.failing);
	spool__close(s);
	a = next(r);
	assert_int_equal(spool_reader__read(r, &a, &read), 0);
	assert_int_equal(spool_reader__ack(r, &read), 0);
	spool_reader__close(r);
	s = open_writer(&no_limits); /* nothing is there but `seq` */
	b = add(s, 100 * S, 1, false);
	assert_int_equal(a.seq, 1);
	assert_int_equal(b.seq, 3);
	assert_string_not_equal(a.id, b.id);
	spool__close(s);
	/* Without `seq`, what is there and what the reader knows tells. */
	snprintf(path, sizeof(path), "%s/t/seq", dir);
	assert_int_equal(unlink(path), 0);
	s = open_writer(&no_limits);
	assert_int_equal(s->next_seq, 4);
	spool__close(s);
	tmpdir_write(dir, "t/seq", "next 3\nid torn"); /* not whole: not believed */
	tmpdir_write(dir, "t/state", "acked_seq 77\n");
	s = open_writer(&no_limits);
	assert_int_equal(s->next_seq, 78);
	spool__close(s);
	/* A reader that lies can't use the numbers up. */
	tmpdir_write(dir, "t/state", "acked_seq 18446744073709551614\n");
	s = open_writer(&no_limits);
	assert_int_equal(s->next_seq, 4);
	spool__close(s);
}

static void test_ids_differ_between_directories(void **state)
{
	struct spool *s = open_writer(&no_limits), *u = spool__open(dir, "u", &no_limits);
	struct spool_name a = add(s, 100 * S, 1, false), b = add(u, 100 * S, 1, false);

	(void)state;
	assert_int_equal(a.seq, b.seq);
	assert_string_not_equal(a.id, b.id);
	spool__close(s);
	spool__close(u);
}

static void test_each_side_is_one_process(void **state)
{
	struct spool_reader_opts opts = {.keep_sent = false};
	struct spool *s = open_writer(&no_limits);
	struct spool_reader *r = open_reader(false);

	(void)state;
	assert_null(spool__open(dir, "t", &no_limits));
	assert_int_equal(errno, EBUSY);
	assert_non_null(strstr(error_text(-EBUSY), "another dwell writes to the spool"));
	assert_null(spool_reader__open(dir, "t", &opts));
	assert_int_equal(errno, EBUSY);
	assert_non_null(strstr(error_text(-EBUSY), "another process sends the spool"));
	assert_null(spool_reader__open(dir, "none", &opts));
	assert_int_equal(errno, ENOENT);
	assert_non_null(strstr(error_text(-ENOENT), "dwell serve --spool makes it"));
	spool_reader__close(r);
	spool__close(s);
}

static void test_unfinished_segments_are_removed_at_start(void **state)
{
	struct spool *s = open_writer(&no_limits);
	struct spool_segment seg;
	char tmp[NAME_MAX + 8];

	(void)state;
	assert_int_equal(spool__begin(s, 1, 2, ".ndjson.gz", &seg), 0);
	snprintf(tmp, sizeof(tmp), "t/%s", seg.file.tmp);
	spool__abort(s, &seg, 0);
	spool__close(s);
	tmpdir_write(dir, tmp, "torn");
	tmpdir_write(dir, "t/status.tmp", "of the reader, which may be writing it");
	s = open_writer(&no_limits);
	assert_int_equal(s->leftover_cnt, 1);
	assert_int_equal(s->segment_cnt, 0);
	assert_string_equal(tmpdir_names(dir, "t"), "seq status.tmp ");
	spool__close(s);
}

static void test_the_oldest_go_first_over_the_quota(void **state)
{
	struct spool *s = open_writer(&no_limits);
	struct spool_reader *r;
	struct spool_name n;

	(void)state;
	add(s, 900 * S, 1000, true); /* before the clock was set back: still the oldest */
	add(s, 100 * S, 1000, true);
	add(s, 160 * S, 1000, true);
	s->opts.quota_bytes = 2200;
	assert_int_equal(spool__tidy(s), 0);
	assert_int_equal(s->segment_cnt, 2);
	assert_int_equal(s->dropped_cnt[SPOOL_DROP_QUOTA], 1);
	assert_in_range(s->dropped_bytes[SPOOL_DROP_QUOTA], 1000, 1100);
	assert_true(s->oldest_ns == 100 * S);
	r = open_reader(false);
	n = next(r);
	assert_int_equal(n.seq, 2);
	spool_reader__close(r);
	spool__close(s);
}

static void test_old_segments_go(void **state)
{
	struct spool_opts opts = {.quota_age_ns = 3600 * S, .gid = OS_DIR_NO_GROUP};
	struct spool *s = open_writer(&opts);
	uint64_t now_ns = os_realtime_ns();

	(void)state;
	add(s, now_ns - 4000 * S, 1, false);
	add(s, now_ns - 3000 * S, 1, false);
	add(s, now_ns + 3000 * S, 1, false);
	assert_int_equal(s->segment_cnt, 2);
	assert_int_equal(s->dropped_cnt[SPOOL_DROP_AGE], 1);
	spool__close(s);
}

static void test_what_was_put_aside_goes_before_what_waits(void **state)
{
	struct spool *s = open_writer(&no_limits);
	struct spool_reader *r = open_reader(true);
	struct spool_read read;
	struct spool_name n;

	(void)state;
	for (int i = 0; i < 4; i++)
		add(s, 100 * S, 1000, true);
	n = next(r);
	assert_int_equal(spool_reader__read(r, &n, &read), 0);
	assert_int_equal(spool_reader__ack(r, &read), 0);
	n = next(r);
	assert_int_equal(spool_reader__read(r, &n, &read), 0);
	assert_int_equal(spool_reader__reject(r, &read), 0);
	assert_int_equal(r->rejected_cnt, 1);
	assert_int_equal(tmpdir_count(dir, "t/sent"), 1);
	assert_int_equal(tmpdir_count(dir, "t/rejected"), 1);
	s->opts.quota_bytes = 3500;
	assert_int_equal(spool__tidy(s), 0);
	assert_int_equal(tmpdir_count(dir, "t/sent"), 0);
	assert_int_equal(tmpdir_count(dir, "t/rejected"), 1);
	assert_int_equal(s->aside_cnt, 1);
	s->opts.quota_bytes = 2500;
	assert_int_equal(spool__tidy(s), 0);
	assert_int_equal(tmpdir_count(dir, "t/rejected"), 0);
	assert_int_equal(s->aside_cnt + s->aside_bytes, 0);
	assert_int_equal(s->segment_cnt, 2);
	assert_int_equal(s->dropped_cnt[SPOOL_DROP_QUOTA], 0);
	spool_reader__close(r);
	spool__close(s);
}

static void test_a_segment_on_its_way_is_not_dropped(void **state)
{
	struct spool *s = open_writer(&no_limits);
	struct spool_reader *r = open_reader(false);
	struct spool_read read;
	struct spool_name n;

	(void)state;
	for (int i = 0; i < 3; i++)
		add(s, 100 * S, 1000, true);
	n = next(r);
	assert_int_equal(spool_reader__read(r, &n, &read), 0);
	s->opts.quota_bytes = 1500;
	assert_int_equal(spool__tidy(s), 0);
	assert_int_equal(s->dropped_cnt[SPOOL_DROP_QUOTA], 2);
	assert_int_equal(s->segment_cnt, 1);
	assert_int_equal(spool_reader__ack(r, &read), 0);
	/* The others are gone from the list that it has. */
	n = next(r);
	assert_int_equal(spool_reader__read(r, &n, &read), -ENOENT);
	n = next(r);
	assert_int_equal(spool_reader__read(r, &n, &read), -ENOENT);
	assert_int_equal(r->gone_cnt, 2);
	assert_int_equal(spool_reader__next(r, &n), 0);
	spool_reader__close(r);
	spool__close(s);
}

static void test_a_reader_that_holds_all_cant_undo_the_quota(void **state)
{
	struct spool *s = open_writer(&no_limits);
	struct spool_reader *r = open_reader(false);
	struct spool_read read[4];
	struct spool_name n;

	(void)state;
	for (int i = 0; i < 4; i++)
		add(s, 100 * S, 1000, true);
	for (int i = 0; i < 4; i++) {
		n = next(r);
		assert_int_equal(spool_reader__read(r, &n, &read[i]), 0);
	}
	s->opts.quota_bytes = 1;
	assert_int_equal(spool__tidy(s), 0);
	assert_int_equal(s->segment_cnt, 1);
	assert_int_equal(spool_reader__ack(r, &read[1]), 0); /* dropped meanwhile */
	assert_int_equal(spool_reader__reject(r, &read[2]), 0);
	spool_read__fini(&read[0]);
	spool_read__fini(&read[3]);
	spool_reader__close(r);
	spool__close(s);
}

static void test_a_failure_is_tried_again_from_the_oldest(void **state)
{
	struct spool *s = open_writer(&no_limits);
	struct spool_reader *r = open_reader(false);
	struct spool_name a = add(s, 100 * S, 1, false), n;

	(void)state;
	add(s, 160 * S, 1, false);
	n = next(r);
	assert_string_equal(n.id, a.id);
	spool_reader__rewind(r);
	n = next(r);
	assert_string_equal(n.id, a.id);
	next(r);
	n = next(r); /* and after the last one by itself */
	assert_string_equal(n.id, a.id);
	spool_reader__close(r);
	spool__close(s);
}

static void test_no_gzip_file_is_sent(void **state)
{
	static const char *const contents[] = {"", "no gzip", "\x1f\x8b\x08"};
	struct spool *s = open_writer(&no_limits);
	struct spool_reader *r = open_reader(false);
	struct spool_segment seg;
	struct spool_read read;
	struct spool_name n;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(spool__begin(s, 1, 2, ".pb.gz", &seg), 0);
		fputs(contents[i], seg.file.fp);
		assert_int_equal(spool__commit(s, &seg), 0);
	}
	add(s, 100 * S, 10, false);
	for (size_t i = 0; i < 3; i++) {
		n = next(r);
		assert_int_equal(spool_reader__read(r, &n, &read), -EBADMSG);
	}
	n = next(r);
	assert_int_equal(spool_reader__read(r, &n, &read), 0);
	spool_read__fini(&read);
	assert_int_equal(r->corrupt_cnt, 3);
	assert_int_equal(tmpdir_count(dir, "t/corrupt"), 3);
	spool_reader__close(r);
	/* The count outlives the process. */
	r = open_reader(false);
	assert_int_equal(r->corrupt_cnt, 3);
	spool_reader__close(r);
	spool__close(s);
}

static void test_what_was_acked_before_a_kill_is_not_sent_again(void **state)
{
	struct spool *s = open_writer(&no_limits);
	struct spool_name a = add(s, 100 * S, 10, false), b = add(s, 160 * S, 10, false), n;
	char text[256], path[TMPDIR_LEN + 300], kept[TMPDIR_LEN + 8];
	struct spool_read read;
	struct spool_reader *r;

	(void)state;
	/* Killed after `state`, before the segment went. */
	snprintf(text, sizeof(text), "acked_seq %d\nacked_id %s\nacked 41\n", (int)a.seq, a.id);
	tmpdir_write(dir, "t/state", text);
	r = open_reader(false);
	assert_int_equal(r->acked_cnt, 41);
	n = next(r);
	assert_string_equal(n.id, b.id);
	assert_int_equal(tmpdir_count(dir, "t"), 3); /* seq, state, b */
	/* The same with a `state` of its own: the segment comes back after its ack. */
	spool_name__format(&b, text);
	snprintf(path, sizeof(path), "%s/t/%s", dir, text);
	snprintf(kept, sizeof(kept), "%s/kept", dir);
	assert_int_equal(link(path, kept), 0);
	assert_int_equal(spool_reader__read(r, &b, &read), 0);
	assert_int_equal(spool_reader__ack(r, &read), 0);
	spool_reader__close(r);
	assert_int_equal(rename(kept, path), 0);
	r = open_reader(false);
	assert_int_equal(r->acked_cnt, 42);
	assert_int_equal(spool_reader__next(r, &n), 0);
	assert_int_equal(tmpdir_count(dir, "t"), 2);
	spool_reader__close(r);
	spool__close(s);
}

static void test_status_goes_from_reader_to_writer(void **state)
{
	struct spool *s = open_writer(&no_limits);
	struct spool_reader *r = open_reader(false);
	struct key_values status, read;
	uint64_t v;

	(void)state;
	assert_int_equal(spool_status_read(dir, "t", &read), -ENOENT);
	key_values__init(&status);
	key_values__add_u64(&status, "requests", 12);
	assert_int_equal(spool_reader__write_status(r, &status), 0);
	assert_int_equal(spool_status_read(dir, "t", &read), 0);
	assert_int_equal(key_values__get_u64(&read, "requests", &v), 0);
	assert_int_equal(v, 12);
	key_values__fini(&read);
	key_values__add(&status, "Bad Key", "x");
	assert_int_equal(spool_reader__write_status(r, &status), -EINVAL);
	key_values__fini(&status);
	tmpdir_write(dir, "t/status", "no newline at the end");
	assert_int_equal(spool_status_read(dir, "t", &read), -EBADMSG);
	assert_int_equal(spool_status_read(dir, "none", &read), -ENOENT);
	spool_reader__close(r);
	spool__close(s);
}

static void test_a_failure_is_told_once_and_ends(void **state)
{
	struct spool_opts opts = {.min_free_bytes = UINT64_MAX, .gid = OS_DIR_NO_GROUP};
	struct spool *s = open_writer(&opts);
	struct spool_segment seg;

	(void)state;
	assert_int_equal(spool__begin(s, 1, 2, ".pb.gz", &seg), -ENOSPC);
	assert_true(s->disk.failing && s->disk.changed);
	assert_int_equal(spool__begin(s, 1, 2, ".pb.gz", &seg), -ENOSPC);
	assert_true(s->disk.failing && !s->disk.changed);
	s->opts.min_free_bytes = 1;
	assert_int_equal(spool__begin(s, 1, 2, ".pb.gz", &seg), 0);
	assert_true(s->disk.failing); /* not before it is there */
	spool__abort(s, &seg, -EIO);
	assert_int_equal(s->disk.err, -EIO);
	add(s, 1, 1, false);
	assert_true(!s->disk.failing && s->disk.changed);
	assert_int_equal(spool__begin(s, 1, 2, ".exe", &seg), -EINVAL);
	assert_false(s->disk.failing);
	spool__close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_come_back),
		TEST(test_a_segment_goes_from_writer_to_reader),
		TEST(test_permissions_are_for_the_group),
		TEST(test_numbers_and_ids_are_never_used_again),
		TEST(test_ids_differ_between_directories),
		TEST(test_each_side_is_one_process),
		TEST(test_unfinished_segments_are_removed_at_start),
		TEST(test_the_oldest_go_first_over_the_quota),
		TEST(test_old_segments_go),
		TEST(test_what_was_put_aside_goes_before_what_waits),
		TEST(test_a_segment_on_its_way_is_not_dropped),
		TEST(test_a_reader_that_holds_all_cant_undo_the_quota),
		TEST(test_a_failure_is_tried_again_from_the_oldest),
		TEST(test_no_gzip_file_is_sent),
		TEST(test_what_was_acked_before_a_kill_is_not_sent_again),
		TEST(test_status_goes_from_reader_to_writer),
		TEST(test_a_failure_is_told_once_and_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
