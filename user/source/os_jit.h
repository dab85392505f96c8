/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Perf maps: where programs tell the names of the code that they make, /tmp/perf-PID.map in their own root and with their
 * own pid. The file comes late, grows, and may go with its program, and its directory is everybody's.
 *
 *   jits__init -> jits__learn for each event -> jits__poll once a round -> jits__finish -> jits__fini
 *
 * The directory is held from when an image's memory without a file is first seen. The file's descriptor, once there is one,
 * becomes that of the image's module, to be read when all is over (symbol/jit_symbols.h).
 */
#ifndef SOURCE_OS_JIT_H
#define SOURCE_OS_JIT_H

#include <stddef.h>
#include <stdint.h>

#include "model/event.h"
#include "model/module.h"

#define JITS_MAX_CNT 4096 /* images whose file has not come yet; those beyond have no names */

/* An image whose file is waited for. */
struct jit {
	struct wire_image image;
	uint32_t module;
	int tmp_fd;		   /* its /tmp */
	char name[32];		   /* "perf-PID.map" */
	uint32_t uids[2];	   /* effective, of the file system: who may have written it */
	uint64_t wait_ns, next_ns; /* when it is looked for again */
};

struct jits {
	struct module_table *modules; /* not owned */
	struct jit *items;
	size_t cnt, cap;
};

void jits__init(struct jits *j, struct module_table *modules);
void jits__fini(struct jits *j);
/* Takes WIRE_MODULE, WIRE_EXEC and WIRE_SUMMARY events, ignores others. 0 or -ENOMEM. */
int jits__learn(struct jits *j, const struct event *e);
/* Those whose module was taken out of the table: its id will be another one's. */
void jits__forget(struct jits *j);
/* Looks for files that have come. */
void jits__poll(struct jits *j, uint64_t now_ns);
/* For the last time. */
void jits__finish(struct jits *j);

/*
 * Opens @name in the directory @dir_fd for reading, if it is a regular file of one of @uids or root that was written at
 * @not_before (seconds of CLOCK_REALTIME) or later: what lay there before its process began is not of it. Nothing else is
 * ever opened, and no link followed. A descriptor or -errno: -ENOENT, -ELOOP (a symbolic link), -EPERM, -ESTALE...
 */
int os_jit_open_map(int dir_fd, const char *name, const uint32_t uids[2], int64_t not_before);

#endif
