/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Waiting for a CPU: the life of a thread as far as it waits, what a CPU ran when, and the rows of the maps that both go
 * into. Pure functions, the same lines in the kernel and in unit tests on the host.
 *
 *                runq_state__wait()           runq_state__run()
 *   not waiting -------------------> waiting -------------------> not waiting (on CPU)
 *                                     |   ^
 *                                     +---+ runq_state__move(): to the queue of another CPU
 *
 * Everything is clipped to the window, as in interval.h.
 */
#ifndef DWELL_QUEUES_H
#define DWELL_QUEUES_H

#include "buckets.h"
#include "interval.h"

/* What a row of the result is. */
enum runq_by { RUNQ_BY_PROCESS, RUNQ_BY_THREAD, RUNQ_BY_CPU, RUNQ_BY_CLASS, RUNQ_BY_CNT };

struct runq_config {
	__u32 by;      /* enum runq_by */
	__u32 cpu_cnt; /* possible ones */
};

/* Scheduling policies (include/uapi/linux/sched.h) and the words for them. */
#define RUNQ_CLASSES(X)  \
	X(0, "other")    \
	X(1, "fifo")     \
	X(2, "rr")       \
	X(3, "batch")    \
	X(5, "idle")     \
	X(6, "deadline") \
	X(7, "ext")

#define RUNQ_NOBODY_KNOWS 0xffffffffu /* pid of those who ran unseen */

/*
 * Who waits, or who ran instead. A process: start of its leader, pid. A thread: its start, pid, tid. A CPU or a
 * policy: its number as the pid. All 0: the idle task.
 */
struct runq_who {
	__u64 start_ns;
	__u32 pid;
	__u32 tid;
};

/* Waits that lie in one bucket and ended on one CPU, which alone changes the row. */
struct runq_cell_key {
	struct runq_who who;
	__u32 cpu;
	__u32 bucket; /* buckets.h; RUNQ_BUCKET_OPEN: not over at the window's end */
};

#define RUNQ_BUCKET_OPEN HISTOGRAM_BUCKETS

struct runq_cell {
	__u64 cnt, ns, max_ns;
	__u64 last_ns; /* of the last change: comm is the name at that time */
	char comm[WIRE_COMM_LEN];
};

/* What one ran while another waited for its CPU. */
struct runq_turn_key {
	struct runq_who who, ran;
};

struct runq_turn {
	__u64 ns;
	__u64 cnt;	   /* stretches */
	__u64 preempt_cnt; /* of those, begun by taking the CPU from the one that waits */
	__u64 last_ns;
	char comm[WIRE_COMM_LEN]; /* of the one that ran */
};

#define RUNQ_COUNTERS_LIST(X)                                                              \
	X(WAITS, "waits", "waits for a CPU that ended")                                    \
	X(WAIT_NS, "wait_ns", "their time")                                                \
	X(OPEN, "open", "waits that had not ended when tracing did")                       \
	X(OPEN_NS, "open_ns", "their time")                                                \
	X(LOST, "lost", "waits that are in no row: the kernel's map was full")             \
	X(LOST_NS, "lost_ns", "their time")                                                \
	X(RAN_NS, "ran_ns", "time of waits, by who ran instead")                           \
	X(RAN_LOST_NS, "ran_lost_ns", "of that, in no row: the kernel's map was full")     \
	X(RAN_UNKNOWN_NS, "ran_unknown_ns", "of that, it is not known who ran")            \
	X(HISTORY_SHORT, "history_short", "waits of which not all who ran are remembered") \
	X(MIGRATIONS, "migrations", "moves of a waiting thread to another CPU")            \
	X(ROWS, "rows", "rows begun in the kernel's maps")                                 \
	X(UNPAIRED, "unpaired",                                                            \
	  "waits of which the kernel did not report a switch: as long as it says itself")

enum runq_counter {
#define X(id, name, help) RUNQ_C_##id,
	RUNQ_COUNTERS_LIST(X)
#undef X
		RUNQ_COUNTER_CNT
};

struct runq_counters {
	__u64 values[RUNQ_COUNTER_CNT];
};

/* ---- a thread ---- */

enum runq_flags {
	RUNQ_F_SEEN = 1 << 0,	   /* an event told where it is */
	RUNQ_F_PREEMPTED = 1 << 1, /* the wait began by losing the CPU, not by a wake-up */
	RUNQ_F_MISSED = 1 << 2,	   /* a wait before the current stint on the CPU was not seen */
	RUNQ_F_BASED = 1 << 3,	   /* delay_ns is set */
};

/* One per traced thread. */
struct runq_state {
	struct task_state task; /* who it is, and whether a target */
	__u64 wait_ns;		/* it waits for a CPU since; 0: it does not */
	__u64 queue_ns;		/* and is in the queue of @cpu since */
	__u64 delay_ns; /* the kernel's run_delay at the last switch-out seen: all waits before that */
	__u32 cpu;
	__u32 flags; /* enum runq_flags */
};

/* A part of a wait: in the queue of one CPU. */
struct runq_piece {
	__u64 from_ns, to_ns;
	__u32 cpu;
	__u32 preempted; /* it begins with the loss of the CPU */
};

/* The thread is queued to run. One that waits already waits on. */
static __always_inline void runq_state__wait(struct runq_state *st, __u64 ts, __u32 cpu,
					     bool preempted)
{
	st->flags |= RUNQ_F_SEEN;
	if (st->wait_ns)
		return;
	if (preempted)
		st->flags |= RUNQ_F_PREEMPTED;
	else
		st->flags &= ~RUNQ_F_PREEMPTED;
	st->wait_ns = ts;
	st->queue_ns = ts;
	st->cpu = cpu;
}

