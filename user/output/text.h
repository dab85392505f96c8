/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Text for writers: UTF-8 of doubtful origin, and numbers for people. Nothing here asks the
 * locale and no number goes through floating point, so that the same profile gives the same bytes
 * everywhere.
 */
#ifndef OUTPUT_TEXT_H
#define OUTPUT_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define TEXT_REPLACEMENT 0xfffdu

/*
 * The next character of @s, which must not be at its end; a byte that is no UTF-8 is one
 * TEXT_REPLACEMENT. *@ret_len: the bytes it takes.
 */
uint32_t text_char(const char *s, size_t *ret_len);
/*
 * Like text_char(), but what XML 1.0 forbids or a reader may not survive is TEXT_REPLACEMENT too.
 */
uint32_t text_safe_char(const char *s, size_t *ret_len);
/* Writes @c as UTF-8: the number of bytes, at most 4. */
size_t text_encode(uint32_t c, char *ret_bytes);
/* Terminal columns of a character: 0, 1 or 2. */
unsigned int text_char_width(uint32_t c);
/* Terminal columns of @s. */
size_t text_width(const char *s);
/*
 * Appends @s in at most @max_cols columns (cut in front of an ellipsis), without anything that
 * could move the cursor. Returns the columns used.
 */
size_t text_fit(struct buf *to, const char *s, size_t max_cols);

/* A duration in four digits: "830 ns", "1.250 us", "10.20 ms", "4,211 s". */
#define TEXT_NS_LEN 32
const char *text_ns(char *ret, uint64_t ns);
/* An integer with thousands separated by commas. */
#define TEXT_CNT_LEN 32
const char *text_cnt(char *ret, uint64_t v);
/* @part in percent of @whole with one decimal: "12.3"; "0.0" of nothing. */
#define TEXT_PCT_LEN 32
const char *text_pct(char *ret, uint64_t part, uint64_t whole);
/* @v * @num / @den, rounded down, without overflow in between; 0 when @den is 0. */
uint64_t text_scale(uint64_t v, uint64_t num, uint64_t den);

#endif
