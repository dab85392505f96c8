/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <lzma.h>

int main(void)
{
	lzma_stream s = LZMA_STREAM_INIT;

	return lzma_stream_decoder(&s, 1 << 20, 0) != LZMA_OK;
}
