/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Lines of JSON: what is one line, and that they add up to the folded file. Their bytes are compared in test_output.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "browser/sample_profile.h"
#include "output/writer.h"

static char *render(const struct writer *w, const struct profile *p, const struct writer_opts *opts)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	assert_int_equal(w->write(p, opts, to), 0);
	assert_int_equal(fclose(to), 0);
	return text;
}

static void check_lines(struct profile *p, const struct writer_opts *opts, const char *want)
{
	char *got = render(&ndjson_writer, p, opts);

	assert_string_equal(got, want);
	free(got);
	profile__free(p);
}

static uint32_t thread(struct profile *p, const char *comm, const char *group)
{
	sample_thread(p, comm, (struct profile_thread){.group = group ? sample_str(p, group) : 0});
	return (uint32_t)p->thread_cnt - 1;
}

/* Threads of a group are one, in whichever order they come; those of another one are not. */
static void test_by_group_reason_and_stack(void **state _unused_)
{
	struct profile *p = sample_new("", 2000);
	uint32_t web1 = thread(p, "w1", "web"), db = thread(p, "d", "db");
	uint32_t web2 = thread(p, "w2", "web"), plain = thread(p, "plain", NULL);

	p->start_realtime_ns = 1000000;
	assert_int_equal(profile__add_note(p, "host", "h-1"), 0);
	SAMPLE_ADD(p, SAMPLE(.thread = web1, .cnt = 1, .blocked_ns = 3), "Pp", "Uf");
	SAMPLE_ADD(p, SAMPLE(.thread = db, .cnt = 1, .blocked_ns = 5), "Pp", "Uf");
	SAMPLE_ADD(p, SAMPLE(.thread = web2, .cnt = 2, .runnable_ns = 7), "Pp", "Uf");
	SAMPLE_ADD(p, SAMPLE(.thread = web1, .cnt = 1, .blocked_ns = 9, .reason = REASON_LOCK),
		   "Pp", "Uf");
	SAMPLE_ADD(p, SAMPLE(.thread = plain, .cnt = 1, .blocked_ns = 11), "Pp", "Uf");
	SAMPLE_ADD(p, SAMPLE(.thread = UINT32_MAX, .cnt = 1, .blocked_ns = 13), "Pp", "Uf");
#define LINE(group, reason, ns, cnt)                                     \
	"{\"host\":\"h-1\",\"group\":\"" group "\",\"reason\":\"" reason \
	"\",\"stack\":\"p;f\",\"ns\":" #ns ",\"count\":" #cnt            \
	",\"start_ns\":1000000,\"end_ns\":1002000}\n"
	check_lines(p, NULL,
		    LINE("", "other", 13, 1) LINE("db", "other", 5, 1) LINE("plain", "other", 11, 1)
			    LINE("web", "other", 10, 3) LINE("web", "lock", 9, 1));
#undef LINE
}

/* Options show; a window whose place in time is not known has none. */
static void test_segment_and_kinds(void **state _unused_)
{
	static const struct writer_opts opts = {.segment = "0123456789abcdef", .kinds = true};
	struct profile *p = sample_new("", 2000);

	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 400), "Pp", "If", "K<lt>");
	check_lines(p, &opts,
		    "{\"host\":\"\",\"group\":\"\",\"reason\":\"other\","
		    "\"stack\":\"p;f_[i];\\u003clt>_[k]\",\"ns\":400,\"count\":1,"
		    "\"segment\":\"0123456789abcdef\",\"start_ns\":0,\"end_ns\":0}\n");
}

/* The sum over the lines of the stack that @folded begins with. */
static uint64_t sum_of(const char *lines, const char *folded, size_t len)
{
	char key[8192];
	uint64_t ns = 0;

	assert_true(snprintf(key, sizeof(key), "\"stack\":\"%.*s\",\"ns\":", (int)len, folded) <
		    (int)sizeof(key));
	for (; (lines = strstr(lines, key)); lines++)
		ns += strtoull(lines + strlen(key), NULL, 10);
	return ns;
}

static void check_sums(struct profile *p)
{
	char *lines = render(&ndjson_writer, p, NULL);
	char *folded = render(&folded_writer, p, NULL), *line;

	for (line = strtok(folded, "\n"); line; line = strtok(NULL, "\n")) {
		size_t len = (size_t)(strrchr(line, ' ') - line);

		assert_int_equal((sum_of(lines, line, len) + 500) / 1000,
				 strtoull(line + len + 1, NULL, 10));
	}
	free(lines);
	free(folded);
	profile__free(p);
}

static void test_sums_are_those_of_the_folded_file(void **state _unused_)
{
	struct profile *p = sample_big(300, 40);

	/* Every stack a few times more, with odd times, for other reasons and threads. */
	for (size_t i = 0, n = p->sample_cnt; i < 3 * n; i++) {
		struct profile_sample s = p->samples[i % n];
		uint32_t ids[SAMPLE_MAX_FRAMES];

		memcpy(ids, p->frame_ids + s.first_frame, s.frame_cnt * sizeof(*ids));
		s.reason = (uint8_t)(i % REASON_CNT);
		s.thread = (uint32_t)(i % p->thread_cnt);
		s.blocked_ns = i * 123457 % 1000003;
		assert_int_equal(profile__add_sample(p, &s, ids, s.frame_cnt), 0);
	}
	check_sums(p);
	check_sums(sample_small());
}

/* What the folded file leaves out is here: a store adds it to what other windows saw. */
static void test_short_times_are_kept(void **state _unused_)
{
	struct profile *p = sample_small();
	char *lines = render(&ndjson_writer, p, NULL);

	assert_int_equal(sum_of(lines, "app;too_short", strlen("app;too_short")), 499);
	free(lines);
	profile__free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_group_reason_and_stack),
		cmocka_unit_test(test_segment_and_kinds),
		cmocka_unit_test(test_sums_are_those_of_the_folded_file),
		cmocka_unit_test(test_short_times_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
