/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Accept headers, from whoever can connect. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "output/exposition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);
	enum exposition_format f;

	if (!text)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	f = exposition_negotiate(text);
	/* Never but for who names it. */
	if (f == EXPOSITION_OPENMETRICS && !strcasestr(text, "application/openmetrics-text"))
		__builtin_trap();
	free(text);
	return 0;
}
