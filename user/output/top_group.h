/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Rows become the items of a view: those of one stack, thread, process... are one. */
#ifndef OUTPUT_TOP_GROUP_H
#define OUTPUT_TOP_GROUP_H

#include "base/hash.h"
#include "output/top_view.h"

#define TOP_NO_ROW UINT32_MAX

/* Its owner sets the first three and next, which has a place for each row, and frees what is in it. */
struct top_group {
	const struct top_rows *rows;
	enum top_by by;
	bool hide_kernel;
	struct top_item *items;
	size_t cnt, cap;
	uint32_t *next;
	struct hash_index index;
};

/* Adds row @pos. 0 or -ENOMEM. */
int top_group__add(struct top_group *g, uint32_t pos);
/* When all were added: puts the items into order, and gives them their keys. */
void top_group__finish(struct top_group *g, enum top_sort sort);

#endif
