/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Names of functions as symbol tables have them, of C++, Rust and V8: what they become is bounded, and ends. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/demangle.h"
#include "symbol/js_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fuzz_js(const char *name, size_t len)
{
	struct js_name n;

	if (!js_name_parse(name, len, &n))
		return;
	if (n.name_len > len || n.file_len > len)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	/* Without the prefix that all of them have most inputs would be none. */
	static const char *const prefixes[] = {"", "_Z", "_R"};
	char *name = malloc(len + 3);
	struct buf to;

	if (!name)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t before = strlen(prefixes[i]);

		memcpy(name, prefixes[i], before);
		if (len)
			memcpy(name + before, data, len);
		name[before + len] = '\0';
		buf__init(&to, DEMANGLE_MAX_BYTES);
		if (demangle(name, &to) &&
		    (!to.len || to.len >= DEMANGLE_MAX_BYTES || strlen(to.data) != to.len))
			__builtin_trap();
		buf__fini(&to);
	}
	fuzz_js(name + 2, len);
	free(name);
	return 0;
}
