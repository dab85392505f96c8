/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/glob.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/log.h"

/* [abc], [a-z], [!a]: marks the characters accepted at @bit. Returns what follows, NULL if unclosed. */
static const char *glob_bracket(const char *p, struct config_glob *glob, uint64_t bit)
{
	bool negate = *p == '!' || *p == '^', in[256] = {false};
	const char *first;

	p += negate;
	for (first = p; *p && (*p != ']' || p == first); p++) {
		unsigned char lo, hi;

		if (*p == '\\' && p[1])
			p++;
		lo = hi = (unsigned char)*p;

		if (p[1] == '-' && p[2] && p[2] != ']') {
			hi = (unsigned char)p[2];
			p += 2;
		}
		for (unsigned int c = lo; c <= hi; c++)
			in[c] = true;
	}
	if (!*p)
		return NULL;
	for (unsigned int c = 1; c < 256; c++)
		if (in[c] != negate)
			glob->accept[c] |= bit;
	return p + 1;
}

int glob_compile(const char *pattern, struct config_glob *ret_glob)
{
	struct config_glob glob = {0};
	unsigned int at = 0;

	for (const char *p = pattern; *p;) {
		if (*p == '*') {
			glob.star |= 1ull << at;
			p++;
			continue;
		}
		if (at == CONFIG_GLOB_BITS - 1)
			return error_set(-EINVAL, "pattern '%s' is longer than 63 characters",
					 pattern);
		if (*p == '?') {
			for (unsigned int c = 1; c < 256; c++)
				glob.accept[c] |= 1ull << at;
			p++;
		} else if (*p == '[') {
			p = glob_bracket(p + 1, &glob, 1ull << at);
			if (!p)
				return error_set(-EINVAL, "pattern '%s' has a '[' without its ']'",
						 pattern);
		} else {
			if (*p == '\\' && !*++p)
				return error_set(-EINVAL, "pattern '%s' ends in a backslash",
						 pattern);
			glob.accept[(unsigned char)*p++] |= 1ull << at;
		}
		at++;
	}
	glob.final = 1ull << at;
	*ret_glob = glob;
	return 0;
}
