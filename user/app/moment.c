/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/moment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/option.h"
#include "base/log.h"

#define NS_PER_S   1000000000ull
#define DAY_NS	   (86400 * NS_PER_S)
#define MAX_EPOCH  (1ull << 33) /* seconds: the year 2242 */
#define MINUTE_NS  (60 * NS_PER_S)
#define MAX_OFFSET 24 /* hours */

static int moment_refuse(const char *text, bool every)
{
	return error_set(
		-EINVAL, "'%s' is no time: give 12:30:00, 2026-01-31T12:30:00Z, @1769862600 or %s",
		text, every ? "/10s (the next full ten seconds)" : "+90s (after the start)");
}

/* Digits, @cnt of them if that is not 0; moves *@at behind them. */
static bool moment_number(const char **at, int cnt, uint64_t max, uint64_t *ret)
{
	int seen = 0;

	for (*ret = 0; **at >= '0' && **at <= '9' && (!cnt || seen < cnt); (*at)++, seen++) {
		*ret = *ret * 10 + (uint64_t)(**at - '0');
		if (*ret > max)
			return false;
	}
	return seen && (!cnt || seen == cnt);
}

/* ".25": nanoseconds, if it is there. */
static bool moment_fraction(const char **at, uint64_t *ns)
{
	uint64_t unit = NS_PER_S / 10;

	if (**at != '.')
		return true;
	if (*++*at < '0' || **at > '9')
		return false;
	for (; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
		*ns += (uint64_t)(**at - '0') * unit;
	return true;
}

static bool moment_skip(const char **at, char c)
{
	if (**at != c)
		return false;
	++*at;
	return true;
}

/* "12:30" or "12:30:05.5" */
static bool moment_clock(const char **at, uint64_t *ret_ns)
{
	uint64_t hour, minute, second = 0;

	if (!moment_number(at, 2, 23, &hour) || !moment_skip(at, ':') ||
	    !moment_number(at, 2, 59, &minute))
		return false;
	if (**at == ':') {
		++*at;
		if (!moment_number(at, 2, 60, &second))
			return false;
	}
	*ret_ns = ((hour * 60 + minute) * 60 + second) * NS_PER_S;
	return moment_fraction(at, ret_ns);
}

/* "Z", "+01:00": seconds to take away. False: something else. */
static bool moment_zone(const char **at, int64_t *ret_s)
{
	int64_t sign = **at == '-' ? -1 : 1;
	uint64_t hour, minute;

	*ret_s = 0;
	if (**at == 'Z') {
		++*at;
		return true;
	}
	++*at;
	if (!moment_number(at, 2, MAX_OFFSET, &hour))
		return false;
	*at += **at == ':';
	if (!moment_number(at, 2, 59, &minute))
		return false;
	*ret_s = sign * (int64_t)(hour * 3600 + minute * 60);
	return true;
}

static bool moment_date(const char *at, struct moment *ret)
{
	uint64_t year, month, day, clock_ns = 0;
	int64_t seconds, zone_s = 0;
	bool local;
	struct tm tm = {.tm_isdst = -1};

	if (!moment_number(&at, 4, 9999, &year) || !moment_skip(&at, '-') ||
	    !moment_number(&at, 2, 12, &month) || !moment_skip(&at, '-') ||
	    !moment_number(&at, 2, 31, &day) || !month || !day || (*at != 'T' && *at != ' '))
		return false;
	++at;
	if (!moment_clock(&at, &clock_ns))
		return false;
	local = !*at;
	if (!local && (!strchr("Z+-", *at) || !moment_zone(&at, &zone_s)))
		return false;
	tm.tm_year = (int)year - 1900;
	tm.tm_mon = (int)month - 1;
	tm.tm_mday = (int)day;
	tm.tm_hour = (int)(clock_ns / (60 * MINUTE_NS));
	tm.tm_min = (int)(clock_ns / MINUTE_NS % 60);
	tm.tm_sec = (int)(clock_ns / NS_PER_S % 60);
	seconds = (local ? mktime(&tm) : timegm(&tm)) - zone_s;
	/* A day that the month does not have is another one now. */
	if (*at || seconds < 0 || tm.tm_mday != (int)day)
		return false;
	*ret = (struct moment){MOMENT_EPOCH, (uint64_t)seconds * NS_PER_S + clock_ns % NS_PER_S};
	return true;
}

static bool moment_epoch(const char *at, struct moment *ret)
{
	uint64_t seconds, ns = 0;

	if (!moment_number(&at, 0, MAX_EPOCH, &seconds) || !moment_fraction(&at, &ns) || *at)
		return false;
	*ret = (struct moment){MOMENT_EPOCH, seconds * NS_PER_S + ns};
	return true;
}

static bool moment_day(const char *at, struct moment *ret)
{
	ret->kind = MOMENT_DAY;
	return moment_clock(&at, &ret->ns) && !*at;
}

int moment__parse(const char *text, bool every, struct moment *ret)
{
	struct moment m = {MOMENT_NONE, 0};
	bool known;

	if (*text == '+' || (*text == '/' && every)) {
		m.kind = *text == '+' ? MOMENT_AFTER : MOMENT_EVERY;
		known = !option_parse_duration(text + 1, &m.ns) && (m.kind == MOMENT_AFTER || m.ns);
	} else if (*text == '@') {
		known = moment_epoch(text + 1, &m);
	} else {
		known = moment_date(text, &m) || moment_day(text, &m);
	}
	if (!known)
		return moment_refuse(text, every);
	*ret = m;
	return 0;
}

/* By the local calendar: a day may be longer or shorter than others. */
static int moment_on_day(uint64_t clock_ns, uint64_t start_ns, uint64_t *ret_ns)
{
	time_t start = (time_t)(start_ns / NS_PER_S), midnight;
	struct tm tm;

	for (int day = 0; day < 2; day++) {
		if (!localtime_r(&start, &tm))
			break;
		tm.tm_mday += day;
		tm.tm_hour = (int)(clock_ns / (60 * MINUTE_NS));
		tm.tm_min = (int)(clock_ns / MINUTE_NS % 60);
		tm.tm_sec = (int)(clock_ns / NS_PER_S % 60);
		tm.tm_isdst = -1;
		midnight = mktime(&tm);
		if (midnight < 0)
			break;
		*ret_ns = (uint64_t)midnight * NS_PER_S + clock_ns % NS_PER_S;
		/* Half a day before the start is nearer than the next day's. */
		if (*ret_ns + DAY_NS / 2 >= start_ns)
			return 0;
	}
	return error_set(-EINVAL, "the local calendar has no such time: give one that ends in Z");
}

int moment__resolve(const struct moment *m, uint64_t start_ns, uint64_t *ret_ns)
{
	switch (m->kind) {
	case MOMENT_AFTER:
		*ret_ns = m->ns > UINT64_MAX - start_ns ? UINT64_MAX : start_ns + m->ns;
		return 0;
	case MOMENT_EPOCH:
		*ret_ns = m->ns;
		return 0;
	case MOMENT_EVERY:
		*ret_ns = (start_ns / m->ns + 1) * m->ns;
		return 0;
	case MOMENT_DAY:
		return moment_on_day(m->ns, start_ns, ret_ns);
	case MOMENT_NONE:
		break;
	}
	*ret_ns = start_ns;
	return 0;
}
