/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What an ELF file says about its debug files, and the symbol table that it carries packed. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "format/elf_debug.h"
#include "format/elf_debug_image.h"
#include "symbol/elf_resolver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Whatever a name says, the path starts at the root and leads down, but for what the program's own path has. */
static void fuzz_check_path(const char *path)
{
	if (*path != '/' || strstr(path, "/../") || strstr(path, "//"))
		__builtin_trap();
}

static void fuzz_paths(const struct elf *e)
{
	struct elf_debug_link l;
	struct elf_debug_alt a;

	if (!elf_debug_link(e, &l))
		for (unsigned int i = 0; i < ELF_DEBUG_PATH_CNT + 1; i++) {
			_cleanup_buf_ struct buf path;

			buf__init(&path, ELF_DEBUG_MAX_PATH_BYTES);
			if (!elf_debug_path(&l, "/usr/bin/program", i, &path))
				fuzz_check_path(path.data);
		}
	if (!elf_debug_alt(e, &a))
		for (unsigned int i = 0; i < ELF_DEBUG_ALT_PATH_CNT + 1; i++) {
			_cleanup_buf_ struct buf path;

			buf__init(&path, ELF_DEBUG_MAX_PATH_BYTES);
			if (!elf_debug_alt_path(&a, i, &path))
				fuzz_check_path(path.data);
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_buf_ struct buf image = {0};
	struct symtab t;
	struct elf e, copy;

	if (elf__open_memory(&e, data, len))
		return 0;
	fuzz_paths(&e);
	symtab__init(&t);
	elf_resolver_add_minidebug(&e, &t);
	symtab__finish(&t, UINT64_MAX);
	symtab__fini(&t);
	/* The copy is a file that our own reader takes. */
	if (!elf_debug_image(&e, 1 << 20, &image)) {
		if (elf__open_memory(&copy, image.data, image.len) || !elf_debug_has_info(&copy))
			__builtin_trap();
		elf__close(&copy);
	}
	elf__close(&e);
	return 0;
}
