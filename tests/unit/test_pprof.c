/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What becomes of a profile in a pprof file. Whole files are compared in test_output.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "browser/sample_profile.h"
#include "fixtures/pprof_text.h"
#include "output/writer.h"

/* The file itself; to be freed. */
static char *pack(const struct profile *p, size_t *ret_len)
{
	char *data = NULL;
	FILE *to = open_memstream(&data, ret_len);

	assert_non_null(to);
	assert_int_equal(pprof_writer.write(p, NULL, to), 0);
	assert_int_equal(fclose(to), 0);
	return data;
}

static char *text_of(const struct profile *p)
{
	size_t len;
	char *data = pack(p, &len), *text = pprof_text(data, len);

	free(data);
	assert_non_null(text);
	return text;
}

static void check_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

/* The lines that begin with @word; to be freed. */
static char *lines_of(const struct profile *p, const char *word)
{
	char *text = text_of(p), *found = strdup("");

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char *longer;

		if (strncmp(line, word, strlen(word)) != 0)
			continue;
		assert_true(asprintf(&longer, "%s%s\n", found, line) >= 0);
		free(found);
		found = longer;
	}
	free(text);
	return found;
}

static void check_lines(struct profile *p, const char *word, const char *want)
{
	char *got = lines_of(p, word);

	assert_string_equal(got, want);
	free(got);
	profile__free(p);
}

/* ---- bytes ---- */

static void reverse_samples(struct profile *p)
{
	for (size_t i = 0; i < p->sample_cnt / 2; i++) {
		struct profile_sample s = p->samples[i];

		p->samples[i] = p->samples[p->sample_cnt - 1 - i];
		p->samples[p->sample_cnt - 1 - i] = s;
	}
}

/* The same profile is the same file, in whatever order its samples came. */
static void test_equal_bytes(void **state _unused_)
{
	struct profile *all[] = {sample_small(), sample_hostile(), sample_server(),
				 sample_big(3000, 70), sample_new("", 0)};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		size_t len, again_len, turned_len;
		char *data = pack(all[i], &len), *again = pack(all[i], &again_len), *turned;

		reverse_samples(all[i]);
		turned = pack(all[i], &turned_len);
		assert_int_equal(again_len, len);
		assert_memory_equal(again, data, len);
		assert_int_equal(turned_len, len);
		assert_memory_equal(turned, data, len);
		free(data);
		free(again);
		free(turned);
		profile__free(all[i]);
	}
}

/* A file that is packed in many pieces has all that the profile has. */
static void test_nothing_is_lost_in_large_files(void **state _unused_)
{
	struct profile *p = sample_big(5000, 70);
	uint64_t cnt = 0, ns = 0;
	char *text = text_of(p);

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char *at = strstr(line, " thread=");

		if (strncmp(line, "sample: ", 8) != 0)
			continue;
		assert_non_null(at);
		*at = '\0';
		at = strrchr(line, ' ');
		ns += strtoull(at, NULL, 10);
		*at = '\0';
		cnt += strtoull(strrchr(line, ' '), NULL, 10);
	}
	for (size_t i = 0; i < p->sample_cnt; i++) {
		cnt -= p->samples[i].cnt;
		ns -= profile_sample__total_ns(&p->samples[i]);
	}
	assert_int_equal(cnt, 0);
	assert_int_equal(ns, 0);
	free(text);
	profile__free(p);
}

/* ---- samples ---- */

static void test_equal_samples_are_one(void **state _unused_)
{
	struct profile *p = sample_new("", 1);

	sample_thread(p, "p", (struct profile_thread){.pid = 7, .tid = 7});
	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 10), "Pp", "Uf");
	SAMPLE_ADD(p, SAMPLE(.cnt = 2, .runnable_ns = 5, .open = true), "Pp", "Uf");
	SAMPLE_ADD(p, SAMPLE(.cnt = 4, .blocked_ns = 1, .reason = REASON_LOCK), "Pp", "Uf");
	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 2), "Pp", "Uf", "Uf");
	/* Another kind of frame looks the same, another module does not. */
	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 3), "Pp", "If");
	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 4), "Pp", "Vf");
	check_lines(p, "sample: ",
		    "sample: p;f@1 4 18 thread=p comm=p reason=other pid=7 tid=7\n"
		    "sample: p;f@1;f@1 1 2 thread=p comm=p reason=other pid=7 tid=7\n"
		    "sample: p;f@2 1 4 thread=p comm=p reason=other pid=7 tid=7\n"
		    "sample: p;f@1 4 1 thread=p comm=p reason=lock pid=7 tid=7\n");
}

