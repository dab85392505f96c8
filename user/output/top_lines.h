/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The table on the screen of `dwell top`: its head and its lines. */
#ifndef OUTPUT_TOP_LINES_H
#define OUTPUT_TOP_LINES_H

#include "output/screen.h"
#include "output/top_view.h"

/* Which columns there is room for; the rest of the line is the last one's. */
struct top_columns {
	bool pct, cnt, average, max, reason, process;
};

struct top_columns top_columns_of(const struct screen *s, const struct top_view *v,
				  const struct top_state *state);
void top_draw_head(struct screen *s, int row, const struct top_columns *c,
		   const struct top_state *state);
/* Line @at of the view. */
void top_draw_line(struct screen *s, int row, size_t at, const struct top_columns *c,
		   const struct top_view *v, const struct top_state *state, bool selected);
/* Of @ns in @window_ns. */
uint64_t top_per_second(uint64_t ns, uint64_t window_ns);

#endif
