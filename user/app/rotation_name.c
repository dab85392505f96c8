/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/rotation_name.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROTATION_FORMAT	   "dwell-%Y%m%dT%H%M%SZ"
#define ROTATION_TIME_LEN  22		  /* of what that makes */
#define ROTATION_MAX_S	   253402300799ll /* the last second of the year 9999 */
#define ROTATION_AGAIN_LEN 4		  /* "_001" */

const char *const *rotation_exts(void)
{
	static const char *const exts[] = {".folded", ".pb.gz", NULL};

	return exts;
}

static void rotation_format_time(time_t s, char to[ROTATION_STEM_LEN])
{
	struct tm tm;

	if (s > ROTATION_MAX_S)
		s = ROTATION_MAX_S;
	gmtime_r(&s, &tm);
	strftime(to, ROTATION_STEM_LEN, ROTATION_FORMAT, &tm);
}

void rotation_name_stem(uint64_t start_ns, unsigned int again, char ret_stem[ROTATION_STEM_LEN])
{
	rotation_format_time((time_t)(start_ns / 1000000000), ret_stem);
	/* '_' is behind the '.' of the first one's end, so names sort as the windows came. */
	if (again)
		snprintf(ret_stem + ROTATION_TIME_LEN, ROTATION_STEM_LEN - ROTATION_TIME_LEN,
			 "_%03u", again % 1000);
}

static int rotation_parse_time(const char *name, time_t *ret_s)
{
	struct tm tm = {0};
	char again[ROTATION_STEM_LEN];
	time_t s;

	if (sscanf(name, "dwell-%4d%2d%2dT%2d%2d%2dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	s = timegm(&tm);
	if (s < 0 || s > ROTATION_MAX_S)
		return -EINVAL;
	/* Signs, spaces, a 30th of February: what is not written the same way is not ours. */
	rotation_format_time(s, again);
	if (strncmp(name, again, ROTATION_TIME_LEN) != 0)
		return -EINVAL;
	*ret_s = s;
	return 0;
}

/* Length of "_NNN" at @s, 0 if there is none. */
static size_t rotation_again_len(const char *s)
{
	if (s[0] != '_' || strspn(s + 1, "0123456789") != ROTATION_AGAIN_LEN - 1)
		return 0;
	return strncmp(s + 1, "000", 3) ? ROTATION_AGAIN_LEN : 0;
}

int rotation_name_parse(const char *name, uint64_t *ret_start_ns)
{
	const char *end;
	time_t s;

	if (rotation_parse_time(name, &s))
		return -EINVAL;
	end = name + ROTATION_TIME_LEN;
	end += rotation_again_len(end);
	for (const char *const *ext = rotation_exts(); *ext; ext++) {
		if (strcmp(end, *ext) != 0)
			continue;
		*ret_start_ns = (uint64_t)s * 1000000000;
		return 0;
	}
	return -EINVAL;
}
