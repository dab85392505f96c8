/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/top_screen.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "output/text.h"
#include "output/top_lines.h"

#define TOP_FULL_ROWS 9 /* a screen of so many has all lines above the table */

/* ---- what was lost ---- */

void top_note_lost(struct ledger *most, const struct ledger *l)
{
	for (size_t i = 0; i < ARRAY_SIZE(l->counters); i++)
		if (most->counters[i] < l->counters[i])
			most->counters[i] = l->counters[i];
}

void top_describe_lost(const struct ledger *l, char text[TOP_LOST_BYTES])
{
	static const struct {
		enum wire_counter counter;
		const char *name;
	} causes[] = {
		{WIRE_C_LOST_SPILL_FULL_CNT, "spill_full"},
		{WIRE_C_TASK_STATE_FULL, "task_state_full"},
		{WIRE_C_STACK_LOST, "stack_lost"},
		{WIRE_C_PROCESS_EVENT_LOST, "process_event_lost"},
		{WIRE_C_MAPPING_LOST, "mapping_lost"},
		{WIRE_C_TRACE_EVENTS_LOST, "trace_events_lost"},
		{WIRE_C_TRACE_BUFFERS_LOST, "trace_buffers_lost"},
	};
	size_t len = 0;
	char ns[TOP_NS_LEN];

	text[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(causes) && len < TOP_LOST_BYTES; i++) {
		uint64_t cnt = l->counters[causes[i].counter];

		if (!cnt)
			continue;
		len += (size_t)snprintf(text + len, TOP_LOST_BYTES - len, "%s%s %" PRIu64,
					len ? ", " : "", causes[i].name, cnt);
		if (causes[i].counter == WIRE_C_LOST_SPILL_FULL_CNT && len < TOP_LOST_BYTES)
			len += (size_t)snprintf(text + len, TOP_LOST_BYTES - len, " (%s)",
						top_ns(ns, l->counters[WIRE_C_LOST_SPILL_FULL_NS]));
	}
}

/* ---- the layout ---- */

static int header_rows(const struct top_facts *facts, int rows)
{
	if (facts->plain)
		return 3;
	return rows >= TOP_FULL_ROWS ? 4 : rows >= TOP_FULL_ROWS - 2 ? 3 : 2;
}

int top_body_rows(const struct top_facts *facts, int rows)
{
	int body = rows - header_rows(facts, rows) - (facts->plain ? 0 : 1);

	return body > 0 ? body : 0;
}

/* ---- the lines above ---- */

static void put_seconds(struct screen *s, enum screen_style style, uint64_t ns)
{
	char text[32];

	if (ns < 99950000000) {
		ns += 50000000; /* an interval is a little less than asked for as often as more */
		snprintf(text, sizeof(text), "%" PRIu64 ".%" PRIu64 " s", ns / 1000000000,
			 ns / 100000000 % 10);
	} else {
		snprintf(text, sizeof(text), "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64,
			 ns / 3600000000000, ns / 60000000000 % 60, ns / 1000000000 % 60);
	}
	screen__put(s, style, text, -1);
}

static void draw_title(struct screen *s, int row, const struct top_view *v,
		       const struct top_state *state, const struct top_facts *facts)
{
	/* What follows the target has its place before it. */
	bool clock = *facts->clock && s->cols >= 60;
	int room = s->cols - 11 - (state->paused ? 7 : 0) - (state->all ? 19 : 7) - 7 -
		   (clock ? 10 : 0);

	screen__line(s, row, SCREEN_PLAIN);
	screen__put(s, SCREEN_BOLD, "dwell top: ", -1);
	if (state->paused)
		screen__put(s, SCREEN_REVERSE, "PAUSED", -1);
	if (state->paused)
		screen__put(s, SCREEN_PLAIN, " ", -1);
	screen__put(s, SCREEN_BOLD, facts->target, room > 8 ? room : 8);
	screen__put(s, SCREEN_PLAIN, state->all ? ", since the start: " : ", last ", -1);
	put_seconds(s, SCREEN_PLAIN, v->rows->window_ns);
	if (clock) {
		screen__put(s, SCREEN_DIM, "  ", -1);
		screen__put(s, SCREEN_DIM, facts->clock, -1);
	}
}

