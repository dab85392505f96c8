/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Run-queue latency: rows of the kernel's maps -> one row per process, thread, CPU or class, with a histogram of its waits
 * and those who ran instead.
 *
 *   runq_table__init -> (runq_table__add_cell, runq_table__add_turn) ... -> runq_table__sort -> look at it
 *     -> runq_table__clear -> the next interval ... -> runq_table__fini
 */
#ifndef ANALYZE_RUNQ_H
#define ANALYZE_RUNQ_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/histogram.h"
#include "queues.h"

#define RUNQ_MAX_ROWS  (1u << 20)
#define RUNQ_MAX_TURNS (1u << 22)

/* One who ran while those of a row waited. */
struct runq_ran {
	struct runq_turn_key key;
	struct runq_turn sum;
};

struct runq_row {
	struct runq_who who;
	char comm[WIRE_COMM_LEN]; /* its last name */
	uint64_t last_ns;	  /* when that was seen */
	struct histogram waits;	  /* those that ended; its max is exact */
	uint64_t ns;		  /* their time */
	uint64_t open_cnt, open_ns;
	/* Once sorted: in runq_table.rans, most time first. */
	size_t first_ran, ran_cnt;
	uint64_t ran_ns; /* the time of all of them */
};

struct runq_table {
	struct runq_row *rows; /* once sorted: most time first */
	size_t cnt, cap;
	struct runq_ran *rans;
	size_t ran_cnt, ran_cap;
	/* Once sorted: the same of all rows together, most time first; key.who is of no meaning. */
	struct runq_ran *sums;
	size_t sum_cnt;
	struct hash_index index, ran_index;
	/* Since runq_table__init(): what was added. */
	uint64_t wait_cnt, wait_ns, ran_ns;
};

void runq_table__init(struct runq_table *t);
void runq_table__fini(struct runq_table *t);
/* Forgets the rows, not the sums. */
void runq_table__clear(struct runq_table *t);
/* Adds a row of the kernel's. 0, -ENOMEM, -E2BIG past the cap, -EINVAL for a bucket that there is not. */
int runq_table__add_cell(struct runq_table *t, const struct runq_cell_key *key,
			 const struct runq_cell *cell);
int runq_table__add_turn(struct runq_table *t, const struct runq_turn_key *key,
			 const struct runq_turn *turn);
/* Puts all in order. After that nothing can be added before runq_table__clear(). 0 or -ENOMEM. */
int runq_table__sort(struct runq_table *t);

/* "process", "thread", "cpu", "class"; NULL for another number. */
const char *runq_by_name(unsigned int by);
/* The word for a scheduling policy; NULL for one that we don't know. */
const char *runq_class_name(unsigned int policy);

#endif
