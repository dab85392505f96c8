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

#include "base/gzip.h"
#include "browser/sample_profile.h"
#include "model/profile_part.h"
#include "output/writer.h"

static struct profile *make(unsigned int samples)
{
	struct profile *p = profile__new();
	char name[32];
	uint32_t frame;

	for (unsigned int i = 0; i < samples; i++) {
		struct profile_sample s = {.cnt = 1, .blocked_ns = 1000000 * (i + 1)};

		snprintf(name, sizeof(name), "f%u", i);
		assert_int_equal(profile__frame(p, name, NULL, FRAME_KIND_NATIVE, &frame), 0);
		assert_int_equal(profile__add_sample(p, &s, &frame, 1), 0);
	}
	return p;
}

/* The sizes of the parts as "4 4 2 ", and what they are worth together. */
static const char *sizes(const struct profile *p, size_t max_samples, uint64_t max_bytes,
			 uint64_t *ret_ns)
{
	static char text[256];
	struct profile_parts parts;
	struct profile part;

	text[0] = '\0';
	*ret_ns = 0;
	assert_int_equal(profile_parts__init(&parts, p, max_samples, max_bytes), 0);
	while (profile_parts__next(&parts, &part) > 0) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%zu ", part.sample_cnt);
		for (size_t i = 0; i < part.sample_cnt; i++)
			*ret_ns += profile_sample__total_ns(&part.samples[i]);
	}
	assert_int_equal(profile_parts__next(&parts, &part), 0);
	profile_parts__fini(&parts);
	return text;
}

static void test_parts_are_small_enough_and_add_up(void **state)
{
	struct profile *p = make(10);
	uint64_t ns;

	(void)state;
	assert_string_equal(sizes(p, 4, UINT64_MAX, &ns), "4 4 2 ");
	assert_true(ns == 55000000);
	assert_string_equal(sizes(p, 5, UINT64_MAX, &ns), "5 5 ");
	assert_string_equal(sizes(p, 10, UINT64_MAX, &ns), "10 ");
	assert_string_equal(sizes(p, 100, 1000, &ns), "3 3 3 1 ");
	assert_true(ns == 55000000);
	/* One sample is never divided. */
	assert_string_equal(sizes(p, 100, 1, &ns), "1 1 1 1 1 1 1 1 1 1 ");
	assert_true(ns == 55000000);
	profile__free(p);
}

static void test_nothing_is_one_empty_part(void **state)
{
	struct profile *p = make(0);
	uint64_t ns;

	(void)state;
	assert_string_equal(sizes(p, 4, 1000, &ns), "0 ");
	profile__free(p);
}

/* Every writer takes a part, and shows its samples only. */
static void test_writers_show_a_parts_samples(void **state)
{
	struct profile *p = make(3);
	struct profile_parts parts;
	struct profile part;

	(void)state;
	/* Its sample is in the first part; what the second has in that place is another one. */
	assert_int_equal(profile__add_wait(p, &(struct profile_wait){.to_ns = 1000000}), 0);
	assert_int_equal(profile_parts__init(&parts, p, 2, UINT64_MAX), 0);
	assert_int_equal(profile_parts__next(&parts, &part), 1);
	assert_int_equal(profile_parts__next(&parts, &part), 1);
	assert_int_equal(part.wait_cnt, 0);
	for (const struct writer *const *w = writers(); *w; w++) {
		char *text = NULL;
		size_t len = 0;
		FILE *f = open_memstream(&text, &len);

		/* Spooled are sums. */
		if ((*w)->waits && (*w)->write(&part, &(struct writer_opts){0}, f) == -ENODATA) {
			fclose(f);
			free(text);
			continue;
		}
		assert_int_equal((*w)->write(&part, &(struct writer_opts){0}, f), 0);
		fclose(f);
		if (!strcmp((*w)->name, "folded"))
			assert_string_equal(text, "f2 3000\n");
		free(text);
	}
	profile_parts__fini(&parts);
	profile__free(p);
}

static size_t part_cnt(const struct profile *p, uint64_t max_bytes)
{
	struct profile_parts parts;
	struct profile part;
	size_t cnt = 0;

	assert_int_equal(profile_parts__init(&parts, p, SIZE_MAX, max_bytes), 0);
	while (profile_parts__next(&parts, &part) > 0)
		cnt++;
	profile_parts__fini(&parts);
	return cnt;
}

static size_t pprof_bytes(const struct profile *p)
{
	_cleanup_buf_ struct buf plain;
	char *packed = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&packed, &len);

	assert_int_equal(pprof_writer.write(p, &(struct writer_opts){0}, f), 0);
	fclose(f);
	buf__init(&plain, 64u << 20);
	assert_int_equal(gzip_unpack(packed, len, &plain), 0);
	free(packed);
	return plain.len;
}

/* What is thought to be as much as a part may have is not more when it is written. */
static void test_the_estimate_is_from_above(void **state)
{
	struct profile *samples[] = {sample_small(), sample_wakers(), sample_server(),
				     sample_hostile(), sample_big(3000, 500)};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		uint64_t low = 0,
			 high = 64u << 20; /* one part needs more than low, not more than high */
		size_t written = pprof_bytes(samples[i]);

		while (high - low > 1) {
			uint64_t middle = low + (high - low) / 2;

			if (part_cnt(samples[i], middle) == 1)
				high = middle;
			else
				low = middle;
		}
		if (written > high)
			fail_msg("sample %zu: estimated %llu bytes, written %zu", i,
				 (unsigned long long)high, written);
		profile__free(samples[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts_are_small_enough_and_add_up),
		cmocka_unit_test(test_nothing_is_one_empty_part),
		cmocka_unit_test(test_writers_show_a_parts_samples),
		cmocka_unit_test(test_the_estimate_is_from_above),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
