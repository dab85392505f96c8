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
	uint64_t id;
	uint32_t *frames; /* ids in the profile, innermost first; owned by the table */
	uint32_t cnt;
	bool lost; /* the id was never defined: its one frame says so */
};

struct stack_names {
	const struct model *model;
	struct symbolizer *symbols;
	struct profile *profile;
	struct named_stack *items;
	size_t cnt, cap;
	struct hash_index index;
	uint64_t lost_cnt; /* stacks without a definition */
};

void stack_names__init(struct stack_names *n, const struct model *model, struct symbolizer *symbols,
		       struct profile *profile);
void stack_names__fini(struct stack_names *n);
/*
 * The frames of the stack @id. Kernel stacks come without the tracer's own frames at their innermost end.
 * The pointer is valid until the next call. NULL + errno.
 */
const struct named_stack *stack_names__get(struct stack_names *n, uint64_t id);

#endif