/* The format's numbers end at 2^63 - 1. */
static void test_huge_times(void **state _unused_)
{
	struct profile *p = sample_new("", 1);

	SAMPLE_ADD(p, SAMPLE(.cnt = UINT64_MAX, .blocked_ns = UINT64_MAX - 1), "Pa");
	for (int i = 0; i < 3; i++)
		SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = INT64_MAX - 1), "Pb");
	check_lines(p, "sample: ",
		    "sample: a 9223372036854775807 9223372036854775807 reason=other\n"
		    "sample: b 3 9223372036854775807 reason=other\n");
}

static void test_samples_without_frames(void **state _unused_)
{
	struct profile *p = sample_new("", 1);
	struct profile_sample s = {.cnt = 1, .blocked_ns = 5000};

	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 1), "Pp", "M[unknown]");
	assert_int_equal(profile__add_sample(p, &s, NULL, 0), 0);
	assert_int_equal(profile__add_sample(p, &s, NULL, 0), 0);
	check_lines(p, "sample: ",
		    "sample: p;[unknown] 1 1 reason=other\n"
		    "sample: [unknown] 2 10000 reason=other\n");
}

/* ---- labels ---- */

/* A group that is the thread's name says nothing new; of a thread that is not known nothing is said. */
static void test_labels(void **state _unused_)
{
	static const struct {
		uint32_t pid, tid;
		const char *name, *process, *group;
	} threads[] = {
		{10, 9, "low", "first", "low"},
		{10, 10, "first", "first", "first"},
		{10, 11, "late", "first", "web"},
		{20, 21, "orphan", "orphan", "orphan"},
	};
	struct profile *p = sample_new("", 1);

	for (uint32_t i = 0; i < ARRAY_SIZE(threads); i++) {
		sample_thread(p, threads[i].name,
			      (struct profile_thread){
				      .pid = threads[i].pid,
				      .tid = threads[i].tid,
				      .process = sample_str(p, threads[i].process),
				      .group = sample_str(p, threads[i].group),
			      });
		SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 1, .thread = i), "Pp");
	}
	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 1, .thread = UINT32_MAX), "Pp");
	check_lines(p, "sample: ",
		    "sample: p 1 1 reason=other\n"
		    "sample: p 1 1 thread=low comm=first reason=other pid=10 tid=9\n"
		    "sample: p 1 1 thread=first comm=first reason=other pid=10 tid=10\n"
		    "sample: p 1 1 thread=late comm=first reason=other group=web pid=10 tid=11\n"
		    "sample: p 1 1 thread=orphan comm=orphan reason=other pid=20 tid=21\n");
}

/* ---- frames ---- */

static uint32_t add_frame(struct profile *p, const char *name, enum frame_kind kind,
			  const char *path, const char *build_id, uint32_t line)
{
	struct profile_place place = {.line = line, .file = line ? "/src/a.c" : NULL};
	const char *slash = strrchr(path, '/');
	uint32_t id;

	place.module = slash ? slash + 1 : path;
	if (slash || build_id)
		assert_int_equal(
			profile__add_binary(p, slash ? path : NULL, build_id, &place.binary), 0);
	assert_int_equal(profile__frame_at(p, name, kind, &place, &id), 0);
	return id;
}

static void add_stack(struct profile *p, uint64_t ns, const uint32_t *ids, uint32_t cnt)
{
	struct profile_sample s = {.cnt = 1, .blocked_ns = ns};

	assert_int_equal(profile__add_sample(p, &s, ids, cnt), 0);
}

/* An inlined function is a location like the one it is in. */
static void test_inlined_functions_and_lines(void **state _unused_)
{
	struct profile *p = sample_new("", 1);
	uint32_t ids[] = {
		add_frame(p, "outer", FRAME_KIND_NATIVE, "/bin/app", NULL, 12),
		add_frame(p, "inner", FRAME_KIND_INLINED, "/bin/app", NULL, 34),
		add_frame(p, "read", FRAME_KIND_NATIVE, "/lib/libc.so.6", "c0ffee", 0),
	};

	add_stack(p, 1, ids, 3);
	check_lines(p, "",
		    "sample type: contentions/count\n"
		    "sample type: delay/nanoseconds\n"
		    "default: delay\n"
		    "time: 0, duration: 1, period: 1\n"
		    "period type: contentions/count\n"
		    "comment: dwell: \n"
		    "comment: duration: 1 ns\n"
		    "comment: observed: 0 ns in 0 intervals\n"
		    "comment: delivered: 0 ns in 0 intervals\n"
		    "comment: filtered: 0 ns in 0 intervals\n"
		    "comment: open: 0 ns in 0 intervals\n"
		    "comment: spilled: 0 ns in 0 intervals\n"
		    "comment: lost: 0 ns in 0 intervals\n"
		    "comment: unaccounted: 0 ns\n"
		    "mapping 1: /bin/app functions files lines inlines\n"
		    "mapping 2: /lib/libc.so.6 c0ffee functions\n"
		    "sample: outer@1:/src/a.c:12;inner@1:/src/a.c:34;read@2 1 1 "
		    "reason=other\n");
}

