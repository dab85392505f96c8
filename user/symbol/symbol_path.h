/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where symbols of Windows' modules are looked for: the list that Microsoft's tools have in _NT_SYMBOL_PATH, "srv*C:\symbols*URL;D:\my".
 * Only its directories count, also those that are caches of a server; nothing is fetched. Names are compared without regard to case.
 *
 * In a directory a file is found as the symbol servers keep it, DIR/name/KEY/name, or as DIR/name.
 */
#ifndef SYMBOL_SYMBOL_PATH_H
#define SYMBOL_SYMBOL_PATH_H

#include <stdbool.h>
#include <stddef.h>

#define SYMBOL_PATH_MAX_DIRS  64
#define SYMBOL_PATH_MAX_NAMES (1u << 20) /* in a directory; others are not found */

struct symbol_path;

/* Parses @list, which may be NULL. NULL + errno: ENOMEM, E2BIG: more than SYMBOL_PATH_MAX_DIRS. */
struct symbol_path *symbol_path__new(const char *list);
void symbol_path__free(struct symbol_path *p);
/* Its directories, in order, as they were written; NULL past the last one. */
const char *symbol_path__dir(const struct symbol_path *p, size_t i);

/* Looks at a file that may be the one. 1: it is; 0: go on; -errno: give up. */
typedef int (*symbol_path_fn)(void *arg, const char *path);
/*
 * Calls @fn for files called @name, a single component, below all directories: those below @key (NULL: none) first in each. 1: one was
 * the right one; 0: none; -ENOMEM; that of @fn.
 */
int symbol_path__find(struct symbol_path *p, const char *name, const char *key, symbol_path_fn fn,
		      void *arg);

/* The last component of a path of Windows or of others. */
const char *symbol_path_base(const char *path);

#endif
