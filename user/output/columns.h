/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Tables for people: what stands in a column, and its colour. */
#ifndef OUTPUT_COLUMNS_H
#define OUTPUT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/out.h"

#define COLOR_BOLD  "\033[1m"
#define COLOR_DIM   "\033[2m"
#define COLOR_RESET "\033[0m"

/* Nothing if colours are not @wanted. */
void columns_color(struct out *out, bool wanted, const char *color);
/* @s, which may hold any bytes, in at most @max columns, filled up to @min. */
void columns_text(struct out *out, const char *s, size_t min, size_t max);
/* To the right of @cols columns: ASCII, a number with commas, a duration. */
void columns_right(struct out *out, const char *s, size_t cols);
void columns_cnt(struct out *out, uint64_t cnt, size_t cols);
void columns_ns(struct out *out, uint64_t ns, size_t cols);
/* What stands behind the last slash. */
const char *columns_base_name(const char *path);

#endif
