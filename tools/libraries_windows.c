/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The program for Windows has the one library that it needs in it. */
#include "libraries.h"

#include "symbol/demangle.h"

size_t libraries_missing(struct doctor_library ret[LIBRARIES_MAX])
{
	if (demangle_works())
		return 0;
	ret[0] = (struct doctor_library){"libiberty", "libiberty-dev",
					 "names of C++ and Rust functions stay mangled"};
	return 1;
}
