/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The writers, on profiles made in memory; pprof files as text. What they write is compared with tests/golden/output
 * (found from the working directory or $DWELL_GOLDEN); UPDATE_GOLDEN=1 writes those files anew.
 * In the golden HTML and SVG the embedded scripts and styles are left out, in the JSON the
 * kernel's counters.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/buf.h"
#include "browser/sample_profile.h"
#include "fixtures/golden.h"
#include "output/fold.h"
#include "output/json_writer.h"
#include "output/text.h"
#include "output/tree.h"
#include "output/writer.h"
#include "svg.js.inc"
#include "viewer.css.inc"
#include "viewer.js.inc"

static char *render(const struct writer *w, const struct profile *p)
{
	struct writer_opts opts = {0};

	return golden_render(w, p, &opts);
}

/* ---- golden files ---- */

/* The list of counters grows; test_json_counters() looks at it. */
static void cut_counters(char *text)
{
	static const char key[] = "\"counters\":{";
	char *at = strstr(text, key), *end;

	if (!at)
		return;
	at += strlen(key);
	end = strchr(at, '}');
	assert_non_null(end);
	memmove(at, end, strlen(end) + 1);
}

static void check_golden(const struct writer *w, const struct profile *p, const char *name)
{
	char *got = render(w, p);

	if (w == &json_writer)
		cut_counters(got);
	golden_check(w, "output", name, got);
}

static void check_all_golden(struct profile *p, const char *name)
{
	sample_add_waits(p);
	for (const struct writer *const *w = writers(); *w; w++)
		if (golden_has(*w))
			check_golden(*w, p, name);
	profile__free(p);
}

static void test_golden_small(void **state _unused_)
{
	check_all_golden(sample_small(), "small");
}

static void test_golden_hostile(void **state _unused_)
{
	check_all_golden(sample_hostile(), "hostile");
}

static void test_golden_empty(void **state _unused_)
{
	check_all_golden(sample_new("nothing happened", 1000000), "empty");
}

/* The scripts are in the files as they are. */
static void test_embedded(void **state _unused_)
{
	struct profile *p = sample_small();
	char *html = render(&html_writer, p), *svg = render(&svg_writer, p);

	assert_non_null(strstr(html, (const char *)viewer_js));
	assert_non_null(strstr(html, (const char *)viewer_css));
	assert_non_null(strstr(svg, (const char *)svg_js));
	assert_null(strstr((const char *)viewer_js, "</"));
	assert_null(strstr((const char *)viewer_css, "</"));
	assert_null(strstr((const char *)svg_js, "]]>"));
	assert_null(strstr(html, "http:"));
	assert_null(strstr(html, "https:"));
	free(html);
	free(svg);
	profile__free(p);
}

/* ---- a reader of JSON that accepts nothing else ---- */

static const char *skip_space(const char *s)
{
	return s + strspn(s, " \t\r\n");
}

static const char *skip_string(const char *s)
{
	size_t len;

	assert_int_equal(*s, '"');
	for (s++; *s != '"'; s += len) {
		uint32_t c = text_char(s, &len);

		assert_true(c >= 0x20);
		/* A byte that is no UTF-8 is one replacement; a real U+FFFD has three bytes. */
		assert_true(c != TEXT_REPLACEMENT || len == 3);
		if (c != '\\')
			continue;
		assert_non_null(strchr("\"\\/bfnrtu", s[1]));
		len = 2;
		if (s[1] == 'u') {
			assert_true(strspn(s + 2, "0123456789abcdef") >= 4);
			len = 6;
		}
	}
	return s + 1;
}

static const char *skip_value(const char *s, int depth);

static const char *skip_list(const char *s, char close, int depth)
{
	s = skip_space(s + 1);
	if (*s == close)
		return s + 1;
	for (;; s = skip_space(s + 1)) {
		if (close == '}') {
			s = skip_space(skip_string(s));
			assert_int_equal(*s, ':');
			s = skip_space(s + 1);
		}
		s = skip_space(skip_value(s, depth + 1));
		if (*s == close)
			return s + 1;
		assert_int_equal(*s, ',');
	}
}

