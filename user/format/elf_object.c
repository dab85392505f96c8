/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/elf_object.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"

static void elf_object_take(struct elf_object *objects, size_t cnt, const Elf64_Sym *s,
			    const struct buf *names)
{
	if (ELF64_ST_TYPE(s->st_info) != STT_OBJECT || s->st_shndx == SHN_UNDEF ||
	    s->st_name >= names->len)
		return;
	for (size_t i = 0; i < cnt; i++) {
		size_t len = strlen(objects[i].name);

		/* With the 0 behind it; the table may end without one. */
		if (objects[i].vaddr || names->len - s->st_name <= len ||
		    memcmp(names->data + s->st_name, objects[i].name, len + 1) != 0)
			continue;
		objects[i].vaddr = s->st_value;
		objects[i].size = s->st_size;
	}
}

static int elf_objects_find_in(const struct elf *e, const struct elf_section *table,
			       struct elf_object *objects, size_t cnt)
{
	_cleanup_buf_ struct buf symbols = {0}, names = {0};
	Elf64_Sym s;
	int err;

	if (table->link >= e->section_cnt)
		return 0;
	err = elf__read_section(e, table, ELF_MAX_TABLE_BYTES, &symbols);
	if (!err)
		err = elf__read_section(e, &e->sections[table->link], ELF_MAX_TABLE_BYTES, &names);
	if (err)
		return err == -ENOMEM ? err : 0;
	for (size_t at = 0; symbols.len - at >= sizeof(s); at += sizeof(s)) {
		memcpy(&s, symbols.data + at, sizeof(s));
		elf_object_take(objects, cnt, &s, &names);
	}
	return 0;
}

int elf_objects_find(const struct elf *e, struct elf_object *objects, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		objects[i].vaddr = objects[i].size = 0;
	for (size_t i = 0; e->is_64 && i < e->section_cnt; i++)
		if (e->sections[i].type == SHT_SYMTAB)
			return elf_objects_find_in(e, &e->sections[i], objects, cnt);
	return 0;
}
