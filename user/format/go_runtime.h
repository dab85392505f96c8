/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What has to be known of a process to read its goroutines: which Go made it, how its goroutines are laid out, where the list
 * of all of them is. Go 1.15 to 1.27 and, as far as it can be told, later ones; 64 bit, little endian.
 */
#ifndef FORMAT_GO_RUNTIME_H
#define FORMAT_GO_RUNTIME_H

#include "format/go_find.h"
#include "format/go_version.h"

struct go_runtime {
	struct go_code code;
	char version[GO_VERSION_BYTES]; /* "": not told */
	unsigned int minor;		/* 22: Go 1.22; 0: not told */
	struct go_layout layout;
	enum go_layout_from from; /* who told the layout */
	uint64_t allgs;		  /* where the list's slice is */
	struct go_wait_reasons reasons;
};

/*
 * Looks at the process of @c, whose parts must outlive it. @from: who is asked for the layout first. 0; -ENOENT
 * with error_set(): it has no goroutines that can be found; -ENOTSUP with error_set(): it has, but not such as are known here;
 * -ENOMEM.
 */
int go_runtime__open(struct go_runtime *r, const struct go_code *c, enum go_layout_from from);

#endif
