/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* System calls: the life of one (bpf/calls.h), their names, their sums, what is written of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyze/call_stats.h"
#include "base/compiler.h"
#include "calls.h"
#include "format/syscall_table.h"
#include "output/calls.h"

/* ---- one call ---- */

static void test_the_time_in_a_call_divides(void **state _unused_)
{
	struct call_state c = {.flags = 0};
	struct call_time t;

	c.task.blocked_ns = 1000;
	c.task.runnable_ns = 50;
	call__enter(&c, 5, 77, 10000);
	assert_int_equal(c.flags, CALL_F_INSIDE | CALL_F_SEEN);
	c.task.blocked_ns += 300;
	c.task.runnable_ns += 20;
	t = call__leave(&c, 10400);
	assert_int_equal(t.total_ns, 400);
	assert_int_equal(t.blocked_ns, 300);
	assert_int_equal(t.runnable_ns, 20);
	assert_int_equal(c.flags, CALL_F_SEEN);
	/* Two CPUs' clocks may differ a little. */
	call__enter(&c, 5, 0, 10000);
	t = call__leave(&c, 9990);
	assert_int_equal(t.total_ns, 0);
	/* And a rebuilt switch may say too much. */
	call__enter(&c, 5, 0, 10000);
	c.task.blocked_ns += 80;
	c.task.runnable_ns += 80;
	t = call__leave(&c, 10100);
	assert_true(t.total_ns == 100 && t.blocked_ns == 80 && t.runnable_ns == 20);
	call__enter(&c, 5, 0, 10000);
	c.task.blocked_ns += 180;
	t = call__leave(&c, 10100);
	assert_true(t.blocked_ns == 100 && t.runnable_ns == 0);
}

static void test_what_is_an_error(void **state _unused_)
{
	assert_int_equal(call_errno(0), 0);
	assert_int_equal(call_errno(5), 0);
	assert_int_equal(call_errno(-2), 2);
	assert_int_equal(call_errno(-516), 516);
	assert_int_equal(call_errno(-4095), 4095);
	/* An address in the upper half. */
	assert_int_equal(call_errno(-4096), 0);
	assert_int_equal(call_errno(INT64_MIN), 0);
}

static void test_calls_without_a_result(void **state _unused_)
{
	struct call_config cc = {.no_result = {{15, SYSCALL_NONE}, {173, 119}}};

	assert_false(call_has_result(&cc, 15));
	assert_true(call_has_result(&cc, 173));
	assert_false(call_has_result(&cc, 173 | CALL_NR_COMPAT));
	assert_false(call_has_result(&cc, 119 | CALL_NR_COMPAT));
	assert_true(call_has_result(&cc, 15 | CALL_NR_COMPAT));
}

static void test_which_calls_are_wanted(void **state _unused_)
{
	struct call_config cc = {.some = 0};

	assert_true(call_is_wanted(&cc, 0x7fffffff));
	cc.some = 1;
	cc.wanted[0][1] = 1ull << 3; /* 67 */
	cc.wanted[1][15] = 1ull << 63;
	for (uint32_t nr = 0; nr < 3 * CALL_MAX_NR; nr++) {
		assert_int_equal(call_is_wanted(&cc, nr), nr == 67);
		assert_int_equal(call_is_wanted(&cc, nr | CALL_NR_COMPAT), nr == 1023);
	}
}

static void test_which_results_pass(void **state _unused_)
{
	struct call_config cc = {.failed_only = 0};

	assert_true(call_passes(&cc, 0) && call_passes(&cc, 2));
	cc.failed_only = 1;
	assert_true(!call_passes(&cc, 0) && call_passes(&cc, 2));
	cc.error = 2;
	assert_true(!call_passes(&cc, 0) && call_passes(&cc, 2) && !call_passes(&cc, 3));
	cc.failed_only = 0;
	assert_false(call_passes(&cc, 0));
}

/* ---- names ---- */

