/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_LINE_BYTES 2048

static int log_level = 1;
static bool log_service, log_journal;
static log_sink_fn log_sink;
static void *log_sink_arg;

/* Written and read by the one collector thread; a thread that fails reports by its own return. */
static __thread struct {
	int err;
	char text[1024];
} error_last;

void log_set_level(int level)
{
	log_level = level;
}

void log_set_sink(log_sink_fn sink, void *arg)
{
	/* What it is given stays, should a thread be about to call the one of before. */
	if (sink)
		log_sink_arg = arg;
	__atomic_store_n(&log_sink, sink, __ATOMIC_RELEASE);
}

/* In the order of enum log_level. */
static const struct log_kind {
	int min_level;	      /* is written from this one on */
	const char *prefix;   /* for a terminal */
	const char *priority; /* for the journal: LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG */
} log_kinds[] = {
	{0, "dwell: ", "<3>"},
	{0, "dwell: ", "<4>"},
	{1, "", "<6>"},
	{2, "dwell: ", "<7>"},
};

void log_set_service(bool journal)
{
	log_service = true;
	log_journal = journal;
}

/*
 * Replaces control characters, since a message may hold names that a traced program chose: also C1, which some terminals obey. @lines: line
 * ends and tabs are our own.
 */
static void log_clean(char *text, bool lines)
{
	for (char *c = text; *c; c++) {
		unsigned char first = (unsigned char)c[0], second = (unsigned char)c[1];

		if (first == 0xc2 && second >= 0x80 && second < 0xa0)
			c[0] = c[1] = ' ';
		else if ((first < 0x20 || first == 0x7f) &&
			 !(lines && (first == '\n' || first == '\t')))
			c[0] = ' ';
	}
}

/* Makes @line, which has @prefix, one line. Its end. */
static char *log_format_line(char line[LOG_LINE_BYTES], const char *prefix, const char *fmt,
			     va_list ap)
{
	int head = snprintf(line, LOG_LINE_BYTES, "%s", prefix);
	char *end;

	vsnprintf(line + head, LOG_LINE_BYTES - (size_t)head, fmt, ap);
	end = line + strlen(line);
	if (end == line + LOG_LINE_BYTES - 1)
		memcpy(end - 3, "...", 3);
	else if (end > line + head && end[-1] == '\n')
		*--end = '\0';
	log_clean(line + head, false);
	return end;
}

/* One line, in one write: stderr may be shared with other processes. */
static void log_write_service(const struct log_kind *kind, const char *fmt, va_list ap)
{
	char line[LOG_LINE_BYTES];
	char *c = log_format_line(line, log_journal ? kind->priority : kind->prefix, fmt, ap);

	*c = '\n';
	fwrite(line, 1, (size_t)(c - line) + 1, stderr);
}

/* What goes well may have several lines. Without memory it is cut, for that there is none has to be said as well. */
static void log_write_terminal(enum log_level level, const char *fmt, va_list ap)
{
	char line[LOG_LINE_BYTES], *more = NULL, *text;
	va_list again;
	int len;

	va_copy(again, ap);
	len = vsnprintf(line, sizeof(line), fmt, again);
	va_end(again);
	if (len < 0)
		return;
	if ((size_t)len >= sizeof(line))
		more = malloc((size_t)len + 1);
	if (more)
		vsnprintf(more, (size_t)len + 1, fmt, ap);
	text = more ? more : line;
	log_clean(text, level >= LOG_LEVEL_INFO);
	fprintf(stderr, "%s%s\n", log_kinds[level].prefix, text);
	free(more);
}

static void log_write(enum log_level level, const char *fmt, va_list ap)
{
	const struct log_kind *kind = &log_kinds[level];
	log_sink_fn sink = __atomic_load_n(&log_sink, __ATOMIC_ACQUIRE);

	if (log_level < kind->min_level)
		return;
	if (sink) {
		char line[LOG_LINE_BYTES];

		log_format_line(line, "", fmt, ap);
		sink(log_sink_arg, level, line);
		return;
	}
	if (log_service) {
		log_write_service(kind, fmt, ap);
		return;
	}
	log_write_terminal(level, fmt, ap);
}

void log_say(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_write(level, fmt, ap);
	va_end(ap);
}

#define LOG_FN(name, level)                \
	void name(const char *fmt, ...)    \
	{                                  \
		va_list ap;                \
                                           \
		va_start(ap, fmt);         \
		log_write(level, fmt, ap); \
		va_end(ap);                \
	}
LOG_FN(log_error, LOG_LEVEL_ERROR)
LOG_FN(log_warn, LOG_LEVEL_WARN)
LOG_FN(log_info, LOG_LEVEL_INFO)
LOG_FN(log_debug, LOG_LEVEL_DEBUG)

int error_set(int err, const char *fmt, ...)
{
	char text[sizeof(error_last.text)]; /* what is said may hold what was: error_text() */
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	memcpy(error_last.text, text, sizeof(text));
	error_last.err = err;
	return err;
}

const char *error_text(int err)
{
	if (error_last.err != err || !err)
		return err == -ENOMEM ? "not enough memory: free some, or trace or show less"
				      : strerror(err < 0 ? -err : err);
	error_last.err = 0;
	return error_last.text;
}
