/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Completion in shells, out of the tables of all commands: a script for each shell, that the user's shell reads. */
#ifndef APP_COMPLETION_H
#define APP_COMPLETION_H

#include <stddef.h>
#include <stdio.h>

#include "app/option.h"

/* The @i-th shell there is completion for; NULL past the last. */
const char *completion_shell(size_t i);
/*
 * Prints the script for @shell, with @cmds (ends with NULL) in this order. 0, or -EINVAL with error_set() if there is no
 * such shell.
 */
int completion_print(const char *shell, const struct command *const *cmds, FILE *to);

#endif
