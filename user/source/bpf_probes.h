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

struct bpf_object;
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
	PROBES_MAP_CNT
};

enum probes_iter {
	PROBES_ITER_CHECK,
	PROBES_ITER_SEED,
	PROBES_ITER_FINAL,
};

/*
 * Loads the first variant that the kernel takes, without attaching. Where only one without walks of its own is taken,
 * @cfg->unwind becomes CONFIG_UNWIND_FP and @cfg->memo CONFIG_MEMO_OFF, unless @need_cfi: then it is an error. 0 and
 * *@ret_probes, or -errno with error_set() saying what to do.
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
/* "core" (tp_btf, task storage), "compat" (raw_tp, hash) or "minimal" (the same, without walks of our own). */
const char *probes__variant(const struct probes *p);
/*
 * Begins or ends the window, a moment from now: the time is stored before it comes, so that no event sees it late.
 * Returns that time, CLOCK_MONOTONIC, after it has passed.
 */
uint64_t probes__start(struct probes *p);
uint64_t probes__stop(struct probes *p);
/* Adds up the counters of all CPUs. 0 or -errno. */
int probes__read_counters(const struct probes *p, uint64_t ret_values[WIRE_COUNTER_CNT]);
/*
 * Runs a task iterator and hands over what it wrote, record by record. 0, -errno, or the callback's error.
 */
typedef int (*probes_record_fn)(void *arg, const void *data, size_t len);
int probes__iterate(struct probes *p, enum probes_iter which, probes_record_fn fn, void *arg);

#endif
