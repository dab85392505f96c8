/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifdef HAVE_LIBDW
#include "symbol/dwarf_unit.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/os_clock.h"

#define UNIT_CLOCK_EVERY 256 /* entries between two looks at the clock */

/* ---- the index ---- */

/* A walk through all entries that functions may be in. */
struct unit_walk {
	struct dwarf_unit *unit;
	Dwarf_Die path[DWARF_UNIT_MAX_DEPTH];
	uint32_t around[DWARF_UNIT_MAX_DEPTH]; /* the node that path[i] lies in */
	int depth;
	uint64_t deadline_ns;
	unsigned int steps;
};

/* Types too: Rust has functions inside of them. */
static bool unit_may_hold_functions(int tag)
{
	switch (tag) {
	case DW_TAG_subprogram:
	case DW_TAG_inlined_subroutine:
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_interface_type:
		return true;
	default:
		return false;
	}
}

static int unit_add_range(struct dwarf_unit *u, uint64_t start, uint64_t end)
{
	int err = array__grow((void **)&u->ranges, &u->range_cap, u->range_cnt + 1,
			      sizeof(*u->ranges), DWARF_UNIT_MAX_NODES);

	if (!err)
		u->ranges[u->range_cnt++] =
			(struct dwarf_node_range){start, end, (uint32_t)u->node_cnt, 0};
	return err;
}

/* Adds the ranges of the node that is about to be added. Their number, or -errno. */
static int unit_add_ranges(struct dwarf_unit *u, Dwarf_Die *die)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;
	int cnt = 0;

	while (cnt < DWARF_UNIT_MAX_RANGES &&
	       (at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
		int err = start < end ? unit_add_range(u, start, end) : 0;

		if (err)
			return err;
		cnt += start < end;
	}
	return cnt;
}

/* The node of a function's entry, or the one around it when it has no code. */
static int unit_visit(struct unit_walk *w, Dwarf_Die *die, int tag, uint32_t *ret_node)
{
	struct dwarf_unit *u = w->unit;
	int ret;

	*ret_node = w->around[w->depth];
	if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine)
		return 0;
	ret = unit_add_ranges(u, die);
	if (ret <= 0)
		return ret;
	ret = array__grow((void **)&u->nodes, &u->node_cap, u->node_cnt + 1, sizeof(*u->nodes),
			  DWARF_UNIT_MAX_NODES);
	if (ret)
		return ret;
	u->nodes[u->node_cnt] = (struct dwarf_node){
		.die = dwarf_dieoffset(die),
		.parent = w->around[w->depth],
		.is_inlined = tag == DW_TAG_inlined_subroutine,
	};
	*ret_node = (uint32_t)u->node_cnt++;
	return 0;
}

/* To the next entry, without going down. False at the end. */
static bool unit_step_over(struct unit_walk *w)
{
	while (w->depth && dwarf_siblingof(&w->path[w->depth], &w->path[w->depth]))
		w->depth--;
	return w->depth > 0;
}

static bool unit_step_into(struct unit_walk *w, uint32_t node)
{
	if (w->depth + 1 == DWARF_UNIT_MAX_DEPTH ||
	    dwarf_child(&w->path[w->depth], &w->path[w->depth + 1]))
		return false;
	w->around[++w->depth] = node;
	return true;
}

static int unit_walk(struct unit_walk *w)
{
	bool more = unit_step_into(w, DWARF_UNIT_NONE);

	while (more) {
		Dwarf_Die *die = &w->path[w->depth];
		int tag = dwarf_tag(die), err;
		uint32_t node;

		if (++w->steps % UNIT_CLOCK_EVERY == 0 && os_monotonic_ns() > w->deadline_ns)
			return -ETIMEDOUT;
		err = unit_visit(w, die, tag, &node);
		if (err)
			return err;
		more = (unit_may_hold_functions(tag) && unit_step_into(w, node)) ||
		       unit_step_over(w);
	}
	return 0;
}

static int unit_cmp_range(const void *a, const void *b)
{
	const struct dwarf_node_range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	/* Inner ones were found later. */
	return (x->node > y->node) - (x->node < y->node);
}

/* Linear: chains are walked at most once each. See symtab_link_outer(). */
static void unit_link_ranges(struct dwarf_unit *u)
{
	for (size_t i = 0; i < u->range_cnt; i++) {
		struct dwarf_node_range *r = u->ranges;
		size_t j = i ? i - 1 : 0;

		while (r[j].end <= r[i].end && r[j].outer != j)
			j = r[j].outer;
		r[i].outer = (uint32_t)(i && r[j].end > r[i].end ? j : i);
	}
}

int dwarf_unit__index(struct dwarf_unit *u, Dwarf_Die *die, uint64_t deadline_ns)
{
	struct unit_walk *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->unit = u;
	w->path[0] = *die;
	w->deadline_ns = deadline_ns;
	err = unit_walk(w);
	free(w);
	if (err)
		return err;
	if (u->range_cnt)
		qsort(u->ranges, u->range_cnt, sizeof(*u->ranges), unit_cmp_range);
	unit_link_ranges(u);
	return 0;
}

