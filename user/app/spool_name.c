/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/spool_name.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const spool_exts[] = {".ndjson.gz", ".pb.gz", NULL};

bool spool_ext_known(const char *ext)
{
	for (const char *const *e = spool_exts; *e; e++)
		if (!strcmp(ext, *e))
			return true;
	return false;
}

void spool_name__format(const struct spool_name *n, char ret_text[SPOOL_NAME_LEN])
{
	snprintf(ret_text, SPOOL_NAME_LEN, "%016" PRIu64 "-%" PRIu64 "-%" PRIu64 "-%s%s", n->seq,
		 n->start_ns, n->end_ns, n->id, n->ext);
}

int spool_name__parse(struct spool_name *ret_name, const char *text)
{
	struct spool_name n;
	char again[SPOOL_NAME_LEN];

	if (sscanf(text, "%" SCNu64 "-%" SCNu64 "-%" SCNu64 "-%32[0-9a-f]%15s", &n.seq, &n.start_ns,
		   &n.end_ns, n.id, n.ext) != 5)
		return -EINVAL;
	/* What is not written the same way is not ours: signs, spaces, numbers too large. */
	spool_name__format(&n, again);
	if (strcmp(text, again) != 0 || strlen(n.id) != SPOOL_ID_LEN - 1 ||
	    !spool_ext_known(n.ext) || n.seq > SPOOL_MAX_SEQ)
		return -EINVAL;
	*ret_name = n;
	return 0;
}
