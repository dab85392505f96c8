/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Messages that may come a thousand times a second. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/os_clock.h"

#define LOG_LIMIT_NS 60000000000ull

static struct log_limit *limits;
static uint64_t held_total;
static char limits_busy;

/* Held for a few instructions only. */
static void limits_lock(void)
{
	while (__atomic_test_and_set(&limits_busy, __ATOMIC_ACQUIRE))
		;
}

static void limits_unlock(void)
{
	__atomic_clear(&limits_busy, __ATOMIC_RELEASE);
}

/* What is to be said of a minute that is over. */
struct held {
	uint64_t cnt;
	enum log_level level;
	char text[LOG_LIMIT_TEXT_BYTES];
};

/* Locked. Ends the minute. */
static struct held limit_take(struct log_limit *l, uint64_t now_ns)
{
	struct held h = {.cnt = l->held_cnt, .level = l->level};

	memcpy(h.text, l->text, sizeof(h.text));
	l->begin_ns = now_ns;
	l->held_cnt = 0;
	l->written_cnt = 0;
	return h;
}

static void held_say(const struct held *h)
{
	if (h->cnt)
		log_say(h->level, "%llu more like this: %s", (unsigned long long)h->cnt, h->text);
}

void log_limited(struct log_limit *limit, enum log_level level, const char *fmt, ...)
{
	uint64_t now_ns = os_monotonic_ns();
	struct held held = {0};
	char text[1024];
	bool write;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	limits_lock();
	if (!limit->known) {
		limit->known = true;
		limit->begin_ns = now_ns;
		limit->next = limits;
		limits = limit;
	}
	if (now_ns - limit->begin_ns >= LOG_LIMIT_NS)
		held = limit_take(limit, now_ns);
	limit->level = level;
	write = limit->written_cnt < LOG_LIMIT_CNT;
	if (write) {
		limit->written_cnt++;
	} else {
		limit->held_cnt++;
		held_total++;
		snprintf(limit->text, sizeof(limit->text), "%.*s", LOG_LIMIT_TEXT_BYTES - 1, text);
	}
	limits_unlock();
	held_say(&held);
	if (write)
		log_say(level, "%s", text);
}

void log_limits_flush(bool all)
{
	uint64_t now_ns = os_monotonic_ns();
	struct log_limit *l;

	limits_lock();
	l = limits;
	limits_unlock();
	/* Sites are added in front and never taken away. */
	for (; l; l = l->next) {
		struct held held = {0};

		limits_lock();
		if (l->held_cnt && (all || now_ns - l->begin_ns >= LOG_LIMIT_NS))
			held = limit_take(l, now_ns);
		limits_unlock();
		held_say(&held);
	}
}

uint64_t log_held_cnt(void)
{
	uint64_t cnt;

	limits_lock();
	cnt = held_total;
	limits_unlock();
	return cnt;
}
