/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/proc_mountinfo.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A piece of a line. */
struct words {
	const char *s;
	size_t len;
};

/* Is @option one of the comma-separated words of @list? */
static bool words_have(struct words list, struct words option)
{
	const char *end = list.s + list.len, *p = list.s;

	for (;;) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		size_t len = (size_t)((comma ? comma : end) - p);

		if (len == option.len && !memcmp(p, option.s, len))
			return true;
		if (!comma)
			return false;
		p = comma + 1;
	}
}

static uint32_t hierarchy_with(const char *cgroups, struct words options)
{
	for (const char *line = cgroups; *line;) {
		size_t len = strcspn(line, "\n");
		const char *list = memchr(line, ':', len), *end;

		end = list ? memchr(list + 1, ':', (size_t)(line + len - list - 1)) : NULL;
		/* v2 has no list. Of others one controller is enough: it is in one hierarchy only. */
		if (end && end > list + 1) {
			struct words first = {list + 1, strcspn(list + 1, ",:")};

			if (words_have(options, first))
				return (uint32_t)strtoul(line, NULL, 10);
		}
		line += len + (line[len] == '\n');
	}
	return 0;
}

/* Where the mount's type begins, if that is "cgroup". The kernel writes a space in a name as \040. */
static const char *mount_type(const char *line, size_t len)
{
	static const char type[] = " - cgroup ";

	for (const char *at = line; (size_t)(line + len - at) >= strlen(type); at++)
		if (!memcmp(at, type, strlen(type)))
			return at;
	return NULL;
}

/* The super options, last on the line. */
static bool mount_is_cgroup(const char *line, size_t len, struct words *ret_options)
{
	const char *end = line + len, *last = end;

	if (!mount_type(line, len))
		return false;
	while (last[-1] != ' ')
		last--;
	*ret_options = (struct words){last, (size_t)(end - last)};
	return true;
}

uint32_t proc_mountinfo_hierarchy(const char *mountinfo, const char *cgroups, unsigned int maj,
				  unsigned int min)
{
	unsigned int line_maj, line_min;
	struct words options;
	uint32_t found = 0;

	for (const char *line = mountinfo; !found && *line;) {
		size_t len = strcspn(line, "\n");

		if (mount_is_cgroup(line, len, &options) &&
		    sscanf(line, "%*d %*d %u:%u", &line_maj, &line_min) == 2 && line_maj == maj &&
		    line_min == min)
			found = hierarchy_with(cgroups, options);
		line += len + (line[len] == '\n');
	}
	return found;
}
