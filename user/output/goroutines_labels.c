/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <string.h>

#include "output/goroutines.h"
#include "output/text.h"

static bool needs_quotes(const char *s)
{
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_")] !=
	       '\0';
}

/* The rune at @s, as printquoted() of src/runtime/print.go writes it: pure ASCII. How many bytes it is long. */
static size_t put_rune(struct out *out, const char *s)
{
	size_t len;
	uint32_t c = text_char(s, &len);

	if (c == '\n' || c == '\r' || c == '\t')
		out__printf(out, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
	else if (c == '\\' || c == '"')
		out__printf(out, "\\%c", (char)c);
	else if (c == TEXT_REPLACEMENT && len == 1)
		out__printf(out, "\\x%02x", (unsigned char)*s);
	else if (c >= ' ' && c <= '~')
		out__putc(out, (char)c);
	else if (c < 127)
		out__printf(out, "\\x%02x", c);
	else
		out__printf(out, c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
	return len;
}

static void put_quoted(struct out *out, const char *s)
{
	if (!needs_quotes(s)) {
		out__puts(out, s);
		return;
	}
	out__putc(out, '"');
	while (*s)
		s += put_rune(out, s);
	out__putc(out, '"');
}

void goroutines_put_labels(struct out *out, const struct go_label_view *labels)
{
	if (!labels->cnt)
		return;
	out__puts(out, " {");
	for (uint32_t i = 0; i < labels->cnt; i++) {
		out__puts(out, i ? ", " : "");
		put_quoted(out, labels->items[i].key);
		out__puts(out, ": ");
		put_quoted(out, labels->items[i].value);
	}
	out__puts(out, "}");
}
