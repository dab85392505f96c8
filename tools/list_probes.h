/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The tracepoints that dwell attaches to, from the compiled probes themselves. */
#ifndef TOOLS_LIST_PROBES_H
#define TOOLS_LIST_PROBES_H

#include <stdbool.h>
#include <stddef.h>

/* One word, and what it means; "" where the word says all. */
struct list_item {
	const char *name, *help;
};

/* The @i-th by name. False: there is no such one. The texts live as long as the program. */
bool list_probe(size_t i, struct list_item *ret);

#endif
