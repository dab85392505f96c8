/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Goroutines that leak: a history of how many there are of each site (where they were created, and what class of reason they wait
 * for), and what that and their ages say.
 *
 *   go_leaks__init -> { go_leaks__add, go_leaks__judge ... } ... -> go_leaks__fini
 *
 * Verdicts, the first that holds:
 *
 *   runtime_confirmed   Go's own search for leaks (the goroutineleak profile, from 1.26 on) has found some of them: they can't be woken
 *   forever             they wait for what can't come: a nil channel, a select without cases. Only main may do that, since
 *                       the program ends with it
 *   growing             in all of the window, seen at 6 moments at least, there were never fewer than before, more at 3
 *                       moments or more, of which one lies in the second half; they became more by 3 and by 5 %; and half of them have not
 *                       run for a quarter of it
 *
 * The first two are certain, the third is a suspicion. The runtime's own goroutines are left out. There is no clock in here:
 * time is that of the looks (goroutines.now_ns). Memory is bounded by GO_LEAKS_MAX_SITES.
 */
#ifndef ANALYZE_GO_LEAKS_H
#define ANALYZE_GO_LEAKS_H

#include "analyze/go_table.h"

#define GO_LEAKS_WINDOW_NS     (600ull * 1000000000)
#define GO_LEAKS_MIN_WINDOW_NS 1000000000ull
#define GO_LEAKS_MIN_POINTS    6  /* of the window, or nothing is said to grow */
#define GO_LEAKS_POINTS	       64 /* that are kept; looks may come more often */
#define GO_LEAKS_MAX_SITES     4096

enum go_leak_verdict {
	GO_LEAK_NONE,
	GO_LEAK_GROWING,
	GO_LEAK_FOREVER,
	GO_LEAK_CONFIRMED, /* by the runtime */
	GO_LEAK_VERDICT_CNT
};

/* "growing", "forever", "runtime_confirmed"; "" for GO_LEAK_NONE. */
const char *go_leak_verdict_name(enum go_leak_verdict verdict);

/* An age is how long a goroutine is seen as it is; a bound: or longer, since the first look found it so. */
struct go_leak_age {
	uint64_t ns;
	bool is_bound;
};

/* A suspicious site, by the last look. */
struct go_leak {
	enum go_leak_verdict verdict;
	uint64_t gopc; /* the site */
	enum go_reason reason;
	uint64_t cnt;		/* its goroutines now */
	uint64_t confirmed_cnt; /* of them by the runtime */
	double per_minute;	/* how fast it grew in the window; 0: no two looks yet */
	uint64_t window_ns;	/* what of the window was seen so far */
	uint64_t still_cnt;	/* that have not run for a quarter of the window */
	struct go_leak_age p50, p90, oldest;
	/* One for all: of those with a stack the oldest. A copy: its stack's number is valid as long as the look's are. */
	struct goroutine example;
};

struct go_leaks {
	uint64_t window_ns;
	/* The points: moments that counts are kept of, oldest first; at most one for each 1/48 of the window. */
	uint64_t times_ns[GO_LEAKS_POINTS];
	uint32_t point_cnt;
	uint64_t now_ns;       /* of the last look */
	struct go_site *sites; /* private; so is what follows */
	size_t site_cnt, site_cap;
	struct hash_index index;
	struct go_reason_memo memo;
	/* What go_leaks__judge() found: the most certain first, then the most goroutines. */
	struct go_leak *found;
	size_t found_cnt, found_cap;
	uint64_t watched_cnt; /* goroutines of the last look, without the runtime's own */
	uint64_t unkept_cnt;  /* of them those whose sites there was no room for */
};

/* @window_ns: GO_LEAKS_WINDOW_NS, or what is wanted; less than GO_LEAKS_MIN_WINDOW_NS counts as that. */
void go_leaks__init(struct go_leaks *l, uint64_t window_ns);
void go_leaks__fini(struct go_leaks *l);
/*
 * Takes one look after the other of one process; the first one at a program (goroutines.is_first) begins anew. At least 8 in each
 * window are needed, evenly spread; stacks for what waits for "semacquire" should be there (go_process__read() has them). 0 or -ENOMEM.
 */
int go_leaks__add(struct go_leaks *l, const struct go_look *look);
/* What is to be said now; @look is the one that was added last. Fills l->found. 0 or -ENOMEM. */
int go_leaks__judge(struct go_leaks *l, const struct go_look *look);
/* How far back the counts go: to the window's begin, once it is as old. */
uint64_t go_leaks__seen_ns(const struct go_leaks *l);
/* Has enough of the window been seen to tell what grows? */
bool go_leaks__is_whole(const struct go_leaks *l);
/* How many goroutines, and sites, l->found has of a verdict. */
uint64_t go_leaks__count(const struct go_leaks *l, enum go_leak_verdict verdict,
			 uint64_t *ret_sites);
/* Is @g of the site of @leak? */
bool go_leak__has(const struct go_leak *leak, const struct go_look *look,
		  const struct goroutine *g);

#endif
