/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The rows are sorted by their frames one by one (the order of the folded file is almost that,
 * but "a b" comes between "a" and "a;c" there), so that each row continues the path of the row
 * before it and the nodes are made in depth-first order without looking anything up.
 */
#include "output/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define TREE_MAX_CNT (1u << 30)

/* The nodes from the root to where the row before ended. */
struct path {
	uint32_t *nodes;
	size_t len, cap;
};

static struct profile_frame find_frame(const struct fold *f, uint32_t id)
{
	if (id < f->profile->frame_cnt)
		return f->profile->frames[id];
	return (struct profile_frame){.kind = FRAME_KIND_MISSING};
}

static struct profile_frame row_frame(const struct fold *f, const struct fold_row *row, uint32_t i)
{
	return find_frame(f, i < row->frame_cnt ? row->frames[i] : UINT32_MAX);
}

static int row_cmp(const void *left, const void *right, void *arg)
{
	const struct fold *f = arg;
	const struct fold_row *a = &f->rows[*(const uint32_t *)left];
	const struct fold_row *b = &f->rows[*(const uint32_t *)right];
	uint32_t a_cnt = fold_row__name_cnt(a), b_cnt = fold_row__name_cnt(b);

	for (uint32_t i = 0; i < a_cnt && i < b_cnt; i++) {
		uint32_t a_name = row_frame(f, a, i).name, b_name = row_frame(f, b, i).name;

		if (a_name != b_name)
			return strcmp(profile__str(f->profile, a_name),
				      profile__str(f->profile, b_name));
	}
	return a_cnt < b_cnt ? -1 : a_cnt > b_cnt;
}

/* Positions of the rows in the order of the tree. NULL when there is no memory. */
static uint32_t *sort_rows(const struct fold *f)
{
	uint32_t *order = calloc(f->row_cnt + 1, sizeof(*order));

	for (size_t i = 0; order && i < f->row_cnt; i++)
		order[i] = (uint32_t)i;
	if (order)
		qsort_r(order, f->row_cnt, sizeof(*order), row_cmp, (void *)f);
	return order;
}

/* Adds a node below the end of the path and continues the path to it. */
static int add_node(struct tree *t, struct path *path, const struct profile_frame *frame)
{
	int err = array__grow((void **)&t->nodes, &t->cap, t->cnt + 1, sizeof(*t->nodes),
			      TREE_MAX_CNT);

	if (!err)
		err = array__grow((void **)&path->nodes, &path->cap, path->len + 1,
				  sizeof(*path->nodes), TREE_MAX_CNT);
	if (err)
		return err;
	t->nodes[t->cnt] = (struct tree_node){
		.name = frame->name,
		.module = frame->module,
		.kind = frame->kind,
		.depth = (uint32_t)path->len,
		.row = TREE_NONE,
	};
	path->nodes[path->len++] = (uint32_t)t->cnt++;
	return 0;
}

/* Frames of one name that meet in a node: a module that they don't share would be wrong for one. */
static void join_frame(struct tree_node *node, const struct profile_frame *frame)
{
	if (node->module != frame->module)
		node->module = 0;
	if (node->kind > frame->kind)
		node->kind = frame->kind;
}

static void join_variants(struct tree *t, const struct path *path, const struct fold_row *row)
{
	const struct fold *f = t->fold;

	for (uint32_t at = row->first_variant; at != FOLD_NONE; at = f->variants[at].next)
		for (uint32_t i = 0; i < row->frame_cnt; i++) {
			struct profile_frame frame = find_frame(f, f->variants[at].frames[i]);

			join_frame(&t->nodes[path->nodes[i + 1]], &frame);
		}
}

/* Shortens the path to what it shares with @row. */
static void leave(struct tree *t, struct path *path, const struct fold_row *row)
{
	size_t shared = 1;

	for (; shared < path->len && shared <= fold_row__name_cnt(row); shared++) {
		struct profile_frame frame = row_frame(t->fold, row, (uint32_t)shared - 1);
		struct tree_node *node = &t->nodes[path->nodes[shared]];

		if (node->name != frame.name)
			break;
		join_frame(node, &frame);
	}
	path->len = shared;
}

static int add_rows(struct tree *t, struct path *path, const uint32_t *order)
{
	const struct profile_frame root = {.kind = FRAME_KIND_PROCESS};
	uint64_t at_us = 0;
	int err = add_node(t, path, &root);

	for (size_t i = 0; !err && i < t->fold->row_cnt; i++) {
		const struct fold_row *row = &t->fold->rows[order[i]];

		leave(t, path, row);
		for (uint32_t j = (uint32_t)path->len - 1; !err && j < fold_row__name_cnt(row);
		     j++) {
			struct profile_frame frame = row_frame(t->fold, row, j);

			err = add_node(t, path, &frame);
			if (!err)
				t->nodes[t->cnt - 1].start_us = at_us;
		}
		if (err)
			break;
		join_variants(t, path, row);
		t->nodes[path->nodes[path->len - 1]].row = order[i];
		for (size_t j = 0; j < path->len; j++)
			t->nodes[path->nodes[j]].us += row->us;
		at_us += row->us;
	}
	return err;
}

int tree__init(struct tree *t, const struct fold *f)
{
	_cleanup_free_ uint32_t *order = sort_rows(f);
	struct path path = {0};
	int err;

	memset(t, 0, sizeof(*t));
	t->fold = f;
	if (!order)
		return -ENOMEM;
	err = add_rows(t, &path, order);
	free(path.nodes);
	return err;
}

void tree__fini(struct tree *t)
{
	free(t->nodes);
	memset(t, 0, sizeof(*t));
}

const char *tree__name(const struct tree *t, uint32_t node)
{
	const char *name = profile__str(t->fold->profile, t->nodes[node].name);

	if (node == TREE_ROOT)
		return "all";
	return *name ? name : "[unknown]";
}
