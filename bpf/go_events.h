/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What go_events.bpf.c and user space (source/bpf_go_events.c) share: configuration, records, sums. */
#ifndef DWELL_GO_EVENTS_H
#define DWELL_GO_EVENTS_H

#ifdef __bpf__
#include "vmlinux.h"
#else
#include <linux/types.h>
#endif

#define GO_EVENTS_MAX_FRAMES 127

/* Where struct runtime.g keeps things, in bytes; and how much may be seen. */
struct go_events_config {
	__u32 goid, gopc, startpc, wait_reason;
	__u32 stack_hi, sp, pc, bp; /* the last three: of sched */
	__u32 _pad;
	__u32 max_frames; /* of a stack, GO_EVENTS_MAX_FRAMES at most; 0: no stacks */
	/* Hits of probes that are looked at, up to each moment; when there are more, it is over. */
	__u64 first_hits, hits_per_sec;
};

enum go_event_kind {
	GO_EVENT_STACK = 1,
	GO_EVENT_WAIT = 2,
};

/* A wait that is over. Times are CLOCK_MONOTONIC. */
struct go_event_wait {
	__u32 kind;
	__u32 reason; /* runtime.waitReason */
	__u64 goid;
	__u64 gopc, startpc;
	__u64 stack; /* id of a struct go_event_stack that came before; 0: none */
	__u64 park_ns;
	__u64 ready_ns; /* 0: nobody told */
	__u64 run_ns;	/* 0 in a map: not over */
};

/* Comes once, as a rule, before the first wait that has it. Return addresses, innermost first: that of mcall() first. */
struct go_event_stack {
	__u32 kind;
	__u32 frame_cnt;
	__u64 id;
	__u64 ips[GO_EVENTS_MAX_FRAMES];
};

#define GO_EVENT_STACK_BYTES(frame_cnt) (16 + 8 * (__u64)(frame_cnt))

struct go_events_sums {
	__u64 hits;
	__u64 parks; /* waits that began */
	__u64 repeats; /* the stack check of one that was not over: it had its stack grown, and began again */
	__u64 unreadable; /* waits: their goroutine's struct could not be read */
	__u64 map_full;	  /* waits: there was no room to note them */
	__u64 ring_full;  /* waits: there was no room for the record */
	__u64 mixed_up; /* waits: their end was not seen, but their goroutine's next wait, or another goroutine */
	__u64 sent;	   /* waits: the record was written */
	__u64 stacks_lost; /* of waits; what each cost is that they have none */
	__u64 over_ns;	   /* when there were too many hits; 0: never */
};

#endif
