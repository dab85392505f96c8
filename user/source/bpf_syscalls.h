/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * System calls, counted in the running kernel (bpf/syscalls.bpf.c).
 *
 *   syscalls__open -> syscalls__start -> syscalls__poll, syscalls__drain ... -> syscalls__stop -> syscalls__counters
 *     -> syscalls__close
 */
#ifndef SOURCE_BPF_SYSCALLS_H
#define SOURCE_BPF_SYSCALLS_H

#include <stdint.h>

#include "calls.h"
#include "source/bpf_targets.h"

struct syscalls;

/* Who takes what comes; each returns 0, or -errno, which ends the run. */
struct syscalls_sink {
	/* A row of one CPU's or all CPUs' counts: to be added. */
	int (*row)(void *arg, const struct call_key *key, const struct call_row *row);
	/* A call that was slow, as it happens, or is open, at the end; @ips: its rec->frame_cnt user addresses. */
	int (*record)(void *arg, const struct call_record *rec, const uint64_t *ips);
	void *arg;
};

struct syscalls_opts {
	struct targets targets;
	struct call_config calls; /* all but `execve`, `no_result` and `rows` */
	uint64_t ring_bytes;	  /* per CPU; 0: default */
};

/* What became of the calls. */
struct syscalls_ledger {
	uint64_t counters[CALL_C_CNT];
	uint64_t
		delivered_cnt; /* calls in the rows handed over: must be counters[CALL_C_RETURNED] */
	uint64_t open_cnt;     /* of those that entered in the window */
	uint64_t missed_cnt;   /* runs of our programs that the kernel left out */
	uint64_t threads_full; /* threads for whose state there was no room */
	bool open_unknown;     /* the kernel refused to iterate over tasks: no open calls */
};

/* Loads the probes. NULL + errno, error_set() says what to do. */
struct syscalls *syscalls__open(const struct syscalls_opts *opts, const struct syscalls_sink *sink);
/* Attaches; the window begins. 0 or -errno with error_set(). */
int syscalls__start(struct syscalls *s);
/*
 * Waits up to @timeout_ms for a slow call, hands over what came, and keeps the maps from filling. 1: all targets are gone;
 * 0; -errno.
 */
int syscalls__poll(struct syscalls *s, int timeout_ms);
/* Hands over all rows that were counted since the last time. 0 or -errno. */
int syscalls__drain(struct syscalls *s);
/* The window ends: hands over the rest, open calls too. 0 or -errno. */
int syscalls__stop(struct syscalls *s);
/* The window in CLOCK_MONOTONIC nanoseconds; the end is 0 before syscalls__stop(). */
void syscalls__window(const struct syscalls *s, uint64_t *ret_start_ns, uint64_t *ret_stop_ns);
/* What @entity is called. 0 or -ENOENT. */
int syscalls__name(const struct syscalls *s, const struct call_entity *entity,
		   struct call_name *ret_name);
int syscalls__ledger(const struct syscalls *s, struct syscalls_ledger *ret_ledger);
/* "core", "compat" or "minimal": see bpf/task.bpf.h. */
const char *syscalls__variant(const struct syscalls *s);
void syscalls__close(struct syscalls *s);

/* The tracepoints that the probes are attached to, as object_each_tracepoint(). */
int syscalls_each_tracepoint(void (*fn)(void *arg, const char *name), void *arg);

#endif
