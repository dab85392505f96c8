/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which processes run Go, and how their threads are to be read, told to the kernel side (go_thread.h); the goroutines of
 * threads that sleep, from outside.
 *
 *   gos__new -> gos__learn (each event, once the model has it), gos__poll, gos__look ... -> gos__free    (one thread)
 *
 * A file is read once for all processes that run it. Offsets are those of its version of Go; of one that is not known here
 * they are found out in the memory of the first process that runs it, when its runtime is up.
 */
#ifndef SOURCE_BPF_GO_H
#define SOURCE_BPF_GO_H

#include <stdbool.h>

#include "go_frames.h"
#include "model/event.h"
#include "model/image.h"
#include "model/module.h"
#include "source/bpf_probes.h"

struct gos;

/* @modules and @images are what the events are applied to. All outlive this. @probes NULL: only this process looks. NULL + errno. */
struct gos *gos__new(struct probes *probes, const struct module_table *modules,
		     const struct image_table *images);
void gos__free(struct gos *g);
/* Looks at one event that the model has applied. 0 or -ENOMEM. */
int gos__learn(struct gos *g, const struct event *e);
/* To be called now and then: tries again where something was not to be known yet. 0 or -ENOMEM. */
int gos__poll(struct gos *g, uint64_t now_ns);
/* What is known of the image; NULL: it runs no Go. Valid until the next call of another function here. */
const struct go_process *gos__find(const struct gos *g, const struct wire_image *image);
/*
 * What a thread that sleeps does, whose thread-local variables are at @thread_pointer. Its process; NULL: it runs no Go, or
 * that can't be told. Valid as that of gos__find().
 */
const struct go_process *gos__look(struct gos *g, const struct wire_image *image,
				   uint64_t thread_pointer, struct go_thread *ret);
/* For runs without an end: processes that are gone from the images, modules that are from theirs. 0 or -ENOMEM. */
int gos__forget(struct gos *g);

#endif
