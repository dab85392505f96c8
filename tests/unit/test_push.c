/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Sending: what answers mean, what receivers are sent, headers and their secrets, waits, the status file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "app/push_headers.h"
#include "app/push_status.h"
#include "base/backoff.h"
#include "base/log.h"
#include "output/push_receiver.h"

static enum push_verdict judge(const struct push_receiver *r, int status, const char *body)
{
	struct http_answer a = {
		.error = "", .status = status, .body = body, .body_len = strlen(body)};

	return push_receiver__judge(r, &a);
}

/* ---- verdicts ---- */

static void every_status_has_a_verdict(void **state)
{
	static const int halted[] = {301, 302, 307, 308, 401, 402, 403, 404, 405, 407, 410, 421};
	static const int later[] = {0, 101, 408, 425, 429, 500, 501, 502, 503, 504, 599, 600, 999};
	static const int rejected[] = {400, 406, 409, 411, 413, 414, 415, 417, 422, 451, 499};

	(void)state;
	for (int status = 200; status < 300; status++)
		assert_int_equal(judge(&push_pyroscope, status, ""), PUSH_TAKEN);
	for (size_t i = 0; i < ARRAY_SIZE(halted); i++)
		assert_int_equal(judge(&push_pyroscope, halted[i], ""), PUSH_HALTED);
	for (size_t i = 0; i < ARRAY_SIZE(later); i++)
		assert_int_equal(judge(&push_pyroscope, later[i], ""), PUSH_LATER);
	for (size_t i = 0; i < ARRAY_SIZE(rejected); i++)
		assert_int_equal(judge(&push_pyroscope, rejected[i], ""), PUSH_REJECTED);
}

static void no_answer_is_tried_again(void **state)
{
	(void)state;
	for (int failure = HTTP_TIMEOUT; failure <= HTTP_NETWORK; failure++) {
		/* The status may have come before the rest did not. */
		struct http_answer a = {.failure = (enum http_failure)failure,
					.error = "x",
					.status = 200,
					.body = ""};

		assert_int_equal(push_receiver__judge(&push_clickhouse, &a), PUSH_LATER);
	}
}

static void exceptions_outweigh_the_status(void **state)
{
	struct http_answer a = {.error = "", .status = 500, .exception = 27, .body = ""};

	(void)state;
	/* As 18.16 writes them, and as later ones do. */
	assert_int_equal(judge(&push_clickhouse, 500, "Code: 27, e.displayText() = DB::Exception"),
			 PUSH_REJECTED);
	assert_int_equal(judge(&push_clickhouse, 400, "Code: 117. DB::Exception: x"),
			 PUSH_REJECTED);
	assert_int_equal(judge(&push_clickhouse, 200, "Code: 27. DB::Exception: x"), PUSH_REJECTED);
	assert_int_equal(judge(&push_clickhouse, 200, "Code: 12345. x"), PUSH_LATER);
	assert_int_equal(judge(&push_clickhouse, 404, "Code: 60, x"), PUSH_HALTED);
	assert_int_equal(judge(&push_clickhouse, 500, "Code: 516. x"), PUSH_HALTED);
	assert_int_equal(judge(&push_clickhouse, 400, "Code: 202. x"), PUSH_LATER);
	assert_int_equal(judge(&push_clickhouse, 500, "Code: 241. x"), PUSH_LATER);
	assert_int_equal(push_receiver__judge(&push_clickhouse, &a), PUSH_REJECTED);
	/* Not those of another receiver, and no number in another text. */
	assert_int_equal(judge(&push_pyroscope, 500, "Code: 27. x"), PUSH_LATER);
	assert_int_equal(judge(&push_clickhouse, 500, "Code: x"), PUSH_LATER);
	assert_int_equal(judge(&push_clickhouse, 200, "Code:"), PUSH_TAKEN);
	assert_int_equal(judge(&push_clickhouse, 200, ""), PUSH_TAKEN);
}

/* ---- what is sent ---- */

static void assert_url(const struct push_receiver *r, const char *url, const char *expected)
{
	struct push_site site = {.url = url};
	_cleanup_buf_ struct buf b;

	buf__init(&b, 4096);
	assert_int_equal(r->write_url(&site, &b), 0);
	assert_string_equal(buf__str(&b), expected);
}

#define QUERY	 "query=INSERT+INTO+dwell.incoming+FORMAT+JSONEachRow"
#define SETTINGS "input_format_skip_unknown_fields=1&wait_end_of_query=1"

