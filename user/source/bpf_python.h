/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which processes run CPython, told to the kernel side (python_frames.h); and the names of the frames that come from there
 * or are read from outside.
 *
 *   pythons__new -> pythons__learn (each event, once the model has it), pythons__walk, pythons__deliver ...
 *     -> pythons__free                                                                     (one thread)
 *
 * A code object is read when a stack with it arrives, and the first sight of an address counts. One that is freed and
 * whose memory becomes another function's, with a frame at the same position and all other frames equal, is shown under
 * the first one's name.
 */
#ifndef SOURCE_BPF_PYTHON_H
#define SOURCE_BPF_PYTHON_H

#include <stdbool.h>

#include "model/event.h"
#include "model/image.h"
#include "model/module.h"
#include "python_frames.h"
#include "source/bpf_probes.h"

struct pythons;

/* @modules and @images are what the events are applied to. All outlive this. @probes NULL: only this process walks. NULL + errno. */
struct pythons *pythons__new(struct probes *probes, struct module_table *modules,
			     const struct image_table *images);
void pythons__free(struct pythons *p);
/* Looks at one event that the model has applied. 0 or -ENOMEM. */
int pythons__learn(struct pythons *p, const struct event *e);
/*
 * The frames of a thread that sleeps, at most @max. False: it is none of Python's, or Python does not know it, or this
 * version is not known here.
 */
bool pythons__walk(struct pythons *p, const struct wire_image *image, uint32_t tid, uint32_t max,
		   struct python_frames *ret);
/*
 * Delivers a user stack as it came from the kernel side, with Python's frames in their places; the records that name them
 * before it. 0, -ENOMEM or the error of @fn.
 */
int pythons__deliver(struct pythons *p, const struct wire_stack *rec, event_fn fn, void *arg);
/*
 * For runs without an end: processes that are gone from the images, modules that are from theirs, and what was read of code
 * objects. Those are read anew when a stack with them arrives. 0 or -ENOMEM: then processes stay.
 */
int pythons__forget(struct pythons *p);
/* Adds what was counted here. */
void pythons__count(const struct pythons *p, __u64 values[WIRE_COUNTER_CNT]);

#endif
