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
#include <unistd.h>

#include "base/log.h"
#include "base/os_socket.h"
#include "output/http.h"
#include "output/http_policy.h"

/* ---- headers ---- */

static struct http_head head_of(const char *const (*headers)[2])
{
	struct http_head h = {.host = NULL};

	for (; (*headers)[0]; headers++)
		http_head__add(&h, (*headers)[0], (*headers)[1]);
	return h;
}

#define HEAD(...) head_of((const char *const[][2]){__VA_ARGS__, {NULL, NULL}})

static void test_host(void **state)
{
	static const char *const local[] = {
		"localhost", "LocalHost", "localhost:80", "127.0.0.1",	       "127.0.0.1:19435",
		"127.1.2.3", "[::1]",	  "[::1]:65535",  "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
	};
	static const char *const other[] = {
		"",
		":80",
		"evil.example",
		"localhost.evil.example",
		"evil.localhost",
		"localhost.",
		"127.0.0.1.evil.example",
		"127.0.0.1:",
		"127.0.0.1:x",
		"127.0.0.1:80:80",
		"127.0.0.1:123456",
		"127.0.0.1@evil.example",
		"::1",
		"[::1",
		"[::1]x",
		"[::1]:",
		"[localhost]",
		"[127.0.0.1]",
		"::ffff:127.0.0.1",
		"0.0.0.0",
		"10.0.0.1",
		"[::]",
		"0x7f000001",
		"127.1",
		"2130706433",
		" localhost",
		"localhost ",
		"localhost/",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	struct http_head none = {.host = NULL};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(local); i++)
		if (!http_host_is_local(local[i]))
			fail_msg("%s is local", local[i]);
	for (size_t i = 0; i < ARRAY_SIZE(other); i++)
		if (http_host_is_local(other[i]))
			fail_msg("%s is not local", other[i]);
	/* Who speaks HTTP/1.0 without it is no browser. */
	assert_true(http_head__is_local(&none));
	none = HEAD({"hOST", "evil.example"});
	assert_false(http_head__is_local(&none));
	assert_false(none.broken);
}

static void test_head(void **state)
{
	struct http_head h = HEAD({"Host", "a"}, {"Accept", "*/*"});

	(void)state;
	assert_string_equal(h.host, "a");
	assert_false(h.broken || h.has_body || h.gzip || h.cross_site || h.navigate);
	/* Two of them: two servers may choose differently. */
	assert_true(HEAD({"Host", "a"}, {"host", "a"}).broken);
	assert_true(HEAD({"Content-Length ", "1"}).broken);
	assert_true(HEAD({"", "1"}).broken);
	assert_true(HEAD({"X", "a\rb"}).broken);
	assert_true(HEAD({"X", "a\nb"}).broken);
	assert_true(HEAD({"X", "\x7f"}).broken);
	assert_true(HEAD({"X\xff", "1"}).broken);
	assert_false(HEAD({"X", "\tblank \xc3\xa9"}).broken);
	assert_false(HEAD({"X", NULL}).broken);
	/* Anything but the one way to say that there is none is a body. */
	assert_false(HEAD({"Content-Length", "0"}).has_body);
	assert_true(HEAD({"content-length", "1"}).has_body);
	assert_true(HEAD({"Content-Length", "00"}).has_body);
	assert_true(HEAD({"Content-Length", ""}).has_body);
	assert_true(HEAD({"Content-Length", "0"}, {"Content-Length", "5"}).has_body);
	assert_true(HEAD({"Content-Length", "5"}, {"Content-Length", "0"}).has_body);
	assert_true(HEAD({"Transfer-Encoding", "identity"}).has_body);
	assert_true(HEAD({"Sec-Fetch-Site", "cross-site"}).cross_site);
	assert_true(HEAD({"Sec-Fetch-Site", "same-site"}).cross_site);
	assert_false(HEAD({"Sec-Fetch-Site", "same-origin"}).cross_site);
	assert_false(HEAD({"Sec-Fetch-Site", "none"}).cross_site);
	assert_true(HEAD({"Sec-Fetch-Mode", "navigate"}).navigate);
	assert_true(HEAD({"Accept-Encoding", "br"}, {"Accept-Encoding", "gzip"}).gzip);
}