static void addresses(void **state)
{
	(void)state;
	assert_url(&push_clickhouse, "http://h:8123", "http://h:8123?" QUERY "&" SETTINGS);
	assert_url(&push_clickhouse, "http://h/?user=a", "http://h/?user=a&" QUERY "&" SETTINGS);
	assert_url(&push_clickhouse, "http://h/?query=x&wait_end_of_query=0",
		   "http://h/?query=x&wait_end_of_query=0&input_format_skip_unknown_fields=1");
	assert_url(&push_clickhouse, "http://h/?my_query=x",
		   "http://h/?my_query=x&" QUERY "&" SETTINGS);
	assert_url(&push_pyroscope, "http://h:4040", "http://h:4040/push.v1.PusherService/Push");
	assert_url(&push_pyroscope, "http://h/a//", "http://h/a/push.v1.PusherService/Push");
	assert_url(&push_pyroscope, "http://h/push.v1.PusherService/Push",
		   "http://h/push.v1.PusherService/Push");
}

static void assert_profile(const void *data, size_t len, const char *expected)
{
	struct push_label labels[] = {{"service_name", "a\"\\\n"}};
	struct push_site site = {.url = "", .labels = labels, .label_cnt = 1};
	struct push_segment segment = {"0123456789abcdef0123456789abcdef", data, len};
	_cleanup_buf_ struct buf b, all;

	buf__init(&b, 4096);
	buf__init(&all, 4096);
	assert_int_equal(push_pyroscope.write_body(&site, &segment, &b), 0);
	buf__printf(
		&all,
		"{\"series\":[{\"labels\":[{\"name\":\"__name__\",\"value\":\"block\"},"
		"{\"name\":\"service_name\",\"value\":\"a\\\"\\\\\\u000a\"}],\"samples\":[{\"ID\":"
		"\"01234567-89ab-cdef-0123-456789abcdef\",\"rawProfile\":\"%s\"}]}]}",
		expected);
	assert_string_equal(buf__str(&b), buf__str(&all));
}

