/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the sender of SPOOL/TARGET tells others of itself, in SPOOL/TARGET/status: counters that go on where an earlier
 * process ended. `dwell serve` makes metrics of it:
 *
 * 	struct key_values kv;
 * 	struct push_status status;
 *
 * 	if (!spool_status_read(dir, "clickhouse", &kv) && !push_status__parse(&status, &kv))
 * 		...
 * 	key_values__fini(&kv);
 */
#ifndef APP_PUSH_STATUS_H
#define APP_PUSH_STATUS_H

#include <stdint.h>

#include "format/key_values.h"

/* Why a request was none that succeeded; also the metric's label, see push_failure_name(). */
enum push_failure {
	PUSH_FAILURE_TIMEOUT,
	PUSH_FAILURE_HTTP_4XX, /* with those that the receiver means: its exception says that the request was wrong */
	PUSH_FAILURE_HTTP_5XX,
	PUSH_FAILURE_TLS,
	PUSH_FAILURE_DNS,
	PUSH_FAILURE_REFUSED,
	PUSH_FAILURE_NETWORK, /* reset, cut off, no HTTP; redirected */
	PUSH_FAILURE_CNT,
};

enum push_state {
	PUSH_STATE_OK,	     /* the last request succeeded, or there was none yet */
	PUSH_STATE_RETRYING, /* it is tried again, later and later */
	PUSH_STATE_HALTED,   /* somebody has to repair something: rights, address, schema */
};

struct push_status {
	/* Ever. */
	uint64_t request_cnt; /* that ended, however */
	uint64_t failure_cnt[PUSH_FAILURE_CNT];
	uint64_t sent_cnt, sent_bytes; /* segments that arrived, and their bytes as sent */
	uint64_t rejected_cnt;	       /* segments that the receiver refused for good */
	/* Now. */
	uint64_t last_success_ns; /* CLOCK_REALTIME; 0: never */
	enum push_state state;
};

const char *push_failure_name(enum push_failure f);
const char *push_state_name(enum push_state s);

/* Appends everything to @to, whose error it is. */
void push_status__format(const struct push_status *s, struct key_values *to);
/* 0; -EBADMSG when one of it is missing or no number. */
int push_status__parse(struct push_status *s, const struct key_values *from);

#endif
