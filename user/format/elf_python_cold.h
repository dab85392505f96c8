/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The other part of a function that was split by how often its code is run. x86-64. */
#ifndef FORMAT_ELF_PYTHON_COLD_H
#define FORMAT_ELF_PYTHON_COLD_H

#include "format/elf.h"

/* Of the function from @start to @end, addresses in the file's numbering. 0, -ENOENT: there is none, -ENOMEM. */
int elf_python_cold(const struct elf *e, uint64_t start, uint64_t end, uint64_t *ret_start,
		    uint64_t *ret_end);

#endif
