/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Stacks -> frames of a profile, each stack named once. */
#ifndef ANALYZE_STACK_NAMES_H
#define ANALYZE_STACK_NAMES_H

#include "base/hash.h"
#include "model/model.h"
#include "model/profile.h"
#include "symbol/symbolizer.h"

/* The frames of one stack. */
struct named_stack {
	uint64_t id, date_ns;
	uint32_t *frames; /* ids in the profile, innermost first; owned by the table */
	uint32_t cnt;
	size_t cap;
	bool waking; /* see stack_names__get_waking() */
	bool lost;   /* the id was never defined: its one frame says so */
	uint8_t go;  /* enum wire_go_class */
};

struct stack_names {
	const struct model *model;
	struct symbolizer *symbols;
	struct profile *profile;
	bool lines;    /* names end in the place in the source */
	bool creators; /* the outermost frame of a goroutine is where it was created */
	struct named_stack *items;
	size_t cnt, cap;
	struct hash_index index;
	uint32_t *binaries; /* in the profile, by the module's id - 1; 0: not looked at */
	size_t binary_cap;
	uint64_t lost_cnt; /* stacks without a definition */
};

void stack_names__init(struct stack_names *n, const struct model *model, struct symbolizer *symbols,
		       struct profile *profile, bool lines);
void stack_names__fini(struct stack_names *n);
/*
 * The frames of the stack @id as of @date_ns; 0: as of when it was first seen. Kernel stacks come without the tracer's own frames at their innermost end,
 * those of parked goroutines without the runtime's.
 * The pointer is valid until the next call. NULL + errno.
 */
const struct named_stack *stack_names__get(struct stack_names *n, uint64_t id, uint64_t date_ns);
/* The same of a kernel stack in which somebody was woken: what came within one of the tracer's programs is not the tracer's. */
const struct named_stack *stack_names__get_waking(struct stack_names *n, uint64_t id);
/*
 * The earliest moment as of which the stack @id has the same names as at *@date_ns, which is not 0; nor is it ever. 0 or
 * -ENOMEM.
 */
int stack_names__settle(struct stack_names *n, uint64_t id, uint64_t *date_ns);

#endif
