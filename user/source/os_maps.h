/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The executable mappings of a live process -> WIRE_MODULE and WIRE_MAPPING events. */
#ifndef SOURCE_OS_MAPS_H
#define SOURCE_OS_MAPS_H

#include <stdbool.h>

#include "format/proc_maps.h"
#include "model/event.h"
#include "model/module.h"

/*
 * Reads /proc/PID/maps of the image's process, opens the files that are new to @modules (as the process
 * maps them: /proc/PID/map_files, else /proc/PID/root + path if device and inode agree) and delivers a reset
 * and all mappings. 1 done; 0 when the process is gone, is another one by now, or may not be read; an
 * error of @fn or -ENOMEM.
 */
int os_maps_read(const struct wire_image *image, struct module_table *modules, event_fn fn,
		 void *arg);

/*
 * The module of one mapping of @image: the file is opened to read its build id, which belongs to a file's
 * identity; a WIRE_MODULE event is delivered if the module is new. 0 and *@ret_id, or -errno.
 */
int os_maps_module(const struct wire_image *image, const struct proc_map *m,
		   struct module_table *modules, event_fn fn, void *arg, uint32_t *ret_id);

/* What the start of a mapping is as the offset of a frame: see struct frame. */
uint64_t os_maps_offset(const struct proc_map *m);

/* Delivers a WIRE_MODULE event for @m. The error of @fn. */
int os_maps_announce(const struct module *m, event_fn fn, void *arg);

/*
 * Is /proc/PID still the process that the image says? By its start time, to the clock tick (10 ms).
 * True when it is.
 */
bool os_maps_same_process(const struct wire_image *image);

/*
 * Delivers as a WIRE_LOCK which file lies at @addr in the memory of @image; one without a file when there is none, or when the
 * process is gone. 0, -ENOMEM, or the error of @fn.
 */
int os_maps_locate(const struct wire_image *image, uint64_t addr, event_fn fn, void *arg);

#endif
