/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Stacks and times as text (format/folded_text.h) -> profile. What the text doesn't say is not known: threads, window,
 * ledger, mostly reasons and counts. Kinds of frames are guessed from what our own folded output says: the suffixes _[k],
 * _[i], _[j], _[w], and "-" and "--" between parts of a stack.
 */
#ifndef ANALYZE_FOLDED_PROFILE_H
#define ANALYZE_FOLDED_PROFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "format/folded_text.h"
#include "model/profile.h"

struct folded_source {
	FILE *file;
	const char *name; /* for errors and the title */
	enum folded_unit unit;
	uint32_t reasons; /* bit mask of enum reason: only rows of these; 0: all */
	/* What was found out. */
	bool kinds;	  /* names of frames ended in their kind */
	bool has_reasons; /* rows said why */
	uint64_t row_cnt; /* rows that are in the profile; equal stacks are one sample there */
};

/* Reads all of it. NULL + errno with error_set("NAME: line 3, column 17: what is wrong"). */
struct profile *folded_profile_load(struct folded_source *from);

#endif
