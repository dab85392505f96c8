/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * System calls: what user space and the probes share, and the life of one call as pure functions, which run in unit tests
 * on the host too.
 *
 *          call__enter()            call__leave()
 *   outside -----------> inside -------------------> outside
 *                          | thread dies (exit), or the window ends: open
 *
 * A call belongs to the window if it begins there. How its time divides is told by the thread's sums of blocked and
 * runnable time (interval.h) at both ends.
 */
#ifndef DWELL_CALLS_H
#define DWELL_CALLS_H

#ifndef __bpf__
#include <stdbool.h>
#endif

#include "buckets.h"
#include "config.h"
#include "interval.h"

#define CALL_MAX_NR	1024 /* of numbers that can be asked for */
#define CALL_MAX_FRAMES 127
#define CALL_MAX_ERRNO	4095
#define CALL_SLOT_ERRNO \
	0x1000 /* + errno: the row counts failures; below: the bucket of the length */
#define CALL_NR_COMPAT	   0x80000000u /* of the 32-bit table */
#define CALL_NO_RESULT_CNT 2

enum call_by {
	CALL_BY_NOTHING = 0,
	CALL_BY_PROCESS = 1,
	CALL_BY_THREAD = 2,
	CALL_BY_CGROUP = 3,
};

/* Read-only for the verifier, beside struct config. */
struct call_config {
	__u32 by;	   /* enum call_by */
	__u32 failed_only; /* 1: only calls that fail */
	__u32 error;	   /* only calls that fail with this errno; 0: any */
	__u32 slow;	   /* 1: events for calls of at least slow_ns */
	__u64 slow_ns;
	__u32 stacks; /* 1: with the user stack */
	__u32 execve; /* number of execve(): the call by which a command begins */
	__u32 some;   /* 1: only the calls in `wanted` */
	__u32 rows;   /* wake user space when so many are taken */
	__u64 wanted[2][CALL_MAX_NR / 64]; /* a bit per number: native, 32-bit */
	/* Calls that give back what the interrupted code had in its register: no result of theirs. */
	__u32 no_result[2][CALL_NO_RESULT_CNT];
};

enum call_flags {
	CALL_F_INSIDE = 1 << 0,
	CALL_F_UNWANTED = 1 << 1, /* inside one that nobody asked for */
	CALL_F_SEEN =
		1 << 2, /* the thread began a call in the window: from there on all is known */
};

/* One per traced thread. */
struct call_state {
	struct task_state task; /* first: see TASK_STATE_TYPE */
	__u64 enter_ns;
	__u64 blocked_ns, runnable_ns; /* the thread's sums at that time */
	__u64 arg;		       /* the first argument */
	__u32 nr;		       /* | CALL_NR_COMPAT */
	__u32 flags;		       /* enum call_flags */
};

/* Of whom: a process (start, pid), a thread (start, tid), a cgroup (id, 0), or everybody (0, 0). */
struct call_entity {
	__u64 id;
	__u32 nr;
	__u32 _pad;
};

struct call_key {
	struct call_entity entity;
	__u32 nr;   /* | CALL_NR_COMPAT */
	__u32 slot; /* bucket, or CALL_SLOT_ERRNO + errno */
};

/* A row of the map `call_rows`, per CPU. Of a failure only the count. */
struct call_row {
	__u64 cnt;
	__u64 total_ns, blocked_ns, runnable_ns;
	__u64 max_ns;
};

/* A row of the map `call_names`: what an entity is called. */
struct call_name {
	__u32 pid, tid;
	char comm[WIRE_COMM_LEN];
};

struct call_time {
	__u64 total_ns, blocked_ns, runnable_ns; /* the rest was on CPU */
};

enum call_record_kind {
	CALL_RECORD_SLOW = 1,
	CALL_RECORD_OPEN = 2, /* from the iterator */
	CALL_RECORD_ROWS = 3, /* a header alone: half of the rows are taken */
};

enum call_record_flags {
	CALL_RECORD_BEFORE = 1 << 0, /* inside since before the window: enter_ns is not known */
};

