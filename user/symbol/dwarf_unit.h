/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One compilation unit: which functions and inlined functions its addresses belong to. libdw would walk through all of the
 * unit for each address; here it is walked once, without recursion, into a table.
 */
#ifndef SYMBOL_DWARF_UNIT_H
#define SYMBOL_DWARF_UNIT_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbol/lines.h"

#define DWARF_UNIT_MAX_DEPTH	  128 /* entries inside each other: deeper ones are left out */
#define DWARF_UNIT_MAX_NODES	  (1u << 22)
#define DWARF_UNIT_MAX_RANGES	  4096 /* of one function */
#define DWARF_UNIT_MAX_BYTES	  (256u << 20)
#define DWARF_UNIT_MAX_LINE_BYTES (16u << 20) /* of its line program */
#define DWARF_UNIT_NONE		  UINT32_MAX

/* A function that has code, or one that was inlined. */
struct dwarf_node {
	uint64_t die;	 /* offset of its entry */
	uint32_t parent; /* position of the one around it, DWARF_UNIT_NONE */
	bool is_inlined;
};

struct dwarf_node_range {
	uint64_t start, end; /* addresses */
	uint32_t node;
	uint32_t outer; /* position of the nearest range before it that ends later; itself: none */
};

enum dwarf_unit_state {
	DWARF_UNIT_NEW,
	DWARF_UNIT_INDEXED,
	DWARF_UNIT_UNUSABLE, /* for inlined functions */
};

struct dwarf_unit {
	uint64_t die; /* offset of its first entry */
	uint64_t bytes;
	uint64_t abbrev_off;
	uint8_t state;	   /* enum dwarf_unit_state */
	uint8_t has_lines; /* 0: not known yet; 1: yes; 2: no */
	struct dwarf_node *nodes;
	size_t node_cnt, node_cap;
	struct dwarf_node_range *ranges; /* sorted by start, outer ones first */
	size_t range_cnt, range_cap;
};

/* Fills the tables of @u, whose first entry is @die; stops at @deadline_ns. 0, -ENOMEM, -ETIMEDOUT, -E2BIG. */
int dwarf_unit__index(struct dwarf_unit *u, Dwarf_Die *die, uint64_t deadline_ns);
void dwarf_unit__fini(struct dwarf_unit *u);
uint64_t dwarf_unit__index_bytes(const struct dwarf_unit *u);
/* The innermost node that covers @addr, DWARF_UNIT_NONE. */
uint32_t dwarf_unit__find(const struct dwarf_unit *u, uint64_t addr);
/*
 * Calls @fn for the functions at @addr, the innermost first. @with_lines: libdw may be asked for the unit's line table.
 * 1; 0: nothing is known; or the error of @fn.
 */
int dwarf_unit__tell(const struct dwarf_unit *u, Dwarf *dwarf, uint64_t addr, bool with_lines,
		     line_fn fn, void *arg);

#endif
