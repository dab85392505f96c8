/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The names of the frames of one stack at a time, while its process lives: for what is shown as it happens. */
#ifndef TOOLS_CALL_STACKS_H
#define TOOLS_CALL_STACKS_H

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

struct call_stacks;

/* NULL + errno. */
struct call_stacks *call_stacks__new(void);
void call_stacks__free(struct call_stacks *s);
/*
 * Names the @cnt user addresses @ips of @image, innermost first, inlined functions left out. Reads the process's mappings
 * when they are needed. Returns the number of names; *@ret_names is valid until the next call. -errno.
 */
int call_stacks__name(struct call_stacks *s, const struct wire_image *image, const uint64_t *ips,
		      size_t cnt, const char *const **ret_names);

#endif