static void test_names_and_numbers(void **state _unused_)
{
	uint32_t nr = syscall_find("read", false);

	assert_int_not_equal(nr, SYSCALL_NONE);
	assert_string_equal(syscall_name(nr, false), "read");
	assert_int_equal(syscall_find("raed", false), SYSCALL_NONE);
	assert_null(syscall_name(999999, false));
	assert_null(syscall_name(999999, true));
#if defined(__x86_64__)
	assert_int_equal(nr, 0);
	assert_string_equal(syscall_name(59, false), "execve");
	assert_string_equal(syscall_name(11, true), "execve");
	assert_int_equal(syscall_find("sigreturn", true), 119);
	assert_int_equal(syscall_find("sigreturn", false), SYSCALL_NONE);
#endif
	assert_true(syscall_takes_fd("read") && syscall_takes_fd("epoll_wait"));
	assert_false(syscall_takes_fd("openat2") || syscall_takes_fd("getpid"));
}

static void test_errors(void **state _unused_)
{
	assert_string_equal(syscall_error_name(ENOENT), "ENOENT");
	assert_string_equal(syscall_error_name(EAGAIN), "EAGAIN");
	assert_string_equal(syscall_error_name(516), "ERESTART_RESTARTBLOCK");
	assert_null(syscall_error_name(0));
	assert_null(syscall_error_name(4000));
	assert_int_equal(syscall_find_error("ENOENT"), ENOENT);
	assert_int_equal(syscall_find_error("ERESTARTSYS"), 512);
	assert_int_equal(syscall_find_error("enoent"), 0);
}

static void test_how_calls_and_results_are_written(void **state _unused_)
{
	struct call_record rec = {.result = -2};
	char text[CALL_NAME_LEN];

	assert_string_equal(call_name(syscall_find("read", false), text), "read");
	assert_string_equal(call_name(9999, text), "syscall_9999");
	assert_string_equal(call_name(9999 | CALL_NR_COMPAT, text), "syscall_9999 (32-bit)");
	assert_string_equal(call_result(&rec, text), "-1 ENOENT");
	rec.result = 12;
	assert_string_equal(call_result(&rec, text), "12");
	rec.result = -4000;
	assert_string_equal(call_result(&rec, text), "-4000");
	rec.result = 0x7f0012345000;
	assert_string_equal(call_result(&rec, text), "0x7f0012345000");
}

/* ---- sums ---- */

static void add(struct call_stats *s, uint64_t entity, uint32_t nr, uint64_t cnt, uint64_t ns)
{
	struct call_key key = {.entity = {.id = entity}, .nr = nr, .slot = histogram_bucket(ns)};
	struct call_row row = {
		.cnt = cnt, .total_ns = cnt * ns, .blocked_ns = cnt * ns / 2, .max_ns = ns};

	assert_int_equal(call_stats__add_row(s, &key, &row), 0);
}

static void add_error(struct call_stats *s, uint64_t entity, uint32_t nr, uint64_t cnt,
		      uint32_t error)
{
	struct call_key key = {.entity = {.id = entity}, .nr = nr, .slot = CALL_SLOT_ERRNO + error};
	struct call_row row = {.cnt = cnt};

	assert_int_equal(call_stats__add_row(s, &key, &row), 0);
}

static void test_rows_add_up(void **state _unused_)
{
	struct call_stats s = {.cnt = 0};
	struct call_record open = {.entity = {.id = 7}, .nr = 1, .time = {.total_ns = 5}};
	const struct call_stat *c;

	call_stats__sort(&s);
	for (int round = 0; round < 3; round++) {
		add(&s, 7, 1, 10, 1000);
		add(&s, 7, 1, 5, 2000);
		add_error(&s, 7, 1, 2, ENOENT);
		add_error(&s, 7, 1, 3, EINTR);
	}
	assert_int_equal(call_stats__add_open(&s, &open), 0);
	open.time.total_ns = 3;
	assert_int_equal(call_stats__add_open(&s, &open), 0);
	call_stats__sort(&s);
	assert_int_equal(s.cnt, 1);
	c = &s.items[0];
	assert_int_equal(c->lengths.cnt, 45);
	assert_int_equal(c->lengths.max, 2000);
	assert_int_equal(c->total_ns, 60000);
	assert_int_equal(c->blocked_ns, 30000);
	assert_int_equal(call_stat_on_cpu_ns(c), 30000);
	assert_int_equal(call_stat_mean_ns(c), 1333);
	assert_int_equal(c->failed_cnt, 15);
	assert_int_equal(c->error_cnt, 2);
	assert_true(c->errors[0].error == EINTR && c->errors[0].cnt == 9);
	assert_true(c->open_cnt == 2 && c->open_max_ns == 5);
	call_stats__clear(&s);
	assert_int_equal(s.cnt, 0);
	add(&s, 7, 1, 1, 1);
	assert_int_equal(s.items[0].lengths.cnt, 1);
	call_stats__fini(&s);
}

