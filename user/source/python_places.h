/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Places in programs written in Python: (function, file, line), numbered from 1 in the order in which they come. And
 * which one an instruction of a process is, so that its memory is read once.
 */
#ifndef SOURCE_PYTHON_PLACES_H
#define SOURCE_PYTHON_PLACES_H

#include "base/strtab.h"
#include "model/event.h"

#define PYTHON_PLACE_UNKNOWN UINT32_MAX

struct python_place_row {
	uint32_t name, file; /* string ids */
	uint32_t line;
};

struct python_code_row {
	uint64_t code;
	uint32_t process; /* whatever tells processes apart */
	uint32_t instr;
	uint32_t place;
};

struct python_places {
	struct python_place_row *rows; /* by number - 1 */
	size_t cnt, cap;
	struct hash_index index;
	struct python_code_row *codes;
	size_t code_cnt, code_cap;
	struct hash_index code_index;
	struct strtab texts;
};

/* 0 or -ENOMEM. */
int python_places__init(struct python_places *p);
void python_places__fini(struct python_places *p);
/*
 * The number of a place, added if new: then a WIRE_LINE record for it, in module @module and of kind @kind (enum
 * frame_kind), is delivered. 0 and *@ret, -ENOMEM, -E2BIG or the error of @fn.
 */
int python_places__get(struct python_places *p, const char *name, const char *file, uint32_t line,
		       uint32_t module, uint16_t kind, event_fn fn, void *arg, uint32_t *ret);
/* What was said of an instruction; PYTHON_PLACE_UNKNOWN: nothing. */
uint32_t python_places__find_code(const struct python_places *p, uint32_t process, uint64_t code,
				  uint32_t instr);
/* Remembers it, while there is room. 0 or -ENOMEM. */
int python_places__add_code(struct python_places *p, uint32_t process, uint64_t code,
			    uint32_t instr, uint32_t place);
/* All instructions, of all processes. Places keep their numbers. */
void python_places__forget_codes(struct python_places *p);

#endif
