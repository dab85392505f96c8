/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * How long system calls take, as metrics: a few calls by name, all others together, for months. It takes what the kernel counted
 * (struct call_row) row by row; call_stats.h is for tables.
 *
 * The kernel counts lengths in log-linear buckets (bpf/buckets.h). One that lies across a bound counts on the side where the
 * mean of its row lies. So a value may be on the wrong side of a bound by the width of such a bucket, 6 % of the bound.
 */
#ifndef ANALYZE_CALL_METRICS_H
#define ANALYZE_CALL_METRICS_H

#include <stdint.h>

#include "analyze/bounds.h"
#include "calls.h"

#define CALL_METRICS_MAX      32
#define CALL_METRICS_NAME_LEN 32
/* Calls that programs wait in, for --syscalls without a list. */
#define CALL_METRICS_DEFAULT                                                        \
	"read,write,pread64,pwrite64,openat,fsync,fdatasync,futex,epoll_wait,poll," \
	"recvfrom,sendto,recvmsg,sendmsg,connect,accept4"

/*
 * The errors that have a name in metrics, the others are "other". Calls that a signal interrupted and that go on by themselves
 * (ERESTARTSYS and its like) are EINTR, as they would be for the program.
 */
#define CALL_METRICS_ERRORS_LIST(X) \
	X(EAGAIN) X(EINTR) X(ENOENT) X(EACCES) X(EPERM) X(ETIMEDOUT) X(ECONNRESET) X(ENOSPC)

enum call_metrics_error {
#define X(name) CALL_METRICS_##name,
	CALL_METRICS_ERRORS_LIST(X)
#undef X
		CALL_METRICS_OTHER,
	CALL_METRICS_ERROR_CNT
};

/* "EAGAIN"..., "other" */
const char *call_metrics_error_name(unsigned int error);

struct call_metric {
	char name[CALL_METRICS_NAME_LEN];
	struct bounds_counts lengths; /* its cnt: the calls */
	uint64_t error_cnts[CALL_METRICS_ERROR_CNT];
};

/* Flat: a copy is an assignment. */
struct call_metrics {
	struct bounds bounds;
	uint32_t cnt;					/* of the named items, the first ones */
	struct call_metric items[CALL_METRICS_MAX + 1]; /* the last one is `other` */
	uint64_t entered_cnt,
		lost_cnt; /* set by the owner: CALL_C_ENTERED, CALL_C_MAP_FULL + CALL_C_REENTERED */
	uint8_t of_nr[2][CALL_MAX_NR]; /* the item of a call: native, 32-bit */
};

/*
 * @list: names, "read,write"; the same call of 32-bit programs counts there too. @bounds: NULL: bounds_time. 0, or -EINVAL with
 * error_set(): a name that there is not, or too many.
 */
int call_metrics__init(struct call_metrics *m, const char *list, const struct bounds *bounds);
/* Adds what the kernel counted, of whomever. */
void call_metrics__add_row(struct call_metrics *m, const struct call_key *key,
			   const struct call_row *row);

#endif