/* One call: slow, or open. */
struct call_record {
	struct wire_header h;
	struct call_entity entity;
	struct wire_image image;
	__u64 enter_ns, leave_ns;
	struct call_time time;
	__s64 result;
	__u64 arg;
	__u32 nr; /* | CALL_NR_COMPAT */
	__u32 tid;
	__u32 flags; /* enum call_record_flags */
	__u32 frame_cnt;
	char comm[WIRE_COMM_LEN];
	/* frame_cnt addresses follow, innermost first */
};

/* Every call that began is counted in exactly one of the others, or is open. */
enum call_counter {
	CALL_C_ENTERED = 0,
	CALL_C_RETURNED = 1, /* counted in a row: what user space reads there must add up to this */
	CALL_C_FILTERED = 2, /* by -x and -e */
	CALL_C_MAP_FULL = 3, /* lost: no row left */
	CALL_C_ERROR_FULL = 4, /* its errno is lost, the call is counted */
	CALL_C_REENTERED = 5,  /* lost: the kernel did not tell its end */
	CALL_C_SLOW = 6,       /* slow calls */
	CALL_C_SLOW_LOST = 7,  /* of them those that no ring had room for */
	CALL_C_NAME_FULL = 8,  /* entities without a name */
	CALL_C_CNT
};

static __always_inline void call__enter(struct call_state *c, __u32 nr, __u64 arg, __u64 ts)
{
	c->enter_ns = ts;
	c->blocked_ns = c->task.blocked_ns;
	c->runnable_ns = c->task.runnable_ns;
	c->arg = arg;
	c->nr = nr;
	c->flags = CALL_F_INSIDE | CALL_F_SEEN;
}

/* The call ends at @ts, while the thread is on CPU: how long it took, and how that divides. */
static __always_inline struct call_time call__leave(struct call_state *c, __u64 ts)
{
	struct call_time t;

	t.total_ns = ts > c->enter_ns ? ts - c->enter_ns : 0;
	t.blocked_ns = c->task.blocked_ns - c->blocked_ns;
	t.runnable_ns = c->task.runnable_ns - c->runnable_ns;
	/* A switch that had to be rebuilt may come out a little before the call, and CPUs' clocks differ a little. */
	if (t.blocked_ns > t.total_ns)
		t.blocked_ns = t.total_ns;
	if (t.runnable_ns > t.total_ns - t.blocked_ns)
		t.runnable_ns = t.total_ns - t.blocked_ns;
	c->flags = CALL_F_SEEN;
	return t;
}

/* The errno in @result, ERESTARTSYS and its like included; 0: it worked. */
static __always_inline __u32 call_errno(__s64 result)
{
	return result < 0 && result >= -CALL_MAX_ERRNO ? (__u32)-result : 0;
}

static __always_inline bool call_has_result(const volatile struct call_config *cc, __u32 nr)
{
	const volatile __u32 *none = cc->no_result[nr & CALL_NR_COMPAT ? 1 : 0];

	nr &= ~CALL_NR_COMPAT;
	return nr != none[0] && nr != none[1];
}

static __always_inline bool call_is_wanted(const volatile struct call_config *cc, __u32 nr)
{
	const volatile __u64 *set = cc->wanted[nr & CALL_NR_COMPAT ? 1 : 0];

	if (!cc->some)
		return true;
	nr &= ~CALL_NR_COMPAT;
	return nr < CALL_MAX_NR && (set[nr / 64 & (CALL_MAX_NR / 64 - 1)] >> nr % 64 & 1);
}

/* Does a call that ended with @error (0: well) pass -x and -e? */
static __always_inline bool call_passes(const volatile struct call_config *cc, __u32 error)
{
	if (cc->error)
		return error == cc->error;
	return !cc->failed_only || error;
}

static __always_inline void call_row__add(struct call_row *row, const struct call_time *t)
{
	row->cnt++;
	row->total_ns += t->total_ns;
	row->blocked_ns += t->blocked_ns;
	row->runnable_ns += t->runnable_ns;
	if (t->total_ns > row->max_ns)
		row->max_ns = t->total_ns;
}

#endif
