/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* One process that runs Go, from look to look at its goroutines; also when it runs another program meanwhile. */
#ifndef APP_GO_PROCESS_H
#define APP_GO_PROCESS_H

#include "analyze/go_table.h"
#include "source/go_watch.h"

struct go_process {
	uint32_t pid;
	struct go_watch watch;
	struct os_go *go;     /* the watch's */
	uint32_t program_cnt; /* likewise: whose functions frames has */
	struct go_frames frames;
	uint64_t look_cnt; /* at the program that it runs now */
};

/* See os_go_open(). NULL + errno. */
struct go_process *go_process__new(uint32_t pid, enum go_layout_from from);
void go_process__free(struct go_process *p);
/*
 * Looks at it, also at another program that it runs since the last look. @stacks: reads all stacks, else just those that tell kinds of
 * locks apart. 0; -ESRCH: it has ended; else as os_go_open(), with error_set().
 */
int go_process__read(struct go_process *p, bool stacks);
/* What the last look found. */
struct go_look go_process__look(const struct go_process *p);

#endif
