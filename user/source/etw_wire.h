/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Waits of Windows as records of the wire (bpf/wire.h): each thread, module and stack is told before the first wait that needs it. What
 * no wait needs is never told.
 */
#ifndef SOURCE_ETW_WIRE_H
#define SOURCE_ETW_WIRE_H

#include "base/hash.h"
#include "model/event.h"
#include "model/module.h"
#include "source/etw_facts.h"
#include "source/etw_stacks.h"

/* A part of struct etw_stacks as it was in a space. */
struct etw_wire_part {
	uint32_t part;
	uint32_t process;  /* ETW_NONE: the kernel */
	size_t place_cnt;  /* that the space had */
	size_t change_cnt; /* how often its code had changed when it was looked up last */
	__u64 id;
};

struct etw_wire {
	struct etw_facts *facts;
	const struct etw_stacks *stacks;
	uint64_t offset_ns; /* what times of the trace are on the clock that is told */
	event_fn fn;	    /* set before each call */
	void *arg;
	struct module_table *modules; /* gives ids to modules, not owned; NULL: they count up */
	uint32_t module_cnt;	      /* that were told: the last one's id, where they count up */
	uint32_t kernel; /* the id of the module of addresses in no driver; 0: not told */
	struct hash_index strangers; /* threads that nothing was told of in the trace */
	uint32_t *stranger_tids;
	size_t stranger_cnt, stranger_cap;
	struct etw_wire_part *parts;
	size_t part_cnt, part_cap;
	struct hash_index by_part;
	uint64_t *ids; /* of stacks that were told */
	size_t id_cnt, id_cap;
	struct hash_index by_id;
};

/* Both must live as long. */
void etw_wire__init(struct etw_wire *t, struct etw_facts *facts, const struct etw_stacks *stacks,
		    uint64_t offset_ns);
void etw_wire__fini(struct etw_wire *t);
/* The reasons for waits that there are, before all else. All of these: 0, -ENOMEM, -E2BIG or an error of fn. */
int etw_wire__reasons(struct etw_wire *t);
/* @with_waker: the trace says who ended waits. */
int etw_wire__wait(struct etw_wire *t, const struct etw_stacked *s, bool with_waker);
int etw_wire__totals(struct etw_wire *t, const struct etw_totals *totals);
/*
 * Tells the thread as it was at @time_ns, and a stack of the kernel's one function at @routine. Whose it is, zero if nobody knows; and the
 * stack's id.
 */
int etw_wire__call(struct etw_wire *t, uint32_t tid, uint64_t routine, uint64_t time_ns,
		   struct wire_thread_key *ret_key, struct wire_image *ret_image, __u64 *ret_stack);
/* A fact about the run. */
int etw_wire__note(struct etw_wire *t, const char *key, const char *value);
/* The consumer forgets these stacks, unless they are told again. 0 or -ENOMEM. */
int etw_wire__forget(struct etw_wire *t, const uint64_t *ids, size_t cnt);
/* Ids of parts have changed. */
void etw_wire__reset_parts(struct etw_wire *t);
/* Positions in the facts have changed, or ids of modules will be given again: nothing counts as told, but stacks. */
void etw_wire__reset(struct etw_wire *t);
/* Does the thread never go to user space? */
bool etw_wire__is_kernel_thread(const struct etw_wire *t, uint32_t tid, uint64_t time_ns);

#endif
