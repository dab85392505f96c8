/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Regular expressions of options. */
#ifndef TOOLS_PATTERN_H
#define TOOLS_PATTERN_H

#include <regex.h>

/* Compiles the extended regular expression @text of @option. 0, then @ret is for regfree(); or -EINVAL with error_set(). */
int pattern_compile(const char *option, const char *text, regex_t *ret);

#endif