static const char *skip_value(const char *s, int depth)
{
	static const char *const words[] = {"true", "false", "null"};

	assert_true(depth < 32);
	if (*s == '{')
		return skip_list(s, '}', depth);
	if (*s == '[')
		return skip_list(s, ']', depth);
	if (*s == '"')
		return skip_string(s);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strncmp(s, words[i], strlen(words[i])))
			return s + strlen(words[i]);
	s += *s == '-';
	assert_true(*s >= '0' && *s <= '9');
	assert_true(*s != '0' || !(s[1] >= '0' && s[1] <= '9'));
	return s + strspn(s, "0123456789");
}

static void assert_json(const char *text)
{
	assert_int_equal(*skip_space(skip_value(skip_space(text), 0)), '\0');
}

/* The JSON inside an HTML file; to be freed. */
static char *html_data(const char *html)
{
	static const char open[] = "<script id=\"data\" type=\"application/json\">";
	const char *from = strstr(html, open), *to;

	assert_non_null(from);
	from += strlen(open);
	to = strchr(from, '<'); /* none may be in the data */
	assert_non_null(to);
	assert_int_equal(strncmp(to, "</script>", 9), 0);
	return strndup(from, (size_t)(to - from));
}

static void assert_json_lines(char *text)
{
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		assert_json(line);
}

static void test_json_is_json(void **state _unused_)
{
	struct profile *all[] = {sample_small(), sample_hostile(), sample_new("", 0),
				 sample_server(), sample_big(300, 7)};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		char *json = render(&json_writer, all[i]), *html = render(&html_writer, all[i]);
		char *data = html_data(html), *lines = render(&ndjson_writer, all[i]);
		char *speedscope = render(&speedscope_writer, all[i]);

		assert_json(json);
		assert_json(speedscope);
		assert_json_lines(lines);
		assert_json(data);
		free(json);
		free(html);
		free(data);
		free(lines);
		free(speedscope);
		profile__free(all[i]);
	}
}

