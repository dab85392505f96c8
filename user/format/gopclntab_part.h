/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the files of gopclntab share. */
#ifndef FORMAT_GOPCLNTAB_PART_H
#define FORMAT_GOPCLNTAB_PART_H

#include "base/cursor.h"
#include "format/gopclntab.h"

/* An entry of an inline tree: a call that was inlined. */
struct gopclntab_call {
	const char *name; /* of the function that was called */
	uint8_t func_id;
	uint32_t
		parent_pc; /* relative to the function: what stands for the call in the caller's lines */
	bool fits;	   /* everything in it makes sense */
};

/* A cursor at @off of the table; at an error when that lies outside. */
static inline struct cursor gopclntab_at(const struct gopclntab *t, uint64_t off)
{
	struct cursor c = cursor_over(t->bytes.data, t->bytes.len);

	if (off >= t->bytes.len)
		c.err = -EBADMSG;
	else
		c.pos += off;
	return c;
}

/* The text at @off; NULL when none ends in time. */
const char *gopclntab_text(const struct gopclntab *t, uint64_t off);
/* The address of the inline tree of @f. False when it has none. */
bool gopclntab_tree(const struct gopclntab *t, const struct gopclntab_func *f, uint64_t *ret_vaddr);
/* Reads entry @i of the tree at @tree. False when it is not in the file. */
bool gopclntab_call(const struct gopclntab *t, const struct gopclntab_func *f, uint64_t tree,
		    uint32_t i, struct gopclntab_call *ret);
/* Finds t->text, t->gofunc and t->has_trees. 0, -EBADMSG, -ENOMEM. */
int gopclntab_load_module(struct gopclntab *t);

#endif
