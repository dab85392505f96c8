/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Makes the table that the kernel side searches (bpf/unwind_table.h) out of a module's rows.
 */
#ifndef FORMAT_UNWIND_TABLE_H
#define FORMAT_UNWIND_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/cfi.h"
#include <unwind_table.h> /* of bpf/ */

/*
 * Blocks of UNWIND_BLOCK_BYTES that the table of @rows takes. -ENODATA without rows; -E2BIG past
 * UNWIND_MAX_BLOCKS.
 */
int unwind_table__block_cnt(const struct cfi_rows *rows);
/*
 * Writes the table to @to, of @bytes bytes: at least unwind_table__block_cnt() blocks. Only those
 * are written, each byte once, and nothing is read back, so that @to may be the memory of a map. 0;
 * errors as above; -EINVAL when @bytes is too small (nothing is written then).
 */
int unwind_table__build(const struct cfi_rows *rows, void *to, size_t bytes);
/*
 * The rule in force at the file offset @off. False when the table has none there. Never reads
 * outside of @bytes, whatever is in the table: false, or some rule, when it is damaged. For tests
 * and checks, not for speed.
 */
bool unwind_table__find(const void *table, size_t bytes, uint64_t off, struct unwind_rule *ret);

#endif
