/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Moments that people name: by the wall clock, or from the start of something on. */
#ifndef APP_MOMENT_H
#define APP_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

enum moment_kind {
	MOMENT_NONE,
	MOMENT_AFTER, /* the start, by @ns */
	MOMENT_EPOCH, /* @ns since the epoch */
	MOMENT_DAY, /* @ns after midnight, of the day of the start; the next one when that is nearer */
	MOMENT_EVERY, /* the next multiple of @ns on the wall clock */
};

struct moment {
	enum moment_kind kind;
	uint64_t ns;
};

/*
 * "+2m" after the start; "2026-01-31T12:00:00.5Z", with "+01:00" or, in local time, without either; "12:00" or "12:00:00.5" in local
 * time; "@1769860800.25" since the epoch; with @every also "/10s". 0, or -EINVAL with error_set().
 */
int moment__parse(const char *text, bool every, struct moment *ret);
/* In nanoseconds since the epoch; @start_ns, likewise, is the start. 0, or -EINVAL with error_set() for what no calendar has. */
int moment__resolve(const struct moment *m, uint64_t start_ns, uint64_t *ret_ns);

#endif