/* Each of the kernel's counters is there, by its name. */
static void test_json_counters(void **state _unused_)
{
	struct profile *p = sample_new("counters", 1);
	char *text, want[64];

	for (int i = 0; i < WIRE_COUNTER_CNT; i++)
		p->ledger.counters[i] = 1000 + (uint64_t)i;
	text = render(&json_writer, p);
#define X(id, name, help)                                                     \
	snprintf(want, sizeof(want), "\"%s\":%d%c", name, 1000 + WIRE_C_##id, \
		 WIRE_C_##id == WIRE_COUNTER_CNT - 1 ? '}' : ',');            \
	assert_non_null(strstr(text, want));
	WIRE_COUNTERS_LIST(X)
#undef X
	free(text);
	profile__free(p);
}

static void test_json_any_bytes(void **state _unused_)
{
	static char text[1 << 14];
	struct out out;
	struct json j;
	char raw[3] = {0};

	for (int a = 1; a < 256; a++)
		for (int b = 0; b < 256; b += 5) {
			FILE *to = fmemopen(text, sizeof(text), "w");

			raw[0] = (char)a;
			raw[1] = (char)b;
			out__init(&out, to);
			json__init(&j, &out);
			json__begin_array(&j);
			json__string(&j, raw);
			json__s64(&j, INT64_MIN);
			json__u64(&j, UINT64_MAX);
			json__null(&j);
			json__begin_object(&j);
			json__member_bool(&j, raw, true);
			json__member_bool(&j, "\xe2\x80\xa8\xf0\x9f\x98\x80", false);
			json__end_object(&j);
			json__end_array(&j);
			assert_int_equal(out__finish(&out), 0);
			fclose(to);
			assert_json(text);
		}
	assert_string_equal(text, "[\"\xef\xbf\xbd\xef\xbf\xbd\",-9223372036854775808,"
				  "18446744073709551615,null,{\"\xef\xbf\xbd\xef\xbf\xbd\":true,"
				  "\"\\u2028\xf0\x9f\x98\x80\":false}]");
}

/* ---- a reader of XML that accepts little else ---- */

static const char *skip_text(const char *s, char until)
{
	static const char *const entities[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&#39;"};
	size_t len;

	for (; *s != until; s += len) {
		uint32_t c = text_safe_char(s, &len);
		size_t i = 0;

		assert_true(c != '<' && c != 0);
		assert_true(c != TEXT_REPLACEMENT || len == 3 || *s == '\n');
		if (c != '&')
			continue;
		while (i < ARRAY_SIZE(entities) && strncmp(s, entities[i], strlen(entities[i])))
			i++;
		assert_true(i < ARRAY_SIZE(entities));
	}
	return s;
}

/* The end of the tag at @s, *@ret_empty for "<x/>". */
static const char *skip_tag(const char *s, bool *ret_empty)
{
	s += strcspn(s, " />\n");
	for (;;) {
		s += strspn(s, " \n");
		*ret_empty = *s == '/';
		if (*s == '/' || *s == '>')
			return s + (*s == '/') + 1;
		s += strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-:");
		assert_int_equal(strncmp(s, "=\"", 2), 0);
		s = skip_text(s + 2, '"') + 1;
	}
}

static void assert_xml(const char *s)
{
	const char *open[16];
	size_t depth = 0;
	bool empty;

	assert_int_equal(strncmp(s, "<?xml ", 6), 0);
	s = strchr(s, '\n') + 1;
	do {
		assert_int_equal(*s, '<');
		if (!strncmp(s, "<![CDATA[", 9)) {
			s = strstr(s, "]]>") + 3;
		} else if (s[1] == '/') {
			size_t len = strcspn(s + 2, ">");

			assert_true(depth > 0);
			assert_int_equal(strncmp(open[--depth], s + 2, len), 0);
			assert_non_null(strchr(" >\n", open[depth][len]));
			s += len + 3;
		} else {
			assert_true(depth < ARRAY_SIZE(open));
			open[depth] = s + 1;
			s = skip_tag(s + 1, &empty);
			depth += !empty;
		}
		if (depth)
			s = skip_text(s, '<');
	} while (depth);
	assert_string_equal(s, "\n");
}

static void test_svg_is_xml(void **state _unused_)
{
	struct profile *all[] = {sample_small(), sample_hostile(), sample_new("", 0),
				 sample_server(), sample_big(300, 7)};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		char *svg = render(&svg_writer, all[i]);

		assert_xml(svg);
		free(svg);
		profile__free(all[i]);
	}
}

/* ---- the numbers ---- */

static uint64_t folded_total(const char *s)
{
	uint64_t us = 0;

	for (; *s; s += strcspn(s, "\n") + 1) {
		size_t len = strcspn(s, "\n");
		size_t at = len;

		while (s[at - 1] >= '0' && s[at - 1] <= '9')
			at--;
		assert_true(at < len && s[at - 1] == ' ');
		us += strtoull(s + at, NULL, 10);
	}
	return us;
}

/* The three pictures tell the same total. */
static void test_same_numbers(void **state _unused_)
{
	struct profile *all[] = {sample_small(), sample_hostile(), sample_server(),
				 sample_big(500, 11)};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		char *folded = render(&folded_writer, all[i]);
		char *html = render(&html_writer, all[i]), *svg = render(&svg_writer, all[i]);
		char want[64];

		snprintf(want, sizeof(want), "\"total_us\":%" PRIu64 ",", folded_total(folded));
		assert_non_null(strstr(html, want));
		snprintf(want, sizeof(want), "data-f=\"0 0 %" PRIu64 "\"", folded_total(folded));
		assert_non_null(strstr(svg, want));
		free(folded);
		free(html);
		free(svg);
		profile__free(all[i]);
	}
}

