/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* pprof files of others and of ours, read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "analyze/pprof_profile.h"
#include "base/compiler.h"
#include "base/gzip.h"
#include "base/log.h"
#include "browser/sample_profile.h"
#include "format/pprof_file.h"
#include "output/proto.h"
#include "output/writer.h"

static struct buf file;

static void begin(void)
{
	buf__init(&file, 1u << 20);
}

static void put_type(uint64_t type, uint64_t unit)
{
	size_t at = proto_begin(&file, 1);

	proto_u64(&file, 1, type);
	proto_u64(&file, 2, unit);
	proto_end(&file, at);
}

static void put_function(uint64_t id, uint64_t name)
{
	size_t at = proto_begin(&file, 5);

	proto_u64(&file, 1, id);
	proto_u64(&file, 2, name);
	proto_end(&file, at);
}

static void put_mapping(uint64_t id, uint64_t name)
{
	size_t at = proto_begin(&file, 3);

	proto_u64(&file, 1, id);
	proto_u64(&file, 5, name);
	proto_end(&file, at);
}

/* @functions: ids, innermost first; 0 ends them. */
static void put_location(uint64_t id, uint64_t mapping, uint64_t address, const uint64_t *functions)
{
	size_t at = proto_begin(&file, 4);

	proto_u64(&file, 1, id);
	proto_u64(&file, 2, mapping);
	proto_u64(&file, 3, address);
	for (; *functions; functions++) {
		size_t line = proto_begin(&file, 4);

		proto_u64(&file, 1, *functions);
		proto_u64(&file, 2, 7);
		proto_end(&file, line);
	}
	proto_end(&file, at);
}

static void put_sample(const uint64_t *locations, size_t location_cnt, const uint64_t *values,
		       size_t value_cnt)
{
	size_t at = proto_begin(&file, 2);

	proto_packed(&file, 1, locations, location_cnt);
	proto_packed(&file, 2, values, value_cnt);
	proto_end(&file, at);
}

#define U64(...) ((const uint64_t[]){__VA_ARGS__})

/* strings: 0 "" 1 contentions 2 count 3 delay 4 nanoseconds 5 main.main 6 main.work 7 sync.Lock 8 /bin/app 9 cpu 10 milliseconds */
static void put_strings(void)
{
	static const char *const strings[] = {
		"",	     "contentions", "count",	  "delay", "nanoseconds", "main.main",
		"main.work", "sync.Lock",   "/bin/app;x", "cpu",   "milliseconds"};

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		proto_text(&file, 6, strings[i]);
}

/* A Go block profile, as its runtime writes them: work was inlined into main. */
static void make_go(void)
{
	begin();
	put_type(1, 2);
	put_type(3, 4);
	put_mapping(1, 8);
	put_sample(U64(2, 1), 2, U64(3, 5000), 2);
	put_sample(U64(1), 1, U64(1, 70), 2);
	put_location(1, 1, 0x10, U64(2, 1, 0));
	put_location(2, 1, 0x20, U64(3, 0));
	put_function(1, 5);
	put_function(2, 6);
	put_function(3, 7);
	put_strings();
}

static struct profile *load(struct pprof_source *from)
{
	from->data = file.data;
	from->len = file.len;
	from->name = "test";
	return pprof_profile_load(from);
}

static char *folded(const struct profile *p)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_int_equal(folded_writer.write(p, &(struct writer_opts){0}, f), 0);
	fclose(f);
	return text;
}

static void check_folded(const char *expected)
{
	struct pprof_source from = {0};
	struct profile *p = load(&from);
	char *text;

	assert_non_null(p);
	text = folded(p);
	assert_string_equal(text, expected);
	free(text);
	profile__free(p);
	buf__fini(&file);
}

