/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What was counted of system calls, by (entity, call): sums, lengths, errors, and the calls that are still open.
 *
 *   call_stats__add_row, call_stats__add_open ... -> call_stats__sort -> read items -> call_stats__clear or _fini
 */
#ifndef ANALYZE_CALL_STATS_H
#define ANALYZE_CALL_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/histogram.h"
#include "calls.h"

/*
 * So many rows, a kilobyte each, are kept apart: a system makes ever more processes, and a program may ask for any number.
 * What comes after that is added to the rows of CALL_STATS_OTHERS.
 */
#define CALL_STATS_MAX	     (1u << 17)
#define CALL_STATS_OTHERS    UINT64_MAX	 /* id of the entity */
#define CALL_STATS_OTHER_NRS 0x7fffffffu /* all numbers that CALL_MAX_NR leaves out */

struct call_error {
	uint32_t error;
	uint64_t cnt;
};

/* One call of one entity. */
struct call_stat {
	struct call_entity entity;
	uint32_t nr; /* | CALL_NR_COMPAT */
	uint64_t failed_cnt;
	uint64_t total_ns, blocked_ns, runnable_ns;
	struct histogram lengths;  /* its cnt: the calls; its max is exact */
	struct call_error *errors; /* after sorting: the most frequent first */
	size_t error_cnt, error_cap;
	uint64_t open_cnt, open_max_ns; /* not among the calls */
	uint64_t entity_ns;		/* after sorting: of all the entity's calls */
};

struct call_stats {
	struct call_stat *items;
	size_t cnt, cap;
	struct hash_index index;
};

/* A zeroed struct is empty. */
void call_stats__fini(struct call_stats *s);
/* Forgets everything. */
void call_stats__clear(struct call_stats *s);
/* Adds what the kernel counted. 0 or -ENOMEM. */
int call_stats__add_row(struct call_stats *s, const struct call_key *key,
			const struct call_row *row);
/* A call that is open at the end of the window. 0 or -ENOMEM. */
int call_stats__add_open(struct call_stats *s, const struct call_record *rec);
/*
 * Puts the entities with the most time first, and of each the calls with the most time; errors by their number. After that
 * nothing may be added before call_stats__clear().
 */
void call_stats__sort(struct call_stats *s);
/* The mean length, 0 of none. */
uint64_t call_stat_mean_ns(const struct call_stat *c);
/* What of the time was on CPU. */
uint64_t call_stat_on_cpu_ns(const struct call_stat *c);

#endif
