/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What is written for terminals, services and the journal, and what is held back. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/os_journal.h"
#include "base/os_read.h"

static char path[] = "/tmp/dwell-test-XXXXXX";
static int saved = -1;

static int setup(void **state _unused_)
{
	strcpy(path + strlen(path) - 6, "XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	saved = dup(STDERR_FILENO);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	close(fd);
	return 0;
}

static int teardown(void **state _unused_)
{
	dup2(saved, STDERR_FILENO);
	close(saved);
	return unlink(path);
}

/* What was written since. */
static const char *written(void)
{
	static struct buf text;

	buf__fini(&text);
	assert_int_equal(os_read_file(path, 1 << 20, &text), 0);
	assert_int_equal(ftruncate(STDERR_FILENO, 0), 0);
	lseek(STDERR_FILENO, 0, SEEK_SET);
	return buf__str(&text);
}

static size_t lines_in(const char *text)
{
	size_t cnt = 0;

	for (; *text; text++)
		cnt += *text == '\n';
	return cnt;
}

static void test_terminal(void **state _unused_)
{
	log_error("a %d", 1);
	log_warn("b");
	log_info("c\nd");
	log_debug("e");
	assert_string_equal(written(), "dwell: a 1\ndwell: b\nc\nd\n");
}

/* A name in a message may be what its program likes: it moves no cursor, and makes no line that looks like ours. */
static void test_hostile_names(void **state _unused_)
{
	static const char name[] = "x\x1b]0;t\x07\r\ndwell: y\x7f\xc2\x9b"
				   "2J\xc3\xa4";
	char line[128];

	snprintf(line, sizeof(line), "dwell: no process (x ]0;t   dwell: y   2J\xc3\xa4)\n");
	log_error("no process (%s)", name);
	assert_string_equal(written(), line);
	log_warn("no process (%s)", name);
	assert_string_equal(written(), line);
}

static void test_service(void **state _unused_)
{
	char big[4000];
	const char *text;

	log_set_service(false);
	log_error("a\x1b[31m\tb\n<3>forged");
	log_info("end\n");
	assert_string_equal(written(), "dwell: a [31m b <3>forged\nend\n");
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = 0;
	log_warn("%s", big);
	text = written();
	assert_int_equal(lines_in(text), 1);
	assert_true(strlen(text) < 2100);
	assert_string_equal(text + strlen(text) - 5, "x...\n");
}

static void test_journal(void **state _unused_)
{
	log_set_service(true);
	log_set_level(2);
	log_error("a");
	log_warn("b");
	log_info("c");
	log_debug("d");
	assert_string_equal(written(), "<3>a\n<4>b\n<6>c\n<7>d\n");
	log_set_level(1);
}

static void say(int i)
{
	log_warn_limited("disk full %d", i);
}

static void test_limited(void **state _unused_)
{
	uint64_t before = log_held_cnt();
	const char *text;

	log_set_service(true);
	for (int i = 0; i < 22; i++)
		say(i);
	text = written();
	assert_int_equal(lines_in(text), LOG_LIMIT_CNT);
	assert_non_null(strstr(text, "<4>disk full 0\n"));
	assert_non_null(strstr(text, "<4>disk full 9\n"));
	assert_int_equal(log_held_cnt() - before, 12);
	/* The minute is not over: nothing. */
	log_limits_flush(false);
	assert_string_equal(written(), "");
	/* Another site has a limit of its own. */
	log_info_limited("other");
	assert_string_equal(written(), "<6>other\n");
	log_limits_flush(true);
	assert_string_equal(written(), "<4>12 more like this: disk full 21\n");
	log_limits_flush(true);
	assert_string_equal(written(), "");
	say(5);
	assert_string_equal(written(), "<4>disk full 5\n");
}

static void test_next_minute(void **state _unused_)
{
	static struct log_limit limit;

	log_set_service(true);
	for (int i = 0; i < LOG_LIMIT_CNT + 2; i++)
		log_limited(&limit, LOG_LEVEL_ERROR, "no %d", i);
	assert_int_equal(lines_in(written()), LOG_LIMIT_CNT);
	limit.begin_ns -= 61000000000;
	log_limited(&limit, LOG_LEVEL_ERROR, "no more");
	assert_string_equal(written(), "<3>2 more like this: no 11\n<3>no more\n");
	for (int i = 0; i < LOG_LIMIT_CNT; i++)
		log_limited(&limit, LOG_LEVEL_ERROR, "x");
	assert_int_equal(lines_in(written()), LOG_LIMIT_CNT - 1);
	limit.begin_ns -= 61000000000;
	log_limits_flush(false);
	assert_string_equal(written(), "<3>1 more like this: x\n");
}

static void test_is_journal(void **state _unused_)
{
	char stream[64];
	struct stat st;

	unsetenv("JOURNAL_STREAM");
	assert_false(os_stderr_is_journal());
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	assert_true(os_stderr_is_journal());
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino + 1);
	setenv("JOURNAL_STREAM", stream, 1);
	assert_false(os_stderr_is_journal());
	setenv("JOURNAL_STREAM", "nonsense", 1);
	assert_false(os_stderr_is_journal());
	unsetenv("JOURNAL_STREAM");
}

static void take_line(void *arg, enum log_level level, const char *line)
{
	struct buf *to = arg;

	buf__printf(to, "%d %s\n", level, line);
}

/* Who has the screen gets the lines, and nobody else. */
static void test_sink(void **state _unused_)
{
	_cleanup_buf_ struct buf lines;
	char longer[3000];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	buf__init(&lines, 10000);
	log_set_sink(take_line, &lines);
	log_set_level(1);
	log_warn("a\033[2J\nb %d", 1);
	log_debug("not wanted");
	log_info("c\n");
	assert_string_equal(buf__str(&lines), "1 a [2J b 1\n2 c\n");
	log_error("%s", longer);
	assert_true(lines.len < 2100);
	log_set_sink(NULL, NULL);
	assert_string_equal(written(), "");
	log_warn("again");
	assert_true(strstr(written(), "again") != NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sink, setup, teardown),
		cmocka_unit_test_setup_teardown(test_terminal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_service, setup, teardown),
		cmocka_unit_test_setup_teardown(test_journal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limited, setup, teardown),
		cmocka_unit_test_setup_teardown(test_next_minute, setup, teardown),
		cmocka_unit_test_setup_teardown(test_is_journal, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
