/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* One receiver of push.h: its spool, the request that is on its way, and when there will be the next. */
#ifndef APP_PUSH_LANE_H
#define APP_PUSH_LANE_H

#include "app/push.h"
#include "app/push_headers.h"
#include "app/spool_reader.h"
#include "base/backoff.h"

struct push_lane {
	const struct push_opts *opts;
	struct push_target target;
	struct spool_reader *reader; /* NULL: there is no spool yet */
	struct spool_read segment;   /* on its way */
	struct buf url, body;	     /* body: empty when the segment's bytes are sent */
	struct push_headers headers; /* of every request */
	struct http_call *call;	     /* NULL: nothing is on its way */
	struct backoff backoff;
	bool resting;			/* nothing waited at the last look */
	uint64_t due_ns;		/* not before, CLOCK_MONOTONIC */
	char stubborn_id[SPOOL_ID_LEN]; /* the segment that was answered 5xx the last time */
	unsigned int stubborn_cnt;	/* and how often without a break */
	struct push_status status;
	uint64_t status_ns; /* when it was written */
	bool status_dirty;
	bool done, behind; /* with `once` */
	/* What was said, so that it is not said each time. */
	uint64_t said_ns, said_rejected_ns; /* when; 0: never */
	bool said_trouble;		    /* and not yet that it is over */
	const char *said_what;		    /* the last thing of this machine */
	uint64_t failed_cnt;		    /* requests since the last success */
	uint64_t unsaid_cnt;		    /* rejected segments since the last line */
};

/* What all lanes share: a rate. */
struct push_gate {
	uint64_t open_ns; /* the next request not before, CLOCK_MONOTONIC */
};

/* 0 or -errno with error_set(). */
int push_lane__init(struct push_lane *l, const struct push_opts *opts,
		    const struct push_target *target);
/* Ends what is on its way and writes the status. */
void push_lane__fini(struct push_lane *l);
/* Does what can be done now without waiting; with @begin, also the next request. 0; -errno with error_set(): it can't go on. */
int push_lane__step(struct push_lane *l, struct http_client *client, struct push_gate *gate,
		    bool begin);
/* Reads the file of headers. 0 or -errno with error_set(): they are as they were. */
int push_lane__load_headers(struct push_lane *l);
/* Tries at once what waits for a later try. */
void push_lane__retry_now(struct push_lane *l);

#endif
