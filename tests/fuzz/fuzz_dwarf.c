/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Debug information, by way of libdw: units, functions, inlined functions, lines. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#ifdef HAVE_LIBDW
#include "format/go_dwarf.h"
#include "symbol/dwarf_file.h"

#define FUZZ_PLACES 64

struct fuzz_told {
	unsigned int cnt;
	bool ended; /* the function that is not inlined came */
};

/* Reads every byte of the texts, and checks the order. */
static int fuzz_take(void *arg, const struct symbol_line *l)
{
	struct fuzz_told *told = arg;

	if (told->ended || ++told->cnt > DWARF_UNIT_MAX_DEPTH + 1)
		__builtin_trap();
	told->ended = l->kind != FRAME_KIND_INLINED;
	if (!l->name != told->ended)
		__builtin_trap();
	return (l->name && strlen(l->name) > SIZE_MAX / 2) ||
	       (l->file && strlen(l->file) > SIZE_MAX / 2);
}

static void fuzz_segment(struct dwarf_file *f, const struct elf_segment *s)
{
	uint64_t step = s->file_bytes / FUZZ_PLACES + 1;

	for (uint64_t i = 0; i < FUZZ_PLACES; i++) {
		struct fuzz_told told = {0};
		int ret = dwarf_file__find(f, s->off + i * step, fuzz_take, &told);

		if (ret > 1 || (ret == 1) != told.ended)
			__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf file = {.data = (char *)data, .len = len};
	struct go_layout layout;
	struct dwarf_file f;
	struct elf e;

	if (!elf__open_memory(&e, file.data, file.len)) {
		go_dwarf_layout(&e, &layout);
		elf__close(&e);
	}
	if (dwarf_file__open_memory(&f, &file, &file))
		return 0;
	for (size_t i = 0; i < f.main.segment_cnt && i < 8; i++)
		fuzz_segment(&f, &f.main.segments[i]);
	dwarf_file__close(&f);
	return 0;
}
#else
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	(void)data, (void)len;
	return 0;
}
#endif
