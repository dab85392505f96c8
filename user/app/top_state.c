/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/top_state.h"

#include <string.h>

#include "output/text.h"

#define KEY_CTRL(c) ((c)&0x1f)

void top_state__fit(struct top_state *state, const struct top_view *v, int body)
{
	size_t rows = body > 0 ? (size_t)body : 1;

	if (state->cursor >= v->line_cnt)
		state->cursor = v->line_cnt ? v->line_cnt - 1 : 0;
	if (state->scroll > state->cursor)
		state->scroll = state->cursor;
	if (state->cursor - state->scroll >= rows)
		state->scroll = state->cursor - rows + 1;
	/* No empty lines below while there are some above. */
	if (state->scroll && state->scroll + rows > v->line_cnt)
		state->scroll = v->line_cnt > rows ? v->line_cnt - rows : 0;
}

/* ---- searching ---- */

static void filter_shorten(struct top_state *state)
{
	size_t len = strlen(state->filter);

	while (len && ((unsigned char)state->filter[--len] & 0xc0) == 0x80)
		;
	state->filter[len] = '\0';
}

static void filter_add(struct top_state *state, uint32_t c)
{
	size_t len = strlen(state->filter), n;
	char bytes[4];

	n = text_encode(c, bytes);
	if (len + n >= sizeof(state->filter))
		return;
	memcpy(state->filter + len, bytes, n);
	state->filter[len + n] = '\0';
}

static enum top_action search_key(struct top_state *state, uint32_t key)
{
	switch (key) {
	case '\r':
	case '\n':
	case TOP_KEY_F1 + 2:
		state->searching = false;
		break;
	case TOP_KEY_ESC:
		state->searching = false;
		state->filter[0] = '\0';
		break;
	case TOP_KEY_BACKSPACE:
		filter_shorten(state);
		break;
	case KEY_CTRL('u'):
		state->filter[0] = '\0';
		break;
	default:
		if (key < ' ' || key >= TOP_KEY_UP || (key >= 0x7f && key < 0xa0))
			return TOP_ACTION_NONE;
		filter_add(state, key);
	}
	state->cursor = state->scroll = 0;
	return TOP_ACTION_DRAW;
}

/* ---- the rest ---- */

static enum top_action move(struct top_state *state, const struct top_view *v, int body, long by)
{
	long last = v->line_cnt ? (long)v->line_cnt - 1 : 0;
	long to = (long)state->cursor + by;

	state->cursor = (size_t)(to < 0 ? 0 : to > last ? last : to);
	top_state__fit(state, v, body);
	return TOP_ACTION_DRAW;
}

static enum top_action show(struct top_state *state, enum top_by by)
{
	state->by = by;
	state->cursor = state->scroll = 0;
	return TOP_ACTION_DRAW;
}

/* Opens the item of the cursor's line, or closes it, and then the cursor is on the item. */
static enum top_action toggle_item(struct top_state *state, const struct top_view *v)
{
	uint32_t item;
	uint64_t key;

	if (state->cursor >= v->line_cnt)
		return TOP_ACTION_NONE;
	item = v->lines[state->cursor].item;
	key = v->items[item].key;
	while (state->cursor && v->lines[state->cursor].kind != TOP_LINE_ITEM)
		state->cursor--;
	for (size_t i = 0; i < state->open_cnt; i++) {
		if (state->open[i] != key)
			continue;
		state->open[i] = state->open[--state->open_cnt];
		return TOP_ACTION_DRAW;
	}
	/* The one that was opened first makes way. */
	if (state->open_cnt == TOP_MAX_OPEN)
		memmove(state->open, state->open + 1, --state->open_cnt * sizeof(*state->open));
	state->open[state->open_cnt++] = key;
	return TOP_ACTION_DRAW;
}

static enum top_action move_key(struct top_state *state, uint32_t key, const struct top_view *v,
				int body)
{
	long page = body > 1 ? body - 1 : 1;

	switch (key) {
	case TOP_KEY_UP:
	case 'k':
		return move(state, v, body, -1);
	case TOP_KEY_DOWN:
	case 'j':
		return move(state, v, body, 1);
	case TOP_KEY_PAGE_UP:
		return move(state, v, body, -page);
	case TOP_KEY_PAGE_DOWN:
		return move(state, v, body, page);
	case TOP_KEY_HOME:
		return move(state, v, body, -(long)state->cursor);
	case TOP_KEY_END:
		return move(state, v, body, (long)v->line_cnt);
	default:
		return TOP_ACTION_NONE;
	}
}

static enum top_action toggle(bool *what)
{
	*what = !*what;
	return TOP_ACTION_DRAW;
}

static enum top_action view_key(struct top_state *state, uint32_t key)
{
	switch (key) {
	case '\t':
	case TOP_KEY_RIGHT:
		return show(state, (enum top_by)((state->by + 1) % TOP_BY_CNT));
	case TOP_KEY_BACK_TAB:
	case TOP_KEY_LEFT:
		return show(state, (enum top_by)((state->by + TOP_BY_CNT - 1) % TOP_BY_CNT));
	case 's':
	case 'r':
	case TOP_KEY_F1 + 5:
		state->sort = (enum top_sort)((state->sort + 1) % TOP_SORT_CNT);
		return TOP_ACTION_DRAW;
	case 'a':
		return toggle(&state->all);
	case 'i':
		return toggle(&state->hide_idle);
	case 'p':
		return toggle(&state->paused);
	case 'K':
		return toggle(&state->hide_kernel);
	case 'h':
	case '?':
	case TOP_KEY_F1:
		return toggle(&state->help);
	case '/':
	case TOP_KEY_F1 + 2:
		return toggle(&state->searching);
	case TOP_KEY_ESC:
		state->filter[0] = '\0';
		return TOP_ACTION_DRAW;
	default:
		return TOP_ACTION_NONE;
	}
}

enum top_action top_state__key(struct top_state *state, uint32_t key, const struct top_view *v,
			       int body)
{
	enum top_action action;

	if (key == KEY_CTRL('l'))
		return TOP_ACTION_REDRAW;
	if (key == TOP_KEY_F1 + 9 || key == KEY_CTRL('c'))
		return TOP_ACTION_QUIT;
	if (state->searching)
		return search_key(state, key);
	if (key == 'q')
		return TOP_ACTION_QUIT;
	if (state->help)
		return toggle(&state->help);
	if (key >= '1' && key < '1' + TOP_BY_CNT)
		return show(state, (enum top_by)(key - '1'));
	if (key == '\r' || key == '\n' || key == ' ')
		return toggle_item(state, v);
	action = move_key(state, key, v, body);
	return action ? action : view_key(state, key);
}
