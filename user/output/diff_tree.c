/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output/diff.h"
#include "output/text.h"

struct tree_place {
	uint32_t parent, name;
};

/* Finds the nodes of a tree by their parent and name. */
struct tree_index {
	const struct tree *tree;
	uint32_t *parents; /* by node */
	struct hash_index index;
};

static bool tree_place_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct tree_index *x = owner;
	const struct tree_place *place = key;

	return x->parents[pos] == place->parent && x->tree->nodes[pos].name == place->name;
}

static uint64_t tree_place_hash(const struct tree_place *place)
{
	return hash_mix(hash_u64(place->parent), place->name);
}

static void tree_index__fini(struct tree_index *x)
{
	free(x->parents);
	hash_index__fini(&x->index);
}

/* Nodes are in depth-first order: the parent is the last one that was one level higher. */
static int tree_index__init(struct tree_index *x, const struct tree *t)
{
	*x = (struct tree_index){.tree = t, .parents = calloc(t->cnt + 1, sizeof(*x->parents))};
	hash_index__init(&x->index);
	if (!x->parents)
		return -ENOMEM;
	for (uint32_t i = TREE_ROOT + 1; i < t->cnt; i++) {
		struct tree_place place = {.parent = i - 1, .name = t->nodes[i].name};

		while (t->nodes[place.parent].depth >= t->nodes[i].depth)
			place.parent = x->parents[place.parent];
		x->parents[i] = place.parent;
		if (hash_index__add(&x->index, tree_place_hash(&place), i))
			return -ENOMEM;
	}
	return 0;
}

/* The node of this name below another one, TREE_NONE if there is none. */
static uint32_t tree_index__find(const struct tree_index *x, uint32_t parent, uint32_t name)
{
	struct tree_place place = {parent, name};

	return hash_index__find(&x->index, tree_place_hash(&place), tree_place_eq, x, &place);
}

/* Adds a row of base to the nodes that it goes through. Is it all there? */
static bool diff_tree_add(struct diff_tree *d, const struct tree_index *x, const struct fold *base,
			  const struct fold_row *row, uint64_t us)
{
	uint32_t node = TREE_ROOT;

	d->base_us[node] += us;
	for (uint32_t i = 0; i < fold_row__name_cnt(row); i++) {
		uint32_t name = i < row->frame_cnt ? base->profile->frames[row->frames[i]].name : 0;

		node = tree_index__find(x, node, name);
		if (node == TREE_NONE)
			return false;
		d->base_us[node] += us;
	}
	return x->tree->nodes[node].row != TREE_NONE;
}

static int diff_tree_fill(struct diff_tree *d, const struct tree *t, const struct fold *base,
			  bool normalise)
{
	_cleanup_(tree_index__fini) struct tree_index x;
	int err = tree_index__init(&x, t);

	for (size_t i = 0; !err && i < base->row_cnt; i++) {
		const struct fold_row *row = &base->rows[i];
		uint64_t us = normalise ? text_scale(row->us, t->fold->total_us, base->total_us)
					: row->us;

		if (!diff_tree_add(d, &x, base, row, us))
			d->gone_us += us;
	}
	for (uint32_t i = TREE_ROOT + 1; i < t->cnt; i++) {
		uint64_t distance = diff_distance(d->base_us[i], t->nodes[i].us);

		if (distance > d->max_us)
			d->max_us = distance;
	}
	return err;
}

int diff_tree__init(struct diff_tree *d, const struct tree *t, const struct writer_opts *opts)
{
	_cleanup_(fold__fini) struct fold base;
	int err;

	*d = (struct diff_tree){.base_us = calloc(t->cnt + 1, sizeof(*d->base_us))};
	err = fold__init(&base, opts->base);
	if (!err && !d->base_us)
		err = -ENOMEM;
	return err ? err : diff_tree_fill(d, t, &base, opts->normalise);
}

void diff_tree__fini(struct diff_tree *d)
{
	free(d->base_us);
	*d = (struct diff_tree){.base_us = NULL};
}

int diff_tree__level(const struct diff_tree *d, const struct tree *t, uint32_t node)
{
	uint64_t base_us = d->base_us[node], us = t->nodes[node].us;
	int level;

	if (base_us == us || !d->max_us)
		return 0;
	/* From the smallest difference on, rounded up; the root may differ by more than any other. */
	level = (int)text_scale(diff_distance(base_us, us) - 1, DIFF_LEVELS, d->max_us) + 1;
	if (level > DIFF_LEVELS)
		level = DIFF_LEVELS;
	return us > base_us ? level : -level;
}
