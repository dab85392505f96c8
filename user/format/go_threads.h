/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a Go program's file tells of its threads: where their goroutines are (go_thread.h), and where their stacks change. */
#ifndef FORMAT_GO_THREADS_H
#define FORMAT_GO_THREADS_H

#include "format/go_layout.h"
#include "go_frames.h"

struct go_threads {
	struct go_process process;		   /* addresses are those of the file */
	uint64_t text_off, text_vaddr, text_bytes; /* the segment with the code */
	unsigned int minor;			   /* 22: Go 1.22; 0: not told */
};

/*
 * Reads the file of a program for x86-64. 0; 1: all but the offsets in structs, because this version's are not known;
 * -ENOENT: it is no Go program; -ENOTSUP; -EBADMSG; -ENOMEM.
 */
int go_threads_read(const struct elf *e, struct go_threads *ret);
/* Takes the offsets from @l. False: one is missing. */
bool go_threads__set_layout(struct go_threads *t, const struct go_layout *l);
/* The same for a process, whose addresses are @bias higher. */
struct go_process go_threads__process(const struct go_threads *t, uint64_t bias);

/*
 * Of a stack that was walked as one of go_any_stack(): the last one of its @cnt ips tells whose it is, with @flags as in struct
 * wire_stack. WIRE_GO_NONE: it did not come to an end.
 */
enum wire_go_class go_process_class(const struct go_process *p, const __u64 *ips, uint32_t cnt,
				    uint32_t flags);

#endif
