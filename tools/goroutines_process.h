/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* One process of dwell goroutines, from look to look. */
#ifndef TOOLS_GOROUTINES_PROCESS_H
#define TOOLS_GOROUTINES_PROCESS_H

#include "analyze/go_table.h"
#include "source/os_go.h"

struct goroutines_process {
	uint32_t pid;
	bool infer;
	struct os_go *go;
	struct goroutines looks[2]; /* the last one and the one before, in turn */
	struct go_stacks *stacks;
	struct go_frames frames;
	uint64_t look_cnt; /* at the program that it runs now */
};

/* See os_go_open(). NULL + errno. */
struct goroutines_process *goroutines_process__new(uint32_t pid, bool infer);
void goroutines_process__free(struct goroutines_process *p);
/*
 * Looks at it, also at another program that it runs since the last look. @stacks: reads all stacks, else just those that tell kinds of
 * locks apart. 0; -ESRCH: it has ended; else as os_go_open(), with error_set().
 */
int goroutines_process__read(struct goroutines_process *p, bool stacks);
/* What the last look found. */
struct go_look goroutines_process__look(const struct goroutines_process *p);

#endif
