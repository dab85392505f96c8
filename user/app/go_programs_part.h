/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the files of the watch share. */
#ifndef APP_GO_PROGRAMS_PART_H
#define APP_GO_PROGRAMS_PART_H

#include "app/go_programs.h"

/* Begins with @p, which is taken over. 0; -E2BIG: there are too many; -ENOMEM. */
int go_programs_add(struct go_programs *w, const struct go_target *t, struct go_process *p,
		    uint64_t now_ns);
/* Ends with number @i of what is seen; the last one takes its place. 0, or what a callback returned. */
int go_programs_remove(struct go_programs *w, size_t i);
/* All looks that are due. 0 or -errno. */
int go_programs_look_due(struct go_programs *w, uint64_t now_ns);
/* One that was looked at is not there any more. */
void go_programs_lost(struct go_programs *w, const struct go_target *t);

/* What is due beside the look that was made just now. 0 or -ENOMEM. */
int go_programs_look_slowly(struct go_programs *w, struct go_seen *s, uint64_t now_ns);

#endif
