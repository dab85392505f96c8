/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int log_level = 1;

/* Written and read by the one collector thread; a thread that fails reports by its own return. */
static __thread struct {
	int err;
	char text[1024];
} error_last;

void log_set_level(int level)
{
	log_level = level;
}

static void log_line(const char *prefix, const char *fmt, va_list ap)
{
	fputs(prefix, stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

#define LOG_FN(name, min_level, prefix)      \
	void name(const char *fmt, ...)      \
	{                                    \
		va_list ap;                  \
                                             \
		if (log_level < (min_level)) \
			return;              \
		va_start(ap, fmt);           \
		log_line(prefix, fmt, ap);   \
		va_end(ap);                  \
	}
LOG_FN(log_error, 0, "dwell: ")
LOG_FN(log_warn, 0, "dwell: ")
LOG_FN(log_info, 1, "")
LOG_FN(log_debug, 2, "dwell: ")

int error_set(int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error_last.text, sizeof(error_last.text), fmt, ap);
	va_end(ap);
	error_last.err = err;
	return err;
}

const char *error_text(int err)
{
	if (error_last.err != err || !err)
		return strerror(err < 0 ? -err : err);
	error_last.err = 0;
	return error_last.text;
}
