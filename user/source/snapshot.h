/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The source of a dump: who is off the CPU at this moment, without having traced. Its window has no length; what it delivers
 * are open intervals (WIRE_F_OPEN) that began when the threads left, by the kernel's notes (since.h). By a task iterator, or
 * by /proc where the kernel has no BPF for us.
 */
#ifndef SOURCE_SNAPSHOT_H
#define SOURCE_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "model/image.h"
#include "model/module.h"
#include "source/bpf_targets.h"
#include "source/source.h"

struct snapshot_opts {
	struct targets targets;
	enum config_threads threads;
	uint64_t
		longer_ns; /* deliver those that have been blocked for at least as long, or nobody knows how long */
	bool all; /* and all others that are off the CPU, however long */
	bool user_stacks;
	bool no_python;
	uint32_t max_frames; /* 1..WIRE_MAX_FRAMES */
};

/* Of the target's threads. */
struct snapshot_counts {
	uint64_t running, runnable, blocked; /* all of them */
	uint64_t longer,
		unknown; /* of the blocked: those that opts.longer_ns lets pass; of these, by a time unknown */
	uint64_t hidden,
		part; /* by /proc: threads without a user stack, with part of their kernel stack; for want of rights */
};

/*
 * Prepares a look; what @opts points to must stay. Modules go to @modules (not owned, with open files); the consumer keeps
 * @images. NULL + errno with error_set().
 */
struct source *snapshot_source_open(const struct snapshot_opts *opts, struct module_table *modules,
				    const struct image_table *images);
/* "iterators" or "proc": where it looks. */
const char *snapshot_source_origin(const struct source *s);
/* Why it is "proc"; "" otherwise. */
const char *snapshot_source_refusal(const struct source *s);
/* After start(). */
struct snapshot_counts snapshot_source_counts(const struct source *s);

#endif
