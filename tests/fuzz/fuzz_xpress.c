/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* XPRESS: the input unpacked into as many bytes as its first three say, and packed and unpacked again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures/mkxpress.h"
#include "format/xpress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int fuzz_unpack(const void *data, size_t len, size_t cap, const void *expect)
{
	uint8_t *to = malloc(cap ? cap : 1);
	size_t got;
	int err = xpress_unpack(data, len, to, cap, &got);

	if (got > cap || (!err && got != cap) || (expect && memcmp(to, expect, got)))
		__builtin_trap();
	free(to);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf packed;

	if (len < 3)
		return 0;
	fuzz_unpack(data + 3, len - 3, data[0] | (size_t)data[1] << 8 | (size_t)(data[2] & 3) << 16,
		    NULL);
	buf__init(&packed, 1u << 24);
	mkxpress_pack(data, len, &packed);
	if (fuzz_unpack(packed.data, packed.len, len, data))
		__builtin_trap();
	buf__fini(&packed);
	return 0;
}