static void reverse_samples(struct profile *p)
{
	for (size_t i = 0; i < p->sample_cnt / 2; i++) {
		struct profile_sample s = p->samples[i];

		p->samples[i] = p->samples[p->sample_cnt - 1 - i];
		p->samples[p->sample_cnt - 1 - i] = s;
	}
	for (size_t i = 0; i < p->wait_cnt; i++)
		p->waits[i].sample = (uint32_t)p->sample_cnt - 1 - p->waits[i].sample;
}

/* Nothing depends on the order of the samples but the JSON, which lists them, and Perfetto's numbers of stacks. */
static void test_order_of_samples(void **state _unused_)
{
	struct profile *all[] = {sample_small(), sample_hostile(), sample_server(),
				 sample_big(500, 11)};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		sample_add_waits(all[i]);
		for (const struct writer *const *w = writers(); *w; w++) {
			char *before = render(*w, all[i]), *after;

			reverse_samples(all[i]);
			after = render(*w, all[i]);
			if (*w != &json_writer && *w != &perfetto_writer)
				assert_string_equal(before, after);
			free(before);
			free(after);
		}
		profile__free(all[i]);
	}
}

/* The lines are in the order of `LC_ALL=C sort`: spaces inside names and numbers count. */
static void test_folded_sorted(void **state _unused_)
{
	static const char *const names[] = {
		"Ua", "Ua b", "Ua (x)", "Ua:", "Ua.b", "Uab", "UA", "U\xc3\xa4"};
	struct profile *p = sample_new("sorted", 1);
	char *text, *line, *next, *last = NULL;
	size_t lines = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		for (size_t j = 0; j < ARRAY_SIZE(names); j++) {
			SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 1000 * (i * 37 % 19 + 1)),
				   "Pp", names[i], names[j]);
			SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 1000 * (j * 37 % 19 + 5)),
				   "Pp", names[i]);
		}
	text = render(&folded_writer, p);
	for (line = text; *line; line = next) {
		next = line + strcspn(line, "\n");
		*next++ = '\0';
		if (last)
			assert_true(strcmp(last, line) < 0);
		last = line;
		lines++;
	}
	assert_int_equal(lines, ARRAY_SIZE(names) * (ARRAY_SIZE(names) + 1));
	free(text);
	profile__free(p);
}

/* With kinds, frames of one name and two kinds are two rows, and the order is still that of the lines. */
static void test_folded_kinds(void **state _unused_)
{
	static const struct writer_opts kinds = {.kinds = true};
	struct profile *p = sample_new("kinds", 1);
	char *text;

	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 1000), "Pp", "Uf", "Ig", "Kread");
	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 2000), "Pp", "Uf", "Ug", "Kread");
	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 3000), "Pp", "Jf", "Ug_b");
	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 4000), "Pp", "Jf", "Ig");
	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 5000), "Pp", "Vf", "Ig", "Kread");
	text = render(&folded_writer, p);
	assert_string_equal(text, "p;f;g 4\np;f;g;read 8\np;f;g_b 3\n");
	free(text);
	text = golden_render(&folded_writer, p, &kinds);
	assert_string_equal(text, "p;f;g;read_[k] 2\n"
				  "p;f;g_[i];read_[k] 6\n"
				  "p;f_[j];g_[i] 4\n"
				  "p;f_[j];g_b 3\n");
	free(text);
	profile__free(p);
}

/* Parts of any size add up to the row, none is off by more than a microsecond. */
static void test_fold_parts(void **state _unused_)
{
	struct profile *p = sample_new("parts", 1);
	uint64_t ns = 0, us = 0;
	struct fold f;

	for (uint8_t r = 0; r < REASON_CNT; r++) {
		SAMPLE_ADD(p, SAMPLE(.reason = r, .cnt = 1, .blocked_ns = 1499, .max_ns = 1499 + r),
			   "Pp");
		ns += 1499;
	}
	assert_int_equal(fold__init(&f, p), 0);
	assert_int_equal(f.row_cnt, 1);
	assert_int_equal(f.rows[0].ns, ns);
	assert_int_equal(f.rows[0].us, (ns + 500) / 1000);
	assert_int_equal(f.total_us, f.rows[0].us);
	for (uint32_t at = f.rows[0].first_part, r = 0; at != FOLD_NONE;
	     at = f.parts[at].next, r++) {
		assert_int_equal(f.parts[at].reason, r);
		assert_int_equal(f.parts[at].max_ns, 1499 + r);
		assert_true(f.parts[at].us == 1 || f.parts[at].us == 2);
		us += f.parts[at].us;
	}
	assert_int_equal(us, f.rows[0].us);
	fold__fini(&f);
	profile__free(p);
}

