/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The Go programs among the targets of a tracing source, learned from its events:
 *
 *   go_targets__init -> { go_targets__learn for every event, go_targets__look now and then } ... go_targets__look -> go_targets__fini
 */
#ifndef SOURCE_GO_TARGETS_H
#define SOURCE_GO_TARGETS_H

#include "source/go_watch.h"
#include "source/go_wire.h"

#define GO_TARGETS_MAX	    65536
#define GO_TARGETS_MAX_OPEN 256 /* Go programs at once */
#define GO_TARGETS_TRIES    64	/* to open one that begins */

/* A process. */
struct go_target {
	struct go_wire_process process;
	enum go_target_state {
		GO_TARGET_NEW,	 /* not looked at yet */
		GO_TARGET_OPEN,	 /* its goroutines are looked at */
		GO_TARGET_OTHER, /* no Go, or refused */
		GO_TARGET_GONE,
	} state;
	uint32_t try_cnt;
	uint64_t try_ns;  /* not before then */
	uint64_t from_ns; /* it is a target since then */
	struct go_watch watch;
};

struct go_targets {
	struct go_target **items;
	size_t cnt, cap;
	struct hash_index index; /* by pid */
	size_t open_cnt, new_cnt;
	struct go_wire wire;
	bool wants_labels;
	/* What goroutines waited in, by their tag - 1: as long as one waits, it and its labels are the same. */
	struct go_context {
		uint64_t stack, labels; /* ids */
	} * contexts;
	size_t context_cnt, context_cap;
	struct hash_index context_index;
	uint64_t min_ns, max_ns;
	uint64_t start_ns; /* of the window */
	/* Of all waits, counted look by look; of those that have not ended with the last look; of those that min_ns and max_ns leave out. */
	uint64_t seen_ns, seen_cnt, unended_ns, unended_cnt, filtered_ns, filtered_cnt;
	uint32_t process_cnt, refused_cnt;
	char refusal[256];
	uint64_t goroutine_cnt, torn_cnt;
	uint64_t unread_cnt; /* goroutines that a look could not read */
	uint64_t
		unopened_cnt; /* times that there was no room for a Go program, GO_TARGETS_MAX_OPEN */
	uint64_t unknown_cnt; /* processes beyond GO_TARGETS_MAX */
};

void go_targets__init(struct go_targets *t, uint64_t min_ns, uint64_t max_ns);
void go_targets__fini(struct go_targets *t);
/* Takes an event of the source; not those of t->wire. 0 or -errno. */
int go_targets__learn(struct go_targets *t, const struct event *e);
/*
 * Looks at all of them and tells the waits that have ended since the look before. @last: then also those that have not. 0 or
 * -errno.
 */
int go_targets__look(struct go_targets *t, uint64_t now_ns, bool last);

#endif
