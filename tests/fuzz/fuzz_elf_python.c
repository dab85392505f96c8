/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* An ELF file that says it is CPython: symbols, version, offsets, and both parts of the interpreter's loop. */
#include <stddef.h>
#include <stdint.h>

#include "format/python.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void need(bool ok)
{
	if (!ok)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct python_layout l;
	struct elf e;

	if (elf__open_memory(&e, data, len))
		return 0;
	if (!elf_python_layout(&e, &l)) {
		need(l.version >= 0x030b && l.code_type && l.str_type && l.bytes_type);
		need(l.loop[0].start - l.text_vaddr < l.text_bytes);
		need(l.loop[1].end >= l.loop[1].start);
	}
	elf__close(&e);
	return 0;
}