/* A sample without frames is not lost. */
static void test_no_frames(void **state _unused_)
{
	struct profile *p = sample_new("none", 1);
	struct profile_sample s = {.cnt = 1, .blocked_ns = 5000};
	char *text;

	assert_int_equal(profile__add_sample(p, &s, NULL, 0), 0);
	text = render(&folded_writer, p);
	assert_string_equal(text, "[unknown] 5\n");
	free(text);
	assert_int_equal(profile__add_wait(p, &(struct profile_wait){.to_ns = 5000,
								     .wake_ns = 5000,
								     .waker = PROFILE_NO_THREAD}),
			 0);
	for (const struct writer *const *w = writers(); *w; w++)
		free(render(*w, p));
	profile__free(p);
}

static void test_tree(void **state _unused_)
{
	struct profile *p = sample_small();
	const char *under = "";
	uint64_t self_us = 0;
	struct fold f;
	struct tree t;

	assert_int_equal(fold__init(&f, p), 0);
	assert_int_equal(tree__init(&t, &f), 0);
	assert_int_equal(t.nodes[TREE_ROOT].us, f.total_us);
	for (uint32_t i = 0; i < t.cnt; i++) {
		if (t.nodes[i].row != TREE_NONE)
			self_us += f.rows[t.nodes[i].row].us;
		if (!strcmp(tree__name(&t, i), "main") ||
		    !strcmp(tree__name(&t, i), "thread_start"))
			under = tree__name(&t, i);
		/* Two modules have a lock_it under main, only one under thread_start. */
		if (!strcmp(tree__name(&t, i), "lock_it"))
			assert_string_equal(profile__str(p, t.nodes[i].module),
					    !strcmp(under, "main") ? "" : "app");
	}
	assert_int_equal(self_us, f.total_us);
	tree__fini(&t);
	fold__fini(&f);
	profile__free(p);
}

/* ---- the table of the terminal ---- */

static void test_table_width(void **state _unused_)
{
	static const int widths[] = {40, 80, 100, 200};
	struct profile *all[] = {sample_small(), sample_hostile(), sample_server()};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(widths); j++) {
			struct writer_opts opts = {.width = widths[j]};
			char *text = golden_render(&table_writer, all[i], &opts);

			/* 40 columns are too few for the numbers in front of the name. */
			for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
				assert_true(widths[j] < 80 ||
					    text_width(line) <= (size_t)widths[j]);
			free(text);
		}
		profile__free(all[i]);
	}
}

static void test_table_rest_and_color(void **state _unused_)
{
	struct writer_opts opts = {.top_cnt = 2}, color = {.color = true};
	struct profile *p = sample_server();
	char *text = golden_render(&table_writer, p, &opts);

	assert_non_null(strstr(text, "... 12 more stacks, 20.61 s (66.9 %)\n"));
	assert_null(strchr(text, '\033'));
	free(text);
	text = golden_render(&table_writer, p, &color);
	assert_non_null(strstr(text, "\033[1m"));
	free(text);
	profile__free(p);
}

