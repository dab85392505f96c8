/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * --max-cpu: the controller that gives up short intervals so as to stay within a share of the machine. Pure: the caller
 * feeds it figures and carries out what it says (bpf_source_set_min_ns()).
 *
 * A level is a minimum length of intervals. Above the limit it goes up a level at a time. It goes down only when what the lower level
 * would cost now, by what an interval was seen to cost there, fits well into the limit: so a constant load has one level. If even the
 * highest level saves nothing, it goes back to none, since data would be lost for nothing.
 */
#ifndef APP_THROTTLE_H
#define APP_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define THROTTLE_LEVEL_CNT 14 /* 0, 1, 2, 5, 10... us up to 10 ms */

/* What was used, cumulative. */
struct throttle_sample {
	uint64_t now_ns; /* CLOCK_MONOTONIC */
	uint64_t
		cpu_ns; /* user and system time of the process, and BPF run time where that is known */
	uint64_t observed; /* intervals that the probes saw, whatever became of them */
};

enum throttle_why {
	THROTTLE_OVER,	    /* the limit was exceeded: a level up */
	THROTTLE_FITS,	    /* the level below fits again: a level down */
	THROTTLE_NO_EFFECT, /* the highest level saved nothing: back to 0 */
	THROTTLE_AT_TOP,    /* no change: at the highest level, and still above the limit */
	THROTTLE_OFF,	    /* there is no limit any more: back to 0 */
};

struct throttle_change {
	uint32_t from, to;  /* levels */
	uint64_t min_ns;    /* of the new one */
	double used, limit; /* shares of the machine, 0..1: what was used before the change */
	enum throttle_why why;
};

/* Sums over some periods in a row. */
struct throttle_sum {
	uint32_t periods;
	double used; /* shares of the machine */
	double rate; /* intervals per second */
};

struct throttle {
	double limit;
	struct throttle_sample last; /* at the end of the last period */
	bool begun;
	uint32_t level;
	bool settling;		  /* a change was made in this period: it doesn't count */
	bool going_down;	  /* the last change was a level down */
	struct throttle_sum over; /* periods above the limit */
	struct throttle_sum fits; /* periods in which the level below would have fitted */
	struct throttle_sum here; /* the first periods on this level, after a step up */
	double costs
		[THROTTLE_LEVEL_CNT]; /* of an interval on each level, when it was left for the next; 0: not known */
	double given_up; /* share that was used when the highest level had no effect; 0: it was not given up */
	bool told_top;
};

/* @limit_ppm: of all CPUs together, in millionths; 0: no limit, the level is always 0. */
void throttle__init(struct throttle *t, uint32_t limit_ppm);
/* A new limit, from a reload: the level stays until figures change it. */
void throttle__set_limit(struct throttle *t, uint32_t limit_ppm);
/*
 * To be called in each round; it looks at figures every 5 s. True: *@ret_change is to be carried out and told. @cpus: online
 * ones.
 */
bool throttle__update(struct throttle *t, const struct throttle_sample *s, uint32_t cpus,
		      struct throttle_change *ret_change);
uint64_t throttle_min_ns(uint32_t level);
/* Appends one line: "intervals under 5 us are left out now: 1.6 % of the CPUs used, --max-cpu is 1 %". */
void throttle__describe(const struct throttle_change *c, struct buf *to);

#endif
