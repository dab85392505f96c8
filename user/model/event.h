/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Waist 1: what every source delivers and everything after it consumes.
 *
 * An event is a validated wire record (bpf/wire.h). A source that does not read wire records (ETW)
 * builds them. Only format/wire.c makes events out of bytes, so a consumer may trust sizes, counts and
 * string terminators; values are still whatever the record said.
 */
#ifndef MODEL_EVENT_H
#define MODEL_EVENT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wire.h"

struct event {
	union { /* all the same address; which one is valid is said by h->kind */
		const struct wire_header *h;
		const struct wire_interval *interval;
		const struct wire_thread *thread;
		const struct wire_stack *stack;
		const struct wire_exec *exec;
		const struct wire_fork *fork;
		const struct wire_summary *summary;
		const struct wire_spill *spill;
		const struct wire_counters *counters;
		const struct wire_module *module;
		const struct wire_mapping *mapping;
		const struct wire_symbol *symbol;
		const struct wire_line *line;
		const struct wire_code *code;
		const struct wire_lock *lock;
		const struct wire_wait_reason *wait_reason;
		const struct wire_long_name *long_name;
		const struct wire_debug_file *debug_file;
		const struct wire_labels *labels;
		const struct wire_meta *meta;
		const struct wire_window *window;
		const struct wire_round *round;
	};
};

/* Who ended an interval or spilled ones; NULL: nobody asked. */
static inline const struct wire_waker *event__waker(const struct event *e)
{
	if (e->h->kind == WIRE_INTERVAL && e->h->size >= sizeof(struct wire_waked))
		return &((const struct wire_waked *)e->h)->waker;
	if (e->h->kind == WIRE_SPILL && e->h->size >= sizeof(struct wire_waked_spill))
		return &((const struct wire_waked_spill *)e->h)->waker;
	return NULL;
}

/* The futex that such a one waited for, as in struct wire_waked; 0: none, or nobody asked. */
static inline uint64_t event__lock(const struct event *e)
{
	if (!event__waker(e))
		return 0;
	return e->h->kind == WIRE_INTERVAL ? ((const struct wire_waked *)e->h)->lock
					   : ((const struct wire_waked_spill *)e->h)->lock;
}

/* How many waits a WIRE_INTERVAL stands for: 0 where it goes on with one that another interval had. */
static inline uint64_t event__wait_cnt(const struct event *e)
{
	return e->h->size >= sizeof(struct wire_counted) ? ((const struct wire_counted *)e->h)->cnt
							 : 1;
}

/* What its program says of it: the id of a WIRE_LABELS; 0: nothing. */
static inline uint64_t event__labels(const struct event *e)
{
	return e->h->size >= sizeof(struct wire_counted)
		       ? ((const struct wire_counted *)e->h)->labels
		       : 0;
}

/* A WIRE_INTERVAL to be changed, with all that is known of it; its size says how much that is. */
static inline void event__copy_interval(const struct event *e, struct wire_counted *to)
{
	uint32_t size = e->h->size < sizeof(*to) ? e->h->size : (uint32_t)sizeof(*to);

	memset(to, 0, sizeof(*to));
	memcpy(to, e->h, size);
	to->waked.interval.h.size = size;
}

/*
 * Takes one event; the memory belongs to the caller and is gone after the return. 0 to go on, else an
 * error that ends the source's loop.
 */
typedef int (*event_fn)(void *arg, const struct event *e);

#endif
