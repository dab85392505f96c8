/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Stacks and times as text, ours and others', one stack a line. Which of these it is, the first line says:
 *
 *   frame;frame;frame 1200              folded; microseconds unless said otherwise
 *   frame;frame;frame <TAB> 1200000     what a database prints (TSV), in nanoseconds; a first line "stack <TAB> ..." names
 *                                       the columns and is left out
 *   {"stack":"frame;frame","ns":1200000,"count":3,"reason":"lock"}     NDJSON, in nanoseconds; the sum may be called
 *                                       "sum(ns)" and be in quotes, the stack may be a list; other members are left out
 *
 * Numbers may have a fraction.
 */
#ifndef FORMAT_FOLDED_TEXT_H
#define FORMAT_FOLDED_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define FOLDED_MAX_LINE_BYTES (1u << 26)

enum folded_unit {
	FOLDED_UNIT_DEFAULT, /* microseconds in folded lines, else nanoseconds */
	FOLDED_UNIT_NS,
	FOLDED_UNIT_US,
	FOLDED_UNIT_MS,
	FOLDED_UNIT_SAMPLES, /* counts of anything: shown as if one took a microsecond */
};

enum folded_format {
	FOLDED_FORMAT_UNKNOWN, /* before the first line */
	FOLDED_FORMAT_LINES,
	FOLDED_FORMAT_TSV,
	FOLDED_FORMAT_JSON,
};

struct folded_text {
	enum folded_unit unit;
	enum folded_format format;
	uint64_t line;	  /* number of the last one, from 1 */
	struct buf stack; /* of the last one, where it had to be unpacked */
};

struct folded_row {
	const char *stack; /* frames, root first, with ';' between them; may hold any byte */
	size_t stack_len;
	uint64_t ns;
	uint64_t cnt;	/* intervals; 0: not known */
	uint8_t reason; /* enum reason */
	bool has_reason;
};

void folded_text__init(struct folded_text *t, enum folded_unit unit);
void folded_text__fini(struct folded_text *t);
/*
 * Takes the next line, without its end: 1 and *@ret_row, valid until the next call; 0: nothing in it; -EBADMSG with
 * error_set("line 3, column 17: what is wrong"); -ENOMEM, -E2BIG.
 */
int folded_text__line(struct folded_text *t, const char *line, size_t len,
		      struct folded_row *ret_row);

#endif
