/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Sends what waits in the spool to its receivers: the oldest first, one request at a time for each, and none of them can
 * hold up another. A segment goes after its receiver has taken it (or never will), not before, so whenever the process
 * dies the worst is that one segment for each receiver arrives a second time, under the same id.
 *
 *   push_open -> push__add... -> push__step until it says so -> push__close
 *
 * What fails is tried again after 1 s, then ever later up to 5 min, each time at a random moment of that; not before the
 * moment that the receiver asked for. Where nothing can succeed until somebody repairs it (push_receiver.h), every 5 min.
 */
#ifndef APP_PUSH_H
#define APP_PUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "app/push_status.h"
#include "output/push_receiver.h"

/* How loud a message is. */
enum push_level {
	PUSH_SAY_INFO,
	PUSH_SAY_WARNING,
	PUSH_SAY_ERROR, /* somebody has to do something */
};

struct push_opts {
	const char *spool; /* the directory */
	const char *agent; /* how it names itself, "dwell/1.0" */
	uint64_t max_rate; /* bytes a second of all together; 0: no limit */
	uint64_t stall_ns; /* patience without a byte; 0: 60 s */
	/* After a pause the first segment waits a random part of this, since all machines' windows end together. */
	uint64_t spread_ns;
	const char *ca_file;
	bool once; /* send what waits, try nothing again */
	/* Takes what people want to know: changes, not each failure. Never a secret. */
	void (*say)(enum push_level level, const char *text);
};

struct push_target {
	const struct push_receiver *receiver;
	struct push_site site;
	const char *const *headers; /* in addition, "Name: value"; ends with NULL; may be NULL */
	const char *
		header_file; /* more of them, one a line, which never show in a message; NULL: none */
};

struct push;

/* NULL + errno with error_set(). @opts is copied, what it points to stays the caller's, until push__close(). */
struct push *push_open(const struct push_opts *opts);
/* One more receiver, as @target says, which is treated as @opts is. 0; -errno with error_set(). */
int push__add(struct push *p, const struct push_target *target);
/*
 * Does what is to be done, then waits at most @wait_ns for more. 1: go on; 0: with `once` all is done; -errno with
 * error_set(): it can't go on.
 */
int push__step(struct push *p, uint64_t wait_ns);
/* Reads the files of headers again and tries at once what waits for a later try (SIGHUP). */
void push__reload(struct push *p);
/* Begins no more requests; true while one is on its way. */
bool push__finishing(struct push *p);
/* How many receivers did not take all that was there: with `once`, the exit status. */
unsigned int push__behind(const struct push *p);
/* Writes the last status. Accepts NULL. */
void push__close(struct push *p);

#endif
