/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which Go made a program: what `go version FILE` prints (src/debug/buildinfo). */
#ifndef FORMAT_GO_VERSION_H
#define FORMAT_GO_VERSION_H

#include "format/go_code.h"

#define GO_VERSION_BYTES 64

/*
 * Looks for the version in the process's memory. 0 and a text like "go1.22.3", cut if longer; -ENOENT: it isn't told;
 * -ENOMEM.
 */
int go_version_find(const struct go_code *c, char ret[GO_VERSION_BYTES]);
/* 22 of "go1.22.3"; 0: no such version ("devel ..."). */
unsigned int go_version_minor(const char *version);

#endif
