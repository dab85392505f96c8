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

#include "analyze/folded_profile.h"
#include "base/log.h"
#include "format/json_row.h"
#include "model/reason.h"
#include "output/writer.h"

/* ---- JSON ---- */

static int show_member(void *arg, const char *key, const struct json_value *v)
{
	static const char kinds[] = "sn[o";
	char *to = arg + strlen(arg);

	to += sprintf(to, "%s=%c@%zu:", key, kinds[v->kind], v->at);
	for (size_t i = 0; i < v->len; i++)
		*to++ = v->text[i] ? v->text[i] : '|';
	strcpy(to, " ");
	return strcmp(key, "stop") ? 0 : -EXDEV;
}

static void check_json(const char *line, const char *expected)
{
	char got[1000] = "";
	size_t at = 0;

	assert_int_equal(json_row_parse(line, strlen(line), show_member, got, &at), 0);
	assert_string_equal(got, expected);
}

static void test_json_members_in_order(void **state)
{
	(void)state;
	check_json("{}", "");
	check_json(" { } ", "");
	check_json("{\"a\":\"x\",\"b\":12.5e-3,\"c\":true,\"d\":null}",
		   "a=s@5:x b=n@13:12.5e-3 c=o@25: "
		   "d=o@34: ");
	check_json("{ \"a\" : [ \"x\" , \"y z\" ] , \"b\":[]}", "a=[@8:x|y z| b=[@30: ");
	check_json("{\"a\":{\"b\":[1,{\"c\":\"]}\"}]},\"d\":[\"x\",1],\"e\":1}", "a=o@5: d=o@30: "
										 "e=n@42:1 ");
	check_json("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"}",
		   "a=s@5:\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 ");
	/* Halves of characters, and a NUL, which is no end. */
	check_json("{\"a\":\"\\ud83d\\u0041\\ude00\\ud83dx\"}", "a=s@5:\xef\xbf\xbd"
								"A\xef\xbf\xbd\xef\xbf\xbdx ");
	check_json("{\"a\":\"x\\u0000y\"}", "a=s@5:x|y ");
}

static void test_json_errors_have_a_place(void **state)
{
	static const struct {
		const char *line;
		size_t at;
	} bad[] = {
		{"", 0},
		{"x", 0},
		{"{", 1},
		{"{\"a\"", 4},
		{"{\"a\":", 5},
		{"{\"a\":1", 6},
		{"{\"a\":1,}", 7},
		{"{\"a\":1}x", 7},
		{"{\"a\":1}{}", 7},
		{"{a:1}", 1},
		{"{\"a\":tru}", 5},
		{"{\"a\":\"x}", 8},
		{"{\"a\":\"\\x\"}", 7},
		{"{\"a\":\"\\u12g4\"}", 10},
		{"{\"a\":[\"x\" \"y\"]}", 10},
		{"{\"a\":{\"b\":]}", 10},
		{"{\"a\":[1", 7},
	};
	char got[1000], deep[300];
	size_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		at = 99;
		got[0] = '\0';
		assert_int_equal(
			json_row_parse(bad[i].line, strlen(bad[i].line), show_member, got, &at),
			-EBADMSG);
		if (at != bad[i].at)
			fail_msg("%s: at %zu, not %zu", bad[i].line, at, bad[i].at);
	}
	got[0] = '\0';
	assert_int_equal(json_row_parse("{\"a\":1,\"stop\":2}", 16, show_member, got, &at), -EXDEV);
	assert_int_equal(at, 14);
	memset(deep, '[', sizeof(deep));
	memcpy(deep, "{\"a\":", 5);
	assert_int_equal(json_row_parse(deep, sizeof(deep), show_member, got, &at), -EBADMSG);
	assert_int_equal(at, 5 + 64);
}

/* ---- lines ---- */

/* The rows of a text as "stack=ns*count/reason ", or what is wrong with it. */
static const char *rows(const char *text, enum folded_unit unit)
{
	static char got[1000];
	struct folded_text t;
	struct folded_row row;
	char *to = got;
	int err = 0;

	*to = '\0';
	folded_text__init(&t, unit);
	while (err >= 0 && *text) {
		size_t len = strcspn(text, "\n");

		err = folded_text__line(&t, text, len, &row);
		if (err > 0)
			to += sprintf(to, "%.*s=%llu*%llu%s%s ", (int)row.stack_len, row.stack,
				      (unsigned long long)row.ns, (unsigned long long)row.cnt,
				      row.has_reason ? "/" : "",
				      row.has_reason ? reason_name(row.reason) : "");
		text += len + (text[len] == '\n');
	}
	if (err < 0)
		snprintf(to, 500, "%s", error_text(err));
	folded_text__fini(&t);
	return got;
}

