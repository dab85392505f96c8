/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "model/reason.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *name;
	const char *help;
} reasons[REASON_CNT] = {
#define X(id, name, help) [REASON_##id] = {name, help},
	REASON_LIST(X)
#undef X
};

/* Numbers come from recordings and tables of other systems: an unknown one is "other". */
static unsigned int reason_index(enum reason r)
{
	return (unsigned int)r < REASON_CNT ? (unsigned int)r : REASON_OTHER;
}

const char *reason_name(enum reason r)
{
	return reasons[reason_index(r)].name;
}

const char *reason_help(enum reason r)
{
	return reasons[reason_index(r)].help;
}

int reason_parse(const char *name, enum reason *ret_reason)
{
	for (int i = 0; i < REASON_CNT; i++) {
		if (!strcmp(name, reasons[i].name)) {
			*ret_reason = (enum reason)i;
			return 0;
		}
	}
	return -ENOENT;
}
