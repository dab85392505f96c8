/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Seeds: the threads that were off CPU when tracing began, with the stacks they slept in. An interval that
 * began before the window takes its stacks from here.
 */
#ifndef SOURCE_BPF_SEEDS_H
#define SOURCE_BPF_SEEDS_H

#include "base/hash.h"
#include "model/event.h"
#include "source/bpf_go.h"
#include "source/bpf_python.h"
#include "source/bpf_tables.h"
#include "unwind_sets.h"

struct seed {
	struct wire_thread_key key;
	uint64_t kernel_stack, user_stack; /* ids, 0: none */
};

/* A sleeping thread whose user stack is still to be walked. */
struct seed_walk {
	size_t seed; /* position */
	struct wire_image image;
	struct wire_regs regs;
	uint64_t switch_cnt;
	uint64_t thread_pointer;
	bool only_sp;
};

struct seeds {
	struct seed *items;
	size_t cnt, cap;
	struct seed_walk *walks;
	size_t walk_cnt, walk_cap;
	struct hash_index index;
	bool user_stacks; /* walk them */
	bool only_sp;	  /* for tests: as if the kernel gave no registers */
	uint32_t max_frames;
	struct pythons *pythons; /* NULL, or who finds frames of Python; not owned */
	struct gos *gos;	 /* NULL, or who finds goroutines; not owned */
};

void seeds__init(struct seeds *s, bool user_stacks, uint32_t max_frames);
void seeds__fini(struct seeds *s);
/*
 * Takes one record of the task iterator: announces the thread, defines its kernel stack, keeps its registers. 0, -errno,
 * the error of @fn.
 */
int seeds__add(struct seeds *s, const struct wire_seed *rec, event_fn fn, void *arg);
/*
 * Walks the user stacks from outside, with @walker's tables and mappings, and defines those of threads that have not run
 * meanwhile; a thread that has was seen by the probes. @mappings says what an image has mapped. 0 or the error of @fn.
 */
typedef const struct unwind_mapping *(*seeds_mappings_fn)(void *arg, const struct wire_image *image,
							  uint32_t *ret_cnt);
int seeds__walk(struct seeds *s, const struct tables *tables, seeds_mappings_fn mappings,
		void *mappings_arg, event_fn fn, void *arg);
/* Forgets all, before the iterator runs again. */
void seeds__clear(struct seeds *s);
/* NULL when the thread was not seeded. */
const struct seed *seeds__find(const struct seeds *s, const struct wire_thread_key *key);

#endif