static void check_rows(const char *text, const char *expected)
{
	assert_string_equal(rows(text, FOLDED_UNIT_DEFAULT), expected);
}

static void test_folded_lines(void **state)
{
	(void)state;
	check_rows("a;b c;d 12\n", "a;b c;d=12000*0 ");
	check_rows("\n \na 1\n\r\nb 2\r\nc 0 \n", "a=1000*0 b=2000*0 c=0*0 ");
	check_rows("a 1.5\nb 0.0009\nc 12.3456789\n", "a=1500*0 b=0*0 c=12345*0 ");
	check_rows("Thread 7 12\n", "Thread 7=12000*0 ");
	check_rows(" 5\n", "=5000*0 ");
	check_rows("{closure};foo 3\n", "{closure};foo=3000*0 ");
	check_rows("a\tb;c 3\n", "a\tb;c=3000*0 ");
	check_rows("a 18446744073709551\n", "a=18446744073709551000*0 ");
	check_rows("a 18446744073709552\n", "line 1, column 3: this number is too large");
	check_rows("a 99999999999999999999\n", "line 1, column 3: this number is too large");
	check_rows("a 1\nb;c 2x\n",
		   "a=1000*0 line 2, column 5: expected a number, as 1200 or 1200.5");
	check_rows("a -1\n", "line 1, column 3: expected a number, as 1200 or 1200.5");
	check_rows("a 1.2.3\n", "line 1, column 3: expected a number, as 1200 or 1200.5");
	check_rows("a .5\n", "line 1, column 3: expected a number, as 1200 or 1200.5");
	check_rows("a 1e3\n", "line 1, column 3: expected a number, as 1200 or 1200.5");
	check_rows("abc\n", "line 1, column 4: expected a space and a number behind the stack");
	check_rows("42\n", "line 1, column 3: expected a space and a number behind the stack");
}

static void test_folded_units(void **state)
{
	(void)state;
	assert_string_equal(rows("a 7\n", FOLDED_UNIT_NS), "a=7*0 ");
	assert_string_equal(rows("a 7\n", FOLDED_UNIT_US), "a=7000*0 ");
	assert_string_equal(rows("a 7.5\n", FOLDED_UNIT_MS), "a=7500000*0 ");
	assert_string_equal(rows("a 7\n", FOLDED_UNIT_SAMPLES), "a=7000*7 ");
	assert_string_equal(rows("a\t7\n", FOLDED_UNIT_US), "a=7000*0 ");
	assert_string_equal(rows("{\"stack\":\"a\",\"ns\":7}", FOLDED_UNIT_SAMPLES), "a=7000*7 ");
}

static void test_what_a_database_prints(void **state)
{
	(void)state;
	check_rows("a;b\t1200\nc\t1\n", "a;b=1200*0 c=1*0 ");
	check_rows("stack\tsum(ns)\na;b\t1200\n", "a;b=1200*0 ");
	check_rows("stack\t12\n", "stack=12*0 ");
	check_rows("a\\tb\\\\c\\'d\\n\t5.9\n", "a\tb\\c'd\n=5*0 ");
	check_rows("a\t5\nb 6\n",
		   "a=5*0 line 2, column 4: expected a tab and a number behind the stack");
	check_rows("a\t5\nb\t6\t7\n",
		   "a=5*0 line 2, column 3: expected a number, as 1200 or 1200.5");
	check_rows("stack\tns\nstack\tns\n",
		   "line 2, column 7: expected a number, as 1200 or 1200.5");
}

static void test_json_rows(void **state)
{
	(void)state;
	check_rows(
		"{\"host\":\"h\",\"stack\":\"a;b\",\"ns\":1200,\"count\":3,\"reason\":\"lock\"}\n"
		"\n{\"ns\":1,\"stack\":\"\"}\n",
		"a;b=1200*3/lock =1*0 ");
	check_rows("{\"stack\":\"a\",\"sum(ns)\":\"18446744073709551615\",\"sum(count)\":\"2\"}",
		   "a=18446744073709551615*2 ");
	check_rows("{\"stack\":[\"a;x\",\"b\"],\"ns\":1.7,\"reason\":\"of others\"}", "a:x;b=1*0 ");
	check_rows("{\"stack\":[],\"ns\":1}", "=1*0 ");
	check_rows("{\"stack\":\"a\"}",
		   "line 1, column 1: the object has no \"ns\" or \"sum(ns)\"");
	check_rows("{\"ns\":1}", "line 1, column 1: the object has no \"stack\"");
	check_rows("{\"stack\":1,\"ns\":1}", "line 1, column 10: \"stack\" is no text");
	check_rows("{\"stack\":\"a\",\"ns\":null}",
		   "line 1, column 19: expected a number, as 1200 or 1200.5");
	check_rows("{\"stack\":\"a\",\"ns\":18446744073709551616}",
		   "line 1, column 19: this number is too large");
	check_rows("{\"stack\":\"a\",\"ns\":1}\na;b 2\n",
		   "a=1*0 line 2, column 1: this is no JSON object in one line");
	check_rows("{\"stack\":\"a\",\"ns\":1",
		   "line 1, column 20: this is no JSON object in one line");
}

