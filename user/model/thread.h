/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Threads: identity, names over time, totals. */
#ifndef MODEL_THREAD_H
#define MODEL_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "wire.h"

#define THREAD_MAX_CNT (1u << 22)

#define THREAD_NAME_MAX 255 /* bytes of a long name */

/* A name that a thread had, from its WIRE_THREAD record. */
struct thread_name {
	uint32_t comm_gen;
	char comm[WIRE_COMM_LEN + 1];
	char *long_name; /* where comm has no room for it; NULL: comm is all of it. Owned. */
	struct wire_image image; /* the process it belonged to then */
};

struct thread {
	uint32_t tid;
	uint64_t start_ns;
	uint32_t pid;
	uint32_t flags; /* enum wire_thread_flags, of all records together */
	uint64_t cgroup_id;
	struct thread_name *names; /* in order of arrival */
	size_t name_cnt, name_cap;
	uint32_t used; /* the table's generation when it was last wanted */
	bool has_summary;
	struct wire_summary summary;		    /* the last one */
	uint64_t open_blocked_ns, open_runnable_ns; /* of the interval cut by the window's end */
	bool open;
};

struct thread_table {
	struct thread *items;
	size_t cnt, cap;
	uint32_t generation; /* see thread_table__use() */
	struct hash_index index;
};

void thread_table__init(struct thread_table *t);
void thread_table__fini(struct thread_table *t);
/* Find or add by (tid, start). NULL + errno. Pointers are valid until the next get. */
struct thread *thread_table__get(struct thread_table *t, uint32_t tid, uint64_t start_ns);
/* The position of a thread, HASH_INDEX_NONE if unknown. Positions never change but by a sweep. */
uint32_t thread_table__find(const struct thread_table *t, uint32_t tid, uint64_t start_ns);
/* Takes a WIRE_THREAD or WIRE_SUMMARY record. 0 or -errno. */
int thread_table__add(struct thread_table *t, const struct wire_thread *rec);
int thread_table__add_summary(struct thread_table *t, const struct wire_summary *rec);
/* For runs without an end: a thread is wanted in this generation. Unknown ones are ignored. */
void thread_table__use(struct thread_table *t, uint32_t tid, uint64_t start_ns);
/* Removes the threads that have ended and were not used in this generation. 0 or -ENOMEM: then none was. */
int thread_table__sweep(struct thread_table *t);
/* Takes a WIRE_LONG_NAME record; one for a name that is not known is ignored. 0 or -ENOMEM. */
int thread_table__add_long_name(struct thread_table *t, const struct wire_long_name *rec);
#define THREAD_NEWEST_NAME UINT32_MAX
/* The name of generation @comm_gen; the newest if that one never arrived; NULL if there is none. */
const struct thread_name *thread__find_name(const struct thread *th, uint32_t comm_gen);
/* The whole name; THREAD_NAME_MAX bytes at most. */
static inline const char *thread_name__text(const struct thread_name *n)
{
	return n->long_name ? n->long_name : n->comm;
}

#endif
