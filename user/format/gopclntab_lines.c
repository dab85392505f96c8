/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Values by code address, and what they say: files, lines, inlined functions. As src/runtime/symtab.go and symtabinl.go
 * read them; one way for all versions, since the parent's address in an inline tree has its file and line as well.
 */
#include <errno.h>

#include "format/dwarf.h"
#include "format/gopclntab_part.h"

#define GOPCLNTAB_PCDATA_INLTREE 2 /* abi.PCDATA_InlTreeIndex */

/* One lookup. */
struct gopclntab_lookup {
	const struct gopclntab *t;
	struct gopclntab_func func;
	uint32_t steps_left;
};

/*
 * The value at @pc, relative to the function, in the table of values @table (0: none). False when it has none there. Each
 * step is a change of the value, its sign in bit 0, and the number of instruction units that it holds for; 0 ends it.
 */
static bool gopclntab_value(struct gopclntab_lookup *l, uint32_t table, uint64_t pc,
			    uint32_t *ret_value)
{
	const struct gopclntab_header *h = &l->t->h;
	struct cursor c = gopclntab_at(l->t, h->values_off + table);
	uint32_t value = UINT32_MAX;
	uint64_t end = 0;

	for (bool first = true; table && l->steps_left; first = false) {
		uint32_t change = (uint32_t)dwarf_uleb(&c);

		l->steps_left--;
		if (c.err || (!change && !first))
			return false;
		value += change & 1 ? ~(change >> 1) : change >> 1;
		end += (uint64_t)(uint32_t)dwarf_uleb(&c) * h->quantum;
		if (c.err)
			return false;
		if (pc < end) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

bool gopclntab__frame_bytes(const struct gopclntab *t, const struct gopclntab_func *f,
			    uint64_t vaddr, uint32_t *ret_bytes)
{
	struct gopclntab_lookup l = {.t = t, .steps_left = GOPCLNTAB_MAX_STEPS};
	uint32_t bytes;

	if (!gopclntab_value(&l, f->frames, vaddr - f->entry, &bytes) || bytes > INT32_MAX ||
	    bytes % t->h.ptr_bytes)
		return false;
	*ret_bytes = bytes;
	return true;
}

static uint32_t gopclntab_u32(const struct gopclntab *t, uint64_t off)
{
	struct cursor c = gopclntab_at(t, off);

	return cursor__u32(&c);
}

/* The list of files lies where the number behind the list of functions says; it begins with its length. */
static const char *gopclntab_old_file(const struct gopclntab *t, uint32_t i)
{
	uint64_t list =
		gopclntab_u32(t, t->h.functab_off + (t->h.func_cnt * 2ull + 1) * t->h.entry_bytes);
	uint32_t off;

	if (!list || !i || i >= gopclntab_u32(t, list))
		return NULL;
	off = gopclntab_u32(t, list + i * 4ull);
	return off ? gopclntab_text(t, off) : NULL;
}

static const char *gopclntab_file(const struct gopclntab_lookup *l, uint32_t i)
{
	const struct gopclntab *t = l->t;
	struct cursor c;
	uint32_t off;

	if (t->h.form < GOPCLNTAB_1_16)
		return gopclntab_old_file(t, i);
	c = gopclntab_at(t, t->h.cus_off + (l->func.cu + (uint64_t)i) * 4);
	off = cursor__u32(&c);
	return c.err || off == UINT32_MAX ? NULL : gopclntab_text(t, t->h.files_off + off);
}

static struct gopclntab_line gopclntab_line_at(struct gopclntab_lookup *l, uint64_t pc,
					       const char *name, uint8_t func_id)
{
	struct gopclntab_line ret = {.name = name, .func_id = func_id};
	uint32_t file, line;

	if (!gopclntab_value(l, l->func.files, pc, &file) ||
	    !gopclntab_value(l, l->func.lines, pc, &line))
		return ret;
	if (file > INT32_MAX || line > INT32_MAX)
		return ret;
	ret.file = gopclntab_file(l, file);
	ret.line = ret.file ? line : 0;
	return ret;
}

/* The inlined call that the code at @pc belongs to, if any. */
static bool gopclntab_inlined(struct gopclntab_lookup *l, uint64_t pc, struct gopclntab_call *ret)
{
	const struct gopclntab *t = l->t;
	uint32_t table, i;
	uint64_t tree;

	if (l->func.pcdata_cnt <= GOPCLNTAB_PCDATA_INLTREE || !gopclntab_tree(t, &l->func, &tree))
		return false;
	table = gopclntab_u32(t, l->func.pcdata + GOPCLNTAB_PCDATA_INLTREE * 4);
	if (!gopclntab_value(l, table, pc, &i) || i > INT32_MAX)
		return false;
	return gopclntab_call(t, &l->func, tree, i, ret);
}

/* Those that the compiler made to call what is before them: elideWrapperCalling() of src/runtime/traceback.go. */
static int gopclntab_drop_wrappers(const struct gopclntab *t, struct gopclntab_line *lines, int cnt)
{
	int to = 1;

	for (int i = 1; i < cnt; i++)
		if (lines[i].func_id != t->wrapper_id)
			lines[to++] = lines[i];
	return to;
}

int gopclntab__locate(const struct gopclntab *t, uint64_t vaddr,
		      struct gopclntab_line ret_lines[GOPCLNTAB_MAX_DEPTH])
{
	struct gopclntab_lookup l = {.t = t, .steps_left = GOPCLNTAB_MAX_STEPS};
	struct gopclntab_call call;
	uint64_t pc;
	int cnt = 0;

	if (gopclntab__find(t, vaddr, &l.func) || !l.func.is_go)
		return 0;
	pc = vaddr - l.func.entry;
	for (; cnt < GOPCLNTAB_MAX_DEPTH - 1 && gopclntab_inlined(&l, pc, &call); cnt++) {
		ret_lines[cnt] = gopclntab_line_at(&l, pc, call.name, call.func_id);
		pc = call.parent_pc;
	}
	ret_lines[cnt++] = gopclntab_line_at(&l, pc, gopclntab__name(t, &l.func), l.func.func_id);
	return gopclntab_drop_wrappers(t, ret_lines, cnt);
}
