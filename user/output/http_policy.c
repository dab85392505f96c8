/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/http_policy.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/os_socket.h"

#define HTTP_SPACE " \t"

/* ---- headers ---- */

/* May a header be called so (RFC 9110, token)? Some servers forgive "Content-Length : 1", others do not see it. */
static bool http_is_token(const char *name)
{
	static const char allowed[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return *name && !name[strspn(name, allowed)];
}

static bool http_has_control(const char *value)
{
	for (; *value; value++)
		if (((unsigned char)*value < 0x20 && *value != '\t') || *value == 0x7f)
			return true;
	return false;
}

void http_head__add(struct http_head *h, const char *name, const char *value)
{
	if (!value)
		value = "";
	if (!http_is_token(name) || http_has_control(value)) {
		h->broken = true;
	} else if (strcasecmp(name, "Host") == 0) {
		h->host = value;
		h->broken |= ++h->host_cnt > 1;
	} else if (strcasecmp(name, "Transfer-Encoding") == 0) {
		h->has_body = true;
	} else if (strcasecmp(name, "Content-Length") == 0) {
		h->has_body |= strcmp(value, "0") != 0;
	} else if (strcasecmp(name, "Accept-Encoding") == 0) {
		h->gzip |= http_accepts_gzip(value);
	} else if (strcasecmp(name, "Sec-Fetch-Site") == 0) {
		h->cross_site =
			strcasecmp(value, "cross-site") == 0 || strcasecmp(value, "same-site") == 0;
	} else if (strcasecmp(name, "Sec-Fetch-Mode") == 0) {
		h->navigate = strcasecmp(value, "navigate") == 0;
	}
}

bool http_head__is_local(const struct http_head *h)
{
	return !h->host || http_host_is_local(h->host);
}

/* ---- Host ---- */

static bool http_is_port(const char *text)
{
	size_t len = strspn(text, "0123456789");

	return len && len <= 5 && !text[len];
}

bool http_host_is_local(const char *host)
{
	char name[64];
	const char *from = host, *end;
	size_t len;

	if (*host == '[') {
		from++;
		end = strchr(from, ']');
		if (!end)
			return false;
		len = (size_t)(end - from);
		end++;
	} else {
		len = strcspn(host, ":");
		end = host + len;
	}
	if (len >= sizeof(name) || (*end && (*end != ':' || !http_is_port(end + 1))))
		return false;
	memcpy(name, from, len);
	name[len] = '\0';
	/* A name between brackets is none, and an address of IPv6 needs them. */
	if (!strchr(name, ':') != (*host != '['))
		return false;
	return strcasecmp(name, "localhost") == 0 || os_is_loopback(name);
}

/* ---- Accept-Encoding ---- */

/* Is the weight after a coding ("; q=0.5") more than nothing? Anything else that stands there is nothing to us. */
static bool http_is_wanted(const char *text, size_t len)
{
	size_t at = strspn(text, HTTP_SPACE ";");

	if (at >= len || len - at < 2 || strncasecmp(text + at, "q=", 2) != 0)
		return true;
	for (at += 2; at < len; at++)
		if (text[at] >= '1' && text[at] <= '9')
			return true;
	return false;
}

bool http_accepts_gzip(const char *accept_encoding)
{
	const char *p = accept_encoding;
	bool any = false;

	while (*p) {
		size_t skip = strspn(p, HTTP_SPACE ","), len, name;

		p += skip;
		len = strcspn(p, ",");
		name = strcspn(p, HTTP_SPACE ",;");
		if ((name == 4 && strncasecmp(p, "gzip", 4) == 0) ||
		    (name == 6 && strncasecmp(p, "x-gzip", 6) == 0))
			return http_is_wanted(p + name, len - name);
		if (name == 1 && *p == '*')
			any = http_is_wanted(p + name, len - name);
		p += len;
	}
	return any;
}

/* ---- parameters ---- */

bool http_parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t n = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*text - '0'), &n))
			return false;
	}
	if (n < min || n > max)
		return false;
	*ret = n;
	return true;
}

static int http_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t http_unescape(char *text)
{
	char *to = text;

	for (const char *p = text; *p; p++) {
		int high = *p == '%' ? http_hex(p[1]) : -1, low = high >= 0 ? http_hex(p[2]) : -1;
		int byte = low >= 0 ? high << 4 | low : -1;

		if (byte >= 0x20 && byte != 0x7f) {
			*to++ = (char)byte;
			p += 2;
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
	return (size_t)(to - text);
}
