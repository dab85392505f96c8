/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "symbol/msvc_name.h"

#include <string.h>

#include "symbol/msvc_parse.h"

/* ---- C++ ---- */

static bool msvc_name_cpp(const char *name, size_t len, struct buf *to)
{
	_cleanup_buf_ struct buf convert = {0};
	struct msvc_parser p = {.pos = name + 1, .end = name + len, .convert = &convert};
	struct msvc_parts parts = {.cnt = 0};

	buf__init(&convert, MSVC_NAME_MAX_BYTES);
	msvc_parse_symbol(&p, &parts, false);
	if (p.failed)
		return false;
	if (p.wrapper)
		buf__printf(to, "`%s '", p.wrapper);
	if (!msvc_parts__write(&parts, &convert, to))
		return false;
	if (p.wrapper)
		buf__puts(to, "''");
	return !to->err;
}

/* ---- C ---- */

/* How many bytes of @name are left without "@12" or "@@12" at its end; @len: there is no such thing. */
static size_t msvc_without_size(const char *name, size_t len)
{
	size_t n = len;

	while (n && name[n - 1] >= '0' && name[n - 1] <= '9')
		n--;
	if (n == len || !n || name[n - 1] != '@')
		return len;
	return n - 1;
}

static bool msvc_name_c(const char *name, size_t len, bool i386, struct buf *to)
{
	size_t skip = 0, n = msvc_without_size(name, len);

	if (n < len && n > 1 && name[n - 1] == '@') {
		n--; /* vectorcall */
	} else if (n < len && n > 1 && (name[0] == '_' || name[0] == '@')) {
		skip = 1; /* stdcall, fastcall */
	} else {
		n = len;
		skip = i386 && len > 1 && name[0] == '_';
		if (!skip)
			return false;
	}
	buf__append(to, name + skip, n - skip);
	return !to->err;
}

bool msvc_name(const char *name, size_t len, bool i386, struct buf *to)
{
	static const char import[] = "__imp_";
	size_t n = strlen(import), skip = 0;

	while (len - skip > n && !memcmp(name + skip, import, n))
		skip += n;
	name += skip;
	len -= skip;
	if (len && name[0] == '?' ? len > 1 && msvc_name_cpp(name, len, to)
				  : len && msvc_name_c(name, len, i386, to))
		return true;
	if (!skip)
		return false;
	buf__reset(to);
	buf__append(to, name, len);
	return !to->err;
}
