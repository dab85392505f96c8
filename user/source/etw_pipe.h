/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * From the raw events of Windows to what a source delivers: the parts etw_facts, etw_waits, etw_stacks and etw_wire, put together. Events
 * are looked at twice, for what there is, and what keys stand for, is in part told after what needs it:
 *
 *   etw_pipe__init -> etw_pipe__begin
 *     -> etw_pipe__learn for each event -> etw_pipe__learned -> etw_pipe__take for each of them, in the order of time
 *     -> the same with those that came meanwhile -> etw_pipe__finish -> etw_pipe__fini
 *
 * A file is one such batch; a live session has one for each poll.
 */
#ifndef SOURCE_ETW_PIPE_H
#define SOURCE_ETW_PIPE_H

#include "source/etw_targets.h"
#include "source/etw_waits.h"
#include "source/etw_wire.h"

/* The system and its session. */
struct etw_pipe_about {
	const char *name;   /* of the file or session */
	const char *kernel; /* "Windows 10.0.19041" */
	bool wide;	    /* it has pointers of 8 bytes */
	uint32_t cpu_cnt;
	uint64_t
		boot_ns; /* from the system's start to the trace's, which is time 0 of events; 0: not known */
	uint64_t unix_ns; /* the wall clock then; 0: not known */
};

/* A system call that was seen from its beginning to its end. */
struct etw_told_call {
	const struct etw_call *call;
	struct wire_thread_key thread;
	struct wire_image image; /* zero: nobody knows */
	uint64_t routine;	 /* a stack that was told, of the one function */
};

typedef int (*etw_call_fn)(void *arg, const struct etw_told_call *c);

struct etw_pipe {
	etw_call_fn on_call; /* NULL, or to be set after etw_pipe__init(), with its argument */
	void *on_call_arg;
	struct etw_targets
		targets; /* to be set after etw_pipe__init(); what it points to has to stay */
	struct etw_facts facts;
	struct etw_stacks *stacks;
	struct etw_waits waits;
	struct etw_wire wire;
	struct etw_event event;	   /* the present one */
	char host[ETW_NAME_BYTES]; /* "": not told */
	uint64_t unix_ns;
	uint64_t last_ns; /* the latest time that was learned */
	uint64_t event_cnt;
	uint64_t switch_cnt, ready_cnt, stack_cnt, call_cnt; /* that were learned */
	uint64_t lost_event_cnt, lost_buffer_cnt;	     /* as events say */
	uint64_t observed_ns, observed_cnt, filtered_ns, filtered_cnt, unready_cnt; /* of targets */
};

/* 0 or -ENOMEM; etw_pipe__fini() in both cases. */
int etw_pipe__init(struct etw_pipe *p, const struct etw_pipe_about *about);
void etw_pipe__fini(struct etw_pipe *p);

/* Who takes what is told from here on. */
void etw_pipe__to(struct etw_pipe *p, event_fn fn, void *arg);
/* Tells of the run, and that its window begins at @time_ns. All of these: 0, -ENOMEM, -E2BIG or an error of fn. */
int etw_pipe__begin(struct etw_pipe *p, const struct etw_pipe_about *about, uint64_t time_ns);
int etw_pipe__learn(struct etw_pipe *p, const struct etl_event *raw);
int etw_pipe__learned(struct etw_pipe *p);
int etw_pipe__take(struct etw_pipe *p, const struct etl_event *raw);
/* It is @time_ns by now, whatever came. */
void etw_pipe__until(struct etw_pipe *p, uint64_t time_ns);
/* Tells the sums so far and that a round is over. @lost_events, @lost_buffers: as the session says, if that is more. */
int etw_pipe__round(struct etw_pipe *p, uint64_t lost_events, uint64_t lost_buffers);
/*
 * For runs without an end, see struct source_ops. A cut is at the latest time that was learned, *@ret_ns on the clock that is told; waits
 * that ended before it and whose stacks are still to come are handed out without them by etw_pipe__settle().
 */
int etw_pipe__cut(struct etw_pipe *p, uint64_t *ret_ns);
int etw_pipe__settle(struct etw_pipe *p);
int etw_pipe__forget(struct etw_pipe *p, const uint64_t *ids, size_t cnt);
int etw_pipe__swept(struct etw_pipe *p);
/* Have all processes of targets.pids ended? */
bool etw_pipe__is_over(const struct etw_pipe *p);
/* The window ends at the latest time. Tells what is open, everybody's totals, and that it ends. */
int etw_pipe__finish(struct etw_pipe *p);

#endif
