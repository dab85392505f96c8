/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <fnmatch.h>
#include <stdbool.h>
#include <string.h>

/* Is @c in the brackets that begin behind @p? Where they end, in *@ret_end; NULL there: they don't. */
static bool fnmatch_bracket(const char *p, unsigned char c, const char **ret_end)
{
	bool invert = *p == '!' || *p == '^', found = false, first = true;

	for (p += invert; first || *p != ']'; first = false) {
		unsigned char from, to;

		*ret_end = NULL;
		if (*p == '\\' && p[1])
			p++;
		if (!*p)
			return false;
		from = to = (unsigned char)*p++;
		if (p[0] == '-' && p[1] && p[1] != ']') {
			p++;
			if (*p == '\\' && p[1])
				p++;
			to = (unsigned char)*p++;
		}
		found |= c >= from && c <= to;
	}
	*ret_end = p + 1;
	return found != invert;
}

/* One element of the pattern that is no '*' with the byte @c. Where it ends, or NULL: it is another one. */
static const char *fnmatch_one(const char *p, unsigned char c)
{
	const char *end;

	if (*p == '?')
		return p + 1;
	if (*p == '[') {
		bool in = fnmatch_bracket(p + 1, c, &end);

		if (end)
			return in ? end : NULL;
	}
	if (*p == '\\' && p[1])
		p++;
	return (unsigned char)*p == c ? p + 1 : NULL;
}

int fnmatch(const char *pattern, const char *text, int flags)
{
	const char *star = NULL, *star_text = NULL;

	(void)flags;
	for (;;) {
		const char *next;

		if (*pattern == '*') {
			star = ++pattern;
			star_text = text;
			continue;
		}
		if (!*text && !*pattern)
			return 0;
		next = *text && *pattern ? fnmatch_one(pattern, (unsigned char)*text) : NULL;
		if (next) {
			pattern = next;
			text++;
		} else if (star && *star_text) {
			/* The last '*' takes one byte more. */
			pattern = star;
			text = ++star_text;
		} else {
			return FNM_NOMATCH;
		}
	}
}
