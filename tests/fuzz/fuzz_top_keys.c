/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a terminal sends, in pieces whose lengths are the input's own bytes: each read ends, and all of it becomes keys. */
#include <stddef.h>
#include <stdint.h>

#include "app/top_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Takes keys until there is none; each takes something. */
static void drain(struct top_keys *k, int last)
{
	size_t before = k->len;
	uint32_t key;

	while ((key = top_keys__next(k, last)) != TOP_KEY_NONE) {
		if (k->len >= before || (key > TOP_KEY_OTHER && key != TOP_KEY_OTHER))
			__builtin_trap();
		before = k->len;
	}
	if (last && k->len)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct top_keys k = {.len = 0};

	for (size_t at = 0, some; at < len; at += some) {
		some = 1 + data[at] % 7u;
		if (some > len - at)
			some = len - at;
		if (some > top_keys__room(&k))
			some = top_keys__room(&k);
		/* A full buffer that gives no key would be the end. */
		if (!some)
			__builtin_trap();
		top_keys__add(&k, (const char *)data + at, some);
		drain(&k, 0);
	}
	drain(&k, 1);
	return 0;
}
