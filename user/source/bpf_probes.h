/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The probes in the kernel: load the variant that this kernel takes, attach, read counters, detach.
 *
 *   probes__load -> (fill maps through the fds) -> probes__attach -> probes__start
 *     -> ... -> probes__stop -> probes__detach -> probes__free
 *
 * Everything hangs on file descriptors of this process: when it dies, however, the kernel takes all down.
 */
#ifndef SOURCE_BPF_PROBES_H
#define SOURCE_BPF_PROBES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

struct probes;

enum probes_map {
	PROBES_MAP_RINGS,
	PROBES_MAP_SPILLS,
	PROBES_MAP_STACK_SPILLS,
	PROBES_MAP_EXIT_SPILLS,
	PROBES_MAP_TARGET_PIDS,
	PROBES_MAP_TARGET_TIDS,
	PROBES_MAP_COMM_GLOB,
	PROBES_MAP_UNWIND_POOLS,
	PROBES_MAP_UNWIND_MODULES,
	PROBES_MAP_UNWIND_MAPPINGS,
	PROBES_MAP_UNWIND_SETS,
	PROBES_MAP_STACKS_SENT,
	PROBES_MAP_PYTHONS,	/* of use where probes__walks_python() */
	PROBES_MAP_GOS,		/* likewise */
	PROBES_MAP_TASK_STATES, /* of use where it is a hash: with config.proc_ids */
	PROBES_MAP_CNT
};

enum probes_iter {
	PROBES_ITER_SEED,
	PROBES_ITER_FINAL,
	PROBES_ITER_OPEN, /* after probes__cut() */
};

/*
 * Loads the first variant that the kernel takes, without attaching. Where only one without walks of its own is taken,
 * @cfg->unwind becomes CONFIG_UNWIND_FP and @cfg->memo CONFIG_MEMO_OFF, unless @need_cfi: then it is an error. Where task
 * iterators are refused @cfg->proc_ids becomes 1 and probes__iterate() must not be called. 0 and *@ret_probes, or -errno with error_set() saying what to do.
 */
int probes__load(struct config *cfg, bool need_cfi, uint32_t possible_cpus,
		 struct probes **ret_probes);
/* Detaches and unloads everything. Accepts NULL. */
void probes__free(struct probes *p);
/* Attaches all programs; none counts before probes__start(). 0 or -errno with error_set(). */
int probes__attach(struct probes *p);
/* Detaches all programs; they stay loaded, so that /proc/kallsyms still names them. */
void probes__detach(struct probes *p);
int probes__map_fd(const struct probes *p, enum probes_map map);
/* "core" (tp_btf, task storage), "compat" (raw_tp, hash), "bounded" (without bpf_loop()) or "minimal" (without walks of our own). */
const char *probes__variant(const struct probes *p);
/*
 * Begins or ends the window, a moment from now: the time is stored before it comes, so that no event sees it late.
 * Returns that time, CLOCK_MONOTONIC, after it has passed.
 */
uint64_t probes__start(struct probes *p);
uint64_t probes__stop(struct probes *p);
/* A cut between two windows, now: what is open at that moment PROBES_ITER_OPEN tells. Returns the time, CLOCK_MONOTONIC. */
uint64_t probes__cut(struct probes *p);
/* What was remembered of walks is forgotten: each stack that comes from here on is walked and looked up in the map of those sent. */
void probes__forget_walks(struct probes *p);
/* struct control's min_ns. */
void probes__set_min_ns(struct probes *p, uint64_t min_ns);
uint64_t probes__min_ns(const struct probes *p);
/* Threads that exit and were not told for the last time yet: neither at their last switch nor by PROBES_ITER_FINAL. */
uint64_t probes__leaving(const struct probes *p);
/* Can the variant walk the frames of Python, and read the goroutines of threads? */
bool probes__walks_python(const struct probes *p);
/* To be called when an entry was put into that map: threads look there again. */
void probes__pythons_changed(struct probes *p);
void probes__gos_changed(struct probes *p);
/* Adds up the counters of all CPUs. 0 or -errno. */
int probes__read_counters(const struct probes *p, uint64_t ret_values[WIRE_COUNTER_CNT]);
/* As object__programs(). */
struct object_program;
void probes__programs(const struct probes *p,
		      void (*fn)(void *arg, const struct object_program *prog), void *arg);
/*
 * Runs a task iterator and hands over what it wrote, record by record. 0, -errno, or the callback's error.
 */
typedef int (*probes_record_fn)(void *arg, const void *data, size_t len);
int probes__iterate(struct probes *p, enum probes_iter which, probes_record_fn fn, void *arg);

/* The tracepoints that the probes are attached to, as object_each_tracepoint(). */
int probes_each_tracepoint(void (*fn)(void *arg, const char *name), void *arg);

#endif
