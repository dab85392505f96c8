/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The text of metrics, byte by byte, and which format a request gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/os_read.h"
#include "output/exposition.h"
#include "output/metrics_text.h"

static const struct metric_family counter = {"x_seconds_total", METRIC_COUNTER, "a", "Help."};
static const struct metric_family gauge = {"x_left_bytes", METRIC_GAUGE, "", "Help."};
static const struct metric_family histogram = {"x_wait_seconds", METRIC_HISTOGRAM, "a", "Help."};

/* ---- text ---- */

static struct exposition begin(enum exposition_format format, struct buf *to)
{
	struct exposition x;

	buf__init(to, 1 << 20);
	exposition__init(&x, format, to);
	return x;
}

static void end(struct exposition *x, struct buf *text, const char *expected)
{
	assert_int_equal(exposition__finish(x), 0);
	assert_string_equal(buf__str(text), expected);
	buf__fini(text);
}

static void write_families(struct exposition *x)
{
	const struct metric_labels labels = {.items = {{"a", "1"}, {"b", "2"}}};

	exposition__family(x, &counter);
	exposition__sample(x, &labels, 1234000000, 9);
	exposition__family(x, &gauge);
	exposition__sample(x, NULL, 7, 0);
}

static void test_text(void **state _unused_)
{
	struct buf text;
	struct exposition x = begin(EXPOSITION_TEXT, &text);

	write_families(&x);
	end(&x, &text,
	    "# HELP x_seconds_total Help.\n# TYPE x_seconds_total counter\n"
	    "x_seconds_total{a=\"1\",b=\"2\"} 1.234\n"
	    "# HELP x_left_bytes Help.\n# TYPE x_left_bytes gauge\nx_left_bytes 7\n");
}

static void test_open_metrics(void **state _unused_)
{
	struct buf text;
	struct exposition x = begin(EXPOSITION_OPENMETRICS, &text);

	write_families(&x);
	end(&x, &text,
	    "# HELP x_seconds Help.\n# TYPE x_seconds counter\n# UNIT x_seconds seconds\n"
	    "x_seconds_total{a=\"1\",b=\"2\"} 1.234\n"
	    "# HELP x_left_bytes Help.\n# TYPE x_left_bytes gauge\n# UNIT x_left_bytes bytes\n"
	    "x_left_bytes 7\n# EOF\n");
}

static void test_histogram(void **state _unused_)
{
	const struct metric_labels labels = {.items = {{"a", "1"}}};
	struct bounds_counts counts = {0};
	struct bounds bounds;
	struct buf text;
	struct exposition x = begin(EXPOSITION_TEXT, &text);

	assert_int_equal(bounds_parse("0.00001,1", &bounds), 0);
	bounds_counts__add(&counts, &bounds, 1, 10000);
	bounds_counts__add(&counts, &bounds, 1, 10001);
	bounds_counts__add(&counts, &bounds, 1, 1000000001);
	exposition__family(&x, &histogram);
	exposition__histogram(&x, &labels, &bounds, &counts, 9);
	end(&x, &text,
	    "# HELP x_wait_seconds Help.\n# TYPE x_wait_seconds histogram\n"
	    "x_wait_seconds_bucket{a=\"1\",le=\"1e-05\"} 1\n"
	    "x_wait_seconds_bucket{a=\"1\",le=\"1.0\"} 2\n"
	    "x_wait_seconds_bucket{a=\"1\",le=\"+Inf\"} 3\n"
	    "x_wait_seconds_sum{a=\"1\"} 1.000020002\nx_wait_seconds_count{a=\"1\"} 3\n");
}

static void test_numbers(void **state _unused_)
{
	static const struct {
		unsigned __int128 value;
		unsigned int decimals;
		const char *text;
	} cases[] = {
		{0, 0, "0"},
		{0, 9, "0"},
		{1, 9, "0.000000001"},
		{10, 1, "1"},
		{1500000000, 9, "1.5"},
		{999999, 6, "0.999999"},
		{(1ull << 53) + 1, 0, "9007199254740993"},
		{UINT64_MAX, 9, "18446744073.709551615"},
		{(unsigned __int128)UINT64_MAX * 1000, 0, "18446744073709551615000"},
		{~(unsigned __int128)0, 0, "340282366920938463463374607431768211455"},
		{~(unsigned __int128)0, 9, "340282366920938463463374607431.768211455"},
	};
	char line[128];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf text;
		struct exposition x = begin(EXPOSITION_TEXT, &text);

		x.family = &gauge;
		exposition__sample(&x, NULL, cases[i].value, cases[i].decimals);
		snprintf(line, sizeof(line), "x_left_bytes %s\n", cases[i].text);
		end(&x, &text, line);
	}
}

/* No language has its comma here. */
static void test_locale(void **state _unused_)
{
	/* Not every machine has it: then this shows nothing, but numbers go through no function that knows locales. */
	setlocale(LC_ALL, "de_DE.UTF-8");
	test_text(NULL);
	test_numbers(NULL);
	setlocale(LC_ALL, "C");
}