static void profiles_in_base64(void **state)
{
	/* RFC 4648, 10. */
	static const struct {
		const char *data, *text;
	} cases[] = {{"", ""},
		     {"f", "Zg=="},
		     {"fo", "Zm8="},
		     {"foo", "Zm9v"},
		     {"foob", "Zm9vYg=="},
		     {"fooba", "Zm9vYmE="},
		     {"foobar", "Zm9vYmFy"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_profile(cases[i].data, strlen(cases[i].data), cases[i].text);
	assert_profile("\xfb\xff\xbf", 3, "+/+/");
}

static void a_body_too_long_is_an_error(void **state)
{
	struct push_site site = {.url = ""};
	struct push_segment segment = {"0123456789abcdef0123456789abcdef", "0123456789", 10};
	_cleanup_buf_ struct buf b;

	(void)state;
	buf__init(&b, 16);
	assert_int_equal(push_pyroscope.write_body(&site, &segment, &b), -E2BIG);
}

static void receivers_by_name(void **state)
{
	(void)state;
	assert_ptr_equal(push_receiver_find("clickhouse=x", 10), &push_clickhouse);
	assert_ptr_equal(push_receiver_find("pyroscope", 9), &push_pyroscope);
	assert_null(push_receiver_find("click", 5));
	assert_null(push_receiver_find("", 0));
}

/* ---- headers ---- */

static void which_headers_are_right(void **state)
{
	static const char *const good[] = {"A: b", "X-Y_z.1:v", "A:\tb c", "A: \xc3\xa4"};
	static const char *const bad[] = {"",	    "A",  ": b",   "A b: c",  "A: b\r\nC: d",
					  "A: b\n", "A:", "A: \t", "A: \x7f", "(A): b"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(push_headers_check(good[i]), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(push_headers_check(bad[i]), -EINVAL);
		assert_non_null(strstr(error_text(-EINVAL), "header"));
	}
	assert_true(push_headers_is_secret("authorization: x"));
	assert_true(push_headers_is_secret("X-ClickHouse-Key:x"));
	assert_false(push_headers_is_secret("X-ClickHouse-User: x"));
}

static void headers_of_a_file(void **state)
{
	_cleanup_push_headers_ struct push_headers h = {.cnt = 0};

	(void)state;
	assert_int_equal(push_headers__add(&h, "A: open"), 0);
	assert_int_equal(push_headers__add_secrets(&h, "# comment\r\n\nB: one \r\nC: two"), 0);
	assert_int_equal(h.cnt, 3);
	assert_int_equal(h.secret_cnt, 2);
	assert_string_equal(h.lines[1], "B: one");
	assert_string_equal(h.lines[2], "C: two");
	assert_null(h.lines[3]);
	assert_int_equal(push_headers__add(&h, "D: late"), -EINVAL);
}

static void bad_lines_of_a_file_are_not_shown(void **state)
{
	_cleanup_push_headers_ struct push_headers h = {.cnt = 0};
	const char *text;

	(void)state;
	assert_int_equal(push_headers__add_secrets(&h, "A: b\ns3cr3t\n"), -EINVAL);
	text = error_text(-EINVAL);
	assert_non_null(strstr(text, "line 2"));
	assert_null(strstr(text, "s3cr3t"));
}

static void too_many_headers(void **state)
{
	_cleanup_push_headers_ struct push_headers h = {.cnt = 0};

	(void)state;
	for (int i = 0; i < PUSH_HEADERS_MAX_CNT; i++)
		assert_int_equal(push_headers__add_secrets(&h, "A: b"), 0);
	assert_int_equal(push_headers__add_secrets(&h, "A: b"), -E2BIG);
	assert_null(h.lines[PUSH_HEADERS_MAX_CNT]);
}

static void secrets_are_masked(void **state)
{
	_cleanup_push_headers_ struct push_headers h = {.cnt = 0};
	char text[] = "no hunter2hunter2 for Bearer tok-123, nor tok-123; visible, abc";

	(void)state;
	assert_int_equal(push_headers__add(&h, "X: visible"), 0);
	assert_int_equal(
		push_headers__add_secrets(&h, "Authorization: Bearer tok-123\nK:  hunter2\nS: abc"),
		0);
	push_headers__mask(&h, text);
	/* Three letters may be any word. */
	assert_string_equal(text, "no ****** for ***, nor ***; visible, abc");
}

/* ---- waits ---- */

static void waits_grow_to_five_minutes(void **state)
{
	struct backoff b = {0};
	uint64_t limit_ns = BACKOFF_FIRST_NS;

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct backoff low = b;

		assert_int_equal(backoff__next(&low, 0), 0);
		/* The largest of all random parts is the limit itself. */
		assert_int_equal(backoff__next(&b, limit_ns), limit_ns);
		limit_ns = limit_ns * 2 < BACKOFF_MAX_NS ? limit_ns * 2 : BACKOFF_MAX_NS;
		assert_true(backoff__next(&(struct backoff){b.limit_ns}, UINT64_MAX) <= limit_ns);
	}
	assert_int_equal(limit_ns, BACKOFF_MAX_NS);
	backoff__reset(&b);
	assert_int_equal(backoff__next(&b, BACKOFF_FIRST_NS), BACKOFF_FIRST_NS);
}

/* ---- the status file ---- */

static void a_status_survives_its_file(void **state)
{
	struct push_status s = {.request_cnt = 1,
				.failure_cnt = {2, 3, 4, 5, 6, 7, 8},
				.sent_cnt = 9,
				.sent_bytes = UINT64_MAX,
				.rejected_cnt = 10,
				.last_success_ns = 11,
				.state = PUSH_STATE_HALTED},
			   again;
	_cleanup_key_values_ struct key_values kv, read, third;

	(void)state;
	key_values__init(&kv);
	key_values__init(&third);
	push_status__format(&s, &kv);
	assert_int_equal(kv.text.err, 0);
	assert_int_equal(key_values__parse(&read, kv.text.data, kv.text.len), 0);
	assert_int_equal(push_status__parse(&again, &read), 0);
	assert_int_equal(again.failure_cnt[PUSH_FAILURE_NETWORK], 8);
	assert_int_equal(again.sent_bytes, UINT64_MAX);
	push_status__format(&again, &third);
	assert_string_equal(buf__str(&third.text), buf__str(&kv.text));
}

static void half_a_status_is_none(void **state)
{
	struct push_status s = {.request_cnt = 77};
	_cleanup_key_values_ struct key_values kv;

	(void)state;
	key_values__init(&kv);
	push_status__format(&(struct push_status){0}, &kv);
	for (size_t len = 0; len < kv.text.len; len++) {
		_cleanup_key_values_ struct key_values part;

		if (key_values__parse(&part, kv.text.data, len))
			continue;
		/* The last line may do without its end. */
		if (len + 1 < kv.text.len)
			assert_int_equal(push_status__parse(&s, &part), -EBADMSG);
	}
	assert_int_equal(s.request_cnt, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_has_a_verdict),
		cmocka_unit_test(no_answer_is_tried_again),
		cmocka_unit_test(exceptions_outweigh_the_status),
		cmocka_unit_test(addresses),
		cmocka_unit_test(profiles_in_base64),
		cmocka_unit_test(a_body_too_long_is_an_error),
		cmocka_unit_test(receivers_by_name),
		cmocka_unit_test(which_headers_are_right),
		cmocka_unit_test(headers_of_a_file),
		cmocka_unit_test(bad_lines_of_a_file_are_not_shown),
		cmocka_unit_test(too_many_headers),
		cmocka_unit_test(secrets_are_masked),
		cmocka_unit_test(waits_grow_to_five_minutes),
		cmocka_unit_test(a_status_survives_its_file),
		cmocka_unit_test(half_a_status_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
