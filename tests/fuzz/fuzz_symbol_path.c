/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A list of directories of symbols as Microsoft's tools have it, and names of files of Windows. Nothing is opened. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/symbol_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);
	struct symbol_path *p;
	const char *dir, *base;

	if (!text)
		return 0;
	if (len)
		memcpy(text, data, len);
	text[len] = '\0';
	p = symbol_path__new(text);
	for (size_t i = 0; p && (dir = symbol_path__dir(p, i)); i++)
		if (i >= SYMBOL_PATH_MAX_DIRS || !*dir || !strstr(text, dir) || strstr(dir, "://"))
			__builtin_trap();
	symbol_path__free(p);
	base = symbol_path_base(text);
	if (base < text || base > text + strlen(text) || strpbrk(base, "/\\"))
		__builtin_trap();
	free(text);
	return 0;
}
