/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What rotated files are called: dwell-%Y%m%dT%H%M%SZ.folded (UTC), "_NNN" before the end for more of one second. */
#ifndef APP_ROTATION_NAME_H
#define APP_ROTATION_NAME_H

#include <stdint.h>

#include "app/rotation.h"

#define ROTATION_NAME_LEN 48

/* The ends of names; the last one is NULL. */
const char *const *rotation_exts(void);
/* The name without its end, for the window that is number @again (0..999) of those that began in that second. */
void rotation_name_stem(uint64_t start_ns, unsigned int again, char ret_stem[ROTATION_STEM_LEN]);
/* When the window of a file began, to the second. 0, or -EINVAL: no name of ours. */
int rotation_name_parse(const char *name, uint64_t *ret_start_ns);

#endif
