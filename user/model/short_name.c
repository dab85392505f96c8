/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "model/short_name.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static bool is_of_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (c & 0x80);
}

/* Does @name end, before @at, in the word operator? Then a bracket is part of its name. */
static bool is_operator(const char *name, size_t at)
{
	static const char word[] = "operator";
	size_t len = sizeof(word) - 1;

	return at >= len && !strncmp(name + at - len, word, len) &&
	       (at == len || !is_of_name(name[at - len - 1]));
}

/* Where the bracket at @at is closed, behind it; 0: nowhere. Comparisons among the arguments stand in parentheses. */
static size_t bracket_end(const char *name, size_t at)
{
	size_t depth = 0, parens = 0;

	for (size_t i = at; name[i]; i++) {
		char c = name[i];

		if (c == '(' || c == '{')
			parens++;
		else if ((c == ')' || c == '}') && parens)
			parens--;
		else if (!parens && c == '<')
			depth++;
		else if (!parens && c == '>' && name[i - 1] != '-' && !--depth)
			return i + 1;
	}
	return 0;
}

/* Whether arguments begin at @at: behind a name, or behind "::" as Rust has them. */
static bool begins_arguments(const char *name, size_t at, size_t *ret_colons)
{
	*ret_colons = 0;
	if (!at)
		return false;
	if (is_of_name(name[at - 1]))
		return !is_operator(name, at);
	if (at > 2 && name[at - 1] == ':' && name[at - 2] == ':' && is_of_name(name[at - 3])) {
		*ret_colons = 2;
		return true;
	}
	return false;
}

void short_name(const char *name, struct buf *to)
{
	size_t from = 0, colons;

	for (size_t at = 0; name[at]; at++) {
		size_t end;

		if (name[at] != '<' || !begins_arguments(name, at, &colons))
			continue;
		end = bracket_end(name, at);
		if (!end)
			break;
		/* "a::<impl b>::c" is a block of Rust, not arguments of a. */
		if (colons && name[end] == ':')
			continue;
		buf__append(to, name + from, at - colons - from);
		from = end;
		at = end - 1;
	}
	buf__puts(to, name + from);
}
