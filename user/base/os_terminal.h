/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What is known of the terminal behind a stream, if there is one. */
#ifndef BASE_OS_TERMINAL_H
#define BASE_OS_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

bool os_is_terminal(FILE *f);
/* 0: not known. */
int os_terminal_columns(FILE *f);
/* Does it understand the escape sequences of colours? Where it has to be asked to, it is. */
bool os_terminal_colors(FILE *f);

#endif