static void put_labelled(struct screen *s, const char *number, const char *label)
{
	screen__put(s, SCREEN_BOLD, number, -1);
	screen__put(s, SCREEN_PLAIN, label, -1);
}

static void draw_totals(struct screen *s, int row, const struct top_view *v,
			const struct top_facts *facts)
{
	uint64_t hidden_ns = v->idle_ns + v->rows->hidden_ns;
	uint64_t window_ns = v->rows->window_ns;
	char text[TEXT_CNT_LEN], ns[TOP_NS_LEN];

	screen__line(s, row, SCREEN_PLAIN);
	/* What is lost comes first: it must not be what is cut off. */
	if (*facts->lost) {
		screen__put(s, SCREEN_RED, "LOST ", -1);
		screen__put(s, SCREEN_RED, facts->lost, -1);
		screen__put(s, SCREEN_PLAIN, "  ", -1);
	}
	put_labelled(s, top_ns(ns, top_per_second(v->ns, window_ns)), "/s in ");
	put_labelled(s, text_cnt(text, v->cnt), " waits  ");
	put_labelled(s, text_cnt(text, facts->events_per_s), " events/s  ");
	if (hidden_ns)
		put_labelled(s, top_ns(ns, top_per_second(hidden_ns, window_ns)), "/s hidden  ");
	if (v->rows->left_cnt)
		screen__put(s, SCREEN_PLAIN, "too many different ones: some are [others]  ", -1);
	if (!*facts->lost)
		screen__put(s, SCREEN_DIM, "0 lost", -1);
}

static void draw_views(struct screen *s, int row, const struct top_state *state)
{
	char number[16];

	screen__line(s, row, SCREEN_PLAIN);
	for (int i = 0; i < TOP_BY_CNT; i++) {
		enum screen_style style = i == (int)state->by ? SCREEN_REVERSE : SCREEN_PLAIN;

		snprintf(number, sizeof(number), "%d ", i + 1);
		screen__put(s, SCREEN_DIM, number, -1);
		screen__put(s, style, top_by_name((enum top_by)i), -1);
		screen__put(s, SCREEN_PLAIN, " ", -1);
	}
	screen__put(s, SCREEN_PLAIN, " sort: ", -1);
	screen__put(s, SCREEN_BOLD, top_sort_name(state->sort), -1);
}

/* ---- the rest ---- */

/* An empty table says why it is. */
static const char *why_empty(const struct top_view *v, const struct top_state *state,
			     const struct top_facts *facts)
{
	if (!facts->begun)
		return "the first interval has not ended yet";
	if (state->by == TOP_BY_LOCK && !state->locks)
		return "locks are not known: start with --locks";
	if (*state->filter)
		return "nothing has that in its names: Esc shows all";
	if (state->by == TOP_BY_LOCK && v->other_view_ns)
		return "no thread waited for a futex";
	if (state->by == TOP_BY_SYSCALL && v->other_view_ns)
		return "no thread waited in a system call";
	if (v->idle_ns)
		return "only idle waits, which are hidden: i shows them";
	return "no thread waited";
}

static void draw_status(struct screen *s, int row, const struct top_state *state,
			const struct top_facts *facts)
{
	screen__line(s, row, SCREEN_PLAIN);
	if (state->searching) {
		screen__put(s, SCREEN_BOLD, "/", -1);
		screen__put(s, SCREEN_PLAIN, state->filter, -1);
		screen__put(s, SCREEN_REVERSE, " ", -1);
		return;
	}
	/* On low screens there is no line of totals. */
	if (*facts->lost && s->rows < TOP_FULL_ROWS - 2) {
		screen__put(s, SCREEN_RED, "LOST ", -1);
		screen__put(s, SCREEN_RED, facts->lost, -1);
		return;
	}
	if (*facts->message) {
		screen__put(s, SCREEN_RED, facts->message, -1);
		return;
	}
	if (*state->filter) {
		screen__put(s, SCREEN_BOLD, "/", -1);
		screen__put(s, SCREEN_BOLD, state->filter, -1);
		screen__put(s, SCREEN_DIM, "  Esc: all  ", -1);
	}
	screen__put(s, SCREEN_DIM,
		    "h help  q quit  s sort  / search  p pause  a all  i idle  Enter stack", -1);
}

