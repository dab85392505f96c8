/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * How long threads wait for a CPU and who runs instead, added up in the running kernel (bpf/runq.bpf.c). No events: the
 * rows of its maps are handed over whenever the caller asks.
 *
 *   runq_source_open -> runq_source__start -> runq_source__drain ... -> runq_source__stop -> runq_source__close
 */
#ifndef SOURCE_BPF_RUNQ_H
#define SOURCE_BPF_RUNQ_H

#include <stdbool.h>
#include <stdint.h>

#include "queues.h"
#include "source/bpf_targets.h"

struct runq_source;

/* Takes rows of the two maps; one may come several times, with what is new. 0 or -errno. */
struct runq_sink {
	int (*cell)(void *arg, const struct runq_cell_key *key, const struct runq_cell *cell);
	int (*turn)(void *arg, const struct runq_turn_key *key, const struct runq_turn *turn);
	void *arg;
};

/* Loads the probes; what @targets points to must stay until then. NULL + errno, error_set() says what to do. */
struct runq_source *runq_source_open(const struct targets *targets, enum runq_by by);
/* Attaches the probes and begins the window, at *@ret_ns. 0 or -errno with error_set(). */
int runq_source__start(struct runq_source *s, uint64_t *ret_ns);
/* Hands over what the kernel added up since the last time. 0 or -errno. */
int runq_source__drain(struct runq_source *s, const struct runq_sink *sink);
/* Is the kernel's room for rows more than half full? Ask several times a second. */
bool runq_source__must_drain(struct runq_source *s);
/* Ends the window, at *@ret_ns; hands over the rest, waits that are not over among it. 0 or -errno with error_set(). */
int runq_source__stop(struct runq_source *s, const struct runq_sink *sink, uint64_t *ret_ns);
/* Accepts NULL. */
void runq_source__close(struct runq_source *s);

/* Is one of the targets that were named still alive? True when none was named. */
bool runq_source__alive(struct runq_source *s);
/* Sums over all CPUs so far. 0 or -errno. */
int runq_source__counters(const struct runq_source *s, struct runq_counters *ret);
/* How often there was no memory for the state of a thread, so that it was not traced. 0 or -errno. */
int runq_source__untraced(const struct runq_source *s, uint64_t *ret_cnt);
/* "core" or "compat". */
const char *runq_source__variant(const struct runq_source *s);
/* False: the kernel refuses task iterators, so waits at the window's edges are not seen. */
bool runq_source__sees_edges(const struct runq_source *s);

/* The tracepoints that the probes are attached to, as object_each_tracepoint(). */
int runq_each_tracepoint(void (*fn)(void *arg, const char *name), void *arg);

#endif