/* The last part of a wait up to @ts, clipped to the window. False: nothing of it lies inside. */
static __always_inline bool runq_state__piece(const struct runq_state *st, __u64 ts, __u64 start_ns,
					      struct runq_piece *ret)
{
	ret->from_ns = interval_max(st->queue_ns, start_ns);
	ret->to_ns = ts;
	ret->cpu = st->cpu;
	ret->preempted = (st->flags & RUNQ_F_PREEMPTED) && st->queue_ns == st->wait_ns &&
			 st->wait_ns >= start_ns;
	return st->wait_ns && start_ns && ts > ret->from_ns;
}

/* A waiting thread goes to the queue of @cpu. True: *@ret is the part of its wait in the old one. */
static __always_inline bool runq_state__move(struct runq_state *st, __u64 ts, __u32 cpu,
					     __u64 start_ns, struct runq_piece *ret)
{
	bool some;

	if (!st->wait_ns || st->cpu == cpu)
		return false;
	some = runq_state__piece(st, ts, start_ns, ret);
	st->queue_ns = interval_max(ts, st->queue_ns);
	st->cpu = cpu;
	return some;
}

/* The thread gets its CPU: how long it waited, inside the window, in *@ret_ns. False: it did not. */
static __always_inline bool runq_state__run(struct runq_state *st, __u64 ts, __u64 start_ns,
					    __u64 *ret_ns)
{
	__u64 since = interval_max(st->wait_ns, start_ns);
	bool some = st->wait_ns && start_ns && ts > start_ns;

	/* A wake-up by another CPU's clock may be later than the switch. */
	if (some)
		*ret_ns = ts > since ? ts - since : 0;
	if (!st->wait_ns && (st->flags & RUNQ_F_SEEN))
		st->flags |= RUNQ_F_MISSED;
	st->wait_ns = 0;
	st->queue_ns = 0;
	st->flags |= RUNQ_F_SEEN;
	return some;
}

/*
 * Kernels leave switches out (CPUs going off- or online; some virtual machines). The thread leaves the CPU at @ts: is there
 * a wait before its stint there that was not seen to begin or to end? Then *@ret_ns is how long it was by the kernel's own
 * account (@delay_ns: its run_delay now), inside the window, *@ret_split_ns the part that was split already.
 */
static __always_inline bool runq_state__missed(struct runq_state *st, __u64 ts, __u64 delay_ns,
					       __u64 start_ns, __u64 *ret_ns, __u64 *ret_split_ns)
{
	bool missed = st->wait_ns || (st->flags & RUNQ_F_MISSED);
	__u64 ns = delay_ns - st->delay_ns, since = interval_max(st->wait_ns, start_ns);

	*ret_split_ns = st->queue_ns > since ? st->queue_ns - since : 0;
	st->delay_ns = delay_ns;
	st->wait_ns = 0;
	st->queue_ns = 0;
	st->flags &= ~RUNQ_F_MISSED;
	if (!start_ns || ts <= start_ns)
		return false;
	*ret_ns = ns < ts - start_ns ? ns : ts - start_ns;
	return missed && *ret_ns;
}

/* ---- a CPU ---- */

#define RUNQ_HISTORY 512 /* a power of two; 20 kB per CPU */

/* It runs @who since @since_ns, until the next one's. 0: since before it was watched. */
struct runq_run {
	__u64 since_ns;
	struct runq_who who;
	char comm[WIRE_COMM_LEN];
};

/* What a CPU ran last; written by itself, read by any. */
struct runq_history {
	__u64 head; /* runs written so far */
	struct runq_run runs[RUNQ_HISTORY];
};

/* Where the next run is to be written; to be followed by head++. */
static __always_inline struct runq_run *runq_history__next(struct runq_history *h)
{
	return &h->runs[h->head & (RUNQ_HISTORY - 1)];
}

/* Is there a run before the last @back ones, as they were when @head was read? */
static __always_inline bool runq_history__has(__u64 head, __u32 back)
{
	return back < head && back < RUNQ_HISTORY - 1;
}

static __always_inline const struct runq_run *runq_history__at(const struct runq_history *h,
							       __u64 head, __u32 back)
{
	return &h->runs[(head - 1 - back) & (RUNQ_HISTORY - 1)];
}

/*
 * Was the run before the last @back ones, as of @head, still whole after it was read? The CPU that writes is
 * another one and goes on; the run that it writes now counts as overwritten.
 */
static __always_inline bool runq_history__whole(const volatile struct runq_history *h, __u64 head,
						__u32 back)
{
	return h->head - head + back + 1 < RUNQ_HISTORY;
}

/*
 * Cuts off the end of @piece: what @run, on its CPU until then, ran of it. *@ret_ns: how long; *@ret_preempted: it began
 * by taking the CPU from the one that waits. False: nothing of the piece. The piece is done when it is empty.
 */
static __always_inline bool runq_piece__cut(struct runq_piece *piece, const struct runq_run *run,
					    __u64 *ret_ns, bool *ret_preempted)
{
	__u64 begin = interval_max(run->since_ns, piece->from_ns);

	if (begin >= piece->to_ns)
		return false;
	*ret_ns = piece->to_ns - begin;
	*ret_preempted = piece->preempted && begin == piece->from_ns;
	piece->to_ns = begin;
	return true;
}

#endif
