/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A decorated name: what it means is a name, and no longer than may be. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/msvc_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *exact = malloc(len ? len : 1);
	struct buf name;

	if (len)
		memcpy(exact, data, len);
	for (int i386 = 0; i386 < 2; i386++) {
		buf__init(&name, MSVC_NAME_MAX_BYTES);
		if (msvc_name(exact, len, i386, &name) &&
		    (name.err || !name.len || name.len > MSVC_NAME_MAX_BYTES))
			__builtin_trap();
		buf__fini(&name);
	}
	free(exact);
	return 0;
}
