/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The live source on Linux: BPF probes in the running kernel. */
#ifndef SOURCE_BPF_H
#define SOURCE_BPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "model/image.h"
#include "model/module.h"
#include "source/bpf_targets.h"
#include "source/source.h"

/* How user stacks are walked. */
enum bpf_unwind {
	BPF_UNWIND_AUTO, /* by unwind tables where the kernel takes the program, else by frame pointers */
	BPF_UNWIND_FP,
	BPF_UNWIND_CFI,
};

struct bpf_opts {
	struct targets targets;

	enum config_threads threads;
	uint64_t min_ns, max_ns; /* 0: no limit */
	bool state_filter;
	uint32_t state_mask;
	bool user_stacks;
	bool wakers; /* note with each interval who ended it */
	enum bpf_unwind unwind;
	bool no_python;	     /* leave the interpreter's own frames where they are */
	uint32_t max_frames; /* 1..WIRE_MAX_FRAMES */
	uint64_t ring_bytes; /* per CPU; 0: default */
};

/*
 * Loads the probes for these targets; what @opts points to must stay as long as the source. Modules found while tracing go to @modules (not owned, with open files); the
 * consumer of events keeps @images, where the mappings of processes are looked up for unwinding. NULL + errno,
 * error_set() says what to do.
 */
struct source *bpf_source_open(const struct bpf_opts *opts, struct module_table *modules,
			       const struct image_table *images);

/* "core", "compat", "bounded" or "minimal": which probes this kernel took. */
const char *bpf_source_variant(const struct source *s);
/* "cfi" or "fp": how user stacks are walked. */
const char *bpf_source_unwind(const struct source *s);
/* Are frames of Python walked? */
bool bpf_source_python(const struct source *s);
/* "iterators" or "proc": how threads that sleep at the window's edges are found, see bpf_edges.h. */
const char *bpf_source_edges(const struct source *s);

/*
 * While running: intervals shorter than @min_ns are filtered from now on, in the kernel; with bpf_opts.min_ns the larger counts. They are
 * counted as filtered, and beside that as throttled. One that was told in part at a cut is still told in full. 0 ends it.
 */
void bpf_source_set_min_ns(struct source *s, uint64_t min_ns);

/* A capability that tracing takes, and what for. */
struct bpf_need {
	unsigned int cap; /* CAP_* */
	const char *why;
	bool vital; /* without it there is no tracing at all; without others something is not seen */
	bool at_start; /* not any more once the source was started */
};
/* The @i-th of all, NULL past the last. CAP_SYS_RESOURCE, before 5.11, is not among them. */
const struct bpf_need *bpf_source_need(size_t i);
/* Those of them that a source needs once it was started, as masks of 1 << CAP_*: to be kept by os_privilege_drop(). */
uint64_t bpf_source_capabilities(void);
/*
 * And those that may be taken until then: all of the table; CAP_SYS_RESOURCE, by which limits are raised (maps count against
 * RLIMIT_MEMLOCK before 5.11); CAP_IPC_LOCK, by which perf's buffers may be larger than perf_event_mlock_kb; and what is below.
 */
uint64_t bpf_source_start_capabilities(void);
/*
 * What perf_event_open(2) takes: CAP_PERFMON. But where kernel.perf_event_paranoid is above 2, as it may be in the kernels of Debian (3) and
 * Ubuntu (4), only CAP_SYS_ADMIN: their patches, "perf: Allow further restriction of perf_event_open", ask for that.
 */
uint64_t bpf_perf_capabilities(void);

/* What tracing takes, bytes. */
struct bpf_usage {
	uint64_t kernel_bytes; /* maps and rings, by the kernel's account */
	uint64_t
		own_bytes; /* resident memory of this process, but for what is mapped of the maps */
	uint64_t table_bytes; /* of the maps: unwind tables */
	uint32_t table_cnt;   /* modules that have one */
	uint32_t process_cnt; /* whose mappings are known to the kernel side */
};

#define BPF_STATS_MAX_PROGRAMS 16

/* How it is read, and what the kernel side does. */
struct bpf_stats {
	uint64_t ring_used_bytes; /* the most since the last time this was asked */
	uint64_t ring_bytes;
	struct bpf_program_stats {
		const char *name; /* as long as the source */
		bool attached;
		uint64_t run_cnt, run_ns; /* 0 unless the kernel counts runs */
	} programs[BPF_STATS_MAX_PROGRAMS];
	uint32_t program_cnt;
	/* Maps of which it is known how full they are. */
	uint64_t table_cnt, max_tables, image_cnt, max_images;
};
void bpf_source_stats(struct source *s, struct bpf_stats *ret);

/* Before the source is closed. What can't be read counts 0. */
void bpf_source_usage(const struct source *s, struct bpf_usage *ret);

#endif
