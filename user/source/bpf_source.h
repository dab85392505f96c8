/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The source of events that BPF programs see, in parts:
 *
 *   bpf.c        records -> events, and what else a source does
 *   bpf_setup.c  making it: configuration, programs, rings, maps
 */
#ifndef SOURCE_BPF_SOURCE_H
#define SOURCE_BPF_SOURCE_H

#include "source/bpf.h"
#include "source/bpf_copies.h"
#include "source/bpf_edges.h"
#include "source/bpf_go.h"
#include "source/bpf_probes.h"
#include "source/bpf_python.h"
#include "source/bpf_rings.h"
#include "source/bpf_seeds.h"
#include "source/bpf_spill.h"
#include "source/bpf_unwind.h"
#include "source/os_alive.h"
#include "source/os_jit.h"
#include "source/os_mmaps.h"

struct bpf_source {
	struct source base;
	struct module_table *modules;
	const struct image_table *images;
	struct probes *probes;
	struct unwinder *unwinder; /* NULL: by frame pointers */
	struct pythons *pythons;   /* NULL: likewise, or the kernel can't walk their frames */
	struct gos *gos;	   /* NULL: no user stacks, or the kernel can't read goroutines */
	struct rings rings;
	struct spill spill, stack_spill, exit_spill;
	struct edges edges;
	struct seeds seeds;
	struct copies copies; /* with an unwinder */
	struct mmaps mmaps;
	struct jits jits;
	struct alive alive; /* the targets whose end ends the run */
	bool wakers;	    /* intervals come with who ended them */
	uint64_t start_ns;  /* of the window */
	uint64_t counters[WIRE_COUNTER_CNT];
	uint64_t next_online_ns;
	/* The consumer, during a call. */
	event_fn fn;
	void *arg;
};

/*
 * Fills @s, all zero but for its base, modules and images, with programs that are loaded but not attached. @take gets the records of
 * the rings, with @s. 0, or -errno with error_set(); what was made by then is in @s.
 */
int bpf_setup(struct bpf_source *s, const struct bpf_opts *o, rings_record_fn take);

#endif
