/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/html_timeline.h"

const char html_timeline_text[] =
	"<section id=\"timeline\" aria-label=\"timeline\">\n<h2>Timeline</h2>\n"
	"<div id=\"timeline-box\"><canvas id=\"timeline-canvas\" tabindex=\"0\" "
	"role=\"application\" "
	"aria-label=\"timeline: arrow keys move, Enter shows the thread's stacks, drag to mark a "
	"time\" "
	"aria-describedby=\"timeline-status\"></canvas></div>\n"
	"<div class=\"bar\"><output id=\"timeline-status\"></output>"
	"<button id=\"timeline-copy\" type=\"button\" hidden>Copy</button></div>\n"
	"<div id=\"timeline-legend\"></div>\n"
	"<p class=\"note\" id=\"timeline-note\"></p>\n</section>\n";

/* Cells that are alike, one after the other, are two numbers: how many, and what. */
static void write_cells(struct json *j, const struct timeline_row *row)
{
	for (size_t i = 0, end; i < TIMELINE_COLUMNS; i = end) {
		for (end = i + 1; end < TIMELINE_COLUMNS && row->cells[end] == row->cells[i];)
			end++;
		json__u64(j, end - i);
		json__u64(j, row->cells[i]);
	}
}

void html_timeline__write(struct json *j, const struct timeline *t, const struct profile *p)
{
	json__line(j);
	json__key(j, "timeline");
	json__begin_object(j);
	json__member_u64(j, "start_us", p->start_realtime_ns / 1000);
	json__member_u64(j, "column_ns", t->span_ns / TIMELINE_COLUMNS + 1);
	json__member_u64(j, "columns", TIMELINE_COLUMNS);
	json__member_u64(j, "levels", TIMELINE_LEVELS);
	json__member_u64(j, "window_ns", t->span_ns);
	json__member_u64(j, "left_out", t->left_out_cnt);
	json__member_u64(j, "untimed", p->untimed_cnt);
	json__key(j, "rows");
	json__begin_array(j);
	for (size_t i = 0; i < t->row_cnt; i++) {
		json__line(j);
		json__begin_array(j);
		json__u64(j, t->rows[i].thread);
		write_cells(j, &t->rows[i]);
		json__end_array(j);
	}
	json__end_array(j);
	json__end_object(j);
}