static void test_the_most_time_comes_first(void **state _unused_)
{
	struct call_stats s = {.cnt = 0};

	add(&s, 1, 10, 1, 500);
	add(&s, 2, 10, 1, 300);
	add(&s, 2, 11, 1, 400);
	add(&s, 2, 12, 1, 300);
	add(&s, 3, 10 | CALL_NR_COMPAT, 1, 100);
	add(&s, 3, 10, 1, 100);
	call_stats__sort(&s);
	assert_int_equal(s.cnt, 6);
	assert_true(s.items[0].entity.id == 2 && s.items[0].nr == 11);
	assert_true(s.items[1].entity.id == 2 && s.items[1].nr == 10);
	assert_true(s.items[2].entity.id == 2 && s.items[2].nr == 12);
	assert_int_equal(s.items[2].entity_ns, 1000);
	assert_int_equal(s.items[3].entity.id, 1);
	assert_true(s.items[4].entity.id == 3 && s.items[4].nr == 10);
	assert_true(s.items[5].nr == (10 | CALL_NR_COMPAT));
	call_stats__fini(&s);
}

static void test_too_many_rows_are_the_others(void **state _unused_)
{
	struct call_stats s = {.cnt = 0};
	uint64_t calls = 0, others = 0;

	for (uint64_t i = 0; i < CALL_STATS_MAX; i++)
		add(&s, i, 1, 1, 1);
	for (uint64_t i = 0; i < 10000; i++) {
		add(&s, CALL_STATS_MAX + i, 5, 1, 1);
		add(&s, 0, (uint32_t)(100000 + i), 1, 1);
		add(&s, i, 1, 1, 1);
	}
	assert_int_equal(s.cnt, CALL_STATS_MAX + 2);
	for (size_t i = 0; i < s.cnt; i++) {
		calls += s.items[i].lengths.cnt;
		if (s.items[i].entity.id != CALL_STATS_OTHERS)
			continue;
		others += s.items[i].lengths.cnt;
		assert_true(s.items[i].nr == 5 || s.items[i].nr == CALL_STATS_OTHER_NRS);
	}
	assert_int_equal(calls, CALL_STATS_MAX + 30000);
	assert_int_equal(others, 20000);
	call_stats__fini(&s);
}

/* ---- output ---- */

static void name_of(void *arg _unused_, const struct call_entity *entity, char *text)
{
	snprintf(text, CALLS_NAME_LEN, "who<%llu>", (unsigned long long)entity->id);
}

static char *written(const struct calls_report *r,
		     int (*write)(const struct calls_report *, FILE *))
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	assert_int_equal(write(r, to), 0);
	fclose(to);
	return text;
}

static void sample(struct call_stats *s)
{
	struct call_record open = {.entity = {.id = 2}, .time = {.total_ns = 1500000000}};

	open.nr = syscall_find("read", false);
	add(s, 2, open.nr, 3, 1000);
	add_error(s, 2, open.nr, 1, EAGAIN);
	add_error(s, 2, open.nr, 1, 3999);
	add(s, 1, 9999 | CALL_NR_COMPAT, 1234567, 10);
	assert_int_equal(call_stats__add_open(s, &open), 0);
	call_stats__sort(s);
}

