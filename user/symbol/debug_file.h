/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The file with a module's debug information, and the one with what dwz moved out of it, when they are not in the module's own
 * file: what was opened in its process's root while that lived (module.debug_fd), else what our own root has, else what
 * debuginfod fetches. Every one is checked against the module's build id or CRC.
 */
#ifndef SYMBOL_DEBUG_FILE_H
#define SYMBOL_DEBUG_FILE_H

#include <stdbool.h>

#include "format/elf_debug.h"
#include "model/module.h"

struct debug_file {
	int fd;	    /* -1: none */
	bool owned; /* else it is the module's */
};

/* Finds that of @m, whose own file is @e. 0, also when there is none; -ENOMEM. */
int debug_file__find(struct debug_file *f, const struct module *m, const struct elf *e);
/* The same of the common parts that @e, the module's file or its debug file, refers to. */
int debug_file__find_alt(struct debug_file *f, const struct module *m, const struct elf *e);
void debug_file__close(struct debug_file *f);
#define _cleanup_debug_file_ _cleanup_(debug_file__close)

/* What is looked at as our own root; "/" when NULL. For tests. */
void debug_file_set_root(const char *path);

#endif
