/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Stacks that the probes could only copy (bpf/copies.bpf.h): each is kept until the mappings and unwind tables of its image
 * are there, and is then walked by the same lines as all others, over the copied memory.
 */
#ifndef SOURCE_BPF_COPIES_H
#define SOURCE_BPF_COPIES_H

#include "model/event.h"
#include "source/bpf_go.h"
#include "source/bpf_unwind.h"

#define COPIES_MAX_BYTES \
	(32u << 20) /* that wait at one time; the oldest are walked before there are more */

struct copy {
	struct wire_copy *rec; /* owned */
	uint64_t next_ns;      /* not tried again before */
};

struct copies {
	struct copy *items; /* oldest first */
	size_t cnt, cap;
	size_t bytes;
	uint32_t max_frames;
	struct gos *gos; /* NULL, or who knows processes of Go; not owned */
};

void copies__init(struct copies *c, uint32_t max_frames);
void copies__fini(struct copies *c);
/* Keeps a copy of the record, whose size was checked. 0, -ENOMEM, or as copies__walk(). */
int copies__add(struct copies *c, const struct wire_copy *rec, struct unwinder *unwinder,
		event_fn fn, void *arg);
/*
 * Walks those of which all is known that is needed, those that have waited for that too long and, if it is the @last
 * time, the others as well; defines their stacks by @fn. @now_ns: CLOCK_MONOTONIC. 0 or the error of @fn.
 */
int copies__walk(struct copies *c, struct unwinder *unwinder, uint64_t now_ns, bool last,
		 event_fn fn, void *arg);

#endif
