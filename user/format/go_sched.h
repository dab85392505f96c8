/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * runtime.sched, the state of Go's scheduler (struct schedt of src/runtime/runtime2.go): what runtime/metrics tells of it inside
 * of a program, and GODEBUG=schedtrace, read from outside. Go 1.19 to 1.27; what isn't known of a version is left out.
 */
#ifndef FORMAT_GO_SCHED_H
#define FORMAT_GO_SCHED_H

#include "format/go_histogram.h"
#include "format/go_runtime.h"

/* Why threads of the program were all stopped at once. */
enum go_pause { GO_PAUSE_GC, GO_PAUSE_OTHER, GO_PAUSE_CNT };

struct go_sched_layout;

/* Where it is in a process. */
struct go_sched {
	uint64_t addr;
	const struct go_sched_layout *layout; /* of the version */
	bool by_symbol;			      /* found by its name, else by what is in it */
	bool limit_changed; /* the limit of threads is not Go's: debug.SetMaxThreads() */
};

/* What is in it at one moment. All but the lengths of lists only ever grows while the program runs. */
struct go_sched_stats {
	uint64_t
		created; /* numbers given to goroutines, to each processor 16 at once: so many were made, or up to 16 less for each */
	int32_t threads; /* that live; some of them are the runtime's own */
	int32_t idle_threads, spinning_threads;
	int32_t idle_procs; /* of GOMAXPROCS; runtime.p */
	int32_t run_queue;  /* goroutines in the global one; those of processors have more */

	/* From runnable to running; of each goroutine the runtime counts one time in eight (/sched/latencies:seconds). */
	struct go_histogram latency;

	bool has_mutex_wait; /* from 1.20 on */
	uint64_t
		mutex_wait_ns; /* all goroutines together, for sync.Mutex and sync.RWMutex; an estimate of the runtime's, of one in eight */

	bool has_pauses; /* from 1.22 on */
	/* Until all were stopped; and until they could go on, with the first (/sched/pauses/stopping, /sched/pauses/total). */
	struct go_histogram stopping[GO_PAUSE_CNT], paused[GO_PAUSE_CNT];
};

/*
 * Finds it in the process of @r, by its symbol or, with @scan or without a symbol, by what it has to have in it. 0; -ENOTSUP with
 * error_set(): it isn't known how it is laid out; -ENOENT with error_set(): it can't be told, or not yet; -ENOMEM.
 */
int go_sched__find(struct go_sched *s, const struct go_runtime *r, bool scan);
/*
 * Reads it; the program runs meanwhile. 0; -EFAULT: the memory isn't there, the process has ended or begun another program;
 * -EBADMSG: what is there can't be it.
 */
int go_sched__read(const struct go_sched *s, const struct go_memory *m, struct go_sched_stats *ret);

#endif
