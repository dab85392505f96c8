/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Shell patterns -> the automaton that the probes run over a thread's name (bpf/config.h). */
#ifndef SOURCE_GLOB_H
#define SOURCE_GLOB_H

#include "config.h"

/*
 * Compiles `*`, `?`, `[a-z]`, `[!abc]` and `\\x`; everything else stands for itself. 0; -EINVAL with
 * error_set() for an unclosed bracket, a trailing backslash or more than 63 positions.
 */
int glob_compile(const char *pattern, struct config_glob *ret_glob);

#endif
