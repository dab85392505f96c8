/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Strings as Windows writes them, UTF-16 in little endian, to UTF-8. */
#ifndef FORMAT_UTF16_H
#define FORMAT_UTF16_H

#include <stddef.h>

/*
 * Reads up to a NUL or the end of @from (@len bytes), and writes what fits of it to @to (@cap bytes, at least 1), which always
 * gets a NUL and never half a character. Unpaired surrogates become U+FFFD. Returns how many bytes of @from were read, the NUL
 * among them.
 */
size_t utf16_to_utf8(const void *from, size_t len, char *to, size_t cap);

#endif