/* The thread of a line: the only one, or the first frame and that there are others. */
static void test_table_threads(void **state _unused_)
{
	struct profile *p = sample_small();
	char *text = render(&table_writer, p);

	assert_non_null(strstr(text, "lock         app/100\n"));
	assert_null(strstr(text, "(several)"));
	free(text);
	SAMPLE_ADD(p, SAMPLE(.thread = 2, .reason = REASON_LOCK, .cnt = 1, .blocked_ns = 9000),
		   "Papp", "Umain", "Ulock_it", "D-", "Kfutex_wait", "Kschedule");
	text = render(&table_writer, p);
	assert_non_null(strstr(text, "lock         app (several)\n"));
	free(text);
	profile__free(p);
}

static void check_says(struct profile *p, const char *what)
{
	char *text = render(&table_writer, p);

	assert_non_null(strstr(text, "no off-CPU time was seen: "));
	assert_non_null(strstr(text, what));
	free(text);
	profile__free(p);
}

static void test_table_says_why_empty(void **state _unused_)
{
	struct profile *p = sample_new("", 1);

	check_says(p, "no thread was traced");
	p = sample_new("", 1);
	sample_thread(p, "idle", (struct profile_thread){.pid = 1, .tid = 1});
	check_says(p, "none of 1 threads blocked");
	p = sample_new("", 1);
	p->hidden_ns = p->ledger.filtered.ns = 5000000;
	check_says(p, "--reason or --no-idle hid all of it, 5.000 ms");
	p = sample_new("", 1);
	p->ledger.filtered.ns = 5000000;
	check_says(p, "the filters dropped all of it, 5.000 ms");
	p = sample_new("", 1);
	p->ledger.lost_spill_full.ns = 5000000;
	check_says(p, "all of it was lost, 5.000 ms");
	p = sample_new("", 1);
	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 400), "Pshort");
	check_says(p, "no stack adds up to a microsecond (400 ns in all)");
}

/* ---- the list of writers, errors ---- */

static void test_writers(void **state _unused_)
{
	assert_ptr_equal(writer_find("html"), &html_writer);
	assert_null(writer_find("HTML"));
	assert_null(writer_find(""));
	assert_ptr_equal(writer_find_for_path("/tmp/a.svg.json"), &json_writer);
	assert_ptr_equal(writer_find_for_path("a.ndjson"), &ndjson_writer);
	assert_ptr_equal(writer_find_for_path("a.folded"), &folded_writer);
	assert_ptr_equal(writer_find_for_path("a.folded.pb.gz"), &pprof_writer);
	assert_ptr_equal(writer_find_for_path("a.txt"), &table_writer);
	assert_ptr_equal(writer_find_for_path("a.speedscope.json"), &speedscope_writer);
	assert_ptr_equal(writer_find_for_path("speedscope.json"), &json_writer);
	assert_ptr_equal(writer_find_for_path("a.perfView.xml.zip"), &perfview_writer);
	assert_ptr_equal(writer_find_for_path("a.perfView.xml"), &perfview_xml_writer);
	assert_null(writer_find_for_path("a.zip"));
	assert_null(writer_find_for_path("folded"));
	assert_null(writer_find_for_path("a.folded.gz"));
	assert_null(writer_find_for_path(""));
	for (const struct writer *const *w = writers(); *w; w++) {
		assert_ptr_equal(writer_find((*w)->name), *w);
		assert_true((*w)->help && *(*w)->help);
	}
}

static void test_stream_errors(void **state _unused_)
{
	struct profile *p = sample_server();
	struct writer_opts opts = {0};

	sample_add_waits(p);
	for (const struct writer *const *w = writers(); *w; w++) {
		FILE *to = fopen("/dev/full", "w");

		if (!to)
			skip();
		assert_int_equal((*w)->write(p, &opts, to), -ENOSPC);
		fclose(to);
	}
	profile__free(p);
}

/* ---- text ---- */