static void test_gzip(void **state)
{
	static const char *const yes[] = {
		"gzip",		"GZip",	   "x-gzip",	     "deflate, gzip;q=1.0, *;q=0.5",
		"gzip;q=0.001", "*",	   "br;q=1,*;q=0.1", "gzip ; q=0.8",
		"gzip;q=1",	" , gzip", "*;q=0,gzip",     "gzip;level=9"};
	static const char *const no[] = {
		"",	 "identity", "gzip;q=0",    "gzip;q=0.000", "gzip; q=0 ",
		"*;q=0", "gzipped",  "br, deflate", "gzip;q=0,*",   "notgzip",
		",,,",	 "gzip;q=",  ";q=1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		if (!http_accepts_gzip(yes[i]))
			fail_msg("'%s' takes gzip", yes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (http_accepts_gzip(no[i]))
			fail_msg("'%s' takes no gzip", no[i]);
}

static void test_number(void **state)
{
	static const char *const no[] = {"",
					 "-1",
					 "+5",
					 " 5",
					 "5 ",
					 "5s",
					 "1e3",
					 "0x5",
					 "11",
					 "0",
					 "99999999999999999999999999"};
	uint64_t n = 77;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (http_parse_number(no[i], 1, 10, &n))
			fail_msg("'%s' is a number", no[i]);
	assert_int_equal(n, 77);
	assert_true(http_parse_number("1", 1, 10, &n) && n == 1);
	assert_true(http_parse_number("10", 1, 10, &n) && n == 10);
	assert_true(http_parse_number("007", 1, 10, &n) && n == 7);
	assert_true(http_parse_number("18446744073709551615", 0, UINT64_MAX, &n));
	assert_true(n == UINT64_MAX);
	assert_false(http_parse_number("18446744073709551616", 0, UINT64_MAX, &n));
}

static void test_unescape(void **state)
{
	static const char *const cases[][2] = {
		{"/metrics", "/metrics"},
		{"%2Fmetrics", "/metrics"},
		{"/a%00b", "/a%00b"},
		{"%0d%0aX", "%0d%0aX"},
		{"%", "%"},
		{"%2", "%2"},
		{"%2g%g2", "%2g%g2"},
		{"%2541", "%41"},
		{"a%20b+c", "a b+c"},
		{"%c3%a9", "\xc3\xa9"},
		{"%7f%1f", "%7f%1f"},
		{"", ""},
		{"%%41", "%A"},
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text), "%s", cases[i][0]);
		assert_int_equal(http_unescape(text), strlen(cases[i][1]));
		assert_string_equal(text, cases[i][1]);
	}
}

/* ---- where it listens ---- */

static struct http_server *open_on(const char *address, bool listen_public)
{
	struct http_opts opts = {.listen = &address,
				 .listen_cnt = address != NULL,
				 .listen_public = listen_public,
				 .unix_gid = OS_SOCKET_NO_GROUP};

	return http_server__open(&opts);
}

static void check_refused(const char *address, int err, const char *why)
{
	struct http_server *s = open_on(address, false);
	const char *text;

	assert_null(s);
	assert_int_equal(errno, err);
	text = error_text(-err);
	if (!strstr(text, why))
		fail_msg("'%s' does not say '%s'", text, why);
}

static void test_open(void **state)
{
	struct http_server *s;

	(void)state;
	if (!http_server_works()) {
		check_refused("127.0.0.1:0", ENOSYS,
			      "install libmicrohttpd-dev and build it again");
		return;
	}
	check_refused("0.0.0.0:0", EPERM, "--listen-public");
	check_refused("[::]:0", EPERM, "unix:PATH");
	check_refused("nonsense", EINVAL, "unix:/run/x.sock");
	s = open_on("0.0.0.0:0", true);
	assert_non_null(s);
	assert_memory_equal(http_server__address(s, 0), "0.0.0.0:", 8);
	assert_null(http_server__address(s, 1));
	http_server__close(s);
	s = open_on("127.0.0.1:0", false);
	assert_non_null(s);
	/* Threads come and go, also when nobody asked for anything. */
	assert_int_equal(http_server__start(s), 0);
	http_server__stop(s);
	http_server__stop(s);
	http_server__close(s);
	http_server__close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host),	 cmocka_unit_test(test_head),
		cmocka_unit_test(test_gzip),	 cmocka_unit_test(test_number),
		cmocka_unit_test(test_unescape), cmocka_unit_test(test_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
