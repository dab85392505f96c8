/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Seeds: the threads that were off CPU when tracing began, with the stacks they slept in. An interval that
 * began before the window takes its stacks from here.
 */
#ifndef SOURCE_BPF_SEEDS_H
#define SOURCE_BPF_SEEDS_H

#include "base/hash.h"
#include "model/event.h"

struct seed {
	struct wire_thread_key key;
	uint64_t kernel_stack, user_stack; /* ids, 0: none */
};

struct seeds {
	struct seed *items;
	size_t cnt, cap;
	struct hash_index index;
	bool user_stacks; /* walk them */
	uint32_t max_frames;
};

void seeds__init(struct seeds *s, bool user_stacks, uint32_t max_frames);
void seeds__fini(struct seeds *s);
/*
 * Takes one record of the task iterator: announces the thread, walks its user stack from outside (kept only
 * if the thread did not run meanwhile), defines both stacks. 0, -errno, the error of @fn.
 */
int seeds__add(struct seeds *s, const struct wire_seed *rec, event_fn fn, void *arg);
/* NULL when the thread was not seeded. */
const struct seed *seeds__find(const struct seeds *s, const struct wire_thread_key *key);

#endif
