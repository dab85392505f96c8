/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A pattern, a NUL, and the name of a thread: the automaton that the probes run says the same as a matcher that goes back and
 * tries again.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fixtures/bpf_host.h"
#include "source/glob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Is @c in the set at @p, behind its '['? *@ret_end: behind its ']'. The pattern was compiled: it has one. */
static bool in_set(const char *p, unsigned char c, const char **ret_end)
{
	bool negate = *p == '!' || *p == '^', in = false;

	p += negate;
	for (const char *first = p; *p != ']' || p == first; p++) {
		unsigned char lo, hi;

		if (*p == '\\' && p[1])
			p++;
		lo = hi = (unsigned char)*p;
		if (p[1] == '-' && p[2] && p[2] != ']') {
			hi = (unsigned char)p[2];
			p += 2;
		}
		in |= c >= lo && c <= hi;
	}
	*ret_end = p + 1;
	return in != negate;
}

static bool matches(const char *p, const char *name)
{
	for (; *p; name++) {
		if (*p == '*') {
			while (p[1] == '*') /* many are as one, and take a time without end */
				p++;
			do
				if (matches(p + 1, name))
					return true;
			while (*name++);
			return false;
		}
		if (!*name)
			return false;
		if (*p == '[') {
			if (!in_set(p + 1, (unsigned char)*name, &p))
				return false;
			continue;
		}
		if (*p != '?') {
			p += *p == '\\';
			if (*p != *name)
				return false;
		}
		p++;
	}
	return !*name;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char pattern[24] = "", name[WIRE_COMM_LEN] = "";
	const uint8_t *end = len ? memchr(data, 0, len) : NULL;
	struct config_glob glob;
	size_t first = end ? (size_t)(end - data) : len, rest = end ? len - first - 1 : 0;

	if (first >= sizeof(pattern))
		return 0;
	memcpy(pattern, data, first);
	memcpy(name, end ? end + 1 : data, rest < sizeof(name) - 1 ? rest : sizeof(name) - 1);
	if (glob_compile(pattern, &glob))
		return 0;
	if (filter_comm(&glob, name) != matches(pattern, name))
		__builtin_trap();
	return 0;
}