static void test_text_numbers(void **state _unused_)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} times[] = {
		{0, "0 ns"},
		{999, "999 ns"},
		{1000, "1.000 us"},
		{9999, "9.999 us"},
		{99995, "100.0 us"},
		{999949, "999.9 us"},
		{999950, "1.000 ms"},
		{12345678, "12.35 ms"},
		{999999999, "1.000 s"},
		{59949999999, "59.95 s"},
		{999949999999, "999.9 s"},
		{999950000000, "1,000 s"},
		{UINT64_MAX, "18,446,744,074 s"},
	};
	char text[TEXT_NS_LEN];

	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		assert_string_equal(text_ns(text, times[i].ns), times[i].text);
	assert_string_equal(text_cnt(text, 0), "0");
	assert_string_equal(text_cnt(text, 999), "999");
	assert_string_equal(text_cnt(text, UINT64_MAX), "18,446,744,073,709,551,615");
	assert_string_equal(text_pct(text, 1, 0), "0.0");
	assert_string_equal(text_pct(text, 1, 3), "33.3");
	assert_string_equal(text_pct(text, 2, 3), "66.7");
	assert_string_equal(text_pct(text, UINT64_MAX, UINT64_MAX), "100.0");
	assert_int_equal(text_scale(UINT64_MAX, 118000, UINT64_MAX), 118000);
}

static void check_fit(const char *s, size_t cols, const char *want)
{
	_cleanup_buf_ struct buf b;

	buf__init(&b, 1024);
	assert_true(text_fit(&b, s, cols) <= cols);
	assert_string_equal(buf__str(&b), want);
}

static void test_text_fit(void **state _unused_)
{
	check_fit("abcdef", 6, "abcdef");
	check_fit("abcdef", 5, "abcd\xe2\x80\xa6");
	check_fit("abcdef", 0, "");
	check_fit("\xe4\xb8\xad\xe6\x96\x87", 3, "\xe4\xb8\xad\xe2\x80\xa6");
	check_fit("\xe4\xb8\xad\xe6\x96\x87", 4, "\xe4\xb8\xad\xe6\x96\x87");
	check_fit("e\xcc\x81x", 2, "e\xcc\x81x");
	check_fit("\x1b[2J\xc2\x9b", 9, "\xef\xbf\xbd[2J\xef\xbf\xbd");
	check_fit("\xff\xc0\x80", 9, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	check_fit("\xe2\x82", 9, "\xef\xbf\xbd\xef\xbf\xbd");
}

static void test_text_utf8_round_trip(void **state _unused_)
{
	char bytes[5] = {0};
	size_t len;

	for (uint32_t c = 1; c <= 0x10ffff; c += c < 0x1000 ? 1 : 61) {
		memset(bytes, 0, sizeof(bytes));
		len = text_encode(c, bytes);
		assert_int_equal(len, strlen(bytes));
		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		assert_int_equal(text_char(bytes, &len), c);
		assert_int_equal(len, strlen(bytes));
	}
	assert_int_equal(text_char("\xed\xa0\x80", &len), TEXT_REPLACEMENT);
	assert_int_equal(len, 1);
	assert_int_equal(text_char("\xf4\x90\x80\x80", &len), TEXT_REPLACEMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden_small),
		cmocka_unit_test(test_golden_hostile),
		cmocka_unit_test(test_golden_empty),
		cmocka_unit_test(test_embedded),
		cmocka_unit_test(test_json_is_json),
		cmocka_unit_test(test_json_counters),
		cmocka_unit_test(test_json_any_bytes),
		cmocka_unit_test(test_svg_is_xml),
		cmocka_unit_test(test_same_numbers),
		cmocka_unit_test(test_order_of_samples),
		cmocka_unit_test(test_folded_sorted),
		cmocka_unit_test(test_folded_kinds),
		cmocka_unit_test(test_fold_parts),
		cmocka_unit_test(test_no_frames),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_table_width),
		cmocka_unit_test(test_table_rest_and_color),
		cmocka_unit_test(test_table_threads),
		cmocka_unit_test(test_table_says_why_empty),
		cmocka_unit_test(test_writers),
		cmocka_unit_test(test_stream_errors),
		cmocka_unit_test(test_text_numbers),
		cmocka_unit_test(test_text_fit),
		cmocka_unit_test(test_text_utf8_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
