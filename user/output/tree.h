/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The call tree of the fold rows, for pictures: their numbers are those of the folded file. The
 * nodes are in depth-first order; node 0 is the root of all. Siblings are in the order of their
 * names' bytes.
 */
#ifndef OUTPUT_TREE_H
#define OUTPUT_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "output/fold.h"

#define TREE_NONE UINT32_MAX
#define TREE_ROOT 0u

struct tree_node {
	uint32_t name;	   /* string id in the profile; 0: "[unknown]" or the root */
	uint32_t module;   /* string id; 0: none, or rows with different ones meet here */
	uint8_t kind;	   /* enum frame_kind */
	uint32_t depth;	   /* 0: the root */
	uint32_t row;	   /* the fold row that ends here; TREE_NONE: none */
	uint64_t us;	   /* with everything below */
	uint64_t start_us; /* where it begins when siblings stand side by side */
};

struct tree {
	const struct fold *fold;
	struct tree_node *nodes;
	size_t cnt, cap;
};

/*
 * Builds the tree of @f, which must outlive @t. 0 or -errno; tree__fini() is right in both cases.
 */
int tree__init(struct tree *t, const struct fold *f);
void tree__fini(struct tree *t);
/* The name of a node. */
const char *tree__name(const struct tree *t, uint32_t node);

#endif
