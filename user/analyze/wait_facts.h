/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What counters want to know of a wait: its reason and how deep its stacks are. Waits repeat, so answers are kept in a table
 * of fixed size; most waits cost one look into it.
 */
#ifndef ANALYZE_WAIT_FACTS_H
#define ANALYZE_WAIT_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "analyze/stack_names.h"
#include "model/model.h"
#include "model/profile.h"
#include "model/reason.h"
#include "symbol/symbolizer.h"

struct wait_fact {
	uint64_t kernel_stack, user_stack;
	struct wire_wait wait;	   /* flags: those of OFFCPU_ROW_FLAGS only */
	uint8_t reason;		   /* enum reason */
	uint16_t kernel_frame_cnt; /* 0: no stack */
	uint16_t user_frame_cnt;
	uint8_t go; /* enum wire_go_class, of the user stack */
};

#define WAIT_FACTS_CNT 8192 /* a power of two */

struct wait_facts {
	const struct model *model;
	struct symbolizer *symbols;
	struct wait_fact *
		items; /* WAIT_FACTS_CNT, each where its hash says; kernel_stack and user_stack 0: free */
	struct profile *profile; /* holds the names of kernel frames */
	struct stack_names names;
};

/* Both stay the caller's. 0 or -ENOMEM. */
int wait_facts__init(struct wait_facts *f, const struct model *model, struct symbolizer *symbols);
void wait_facts__fini(struct wait_facts *f);
/*
 * The facts of a wait, valid until the next call. NULL + errno: EAGAIN when a stack's definition is still to come or to be
 * resolved, which the next round brings (unless @last: then without that stack); ENOMEM.
 */
const struct wait_fact *wait_facts__get(struct wait_facts *f, const struct wire_wait *wait,
					uint64_t kernel_stack, uint64_t user_stack, bool last);
/*
 * What ended a wait: enum waker_kind; WAKER_NONE for NULL. -EAGAIN and -ENOMEM as above.
 */
int wait_facts__waker(struct wait_facts *f, const struct wire_waker *waker, bool last);
/* Other names than before: @symbols. What was found stays. 0 or -ENOMEM. */
int wait_facts__renew(struct wait_facts *f, struct symbolizer *symbols);

#endif
