/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Names of C++ and Rust functions as their authors wrote them. */
#ifndef SYMBOL_DEMANGLE_H
#define SYMBOL_DEMANGLE_H

#include <stdbool.h>

#include "base/buf.h"

#define DEMANGLE_MAX_BYTES 65536

/*
 * Appends what @name means to the empty @to. False, and @to holds nothing of use, when it is not mangled, is longer than
 * any compiler makes, would become longer than DEMANGLE_MAX_BYTES, or when dwell was built without libiberty.
 */
bool demangle(const char *name, struct buf *to);
/* Was it built with it? */
bool demangle_works(void);

#endif