static void test_go_block_profile(void **state _unused_)
{
	struct pprof_source from = {0};
	struct profile *p;

	make_go();
	p = load(&from);
	assert_non_null(p);
	assert_int_equal(p->sample_cnt, 2);
	assert_int_equal(from.row_cnt, 2);
	assert_int_equal(p->samples[0].blocked_ns, 5000);
	assert_int_equal(p->samples[0].cnt, 3);
	assert_false(from.has_reasons);
	profile__free(p);
	check_folded("app:x;main.main;main.work;sync.Lock 5\n");
}

/* The default type counts when there is no delay; its unit is what it says. */
static void test_which_numbers(void **state _unused_)
{
	make_go();
	buf__fini(&file);
	begin();
	put_type(9, 10);
	put_type(1, 2);
	put_sample(U64(1), 1, U64(4, 9), 2);
	put_location(1, 0, 0x1234, U64(0));
	put_strings();
	proto_u64(&file, 14, 9);
	check_folded("[program];0x1234 4000\n");
	/* Without any time, each of the last type is a microsecond. */
	begin();
	put_type(9, 10);
	put_type(1, 2);
	put_sample(U64(1), 1, U64(4, 9), 2);
	put_location(1, 0, 0x1234, U64(0));
	put_strings();
	check_folded("[program];0x1234 9\n");
}

static void check_refused(int err, const char *words)
{
	struct pprof_source from = {0};

	assert_null(load(&from));
	assert_int_equal(errno, err);
	assert_non_null(strstr(error_text(-err), words));
	buf__fini(&file);
}

static void test_what_is_refused(void **state _unused_)
{
	begin();
	put_type(1, 2);
	put_sample(U64(9), 1, U64(1), 1);
	put_strings();
	check_refused(EBADMSG, "test: it is damaged");
	begin();
	put_type(1, 2);
	put_sample(U64(0), 0, U64(1, 2), 2);
	put_strings();
	check_refused(EBADMSG, "test: it is damaged");
	begin();
	put_type(1, 2);
	put_sample(U64(0), 0, U64((uint64_t)-5), 1);
	put_strings();
	check_refused(EINVAL, "dwell diff");
	begin();
	put_strings();
	check_refused(EBADMSG, "no pprof file");
	begin();
	buf__puts(&file, "\x0a\x7f");
	check_refused(EBADMSG, "no pprof file");
}

/* Each beginning of a file, and each byte of it wrong: refused or read, but nothing else. */
static void test_damaged(void **state _unused_)
{
	make_go();
	for (size_t len = 0; len < file.len; len++) {
		char *copy = malloc(len + 1);
		struct pprof_source from = {.data = copy, .len = len, .name = "cut"};

		memcpy(copy, file.data, len);
		profile__free(pprof_profile_load(&from));
		free(copy);
	}
	for (size_t at = 0; at < file.len; at++) {
		for (int bit = 0; bit < 8; bit++) {
			struct pprof_source from = {0};

			file.data[at] ^= (char)(1 << bit);
			profile__free(load(&from));
			file.data[at] ^= (char)(1 << bit);
		}
	}
	buf__fini(&file);
}

/* What we write: the same stacks, threads and reasons come back. */
static void test_ours_comes_back(void **state _unused_)
{
	struct profile *samples[] = {sample_small(), sample_wakers(), sample_hostile(),
				     sample_server()};

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		char *packed = NULL, *was, *is;
		struct pprof_source from = {.name = "test"};
		struct profile *p;
		size_t len;
		FILE *f = open_memstream(&packed, &len);

		assert_int_equal(pprof_writer.write(samples[i], &(struct writer_opts){0}, f), 0);
		fclose(f);
		begin();
		assert_int_equal(gzip_unpack(packed, len, &file), 0);
		p = load(&from);
		assert_non_null(p);
		assert_true(from.has_reasons);
		was = folded(samples[i]);
		is = folded(p);
		assert_string_equal(is, was);
		assert_int_equal(p->window_ns, samples[i]->window_ns);
		free(was);
		free(is);
		free(packed);
		profile__free(p);
		profile__free(samples[i]);
		buf__fini(&file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_go_block_profile), cmocka_unit_test(test_which_numbers),
		cmocka_unit_test(test_what_is_refused),	 cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_ours_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
