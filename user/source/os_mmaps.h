/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * New executable mappings as they happen: PERF_RECORD_MMAP2 of a dummy software event. This is how processes
 * that live for a millisecond keep their names; /proc/PID/maps (os_maps.h) stays as the backstop.
 *
 *   mmaps__init -> mmaps__watch_* (as often as needed) -> mmaps__learn for process events
 *     -> mmaps__deliver once a round -> mmaps__fini
 *
 * The kernel names the pid, not the image. Images come with the probes' exec and fork records; a program's
 * first mappings are made between the exec's rename (PERF_RECORD_COMM) and the exec record, so records are
 * held until the round in which their image is known.
 */
#ifndef SOURCE_OS_MMAPS_H
#define SOURCE_OS_MMAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "model/event.h"
#include "model/image.h"
#include "model/module.h"

struct mmaps {
	struct module_table *modules; /* not owned */
	uint32_t cpu_cnt;	      /* possible CPUs */
	struct mmaps_ring *rings;     /* one per CPU, made at first need */
	int *fds;		      /* all events */
	size_t fd_cnt, fd_cap;
	struct mmaps_record *pending; /* by time, after sorting */
	size_t pending_cnt, pending_cap;
	struct mmaps_image *images; /* who had which pid since when, in order of learning */
	size_t image_cnt, image_cap;
	struct mmaps_file *files; /* modules already known */
	size_t file_cnt, file_cap;
	struct hash_index file_index;
	uint64_t lost_cnt; /* records that the kernel had no room for */
};

/* Watches nothing yet. 0 or -ENOMEM. */
int mmaps__init(struct mmaps *m, struct module_table *modules, uint32_t cpu_cnt);
void mmaps__fini(struct mmaps *m);
/* Of all rings. */
size_t mmaps__bytes(const struct mmaps *m);
/* All processes. 0 or -errno (-EACCES, -EPERM: not allowed; the backstop remains). */
int mmaps__watch_system(struct mmaps *m);
/* A thread and all that it starts from now on. As above. */
int mmaps__watch_thread(struct mmaps *m, uint32_t tid);
/* All threads of a process, at most 256 of them (each costs a file per CPU). As above. */
int mmaps__watch_process(struct mmaps *m, uint32_t pid);
/*
 * Images that are gone from @images, and all files: they are looked up among the modules again, where some may be other ones.
 */
void mmaps__forget(struct mmaps *m, const struct image_table *images);
/* Takes WIRE_THREAD, WIRE_EXEC and WIRE_FORK events, ignores others. 0 or -ENOMEM. */
int mmaps__learn(struct mmaps *m, const struct event *e);
/* Reads what the kernel wrote and delivers WIRE_MODULE and WIRE_MAPPING for known images. 0 or -errno. */
int mmaps__deliver(struct mmaps *m, event_fn fn, void *arg);

#endif
