/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Keeps the kernel side's knowledge for unwinding up to date: follows the events that tell of mappings and processes,
 * and gives each image its set of mappings (bpf_sets.h) and each module its table (bpf_tables.h).
 *
 *   unwinder__new -> unwinder__learn (each event, once the model has it) ... unwinder__sync (after a batch)
 *     -> unwinder__free
 */
#ifndef SOURCE_BPF_UNWIND_H
#define SOURCE_BPF_UNWIND_H

#include <stdbool.h>

#include "model/event.h"
#include "model/image.h"
#include "model/module.h"
#include "source/bpf_probes.h"
#include "source/bpf_sets.h"
#include "source/bpf_tables.h"

struct unwinder;

struct unwinder_usage {
	struct tables_usage tables;
	struct sets_usage sets;
};

/*
 * @probes' maps; @images and @modules are what the events are applied to. All outlive this. Without @probes only
 * unwinder__known_mappings() and what follows it may be called, for walks from outside. NULL + errno.
 */
struct unwinder *unwinder__new(const struct probes *probes, const struct image_table *images,
			       const struct module_table *modules, uint64_t max_table_bytes);
void unwinder__free(struct unwinder *u);
/* Looks at one event that the model has applied. 0 or -ENOMEM. */
int unwinder__learn(struct unwinder *u, const struct event *e);
/*
 * The kernel side asked for @rec->image's mappings. False: what is known agrees with its count of pages, or the image
 * is past; true: they have to be read again. Either way the image's set is renewed by the next unwinder__sync().
 */
bool unwinder__must_read(struct unwinder *u, const struct wire_remap *rec);
/* They were read for @rec: if that taught nothing, the kernel counts in another way than we do, and has the last word. */
int unwinder__was_read(struct unwinder *u, const struct wire_remap *rec);
/* Tells the kernel side what has changed. 0 or -ENOMEM. */
int unwinder__sync(struct unwinder *u);
const struct tables *unwinder__tables(const struct unwinder *u);
/* A seeds_mappings_fn over a struct unwinder. */
const struct unwind_mapping *unwinder__mappings(void *unwinder, const struct wire_image *image,
						uint32_t *ret_cnt);
/*
 * What @image has mapped as far as is known by now, whether the kernel side has it or not, also when the process is gone.
 * Tables that are missing are begun. Sorted; valid until the next call of anything here; NULL: nothing is known.
 */
const struct unwind_mapping *
unwinder__known_mappings(struct unwinder *u, const struct wire_image *image, uint32_t *ret_cnt);
/* Waits for tables in the making, at most @timeout_ms. */
void unwinder__wait(struct unwinder *u, int timeout_ms);
struct unwinder_usage unwinder__usage(const struct unwinder *u);

#endif
