/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Stacks of Windows' events. They come as events of their own, some time after what they are the stack of, and say which that was by
 * its time and thread: the kernel's part at once; the user's when the thread goes back there, and then it is that of all that
 * the thread did in the kernel meanwhile. Either may be a key, whose addresses are told when the system forgets the key, or at
 * the trace's end; keys are given again.
 *
 *   all events: etw_stacks__define for ETW_STACK_OF_KEY -> etw_stacks__defined
 *   again, in the order of time: etw_stacks__expect for what has a stack, etw_stacks__add for ETW_STACK and ETW_STACK_KEY,
 *     which hands out what is complete -> etw_stacks__finish hands out the rest
 */
#ifndef SOURCE_ETW_STACKS_H
#define SOURCE_ETW_STACKS_H

#include "source/etw_parts.h"
#include "source/etw_waits.h"

#define ETW_MAX_PENDING (1u << 18) /* waits whose stacks are still to come: the oldest go without */

/* Waits with their stacks: ids of etw_stacks__addrs(), 0: none. */
struct etw_stacked {
	struct etw_wait wait;
	uint32_t kernel, user;
	uint32_t by_kernel, by_user; /* of who readied it */
	bool user_later; /* the user's part was told of a later moment, before the thread went back there */
};

typedef int (*etw_stacked_fn)(void *arg, const struct etw_stacked *s);

struct etw_stacks_counts {
	uint64_t stack_cnt;	  /* that were told, or keys in their place */
	uint64_t key_cnt;	  /* of those, keys */
	uint64_t unknown_key_cnt; /* that were never told */
	uint64_t unused_cnt;	  /* of other events than those expected */
	uint64_t late_cnt;	  /* waits that went without for there were too many */
	uint64_t held_cnt;	  /* now: see etw_stacks__hold() */
};

struct etw_stacks;

/* Hands waits to @fn. @wide: as for struct etw_facts. NULL + errno. */
struct etw_stacks *etw_stacks__new(bool wide, etw_stacked_fn fn, void *arg);
void etw_stacks__free(struct etw_stacks *s);

/* What a key stands for up to @ticks. 0, -ENOMEM, -E2BIG. */
int etw_stacks__define(struct etw_stacks *s, const struct etw_event *e, int64_t ticks);
void etw_stacks__defined(struct etw_stacks *s);

/*
 * Somebody was readied by @tid: the stack of that may be told before the wait is over. Asked for by the next etw_stacks__expect() of a
 * wait with this ready_ticks and by_tid. @kernel_only: the thread never goes to user space. 0 or -ENOMEM.
 */
int etw_stacks__hold(struct etw_stacks *s, int64_t ticks, uint32_t tid, uint64_t now_ns,
		     bool kernel_only);
/* Nobody will ask for what was held for this wait. */
void etw_stacks__drop(struct etw_stacks *s, const struct etw_wait *w);
/* Has a stack at w->in_ticks by its thread, and what was held for it. What can have none is handed out at once. 0, -ENOMEM, or an error of fn. */
int etw_stacks__expect(struct etw_stacks *s, const struct etw_wait *w, bool kernel_only);
/* @raw is what @e was made of. 0, -ENOMEM, -E2BIG, or an error of fn. */
int etw_stacks__add(struct etw_stacks *s, const struct etw_event *e, const struct etl_event *raw);
/* Hands out all waits with the stacks that they have so far. What was held stays. */
int etw_stacks__finish(struct etw_stacks *s);
/*
 * For runs without an end, after etw_stacks__finish(): keeps only the addresses that are needed. Ids change. 0 or -ENOMEM: then all
 * is as it was.
 */
int etw_stacks__renew(struct etw_stacks *s);
/* How many addresses are kept. */
size_t etw_stacks__size(const struct etw_stacks *s);

/* The addresses, innermost first; until the next etw_stacks__add(). */
const uint64_t *etw_stacks__addrs(const struct etw_stacks *s, uint32_t id, uint32_t *ret_cnt);
const struct etw_stacks_counts *etw_stacks__counts(const struct etw_stacks *s);

#endif
