/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Any bytes as a gzip file; what they unpack to, packed and unpacked again. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/gzip.h"

#define FUZZ_MAX_BYTES 100000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fuzz_round_trip(const struct buf *plain)
{
	_cleanup_buf_ struct buf packed, back;

	buf__init(&packed, FUZZ_MAX_BYTES + 1000);
	buf__init(&back, plain->len);
	if (gzip_pack(plain->data, plain->len, &packed) ||
	    gzip_unpack(packed.data, packed.len, &back) || back.len != plain->len ||
	    (back.len && memcmp(back.data, plain->data, back.len)))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_buf_ struct buf plain;
	int err;

	buf__init(&plain, FUZZ_MAX_BYTES);
	err = gzip_unpack(data, len, &plain);
	if (plain.len > FUZZ_MAX_BYTES)
		__builtin_trap();
	if (!err)
		fuzz_round_trip(&plain);
	return 0;
}