static void test_labels_are_escaped(void **state _unused_)
{
	static const struct {
		const char *value, *text;
	} cases[] = {
		{"plain", "plain"},
		{"", ""},
		{"a\\b\"c", "a\\\\b\\\"c"},
		/* Control characters and what is no UTF-8 would fail the scrape. */
		{"a\nb\rc", "a\xef\xbf\xbd"
			    "b\xef\xbf\xbd"
			    "c"},
		{"\xff", "\xef\xbf\xbd"},
		{"\xc3\xa4", "\xc3\xa4"},
		{"{},=", "{},="},
	};
	char line[128];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct metric_labels labels = {.items = {{"a", cases[i].value}}};
		struct buf text;
		struct exposition x = begin(EXPOSITION_TEXT, &text);

		x.family = &gauge;
		exposition__sample(&x, &labels, 1, 0);
		snprintf(line, sizeof(line), "x_left_bytes{a=\"%s\"} 1\n", cases[i].text);
		end(&x, &text, line);
	}
}

static void test_a_full_buffer_is_an_error(void **state _unused_)
{
	_cleanup_buf_ struct buf text;
	struct exposition x;

	buf__init(&text, 50);
	exposition__init(&x, EXPOSITION_TEXT, &text);
	write_families(&x);
	assert_int_equal(exposition__finish(&x), -E2BIG);
}

/* ---- negotiation ---- */

#define OM   EXPOSITION_OPENMETRICS
#define TEXT EXPOSITION_TEXT

static void test_negotiation(void **state _unused_)
{
	static const struct {
		const char *accept;
		enum exposition_format format;
	} cases[] = {
		{NULL, TEXT},
		{"", TEXT},
		{"*/*", TEXT},
		{"text/html", TEXT},
		{"application/openmetrics-text", OM},
		/* As servers ask: Prometheus 2.42, 3.5, and with native histograms. */
		{"application/openmetrics-text;version=1.0.0,"
		 "application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,"
		 "*/*;q=0.1",
		 OM},
		{"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
		 "application/openmetrics-text;version=0.0.1;q=0.5,"
		 "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/"
		 "plain;version=0.0.4;q=0.3,"
		 "*/*;q=0.2",
		 OM},
		{"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
		 "encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,"
		 "text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
		 OM},
		/* vmagent, curl, browsers. */
		{"text/plain;version=0.0.4;q=1,*/*;q=0.1", TEXT},
		{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", TEXT},
		/* Wishes. */
		{"text/plain;q=0.5,application/openmetrics-text;q=0.4", TEXT},
		{"text/plain;q=0.5,application/openmetrics-text;q=0.5", OM},
		{"application/openmetrics-text;q=0", TEXT},
		{"application/openmetrics-text;q=0.000,text/plain;q=0", TEXT},
		{"*/*;q=1,application/openmetrics-text;q=0.9", TEXT},
		{"*/*;q=1,text/plain;q=0.1,application/openmetrics-text;q=0.9", OM},
		{"text/*;q=1,text/plain;version=0.0.4;q=0.1,application/openmetrics-text;q=0.9",
		 OM},
		{"application/openmetrics-text;version=0.0.1", TEXT},
		{"application/openmetrics-text;version=2.0.0", TEXT},
		{"application/openmetrics-text;version=2.0.0,application/"
		 "openmetrics-text;version=1.0.0;q=0.1",
		 OM},
		/* Forms. */
		{"APPLICATION/OpenMetrics-Text; Version=\"1.0.0\" ; Q=0.5", OM},
		{" application/openmetrics-text ; q=1.000 ", OM},
		{"x/y;z=\"a,application/openmetrics-text\"", TEXT},
		{"x/y;z=\"\\\",\",application/openmetrics-text", OM},
		{"application/openmetrics-text;q=2", TEXT},
		{"application/openmetrics-text;q=1.1", OM},
		{"application/openmetrics-text;q=0.5555", TEXT},
		{"application/openmetrics-text;q=x", TEXT},
		{"application/openmetrics-text;q", TEXT},
		{",,;;==,\"", TEXT},
		{"application/openmetrics-text,text/plain;q=0.5,\"", OM},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (exposition_negotiate(cases[i].accept) != cases[i].format)
			fail_msg("%s", cases[i].accept);
}

static void test_content_types(void **state _unused_)
{
	assert_string_equal(exposition_content_type(TEXT),
			    "text/plain; version=0.0.4; charset=utf-8");
	assert_string_equal(exposition_content_type(OM),
			    "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

/* ---- the file for node_exporter ---- */

static void test_textfile(void **state _unused_)
{
	char path[] = "/tmp/test_exposition_XXXXXX.prom";
	int fd = mkstemps(path, 5);
	struct metrics_snapshot *s = metrics_snapshot__new();
	_cleanup_buf_ struct buf text = {0};
	struct groups g;

	assert_true(fd >= 0);
	close(fd);
	assert_non_null(s);
	assert_int_equal(groups__init(&g, GROUP_BY_NONE, 2, NULL, NULL, false), 0);
	metrics__init(&s->counts, NULL, &g);
	assert_int_equal(metrics_write_file(s, path), 0);
	assert_int_equal(os_read_file(path, METRICS_MAX_BYTES, &text), 0);
	assert_non_null(strstr(text.data, "\ndwell_observed_seconds_total 0\n"));
	/* node_exporter has these itself. */
	assert_null(strstr(text.data, "\nprocess_"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(metrics_write_file(s, "/nonexistent/x.prom"), -ENOENT);
	metrics_snapshot__free(s);
	metrics_snapshot__free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_open_metrics),
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_locale),
		cmocka_unit_test(test_labels_are_escaped),
		cmocka_unit_test(test_a_full_buffer_is_an_error),
		cmocka_unit_test(test_negotiation),
		cmocka_unit_test(test_content_types),
		cmocka_unit_test(test_textfile),
	};

	return cmocka_run_group_tests_name("exposition", tests, NULL, NULL);
}
