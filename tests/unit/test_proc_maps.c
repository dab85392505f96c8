/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/os_read.h"
#include "format/proc_maps.h"

static const char *const kind_names[] = {
	[PROC_MAP_FILE] = "file",
	[PROC_MAP_MEMFD] = "memfd",
	[PROC_MAP_VDSO] = "vdso",
	[PROC_MAP_ANON] = "anon",
};

static int test_take(void *arg, const struct proc_map *m)
{
	return buf__printf(arg, "%llx-%llx +%llx %llx:%llx %llu %s%s '%s'\n",
			   (unsigned long long)m->start, (unsigned long long)m->end,
			   (unsigned long long)m->file_off, (unsigned long long)m->dev >> 32,
			   (unsigned long long)m->dev & 0xffffffff, (unsigned long long)m->inode,
			   kind_names[m->kind], m->deleted ? "!" : "", m->path);
}

/* Parses @text from memory of exactly its size, so that ASan sees a read past it. */
static int parse(const char *text, size_t len, struct buf *to)
{
	char *exact = malloc(len ? len : 1);
	int ret;

	assert_non_null(exact);
	memcpy(exact, text, len);
	buf__init(to, 1 << 20);
	ret = proc_maps_parse(exact, len, test_take, to);
	free(exact);
	return ret;
}

static void assert_parse(const char *text, int bad, const char *expect)
{
	_cleanup_buf_ struct buf got = {0};

	assert_int_equal(parse(text, strlen(text), &got), bad);
	assert_string_equal(buf__str(&got), expect);
}

static void test_executable_mappings(void **state)
{
	(void)state;
	assert_parse("55d0c0000000-55d0c0002000 r--p 00000000 fe:01 1234                       "
		     "/usr/bin/cat\n"
		     "55d0c0002000-55d0c0007000 r-xp 00002000 fe:01 1234                       "
		     "/usr/bin/cat\n"
		     "7fff00000000-7fff00002000 r-xp 00000000 00:00 0                          "
		     "[vdso]\n"
		     "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  "
		     "[vsyscall]\n",
		     0,
		     "55d0c0002000-55d0c0007000 +2000 fe:1 1234 file '/usr/bin/cat'\n"
		     "7fff00000000-7fff00002000 +0 0:0 0 vdso '[vdso]'\n"
		     "ffffffffff600000-ffffffffff601000 +0 0:0 0 anon '[vsyscall]'\n");
	assert_parse("", 0, "");
}

/* One executable mapping called @path, as the kernel writes it. */
static void assert_path(const char *path, const char *expect)
{
	char text[512], line[512];

	snprintf(text, sizeof(text), "1000-2000 rwxs 00003000 103:2000f 99 %s\n", path);
	snprintf(line, sizeof(line), "1000-2000 +3000 103:2000f 99 %s\n", expect);
	assert_parse(text, 0, line);
}

static void test_kinds_of_memory(void **state)
{
	(void)state;
	assert_path("", "anon ''");
	assert_path("[heap]", "anon '[heap]'");
	assert_path("[stack]", "anon '[stack]'");
	assert_path("[anon:v8 code]", "anon '[anon:v8 code]'");
	assert_path("[uprobes]", "anon '[uprobes]'");
	assert_path("[vdso2]", "anon '[vdso2]'");
	assert_path("//anon", "anon '//anon'");
	assert_path("//anon (deleted)", "anon! '//anon'");
	assert_path("/dev/zero", "anon '/dev/zero'");
	assert_path("/dev/zero (deleted)", "anon! '/dev/zero'");
	assert_path("/dev/zeroes", "file '/dev/zeroes'");
	assert_path("/SYSV0000abcd (deleted)", "anon! '/SYSV0000abcd'");
	assert_path("/SYSV0000abcd", "file '/SYSV0000abcd'");
	assert_path("/anon_hugepage (deleted)", "anon! '/anon_hugepage'");
	assert_path("anon_inode:[io_uring]", "anon 'anon_inode:[io_uring]'");
	assert_path("/memfd:doublemapper (deleted)", "memfd! '/memfd:doublemapper'");
	assert_path("/memfd:x", "file '/memfd:x'");
}

