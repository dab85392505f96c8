/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A source that adds to another one, which traces threads, the waits of goroutines: of each target that is a Go program all goroutines are
 * looked at now and then, at random moments. What a look finds counts for the time since the look before, so that sums are right on
 * average; of a goroutine that has not run between two looks it is exact. Goroutines in system calls are left to the other source: they
 * have threads.
 */
#ifndef SOURCE_GO_SOURCE_H
#define SOURCE_GO_SOURCE_H

#include "source/source.h"

#define GO_SOURCE_HZ 99

struct go_source_opts {
	double hz;	/* looks per second, on average */
	double max_cpu; /* of a core: there are fewer looks when they would take more than that */
	bool labels;	/* read those of goroutines, too */
	uint64_t min_ns, max_ns; /* of waits that are delivered; 0: no limit */
};

/* What became of it. */
struct go_source_stats {
	uint32_t process_cnt; /* Go programs that were seen */
	uint32_t refused_cnt; /* Go programs whose goroutines could not be read */
	char refusal[256];    /* why not, the first one; "" */
	uint64_t look_cnt;
	uint64_t look_ns;	/* that they took */
	uint64_t goroutine_cnt; /* most at once */
	uint64_t torn_cnt;	/* stacks that changed each time they were read */
	uint64_t unread_cnt;	/* goroutines that a look could not read */
	uint64_t
		unopened_cnt; /* not 0: some Go programs were left out, there are too many at once */
	uint64_t unknown_cnt; /* processes of which it wasn't asked what they are: likewise */
};

/* @inner is closed with the new source, also when that can't be made. NULL + errno. */
struct source *go_source_open(struct source *inner, const struct go_source_opts *opts);
/* The source that it adds to; @s itself if it is no such source. */
struct source *go_source_inner(struct source *s);
/* Before the source is closed. All zero if @s is no such source. */
void go_source_stats(const struct source *s, struct go_source_stats *ret);

#endif
