/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Where structs of Go's runtime keep what is wanted of them, by the program's own debug information. */
#ifndef FORMAT_GO_DWARF_H
#define FORMAT_GO_DWARF_H

#include "format/go_layout.h"

#define GO_DWARF_MAX_BYTES (256u << 20) /* of debug information, unpacked */
#define GO_DWARF_TIME_NS   5000000000ull

/*
 * Members that this version doesn't have are 0. 0; -ENODATA: @e has no debug information, or none of Go's runtime; -E2BIG;
 * -ETIMEDOUT; -EBADMSG: it has no goroutines as they are known here; -ENOMEM, -errno; -ENOTSUP: this dwell was built without libdw, or it is
 * compressed in a way that is not known.
 */
int go_dwarf_layout(const struct elf *e, struct go_layout *ret);

#endif
