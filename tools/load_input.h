/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Files with events, opened: a recording, or event traces of Windows. */
#ifndef TOOLS_LOAD_INPUT_H
#define TOOLS_LOAD_INPUT_H

#include <stdio.h>

#include "etl_files.h"
#include "source/source.h"

struct load_input {
	struct source *source;
	struct etl_files traces; /* what it reads */
};

/* Is this what an event trace is called, packed or not? */
bool load_is_trace(const char *path);
/* A recording; @file is taken over, also on failure. 0 or -errno with error_set(). Both: to be closed in any case. */
int load_input__open_recording(struct load_input *in, FILE *file, const char *path);
/*
 * The trace at paths[0], and those of the others that are traces of the same run of the same system: they are read as one. @taken
 * says which were, and which are no more to be looked at; may be NULL for a single one.
 */
int load_input__open_traces(struct load_input *in, char *const *paths, int path_cnt, bool *taken);
/* Accepts a zeroed one. */
void load_input__close(struct load_input *in);

#endif
