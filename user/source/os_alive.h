/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Are the processes and threads that the user named still there? */
#ifndef SOURCE_OS_ALIVE_H
#define SOURCE_OS_ALIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct alive {
	struct alive_item *items;
	size_t cnt, cap;
};

/* 0; -ESRCH with error_set() when there is no such process; -ENOMEM, -E2BIG. */
int alive__add_process(struct alive *a, uint32_t pid);
/* The same for one thread of any process. */
int alive__add_thread(struct alive *a, uint32_t tid);
/* True while one is alive, and always when none was named. */
bool alive__any(struct alive *a);
void alive__fini(struct alive *a);

#endif
