/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which format a request wants: RFC 9110, 12.5.1. */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "output/exposition.h"

#define ACCEPT_Q_MAX   1000 /* q=1: it has three decimals */
#define ACCEPT_MAX_LEN 8192 /* what comes after that is not read */

/* A piece of the header. */
struct span {
	const char *s;
	size_t len;
};

/* One "type/subtype;param=value;q=0.5". */
struct media_range {
	struct span type;
	struct span version; /* empty: not said */
	int q;
};

/* What a format got: of the range that names it most closely. */
struct accept_wish {
	int q;	       /* in thousandths; 0: not wanted */
	int closeness; /* 0: not mentioned */
};

static struct span span_trim(struct span p)
{
	while (p.len && (p.s[0] == ' ' || p.s[0] == '\t'))
		p.s++, p.len--;
	while (p.len && (p.s[p.len - 1] == ' ' || p.s[p.len - 1] == '\t'))
		p.len--;
	return p;
}

/* What comes before @c, which goes with it; a quoted @c is none. */
static struct span span_cut(struct span *rest, char c)
{
	struct span head = {rest->s, 0};
	bool quoted = false;

	for (; head.len < rest->len && (quoted || head.s[head.len] != c); head.len++) {
		if (quoted && head.s[head.len] == '\\' && head.len + 1 < rest->len)
			head.len++;
		else if (head.s[head.len] == '"')
			quoted = !quoted;
	}
	rest->s += head.len;
	rest->len -= head.len;
	if (rest->len)
		rest->s++, rest->len--;
	return span_trim(head);
}

static bool span_is(struct span p, const char *text)
{
	return p.len == strlen(text) && !strncasecmp(p.s, text, p.len);
}

static struct span span_unquote(struct span p)
{
	if (p.len >= 2 && p.s[0] == '"' && p.s[p.len - 1] == '"')
		return (struct span){p.s + 1, p.len - 2};
	return p;
}

/* "0.75" in thousandths; nonsense is 0, which wants nothing. */
static int accept_q(struct span p)
{
	int q = 0, unit = ACCEPT_Q_MAX;

	if (!p.len || (p.s[0] != '0' && p.s[0] != '1') || (p.len > 1 && p.s[1] != '.') || p.len > 5)
		return 0;
	for (size_t i = 0; i < p.len; i++) {
		if (i == 1)
			continue;
		if (p.s[i] < '0' || p.s[i] > '9')
			return 0;
		q += (p.s[i] - '0') * unit;
		unit /= 10;
	}
	return q < ACCEPT_Q_MAX ? q : ACCEPT_Q_MAX;
}

static struct media_range accept_range(struct span text)
{
	struct media_range r = {.type = span_cut(&text, ';'), .q = ACCEPT_Q_MAX};

	while (text.len) {
		struct span value = span_cut(&text, ';'), name = span_cut(&value, '=');

		value = span_unquote(span_trim(value));
		if (span_is(name, "q"))
			r.q = accept_q(value);
		else if (span_is(name, "version"))
			r.version = value;
	}
	return r;
}

/* The most specific range decides; of equal ones the one that wants it most. */
static void accept_wish__take(struct accept_wish *w, int closeness, int q)
{
	if (closeness < w->closeness || (closeness == w->closeness && q <= w->q))
		return;
	w->closeness = closeness;
	w->q = q;
}

enum exposition_format exposition_negotiate(const char *accept)
{
	struct accept_wish text = {0}, open_metrics = {0};
	struct span rest = {accept, accept ? strnlen(accept, ACCEPT_MAX_LEN) : 0};

	while (rest.len) {
		struct media_range r = accept_range(span_cut(&rest, ','));

		if (span_is(r.type, "application/openmetrics-text") &&
		    (!r.version.len || span_is(r.version, "1.0.0")))
			accept_wish__take(&open_metrics, 3, r.q);
		else if (span_is(r.type, "text/plain") &&
			 (!r.version.len || span_is(r.version, "0.0.4")))
			accept_wish__take(&text, 3, r.q);
		else if (span_is(r.type, "text/*"))
			accept_wish__take(&text, 2, r.q);
		else if (span_is(r.type, "*/*"))
			accept_wish__take(&text, 1, r.q);
	}
	return open_metrics.q && open_metrics.q >= text.q ? EXPOSITION_OPENMETRICS
							  : EXPOSITION_TEXT;
}

const char *exposition_content_type(enum exposition_format f)
{
	return f == EXPOSITION_OPENMETRICS
		       ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		       : "text/plain; version=0.0.4; charset=utf-8";
}
