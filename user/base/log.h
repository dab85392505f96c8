/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the program says to a person, on stderr. Library code returns errors; only commands log, once.
 *
 *   dwell: MESSAGE            log_error, log_warn
 *   MESSAGE                   log_info (progress, ledger)
 *
 * Messages may hold names that a hostile program chose: control characters become spaces; errors and warnings are one line.
 *
 * log_error_set() lets a layer that knows the detail ("bpf: ring of cpu 3: ...: Cannot allocate
 * memory") hand the sentence to the command that reports the error.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

void log_error(const char *fmt, ...) _printf_(1, 2);
void log_warn(const char *fmt, ...) _printf_(1, 2);
void log_info(const char *fmt, ...) _printf_(1, 2);
void log_debug(const char *fmt, ...) _printf_(1, 2);
/* 0 quiet (errors only), 1 normal, 2 debug (-v). */
void log_set_level(int level);

/*
 * For services: each message is one line, without control characters, in one write(2); and if @journal, begins with its priority as
 * sd-daemon(3) has it ("<3>") instead of "dwell: ".
 */
void log_set_service(bool journal);

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/*
 * From here on each message that would be written goes to @sink instead, as one line without prefix, control characters and newline,
 * in the thread that logs: for who has the screen. NULL: to stderr again; a thread may be in @sink still.
 */
typedef void (*log_sink_fn)(void *arg, enum log_level level, const char *line);
void log_set_sink(log_sink_fn sink, void *arg);

void log_say(enum log_level level, const char *fmt, ...) _printf_(2, 3);

#define LOG_LIMIT_CNT	     10 /* messages of one call site in a minute */
#define LOG_LIMIT_TEXT_BYTES 120

/* One per call site, static and zero at first; any thread may use it. */
struct log_limit {
	struct log_limit *next; /* of all that were ever used */
	uint64_t begin_ns;	/* of its present minute */
	uint64_t held_cnt;	/* messages that were not written in it */
	uint32_t written_cnt;
	bool known; /* is in the list */
	enum log_level level;
	char text[LOG_LIMIT_TEXT_BYTES]; /* how the last one began */
};

/*
 * At most LOG_LIMIT_CNT a minute are written; how many more there were is said in one line at the minute's end, by the next of
 * these calls or by log_limits_flush().
 */
void log_limited(struct log_limit *limit, enum log_level level, const char *fmt, ...)
	_printf_(3, 4);
#define log_error_limited(...) LOG_LIMITED(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn_limited(...)  LOG_LIMITED(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info_limited(...)  LOG_LIMITED(LOG_LEVEL_INFO, __VA_ARGS__)
#define LOG_LIMITED(level, ...)                                   \
	do {                                                      \
		static struct log_limit log_limit_here;           \
                                                                  \
		log_limited(&log_limit_here, level, __VA_ARGS__); \
	} while (0)
/* Says what was held back by call sites whose minute is over; @all: or is not. To be called now and then, and with @all at the end. */
void log_limits_flush(bool all);
/* Messages that were held back so far, for a metric. */
uint64_t log_held_cnt(void);

/*
 * Remembers @fmt as the description of the error being returned and returns @err, so that a
 * failing function ends with `return error_set(-EPERM, "...")`. The text is at most 1023 bytes.
 */
int error_set(int err, const char *fmt, ...) _printf_(2, 3);
/* The remembered description; strerror(-@err), or for -ENOMEM a sentence, when there is none for @err. Clears it. */
const char *error_text(int err);

#endif
