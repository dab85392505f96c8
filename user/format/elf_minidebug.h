/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * .gnu_debugdata: a symbol table for backtraces of stripped programs, as an ELF file that was packed with xz (GDB manual,
 * "MiniDebugInfo"). Fedora and its relatives put one into each program.
 */
#ifndef FORMAT_ELF_MINIDEBUG_H
#define FORMAT_ELF_MINIDEBUG_H

#include "format/elf.h"

#define ELF_MINIDEBUG_MAX_BYTES (64u << 20) /* unpacked; Firefox' is 7 MB */

/*
 * Unpacks it. 0 and the ELF file in *@ret, overwritten and then owned by the caller; -ENOENT when there is none; -ENOTSUP when
 * dwell was built without liblzma; -E2BIG, -EBADMSG, -ENOMEM, -errno.
 */
int elf_minidebug_unpack(const struct elf *e, struct buf *ret);
/* Was it built with it? */
bool elf_minidebug_works(void);

#endif
