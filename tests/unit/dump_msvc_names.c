/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dump_msvc_names: reads names, one a line, and writes what they mean, or themselves. For golden/test_msvc_names.py. */
#include <stdio.h>
#include <string.h>

#include "symbol/msvc_name.h"

int main(void)
{
	static char line[1 << 17];
	struct buf name;

	buf__init(&name, MSVC_NAME_MAX_BYTES);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		buf__reset(&name);
		puts(msvc_name(line, strlen(line), false, &name) ? buf__str(&name) : line);
	}
	buf__fini(&name);
	return 0;
}