/* ---- the profile ---- */

static struct profile *load(const char *text, size_t len, struct folded_source *from)
{
	struct profile *p;

	from->file = fmemopen((void *)(len ? text : " "), len ? len : 1, "r");
	from->name = "test";
	p = folded_profile_load(from);
	fclose(from->file);
	return p;
}

static char *write_folded(const struct profile *p, bool kinds)
{
	struct writer_opts opts = {.kinds = kinds};
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_int_equal(folded_writer.write(p, &opts, f), 0);
	fclose(f);
	return text;
}

/* "name:kind " for the frames of a sample. */
static const char *kinds_of(const struct profile *p, size_t sample)
{
	static const char *const names[] = {"process", "native",  "kernel",  "delimiter",
					    "state",   "missing", "inlined", "jit",
					    "python",  "go",	  "waker",   "lock"};
	static char text[500];

	text[0] = '\0';
	for (uint32_t i = 0; i < p->samples[sample].frame_cnt; i++) {
		const struct profile_frame *f = profile__sample_frame(p, &p->samples[sample], i);

		sprintf(text + strlen(text), "%s:%s ", profile__str(p, f->name), names[f->kind]);
	}
	return text;
}

static void check_kinds(const char *text, const char *expected)
{
	struct folded_source from = {0};
	struct profile *p = load(text, strlen(text), &from);

	assert_non_null(p);
	assert_string_equal(kinds_of(p, 0), expected);
	profile__free(p);
}

static void test_kinds_are_guessed(void **state)
{
	(void)state;
	check_kinds("app;main;[unknown];read;-;sys_read;[stack lost];wait 1",
		    "app:process main:native [unknown]:missing read:native -:delimiter "
		    "sys_read:kernel [stack lost]:missing wait:kernel ");
	check_kinds("app;main;--;wake;waker 1", "app:process main:native --:delimiter wake:waker "
						"waker:waker ");
	check_kinds("app;main;-;wait;--;b;g;-;h 1", "app:process main:native -:delimiter "
						    "wait:kernel --:delimiter b:waker g:waker "
						    "-:delimiter h:kernel ");
	/* With suffixes nothing else is guessed. */
	check_kinds("app;f_[i];g_[j];-;h_[k];[x];i;--;w_[w];_[k] 1",
		    "app:process f:inlined g:jit -:delimiter h:kernel [x]:missing i:native "
		    "--:delimiter w:waker _[k]:native ");
	check_kinds("app ;f_[i] ;g_[k]  1", "app:process f:inlined g:kernel ");
}

static void test_text_comes_back_as_it_was(void **state)
{
	static const char *const texts[] = {
		"",
		"a 1\n",
		"a;b;-;c 12\na;b;d 13\n",
		"a;[unknown];\xc3\xa9 <>&;'\"\\ 13\n",
		"app;f_[i];g_[j];-;h_[k];--;w_[w] 7\n",
		"app_[k] 3\nx_[z];_[k] 4\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct folded_source from = {0};
		struct profile *p = load(texts[i], strlen(texts[i]), &from);
		char *again;

		assert_non_null(p);
		again = write_folded(p, from.kinds);
		assert_string_equal(again, texts[i]);
		free(again);
		profile__free(p);
	}
}

static void test_text_of_others_is_made_safe(void **state)
{
	static const char text[] = "a;;b\xff;x 12;nul\0nul;end 1\na;;b\xff;x 12;nul\0nul;end 2";
	struct folded_source from = {0};
	struct profile *p = load(text, sizeof(text) - 1, &from);
	char *again;

	(void)state;
	assert_non_null(p);
	again = write_folded(p, false);
	assert_string_equal(again, "a;[unknown];b\xef\xbf\xbd;x_12;nul\xef\xbf\xbdnul;end 3\n");
	free(again);
	profile__free(p);
}

