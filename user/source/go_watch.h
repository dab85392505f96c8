/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The goroutines of a live process, look by look:
 *
 *   go_watch__init -> { go_watch__read or go_watch__try, go_watch__now } ... -> go_watch__fini
 */
#ifndef SOURCE_GO_WATCH_H
#define SOURCE_GO_WATCH_H

#include "format/go_labels.h"
#include "format/go_stacks.h"
#include "source/os_go.h"

struct go_watch {
	uint32_t pid;
	enum go_layout_from from;
	struct os_go *go;	    /* NULL once it has ended */
	struct goroutines looks[2]; /* the last one and the one before, in turn */
	struct go_stacks *stacks;
	bool wants_labels; /* may be set before any look */
	struct go_labels *labels;
	uint32_t program_cnt; /* programs of it that were opened so far */
	uint64_t look_cnt;    /* at the program that it runs now */
	bool forgot;	      /* the last look has made the numbers of stacks before it void */
	bool forgot_labels;   /* likewise, those of sets of labels */
};

/* See os_go_open(). 0 or -errno with error_set(); nothing is held then. */
int go_watch__init(struct go_watch *w, uint32_t pid, enum go_layout_from from);
void go_watch__fini(struct go_watch *w);
/*
 * Looks at it, also at another program that it runs since the last look, for which it may wait for seconds. @stacks: reads all stacks, else just
 * those that tell kinds of locks apart. 0; -ESRCH: it has ended; else as os_go_open(), with error_set().
 */
int go_watch__read(struct go_watch *w, bool stacks);
/*
 * The same of the program that was opened, at once. -ESTALE: it has ended, or another one has begun; -ENOENT, -ENOMEM. The last look is the one before then.
 */
int go_watch__try(struct go_watch *w, bool stacks);
/* What the last look found. */
struct goroutines *go_watch__now(const struct go_watch *w);
/* And the one before; NULL: there was none. */
struct goroutines *go_watch__before(const struct go_watch *w);

#endif
