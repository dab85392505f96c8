/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Each wait of the goroutines of one process, exactly: when it parked, was readied, and ran again. It takes probes in the process's
 * code (bpf/go_events.bpf.c), which cost it about a microsecond for each of these: for moments, not for always.
 *
 *   go_events_open -> go_events__start -> go_events__poll, __is_over ... -> go_events__stop -> go_events__ledger, __stack
 *     -> go_events__close
 *
 * Only waits that begin and end between start and stop are waits here; those that began before aren't seen at all. The probes are gone
 * after stop, after close, and when this process dies.
 */
#ifndef SOURCE_BPF_GO_EVENTS_H
#define SOURCE_BPF_GO_EVENTS_H

#include "format/go_wait.h"
#include "source/os_go.h"

struct go_events;

struct go_events_opts {
	uint32_t max_frames; /* of a stack; 0: no stacks */
	uint32_t goroutines; /* how many may wait at a time; 0: 65536 */
	/* How often the probes may be hit, on an average from the start on, but for a quarter of a second's; then it is over. */
	uint32_t hits_per_sec;
	uint32_t max_ring_bytes; /* 0: 1 MB */
};

/* Where the waits are. observed = delivered + open + the others. */
struct go_events_ledger {
	uint64_t observed;
	uint64_t delivered;
	uint64_t open;	     /* not over at the end */
	uint64_t ring_full;  /* lost: user space did not come for them */
	uint64_t map_full;   /* lost: more goroutines waited than there was room for */
	uint64_t unreadable; /* lost: the goroutine could not be read */
	uint64_t mixed_up;   /* lost: their end was not seen */
	/* Of those that were delivered or open: */
	uint64_t stacks_lost;	/* have no stack: it could not be walked or sent */
	uint64_t stacks_unkept; /* have no stack: there were too many different ones */
	uint64_t hits;		/* of the probes in the window */
	uint64_t over_ns;	/* when there were too many; 0: never */
};

/*
 * Loads the probes for what @p runs; nothing is attached. NULL + errno with error_set(): ENOTSUP: no program that they could
 * go into; EPERM, EACCES: not allowed; what the kernel said. @p must outlive it.
 */
struct go_events *go_events_open(const struct os_go *p, const struct go_events_opts *opts);
/* Accepts NULL. */
void go_events__close(struct go_events *e);
/* Attaches them, and begins at *@ret_ns. 0 or -errno with error_set(). */
int go_events__start(struct go_events *e, uint64_t *ret_ns);
/* Hands over the waits that have ended since the last time, without waiting for any. Every 50 ms or so. 0 or -errno. */
int go_events__poll(struct go_events *e, go_wait_fn fn, void *arg);
/* Was it hit too often? Nothing more comes then: stop it. */
bool go_events__is_over(const struct go_events *e);
/*
 * Ends at *@ret_ns, or when it was over, takes the probes away, and hands over what is left; those that were not over then, too, if
 * @open. 0 or -errno; the probes are gone in any case.
 */
int go_events__stop(struct go_events *e, go_wait_fn fn, void *arg, bool open, uint64_t *ret_ns);
/* After stop: everything; before: but open. 0 or -errno. */
int go_events__ledger(const struct go_events *e, struct go_events_ledger *ret);
/* No frames for GO_STACK_NONE. Valid until the next call of poll or stop. */
struct go_stack_view go_events__stack(const struct go_events *e, uint32_t number);

#endif