static void test_paths(void **state)
{
	(void)state;
	assert_path("/opt/a b/lib c.so", "file '/opt/a b/lib c.so'");
	assert_path("/lib/old.so (deleted)", "file! '/lib/old.so'");
	assert_path("/lib/old.so (deleted) ", "file '/lib/old.so (deleted) '");
	assert_path("/x\\012y", "file '/x\ny'");
	assert_path("/x\\012", "file '/x\n'");
	/* The kernel writes nothing else specially: these are what the file is called. */
	assert_path("/x\\040y\\", "file '/x\\040y\\'");
	assert_path("/x\\\\012", "file '/x\\\n'");
	assert_path("/x\\01", "file '/x\\01'");
	assert_path("/\xff\x01", "file '/\xff\x01'");
}

static void test_foreign_lines(void **state)
{
	static const char *const lines[] = {
		"\n",
		"hello\n",
		"1000-2000\n",
		"1000-2000 r-xp\n",
		"1000-2000 r-xp 0 0:0\n",
		"1000-2000 r-xp 0 0:0 \n",
		"1000-2000 r-xp 0 0:0 0x\n",
		"1000-2000 r-x 0 0:0 0\n",
		"1000 2000 r-xp 0 0:0 0\n",
		"2000-1000 r-xp 0 0:0 0\n",
		"1000-1000 r-xp 0 0:0 0\n",
		"-1000-2000 r-xp 0 0:0 0\n",
		"1000-10000000000003000 r-xp 0 0:0 0\n",
		"1000-2000 r-xp 0 0:0 18446744073709551616\n",
		"1000-2000 r-xp 0 0:0 1", /* cut */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_parse(lines[i], 1, "");
	/* The lines around it are used all the same. */
	assert_parse("1000-2000 r-xp 0 0:0 0\nbad\n3000-4000 r-xp 0 0:0 0\n5000-600", 2,
		     "1000-2000 +0 0:0 0 anon ''\n3000-4000 +0 0:0 0 anon ''\n");
	assert_parse("1000-ffffffffffffffff r-xp 0 0:0 18446744073709551615\n", 0,
		     "1000-ffffffffffffffff +0 0:0 18446744073709551615 anon ''\n");
}

static void test_nul_and_long_path(void **state)
{
	static const char nul[] = "1000-2000 r-xp 0 0:0 1 /a\0b\n";
	_cleanup_buf_ struct buf text, got = {0}, again = {0};

	(void)state;
	assert_int_equal(parse(nul, sizeof(nul) - 1, &got), 1);
	assert_string_equal(buf__str(&got), "");
	buf__init(&text, 1 << 20);
	buf__puts(&text, "1000-2000 r-xp 0 0:0 1 /");
	for (size_t i = 0; i < PROC_MAPS_PATH_MAX_BYTES; i++)
		buf__putc(&text, 'x');
	buf__puts(&text, "\n3000-4000 r-xp 0 0:0 1 /a\n");
	assert_int_equal(parse(text.data, text.len, &again), 1);
	assert_string_equal(buf__str(&again), "3000-4000 +0 0:0 1 file '/a'\n");
}

static int test_stop(void *arg, const struct proc_map *m)
{
	(void)m;
	++*(int *)arg;
	return -EBADMSG;
}

static void test_callback_ends_parse(void **state)
{
	static const char text[] = "1000-2000 r-xp 0 0:0 0\n3000-4000 r-xp 0 0:0 0\n";
	int calls = 0;

	(void)state;
	assert_int_equal(proc_maps_parse(text, sizeof(text) - 1, test_stop, &calls), -EBADMSG);
	assert_int_equal(calls, 1);
}

/* What this kernel writes about this very process. */
static void test_own_maps(void **state)
{
	_cleanup_buf_ struct buf maps = {0}, got = {0};
	char self[4096];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	(void)state;
	assert_int_equal(os_read_file("/proc/self/maps", 16 << 20, &maps), 0);
	assert_int_equal(parse(maps.data, maps.len, &got), 0);
	assert_true(len > 0);
	self[len] = '\0';
	assert_non_null(strstr(buf__str(&got), self));
	assert_non_null(strstr(buf__str(&got), "vdso '[vdso]'\n"));
	assert_non_null(strstr(buf__str(&got), "libc.so"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_executable_mappings),
		cmocka_unit_test(test_kinds_of_memory),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_foreign_lines),
		cmocka_unit_test(test_nul_and_long_path),
		cmocka_unit_test(test_callback_ends_parse),
		cmocka_unit_test(test_own_maps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
