/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Lists of bounds, as --buckets takes them. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/bounds.h"
#include "base/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const struct bounds *b)
{
	struct bounds again;

	if (!b->cnt || b->cnt > BOUNDS_MAX)
		__builtin_trap();
	for (uint32_t i = 0; i < b->cnt; i++) {
		if (i && b->values[i] <= b->values[i - 1])
			__builtin_trap();
		/* The text of a bound is the bound. */
		if (bounds_parse(b->le[i], &again) || again.values[0] != b->values[i] ||
		    strcmp(again.le[0], b->le[i]))
			__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);
	struct bounds b;
	int err;

	if (!text)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	err = bounds_parse(text, &b);
	if (!err)
		check(&b);
	else
		error_text(err);
	free(text);
	return 0;
}