void dwarf_unit__fini(struct dwarf_unit *u)
{
	free(u->nodes);
	free(u->ranges);
	u->nodes = NULL;
	u->ranges = NULL;
	u->node_cnt = u->node_cap = u->range_cnt = u->range_cap = 0;
}

uint64_t dwarf_unit__index_bytes(const struct dwarf_unit *u)
{
	return u->node_cap * sizeof(*u->nodes) + u->range_cap * sizeof(*u->ranges);
}

uint32_t dwarf_unit__find(const struct dwarf_unit *u, uint64_t addr)
{
	size_t lo = 0, hi = u->range_cnt, i;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (u->ranges[mid].start <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return DWARF_UNIT_NONE;
	i = lo - 1;
	for (int depth = 0; depth < DWARF_UNIT_MAX_DEPTH; depth++) {
		const struct dwarf_node_range *r = &u->ranges[i];

		if (addr < r->end)
			return r->node;
		if (r->outer == i)
			break;
		i = r->outer;
	}
	return DWARF_UNIT_NONE;
}

/* ---- telling ---- */

/* Where a function is at: the line table's word for the innermost, that of the call for those around it. */
struct unit_place {
	const char *file;
	uint32_t line;
};

static struct unit_place unit_place_of(Dwarf_Die *cu, uint64_t addr)
{
	Dwarf_Line *line = dwarf_getsrc_die(cu, addr);
	struct unit_place p = {0};
	int number;

	if (!line || dwarf_lineno(line, &number))
		return p;
	p.file = dwarf_linesrc(line, NULL, NULL);
	p.line = number > 0 ? (uint32_t)number : 0;
	return p;
}

static struct unit_place unit_place_of_call(Dwarf_Die *cu, Dwarf_Die *inlined)
{
	struct unit_place p = {0};
	Dwarf_Attribute attr;
	Dwarf_Files *files;
	Dwarf_Word value;
	size_t cnt;

	if (!dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attr), &value) &&
	    !dwarf_getsrcfiles(cu, &files, &cnt) && value < cnt)
		p.file = dwarf_filesrc(files, value, NULL, NULL);
	if (!dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attr), &value) &&
	    value <= UINT32_MAX)
		p.line = (uint32_t)value;
	return p;
}

/* As the linker would have known it, if it had been told; else as the source has it. NULL: it has no name. */
static const char *unit_name_of(Dwarf_Die *die)
{
	static const unsigned int names[] = {DW_AT_linkage_name, DW_AT_MIPS_linkage_name,
					     DW_AT_name};
	const char *name = NULL;
	Dwarf_Attribute attr;

	for (size_t i = 0; !name && i < ARRAY_SIZE(names); i++)
		name = dwarf_formstring(dwarf_attr_integrate(die, names[i], &attr));
	return name && *name ? name : NULL;
}

/* Those that were inlined, from @node on outwards; *@place becomes that of the call of the last one. */
static int unit_tell_inlined(const struct dwarf_unit *u, Dwarf *dwarf, Dwarf_Die *cu,
			     bool with_lines, uint32_t node, struct unit_place *place, line_fn fn,
			     void *arg)
{
	int err = 0;

	for (int depth = 0; depth < DWARF_UNIT_MAX_DEPTH; depth++) {
		const struct dwarf_node *n;
		struct symbol_line l = {
			.file = place->file, .line = place->line, .kind = FRAME_KIND_INLINED};
		Dwarf_Die die;

		if (err || node == DWARF_UNIT_NONE || !u->nodes[node].is_inlined)
			return err;
		n = &u->nodes[node];
		if (!dwarf_offdie(dwarf, n->die, &die))
			return 0;
		l.name = unit_name_of(&die);
		if (!l.name)
			l.name = "[inlined]";
		err = fn(arg, &l);
		*place = with_lines ? unit_place_of_call(cu, &die) : (struct unit_place){0};
		node = n->parent;
	}
	return err;
}

int dwarf_unit__tell(const struct dwarf_unit *u, Dwarf *dwarf, uint64_t addr, bool with_lines,
		     line_fn fn, void *arg)
{
	uint32_t node = dwarf_unit__find(u, addr);
	struct unit_place place = {0};
	struct symbol_line l = {.kind = FRAME_KIND_NATIVE};
	Dwarf_Die cu;
	int err;

	if (!dwarf_offdie(dwarf, u->die, &cu))
		return 0;
	if (with_lines)
		place = unit_place_of(&cu, addr);
	if (node == DWARF_UNIT_NONE && !place.file)
		return 0;
	err = unit_tell_inlined(u, dwarf, &cu, with_lines, node, &place, fn, arg);
	if (err)
		return err;
	l.file = place.file;
	l.line = place.line;
	err = fn(arg, &l);
	return err ? err : 1;
}
#endif
