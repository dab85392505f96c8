/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/screen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output/text.h"

#define SCREEN_MAX_LINE (SCREEN_MAX_COLS * 32) /* bytes, styles included */

void screen__init(struct screen *s, bool color, bool ascii)
{
	*s = (struct screen){.color = color, .ascii = ascii, .row = -1, .all = true};
}

static void screen_free_lines(struct screen *s)
{
	for (int i = 0; i < s->rows; i++) {
		buf__fini(&s->lines[i].text);
		buf__fini(&s->lines[i].shown);
	}
	free(s->lines);
	s->lines = NULL;
	s->rows = 0;
}

void screen__fini(struct screen *s)
{
	screen_free_lines(s);
}

int screen__resize(struct screen *s, int cols, int rows)
{
	struct screen_row *lines;

	cols = cols < SCREEN_MAX_COLS ? cols : SCREEN_MAX_COLS;
	rows = rows < SCREEN_MAX_ROWS ? rows : SCREEN_MAX_ROWS;
	lines = calloc((size_t)rows, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	screen_free_lines(s);
	s->lines = lines;
	s->cols = cols;
	s->rows = rows;
	s->row = -1;
	s->all = true;
	for (int i = 0; i < rows; i++) {
		buf__init(&lines[i].text, SCREEN_MAX_LINE);
		buf__init(&lines[i].shown, SCREEN_MAX_LINE);
	}
	return 0;
}

void screen__forget(struct screen *s)
{
	s->all = true;
}

/* ---- lines ---- */

static const char *screen_style_on(const struct screen *s, enum screen_style style)
{
	static const char *const on[] = {
		[SCREEN_PLAIN] = "",	     [SCREEN_BOLD] = "\033[1m",	   [SCREEN_DIM] = "\033[2m",
		[SCREEN_RED] = "\033[1;31m", [SCREEN_REVERSE] = "\033[7m",
	};

	return s->color || style == SCREEN_REVERSE ? on[style] : "";
}

static void screen_set_style(struct screen *s, enum screen_style style)
{
	struct buf *to = &s->lines[s->row].text;

	if (style == s->style)
		return;
	if (*screen_style_on(s, s->style))
		buf__puts(to, "\033[0m");
	buf__puts(to, screen_style_on(s, style));
	s->style = style;
}

bool screen__line(struct screen *s, int row, enum screen_style style)
{
	s->row = row >= 0 && row < s->rows ? row : -1;
	s->col = 0;
	s->style = SCREEN_PLAIN;
	if (s->row < 0)
		return false;
	buf__reset(&s->lines[row].text);
	screen_set_style(s, style);
	return true;
}

int screen__left(const struct screen *s)
{
	return s->row < 0 ? 0 : s->cols - s->col;
}

/* What a character looks like: itself, '?', or nothing (0). */
static uint32_t screen_char(const struct screen *s, const char *text, size_t *ret_len)
{
	uint32_t c = text_safe_char(text, ret_len);

	if (c == TEXT_REPLACEMENT || (s->ascii && c >= 0x80))
		return '?';
	return text_char_width(c) ? c : 0;
}

void screen__put(struct screen *s, enum screen_style style, const char *text, int max_cols)
{
	int left = screen__left(s);
	size_t len;
	char bytes[4];

	if (max_cols >= 0 && max_cols < left)
		left = max_cols;
	if (left <= 0 || !*text)
		return;
	screen_set_style(s, style);
	for (; *text; text += len) {
		uint32_t c = screen_char(s, text, &len);
		int width = c ? (int)text_char_width(c) : 0;

		if (!c)
			continue;
		if (width > left)
			break;
		buf__append(&s->lines[s->row].text, bytes, text_encode(c, bytes));
		left -= width;
		s->col += width;
	}
}

/* The columns that screen__put() would take. */
static int screen_width(const struct screen *s, const char *text)
{
	int cols = 0;
	size_t len;

	for (; *text; text += len) {
		uint32_t c = screen_char(s, text, &len);

		cols += c ? (int)text_char_width(c) : 0;
	}
	return cols;
}

static void screen_blanks(struct screen *s, int cnt)
{
	for (; cnt > 0 && screen__left(s) > 0; cnt--, s->col++)
		buf__putc(&s->lines[s->row].text, ' ');
}

void screen__field(struct screen *s, enum screen_style style, const char *text, int cols,
		   bool right)
{
	int width = screen_width(s, text), begin = s->col;

	if (s->row < 0)
		return;
	screen_set_style(s, style);
	if (right)
		screen_blanks(s, cols - width);
	screen__put(s, style, text, cols);
	screen_blanks(s, cols - (s->col - begin));
}

void screen__fill(struct screen *s)
{
	screen_blanks(s, screen__left(s));
}

/* ---- out ---- */

static void screen_flush_line(struct screen *s, int row, struct buf *to)
{
	struct screen_row *line = &s->lines[row];

	if (!s->all && !strcmp(buf__str(&line->text), buf__str(&line->shown)))
		return;
	/*
	 * Emptied first: behind the last column the cursor may still stand on it, and where the terminal takes a character for
	 * narrower than it is here, the end of what stood there would stay.
	 */
	buf__printf(to, "\033[%d;1H\033[K%s\033[0m", row + 1, buf__str(&line->text));
	buf__reset(&line->shown);
	buf__puts(&line->shown, buf__str(&line->text));
}

int screen__flush(struct screen *s, struct buf *to)
{
	if (s->all)
		buf__puts(to, "\033[0m\033[2J");
	for (int i = 0; i < s->rows; i++) {
		screen_flush_line(s, i, to);
		buf__reset(&s->lines[i].text);
	}
	s->all = false;
	s->row = -1;
	return to->err;
}

static void screen_text_line(const char *text, struct buf *to)
{
	size_t end = to->len, from = to->len;

	for (; *text; text++) {
		if (*text == '\033') {
			text += strcspn(text, "m");
			continue;
		}
		buf__putc(to, *text);
		if (*text != ' ')
			end = to->len;
	}
	if (to->len > end && end >= from && !to->err) {
		to->len = end;
		to->data[end] = '\0';
	}
	buf__putc(to, '\n');
}

int screen__text(const struct screen *s, struct buf *to)
{
	int rows = s->rows;

	while (rows > 0 && !s->lines[rows - 1].text.len)
		rows--;
	for (int i = 0; i < rows; i++)
		screen_text_line(buf__str(&s->lines[i].text), to);
	return to->err;
}
