/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * XPRESS without Huffman codes, as [MS-XCA] calls it plain LZ77: what the buffers of compressed event traces are packed with.
 *
 * 32-bit words of flags stand between the items that they tell of, the first item in the highest bit: 0 a literal byte, 1 a
 * copy of bytes that were already put out.
 */
#ifndef FORMAT_XPRESS_H
#define FORMAT_XPRESS_H

#include <stddef.h>

/*
 * Unpacks @from to the @cap bytes at @to. 0 when these are full; -EBADMSG when the input is damaged or ends before. *@ret_len
 * bytes are good in any case.
 */
int xpress_unpack(const void *from, size_t len, void *to, size_t cap, size_t *ret_len);

#endif