static void draw_help(struct screen *s)
{
	static const char *const lines[] = {
		"dwell top: where threads wait, by time off the CPU per second",
		"",
		"  1 2 3 4 5 6, Tab     stacks, threads, processes, reasons, locks, system calls",
		"  up down PgUp PgDn Home End   move",
		"  Enter, space         open a line: its stacks, a frame a line, innermost first",
		"  s, r, F6             sort by total time, count, average, longest",
		"  /, F3                search in all names; Enter ends typing, Esc shows all",
		"  a                    since the start, or the last interval",
		"  i                    hide idle waits: poll, sleep, child, signal",
		"  K                    hide the kernel's frames",
		"  p                    pause: the screen stands still, tracing goes on",
		"  Ctrl-L               draw everything again",
		"  q, F10, Ctrl-C       quit",
		"",
		"  TIME/s is summed over threads: 3.00s are three threads that wait all the time.",
		"  AVG is per wait, the time inside the interval; MAX is the longest wait so far.",
		"  REASON+ : more than one reason, this one has most of the time.",
		"",
		"any key: back",
	};

	for (int i = 0; i < (int)ARRAY_SIZE(lines) && screen__line(s, i, SCREEN_PLAIN); i++)
		screen__put(s, i ? SCREEN_PLAIN : SCREEN_BOLD, lines[i], -1);
}

static void draw_body(struct screen *s, int first_row, const struct top_view *v,
		      const struct top_state *state, const struct top_facts *facts)
{
	struct top_columns c = top_columns_of(s, v, state);
	int body = top_body_rows(facts, s->rows);

	top_draw_head(s, first_row - 1, &c, state);
	for (int i = 0; i < body && state->scroll + (size_t)i < v->line_cnt; i++) {
		size_t at = state->scroll + (size_t)i;

		top_draw_line(s, first_row + i, at, &c, v, state,
			      at == state->cursor && !facts->plain);
	}
	if (!v->line_cnt && screen__line(s, first_row, SCREEN_PLAIN)) {
		screen__put(s, SCREEN_PLAIN, "  ", -1);
		screen__put(s, SCREEN_PLAIN, why_empty(v, state, facts), -1);
	}
}

static void draw_too_small(struct screen *s)
{
	char text[64];

	snprintf(text, sizeof(text), "%dx%d: needs %dx%d", s->cols, s->rows, TOP_MIN_COLS,
		 TOP_MIN_ROWS);
	screen__line(s, 0, SCREEN_PLAIN);
	screen__put(s, SCREEN_PLAIN, text, -1);
}

void top_draw(struct screen *s, const struct top_view *v, const struct top_state *state,
	      const struct top_facts *facts)
{
	int head = header_rows(facts, s->rows);

	for (int i = 0; i < s->rows; i++)
		screen__line(s, i, SCREEN_PLAIN);
	if (s->cols < TOP_MIN_COLS || (s->rows < TOP_MIN_ROWS && !facts->plain)) {
		draw_too_small(s);
		return;
	}
	if (state->help) {
		draw_help(s);
		return;
	}
	draw_title(s, 0, v, state, facts);
	if (head > 2)
		draw_totals(s, 1, v, facts);
	if (head > 3)
		draw_views(s, 2, state);
	draw_body(s, head, v, state, facts);
	if (!facts->plain)
		draw_status(s, s->rows - 1, state, facts);
}
