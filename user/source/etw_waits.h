/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * From context switches to waits: which thread left which CPU, why, who readied it, and when it came back. Pure: events in the order
 * of time go in, waits come out. Threads that were off CPU when the trace began are not seen before they come.
 */
#ifndef SOURCE_ETW_WAITS_H
#define SOURCE_ETW_WAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "source/etw_decode.h"

#define ETW_NO_TICKS INT64_MIN

/* A stretch of time in which a thread had no CPU. */
struct etw_wait {
	uint32_t tid;
	uint32_t by_tid; /* who readied it, or had the CPU; ETL_NO_ID: nobody did */
	bool by_dpc;	 /* a deferred procedure did, on that CPU */
	bool open;	 /* it had not come back when the trace ended */
	uint8_t reason;	 /* KWAIT_REASON */
	uint8_t state;	 /* enum etw_state */
	uint32_t cpu;	 /* that it came back on */
	uint64_t out_ns, ready_ns, in_ns;
	int64_t in_ticks, ready_ticks; /* names of the stacks; ETW_NO_TICKS: there can be none */
};

/* Was it runnable all the time? */
static inline bool etw_wait__is_preempted(const struct etw_wait *w)
{
	return w->state == ETW_STATE_READY || w->state == ETW_STATE_DEFERRED_READY;
}

/* A system call that was seen from its beginning to its end. */
struct etw_call {
	uint32_t tid;
	uint32_t status;
	uint64_t addr; /* of the routine */
	uint64_t enter_ns, exit_ns;
	uint64_t blocked_ns, runnable_ns; /* of that time */
};

/* What a thread did, from when it was first seen to when it was last. */
struct etw_totals {
	uint32_t tid;
	bool ended, running;
	uint64_t begin_ns, end_ns;
	uint64_t on_cpu_ns;
	uint64_t blocked_ns, runnable_ns, wait_cnt; /* of closed waits */
};

/* All return 0, or an error that ends it. Members may be NULL. */
struct etw_waits_ops {
	int (*wait)(void *arg, const struct etw_wait *w);
	/* A wait goes on, but its thread may run from here on; @w as far as it is known. */
	int (*ready)(void *arg, const struct etw_wait *w);
	int (*call)(void *arg, const struct etw_call *c);
	int (*totals)(void *arg, const struct etw_totals *t);
};

struct etw_waits_counts {
	uint64_t switch_cnt;
	uint64_t wait_cnt, wait_ns; /* closed ones */
	uint64_t
		chain_break_cnt; /* who left a CPU is not who had come to it: switches are missing */
	uint64_t unready_cnt;	 /* blocked, and came back although nobody was seen to ready it */
};

struct etw_waits_cpu;
struct etw_waits_thread;

struct etw_waits {
	const struct etw_waits_ops *ops;
	void *arg;
	struct etw_waits_counts counts;
	struct etw_waits_cpu *cpus;
	size_t cpu_cnt, cpu_cap;
	struct etw_waits_thread *threads;
	size_t thread_cnt, thread_cap;
	struct hash_index index; /* tid -> thread */
};

/* @ops has to live as long. */
void etw_waits__init(struct etw_waits *w, const struct etw_waits_ops *ops, void *arg);
void etw_waits__fini(struct etw_waits *w);
/* Takes switches, readies, system calls, and the beginnings and ends of threads. 0, -ENOMEM, -E2BIG, or an error of @ops. */
int etw_waits__add(struct etw_waits *w, const struct etw_event *e, const struct etl_event *raw);
/* Events of this CPU are missing before the next one. */
void etw_waits__lost(struct etw_waits *w, uint32_t cpu);
/* The same of any CPU. */
void etw_waits__lost_all(struct etw_waits *w);
/* Each wait that is open at @now_ns, as if the trace ended there; it goes on. 0 or an error of @fn. */
int etw_waits__open(const struct etw_waits *w, uint64_t now_ns,
		    int (*fn)(void *arg, const struct etw_wait *w), void *arg);
/* The trace ends: all that is open, and everybody's totals. */
int etw_waits__finish(struct etw_waits *w, uint64_t end_ns);
/* Who has the CPU; ETL_NO_ID: not known. 0: nobody. */
uint32_t etw_waits__current(const struct etw_waits *w, uint32_t cpu);

#endif