/* A module is its build id, whatever its path; without one, its path; without that, its name. */
static void test_what_makes_a_mapping(void **state _unused_)
{
	struct profile *p = sample_new("", 1);
	uint32_t ids[] = {
		add_frame(p, "f", FRAME_KIND_NATIVE, "/lib/libc.so.6", "aa", 0),
		add_frame(p, "f", FRAME_KIND_NATIVE, "/lib/libc.so.6", "bb", 0),
		add_frame(p, "f", FRAME_KIND_NATIVE, "/container/lib/libc.so.6", "aa", 0),
		add_frame(p, "f", FRAME_KIND_NATIVE, "/lib/libc.so.6", NULL, 0),
		add_frame(p, "f", FRAME_KIND_NATIVE, "/lib64/libc.so.6", NULL, 0),
		add_frame(p, "f", FRAME_KIND_NATIVE, "libc.so.6", NULL, 0),
		add_frame(p, "f", FRAME_KIND_KERNEL, "[kernel]", NULL, 0),
		add_frame(p, "f", FRAME_KIND_JIT, "[anon]", NULL, 0),
	};

	add_stack(p, 1, ids, ARRAY_SIZE(ids));
	check_lines(p, "mapping",
		    "mapping 1: /lib/libc.so.6 aa functions\n"
		    "mapping 2: /lib/libc.so.6 bb functions\n"
		    "mapping 3: /lib/libc.so.6 functions\n"
		    "mapping 4: /lib64/libc.so.6 functions\n"
		    "mapping 5: libc.so.6 functions\n"
		    "mapping 6: [kernel.kallsyms] functions\n"
		    "mapping 7: [anon] functions\n");
}

static void check_first(const char *want, const uint64_t *ns)
{
	static const char *const paths[] = {"[kernel]", "/lib/libc.so.6", "/bin/tool", "/bin/app"};
	struct profile *p = sample_new("", 1);
	char *text, line[64];

	for (uint32_t i = 0; i < ARRAY_SIZE(paths); i++) {
		/* Twice in a stack is once in the time. */
		uint32_t id = add_frame(p, "f", FRAME_KIND_NATIVE, paths[i], NULL, 0);
		uint32_t ids[] = {id, id, id};

		if (ns[i])
			add_stack(p, ns[i], ids, i == 2 ? 3 : 1);
	}
	text = text_of(p);
	snprintf(line, sizeof(line), "mapping 1: %s functions", want);
	check_has(text, line);
	/* What comes before it moved; locations still lead to the right one. */
	snprintf(line, sizeof(line), "f@%d ", ns[0] && *want != '[' ? 2 : 1);
	check_has(text, line);
	free(text);
	profile__free(p);
}

/* Readers name the profile after the first mapping: the program, not what it is linked with. */
static void test_the_program_comes_first(void **state _unused_)
{
	check_first("/bin/app", (const uint64_t[]){90, 80, 10, 20});
	check_first("/bin/tool", (const uint64_t[]){90, 80, 30, 20});
	check_first("/bin/app", (const uint64_t[]){90, 80, 10, 29});
	check_first("/bin/tool", (const uint64_t[]){90, 80, 20, 20});
	check_first("/lib/libc.so.6", (const uint64_t[]){70, 80, 0, 0});
	check_first("[kernel.kallsyms]", (const uint64_t[]){70, 0, 0, 0});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_bytes),
		cmocka_unit_test(test_nothing_is_lost_in_large_files),
		cmocka_unit_test(test_equal_samples_are_one),
		cmocka_unit_test(test_huge_times),
		cmocka_unit_test(test_samples_without_frames),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_inlined_functions_and_lines),
		cmocka_unit_test(test_what_makes_a_mapping),
		cmocka_unit_test(test_the_program_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
