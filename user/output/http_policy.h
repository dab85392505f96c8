/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the head of a request says, as far as it decides who gets what. Pure functions over hostile text. */
#ifndef OUTPUT_HTTP_POLICY_H
#define OUTPUT_HTTP_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The sum of a request's headers; the values are those of the request. */
struct http_head {
	const char *host;
	unsigned int host_cnt;
	bool broken;	 /* a header that proxies and servers may read differently */
	bool has_body;	 /* or says so */
	bool gzip;	 /* is understood */
	bool cross_site; /* a page of another site made a browser send it */
	bool navigate;	 /* its user followed a link to here */
};

/* The next header. */
void http_head__add(struct http_head *h, const char *name, const char *value);
/* Is the request for this machine, in the words of the client? True without a Host header: browsers always send it. */
bool http_head__is_local(const struct http_head *h);

/* "localhost", "127.0.0.1", "[::1]", each with a port or without? */
bool http_host_is_local(const char *host);
/* Does the value of Accept-Encoding take gzip? */
bool http_accepts_gzip(const char *accept_encoding);
/* A whole number from @min to @max in digits only; false: it is none. */
bool http_parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret);
/* Decodes %XX in place, but never to a control character: such stay as they are. The new length. */
size_t http_unescape(char *text);

#endif