static void test_reasons_are_filtered(void **state)
{
	static const char text[] = "{\"stack\":\"a\",\"ns\":1000,\"reason\":\"lock\"}\n"
				   "{\"stack\":\"b\",\"ns\":5000,\"reason\":\"poll\"}\n";
	struct folded_source from = {.reasons = 1u << REASON_LOCK};
	struct profile *p = load(text, strlen(text), &from);

	(void)state;
	assert_non_null(p);
	assert_true(from.has_reasons);
	assert_int_equal(p->sample_cnt, 1);
	assert_int_equal(p->samples[0].reason, REASON_LOCK);
	assert_int_equal(p->hidden_ns, 5000);
	profile__free(p);
}

static void test_errors_name_the_file(void **state)
{
	struct folded_source from = {0};

	(void)state;
	assert_null(load("a 1\nb\n", 6, &from));
	assert_int_equal(errno, EBADMSG);
	assert_string_equal(error_text(-EBADMSG), "test: line 2, column 2: expected a space and a "
						  "number behind the stack");
}

static void test_long_lines_pass_and_too_many_frames_dont(void **state)
{
	size_t len = 70000;
	char *text = malloc(2 * len + 16);
	struct folded_source from = {0};
	struct profile *p;

	(void)state;
	memset(text, 'x', len); /* longer than what is read at once; the name is cut */
	strcpy(text + len, ";y 1\nz 2\n");
	p = load(text, strlen(text), &from);
	assert_non_null(p);
	assert_int_equal(p->sample_cnt, 2);
	assert_string_equal(kinds_of(p, 1), "z:process ");
	profile__free(p);
	for (size_t i = 0; i < 2 * len; i += 2)
		memcpy(text + i, "f;", 2);
	strcpy(text + 2 * len, "f 1\n");
	assert_null(load(text, strlen(text), &from));
	assert_int_equal(errno, E2BIG);
	assert_string_equal(error_text(-E2BIG), "test: line 1 is too long");
	free(text);
}

/* Equal stacks are one sample; a name at the root is another frame than the same further up; reasons stay apart. */
static void test_equal_stacks_are_added_up(void **state _unused_)
{
	static const char text[] = "a;a;b 1\na;b;a 2\na;a;b 3\nb 4\nb 5\na;a 6\n";
	static const char rows[] = "{\"stack\":\"a;b\",\"ns\":1,\"reason\":\"lock\",\"count\":2}\n"
				   "{\"stack\":\"a;b\",\"ns\":2,\"reason\":\"disk\",\"count\":3}\n"
				   "{\"stack\":\"a;b\",\"ns\":4,\"reason\":\"lock\",\"count\":5}\n";
	struct folded_source from = {.unit = FOLDED_UNIT_NS};
	struct profile *p = load(text, sizeof(text) - 1, &from);

	assert_non_null(p);
	assert_int_equal(p->sample_cnt, 4);
	assert_int_equal(from.row_cnt, 6);
	assert_string_equal(kinds_of(p, 0), "a:process a:native b:native ");
	assert_int_equal(p->samples[0].blocked_ns, 4);
	assert_int_equal(p->samples[2].blocked_ns, 9);
	profile__free(p);
	from = (struct folded_source){.unit = FOLDED_UNIT_NS};
	p = load(rows, sizeof(rows) - 1, &from);
	assert_non_null(p);
	assert_int_equal(p->sample_cnt, 2);
	assert_int_equal(p->samples[0].reason, REASON_LOCK);
	assert_int_equal(p->samples[0].blocked_ns, 5);
	assert_int_equal(p->samples[0].cnt, 7);
	assert_int_equal(p->samples[1].blocked_ns, 2);
	profile__free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_members_in_order),
		cmocka_unit_test(test_json_errors_have_a_place),
		cmocka_unit_test(test_folded_lines),
		cmocka_unit_test(test_folded_units),
		cmocka_unit_test(test_what_a_database_prints),
		cmocka_unit_test(test_json_rows),
		cmocka_unit_test(test_kinds_are_guessed),
		cmocka_unit_test(test_text_comes_back_as_it_was),
		cmocka_unit_test(test_text_of_others_is_made_safe),
		cmocka_unit_test(test_reasons_are_filtered),
		cmocka_unit_test(test_equal_stacks_are_added_up),
		cmocka_unit_test(test_errors_name_the_file),
		cmocka_unit_test(test_long_lines_pass_and_too_many_frames_dont),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
