/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The debug information of a file, copied into a small ELF file in memory that holds nothing else: what libdw is given.
 *
 * So libdw gets neither a descriptor nor a mapping of a file whose owner may cut or change it meanwhile, unpacks nothing itself
 * (compressed sections arrive unpacked, with our cap), and knows no path beside which it would look for other files.
 */
#ifndef FORMAT_ELF_DEBUG_IMAGE_H
#define FORMAT_ELF_DEBUG_IMAGE_H

#include "format/elf.h"

/*
 * Copies the sections that names, inlined functions and lines are made of. 0 and *@ret, overwritten and then owned by the caller;
 * -ENODATA when @e has no .debug_info; -E2BIG when they are more than @max_bytes; -ENOTSUP when one is compressed otherwise
 * than by zlib; -EBADMSG, -ENOMEM, -errno.
 */
int elf_debug_image(const struct elf *e, size_t max_bytes, struct buf *ret);

#endif