static void test_the_table(void **state _unused_)
{
	struct call_stats s = {.cnt = 0};
	struct calls_report r = {.stats = &s, .name = name_of};
	char *text;

	sample(&s);
	text = written(&r, calls_table_write);
	assert_string_equal(text, "system call              calls   errors     total      mean     "
				  "  p50       p95       p99"
				  "       max  %cpu %blocked %runnable\n"
				  "syscall_9999 (32-bit) 1,234,567        0  12.35 ms     10 ns    "
				  " 10 ns     10 ns     10 ns"
				  "     10 ns  50.0     50.0       0.0\n"
				  "read                         3        2  3.000 us  1.000 us  "
				  "1.000 us  1.000 us  1.000 us"
				  "  1.000 us  50.0     50.0       0.0  EAGAIN 1, 3999 1\n"
				  "\nstill inside at the end (not counted above):\n"
				  "  read                       1  longest 1.500 s\n");
	free(text);
	r.entities = r.histograms = true;
	r.top_cnt = 1;
	text = written(&r, calls_table_write);
	assert_non_null(strstr(text, "\nwho<1>  12.35 ms\nsyscall_9999"));
	assert_non_null(strstr(text, "and 1 rows more: --top N shows them\n"));
	assert_non_null(strstr(text, "\nread  who<2>  ns\n  [512, 1K)                 3 |@@@"));
	free(text);
	call_stats__fini(&s);
}

static void test_json(void **state _unused_)
{
	const struct calls_ledger ledger = {
		.entered_cnt = 9, .counted_cnt = 5, .map_full_cnt = 3, .open_cnt = 1};
	struct call_stats s = {.cnt = 0};
	struct calls_report r = {.stats = &s,
				 .name = name_of,
				 .title = "a\"b",
				 .probes = "core",
				 .version = "1",
				 .by = "process",
				 .stop_ns = 10,
				 .ledger = &ledger,
				 .entities = true,
				 .histograms = true};
	char *text;

	sample(&s);
	text = written(&r, calls_json_write);
	assert_non_null(strstr(text, "\"target\":\"a\\\"b\""));
	assert_non_null(strstr(text, "\"lost\":{\"syscall_map_full\":3,"));
	assert_non_null(strstr(text, "\"call\":\"syscall_9999\",\"nr\":9999,\"compat\":true"));
	assert_non_null(strstr(text, "\"errors\":{\"EAGAIN\":1,\"3999\":1}"));
	assert_non_null(strstr(text, "\"histogram\":[[10,1,1234567]]"));
	assert_non_null(strstr(text, "\"histogram\":[[992,32,3]]"));
	assert_int_equal(calls_ledger_lost(&ledger), 3);
	free(text);
	call_stats__fini(&s);
}

static void test_a_slow_call(void **state _unused_)
{
	struct call_record rec = {.image = {.pid = 12},
				  .tid = 13,
				  .nr = syscall_find("read", false),
				  .result = -11,
				  .arg = 5,
				  .comm = "na\033me",
				  .time = {.total_ns = 12345678, .blocked_ns = 12000000}};
	static const char *const frames[] = {"main", "_start"};
	struct calls_slow slow = {.rec = &rec,
				  .realtime_ns = 3600ull * 1000000000 + 1234567,
				  .utc_offset_s = -7200,
				  .file = "/tmp/a\nb",
				  .frames = frames,
				  .frame_cnt = 2};
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	assert_int_equal(calls_slow_write(&slow, to), 0);
	assert_int_equal(calls_slow_write_json(&slow, to), 0);
	fclose(to);
	assert_memory_equal(text, "23:00:00.001234  12      13      na", 35);
	assert_non_null(strstr(text, "12.35 ms  read = -1 EAGAIN  fd 5 /tmp/a"));
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "\n        main\n        _start\n{\"slow\":{"));
	assert_non_null(strstr(
		text, "\"result\":-11,\"error\":\"EAGAIN\",\"fd\":5,\"file\":\"/tmp/a\\u000ab\","
		      "\"stack\":[\"main\",\"_start\"]}}\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_time_in_a_call_divides),
		cmocka_unit_test(test_what_is_an_error),
		cmocka_unit_test(test_calls_without_a_result),
		cmocka_unit_test(test_which_calls_are_wanted),
		cmocka_unit_test(test_which_results_pass),
		cmocka_unit_test(test_names_and_numbers),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_how_calls_and_results_are_written),
		cmocka_unit_test(test_rows_add_up),
		cmocka_unit_test(test_the_most_time_comes_first),
		cmocka_unit_test(test_too_many_rows_are_the_others),
		cmocka_unit_test(test_the_table),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_a_slow_call),
	};

	return cmocka_run_group_tests_name("calls", tests, NULL, NULL);
}
