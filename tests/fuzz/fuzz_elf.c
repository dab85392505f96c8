/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* ELF files: build id, sections, function symbols, and the symbol table made of them. */
#include <stddef.h>
#include <stdint.h>

#include "format/elf_object.h"
#include "symbol/elf_resolver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fuzz_elf_sections(const struct elf *e)
{
	for (size_t i = 0; i < e->section_cnt; i++) {
		_cleanup_buf_ struct buf content = {0};

		elf__find_section(e, elf__section_name(e, &e->sections[i]));
		if (!elf__read_section(e, &e->sections[i], 1 << 16, &content) &&
		    content.len != e->sections[i].size)
			__builtin_trap();
		if (i == 64) /* each section is searched for by name: keep it linear */
			break;
	}
}

static void fuzz_elf_objects(const struct elf *e)
{
	struct elf_object objects[] = {{.name = "environ"}, {.name = "x"}, {.name = ""}};

	if (elf_objects_find(e, objects, 3))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t id[ELF_BUILD_ID_MAX_LEN];
	uint64_t limit = UINT64_MAX, vaddr;
	struct symtab t;
	struct elf e;

	if (elf__open_memory(&e, data, len))
		return 0;
	if (elf__build_id(&e, id) > ELF_BUILD_ID_MAX_LEN)
		__builtin_trap();
	fuzz_elf_sections(&e);
	fuzz_elf_objects(&e);
	symtab__init(&t);
	elf_resolver_add(&e, &t, &limit);
	symtab__finish(&t, limit);
	for (size_t i = 0; i < t.cnt; i++) {
		const struct symbol *s = &t.symbols[i];

		/* A symbol is found at its own start, and its start has an address. */
		if (symtab__find(&t, s->start) != s || elf__off_to_vaddr(&e, s->start, &vaddr))
			__builtin_trap();
	}
	symtab__fini(&t);
	elf__close(&e);
	return 0;
}
