/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Wake chains: while a thread waited, the one that woke it at last may itself have waited, for a third. The blocked time of a
 * wait is divided: the parts in which its waker was blocked belong to the waker's waits, and so on outward; what is left is
 * time in which the waker ran, or waited for a CPU.
 *
 * A hop's wait ends before the one that it leads to does, so a chain can't go round in a circle.
 */
#ifndef ANALYZE_CHAINS_H
#define ANALYZE_CHAINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "wire.h"

#define CHAINS_MAX_HOPS 8

/* One wait, as it came. */
struct chain_wait {
	struct wire_interval interval;
	struct wire_waker waker;
	uint64_t lock;
	uint64_t date_ns; /* see struct offcpu_row */
	uint64_t cnt;	  /* waits that it stands for */
	uint64_t labels;  /* see struct offcpu_row */
};

/* Where a waker waited. */
struct chain_hop {
	struct wire_thread_key thread;
	uint64_t kernel_stack, user_stack;
	struct wire_wait wait; /* flags: those of OFFCPU_ROW_FLAGS only */
};

/* A chain is its last hop and the chain before it. */
struct chain {
	struct chain_hop hop;
	uint32_t before; /* id; 0: this is the first hop */
	uint32_t depth;	 /* hops */
};

struct chains {
	const struct chain_wait **waits; /* by thread, then time */
	size_t wait_cnt;
	struct chain *items; /* id - 1 */
	size_t cnt, cap;
	struct hash_index index;
};

/* Over @cnt waits, which must stay where they are. 0 or -ENOMEM. */
int chains__init(struct chains *c, const struct chain_wait *waits, size_t cnt);
void chains__fini(struct chains *c);
/* NULL for id 0. Valid until the next chains__divide(). */
const struct chain *chains__get(const struct chains *c, uint32_t id);

/* What chains__divide() asks and tells. */
struct chain_user {
	/* Was it the thread's own doing? Interrupts are not followed. < 0: an error. */
	int (*is_thread)(void *arg, const struct wire_waker *waker);
	/* A part of the blocked time: at the end of @chain (0: no hop) it is @waker whom all wait for. 0 or an error. */
	int (*part)(void *arg, uint32_t chain, const struct wire_waker *waker, uint64_t ns);
	void *arg;
};

/* Divides the blocked time of @w, one of the waits: the parts add up to it. 0, -ENOMEM, or an error of @user. */
int chains__divide(struct chains *c, const struct chain_wait *w, const struct chain_user *user);

#endif
