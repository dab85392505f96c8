/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/push_say.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/os_clock.h"

#define SAY_PAUSE_NS   (60 * 1000000000ull)
#define SAY_MAX_BYTES  1024
#define SAY_BODY_BYTES 200

static void say(const struct push_lane *l, enum push_level level, const char *fmt, ...)
	_printf_(3, 4);

static void say(const struct push_lane *l, enum push_level level, const char *fmt, ...)
{
	char text[SAY_MAX_BYTES];
	va_list ap;
	int len = snprintf(text, sizeof(text), "push: %s: ", l->target.receiver->name);

	va_start(ap, fmt);
	vsnprintf(text + len, sizeof(text) - (size_t)len, fmt, ap);
	va_end(ap);
	if (l->opts->say)
		l->opts->say(level, text);
}

static bool say_is_due(uint64_t *said_ns)
{
	uint64_t now_ns = os_monotonic_ns();

	if (*said_ns && now_ns - *said_ns < SAY_PAUSE_NS)
		return false;
	*said_ns = now_ns;
	return true;
}

/* The address up to its parameters, which may hold a password. */
static int say_url_len(const char *url)
{
	return (int)strcspn(url, "?#");
}

/* The first line of an answer's body, printable and without secrets; "" if there is none. */
static void say_body(const struct push_lane *l, const struct http_answer *answer,
		     char ret_text[HTTP_REPLY_MAX_BYTES + 1])
{
	size_t len = 0;

	/* Masked as it is, before anything is changed or cut. */
	memcpy(ret_text, answer->body, answer->body_len);
	ret_text[answer->body_len] = '\0';
	push_headers__mask(&l->headers, ret_text);
	for (; ret_text[len] && ret_text[len] != '\n' && len < SAY_BODY_BYTES; len++)
		if (!isascii((unsigned char)ret_text[len]) ||
		    !isprint((unsigned char)ret_text[len]))
			ret_text[len] = '?';
	ret_text[len] = '\0';
}

/* "HTTP 503: too busy", "Connection refused". */
static void say_answer(const struct push_lane *l, const struct http_answer *answer,
		       char ret_text[SAY_MAX_BYTES / 2])
{
	char body[HTTP_REPLY_MAX_BYTES + 1];

	if (answer->failure != HTTP_OK) {
		snprintf(ret_text, SAY_MAX_BYTES / 2, "%s", answer->error);
		return;
	}
	say_body(l, answer, body);
	snprintf(ret_text, SAY_MAX_BYTES / 2, "HTTP %d%s%.*s", answer->status, *body ? ": " : "",
		 SAY_BODY_BYTES, body);
}

static const char *say_seconds(uint64_t ns, char ret_text[32])
{
	snprintf(ret_text, 32, "%llu s", (unsigned long long)((ns + 999999999) / 1000000000));
	return ret_text;
}

void push_say_trouble(struct push_lane *l, enum push_state state, const struct http_answer *answer)
{
	bool changed = state != l->status.state;
	char why[SAY_MAX_BYTES / 2], wait[32];
	const char *url = l->target.site.url;

	l->failed_cnt++;
	l->status.state = state;
	if (!changed || (!say_is_due(&l->said_ns) && state != PUSH_STATE_HALTED))
		return;
	l->said_trouble = true;
	say_answer(l, answer, why);
	if (l->opts->once)
		say(l, PUSH_SAY_ERROR, "%.*s: %s: the rest waits in the spool", say_url_len(url),
		    url, why);
	else if (state == PUSH_STATE_HALTED)
		say(l, PUSH_SAY_ERROR,
		    "STOPPED, %.*s: %s: nothing is sent until this is repaired; next try in "
		    "%s, or at once on SIGHUP",
		    say_url_len(url), url, why, say_seconds(l->due_ns - os_monotonic_ns(), wait));
	else
		say(l, PUSH_SAY_WARNING, "%.*s: %s: trying again until it works", say_url_len(url),
		    url, why);
}

void push_say_works(struct push_lane *l)
{
	if (l->said_trouble)
		say(l, PUSH_SAY_INFO, "works again after %llu requests that failed",
		    (unsigned long long)l->failed_cnt);
	l->said_trouble = false;
	l->failed_cnt = 0;
	l->status.state = PUSH_STATE_OK;
}

void push_say_rejected(struct push_lane *l, const struct http_answer *answer)
{
	char why[SAY_MAX_BYTES / 2];

	l->unsaid_cnt++;
	if (!say_is_due(&l->said_rejected_ns))
		return;
	say_answer(l, answer, why);
	say(l, PUSH_SAY_WARNING, "%llu segment%s refused for good and moved to rejected/: %s",
	    (unsigned long long)l->unsaid_cnt, l->unsaid_cnt == 1 ? "" : "s", why);
	l->unsaid_cnt = 0;
}

void push_say_local(struct push_lane *l, const char *what, int err)
{
	if (l->said_what == what)
		return;
	l->said_what = what;
	say(l, err ? PUSH_SAY_WARNING : PUSH_SAY_INFO, "%s%s%s", what, err ? ": " : "",
	    err ? strerror(-err) : "");
}
