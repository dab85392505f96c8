/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "symbol/demangle.h"

#include <string.h>

#ifdef HAVE_LIBIBERTY
#include <errno.h>
#include <libiberty/demangle.h>

#define DEMANGLE_MAX_NAME 16384 /* as long as format/elf.h lets one be */

/* What the library hands out piece by piece. It can't be told to stop, only not be listened to. */
static void demangle_take(const char *text, size_t len, void *arg)
{
	struct buf *to = arg;

	if (to->len + len >= DEMANGLE_MAX_BYTES)
		to->err = -E2BIG;
	buf__append(to, text, len);
}

/* Rust's own form, or the older one: C++'s with a hash at the end ("17h", 16 digits, "E"), perhaps followed by ".llvm.1". */
static bool demangle_may_be_rust(const char *name)
{
	return name[1] == 'R' || strstr(name, "17h");
}

bool demangle(const char *name, struct buf *to)
{
	/* As c++filt and addr2line -C. The library limits its own depth. */
	int options = DMGL_PARAMS | DMGL_ANSI;

	if (name[0] != '_' || strnlen(name, DEMANGLE_MAX_NAME + 1) > DEMANGLE_MAX_NAME)
		return false;
	if ((!demangle_may_be_rust(name) ||
	     !rust_demangle_callback(name, options, demangle_take, to)) &&
	    (name[1] != 'Z' || !cplus_demangle_v3_callback(name, options, demangle_take, to)))
		return false;
	return !to->err && to->len;
}

bool demangle_works(void)
{
	return true;
}
#else
bool demangle(const char *name, struct buf *to)
{
	(void)name, (void)to;
	return false;
}

bool demangle_works(void)
{
	return false;
}
#endif
