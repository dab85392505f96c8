/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A zip file of anybody: all of its entries. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "format/zip_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define FUZZ_MAX_BYTES (16u << 20)

static int fuzz_count(void *arg, const void *data, size_t len)
{
	uint64_t *left = arg;

	if (!data || len > *left)
		return -1;
	*left -= len;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint64_t left = FUZZ_MAX_BYTES, before;
	struct zip_entry e;
	struct zip_file z;
	struct file_input in;
	size_t cnt = 0;

	file_input__open_memory(&in, data, len);
	zip_file_is_one(&in);
	if (zip_file__open(&z, &in))
		return 0;
	while (zip_file__next(&z, &e) > 0) {
		before = left;
		if (++cnt > len / 46 || strnlen(e.name, sizeof(e.name)) == sizeof(e.name))
			__builtin_trap();
		if (!zip_file__unpack(&z, &e, fuzz_count, &left) && before - left != e.bytes)
			__builtin_trap();
	}
	return 0;
}
