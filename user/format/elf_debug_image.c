/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/elf_debug_image.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#define IMAGE_ALIGN 16

/* DWARF 2 to 5; .debug_info is first. */
static const char *const image_names[] = {
	".debug_info",	 ".debug_abbrev",   ".debug_str",  ".debug_line",  ".debug_line_str",
	".debug_ranges", ".debug_rnglists", ".debug_addr", ".debug_types", ".debug_str_offsets",
};

#define IMAGE_SECTION_CNT ARRAY_SIZE(image_names)

struct image_part {
	const struct elf_section *section; /* NULL: the file has none */
	struct buf unpacked;		   /* empty: it lies in the file as it is */
	uint64_t bytes;
	uint64_t off; /* in the image */
};

struct image_maker {
	const struct elf *elf;
	struct image_part parts[IMAGE_SECTION_CNT];
	uint64_t bytes; /* of the image */
};

static void image_maker__fini(struct image_maker *m)
{
	for (size_t i = 0; i < IMAGE_SECTION_CNT; i++)
		buf__fini(&m->parts[i].unpacked);
}

static void image_find_sections(struct image_maker *m)
{
	for (size_t i = 0; i < m->elf->section_cnt; i++) {
		const struct elf_section *s = &m->elf->sections[i];
		const char *name = elf__section_name(m->elf, s);

		if (s->type == SHT_NOBITS ||
		    (strncmp(name, ".debug_", 7) != 0 && strncmp(name, ".zdebug_", 8) != 0))
			continue;
		for (size_t j = 0; j < IMAGE_SECTION_CNT; j++)
			if (!m->parts[j].section &&
			    !strcmp(name + (name[1] == 'z') + 1, image_names[j] + 1))
				m->parts[j].section = s;
	}
}

static bool image_is_packed(const struct elf *e, const struct elf_section *s)
{
	return (s->flags & SHF_COMPRESSED) || elf__section_name(e, s)[1] == 'z';
}

/* Finds out how long a section is, which for a compressed one takes unpacking it. */
static int image_measure(struct image_maker *m, struct image_part *part, size_t max_bytes)
{
	const struct elf_section *s = part->section;
	int err;

	if (!s)
		return 0;
	part->bytes = s->size;
	if (s->off > m->elf->file_bytes || s->size > m->elf->file_bytes - s->off)
		return -EBADMSG;
	if (image_is_packed(m->elf, s)) {
		err = elf__unpack_section(m->elf, s, max_bytes - (size_t)m->bytes, &part->unpacked);
		if (err)
			return err;
		part->bytes = part->unpacked.len;
	}
	part->off = m->bytes;
	if (part->bytes > max_bytes - m->bytes)
		return -E2BIG;
	m->bytes = (m->bytes + part->bytes + IMAGE_ALIGN - 1) & ~(uint64_t)(IMAGE_ALIGN - 1);
	return m->bytes > max_bytes ? -E2BIG : 0;
}

static int image_copy(struct image_maker *m, struct image_part *part, uint8_t *image)
{
	if (!part->bytes)
		return 0;
	if (!part->unpacked.data)
		return elf__read(m->elf, part->section->off, (size_t)part->bytes,
				 image + part->off);
	memcpy(image + part->off, part->unpacked.data, part->unpacked.len);
	buf__fini(&part->unpacked);
	return 0;
}

/* The section table: none, the parts, the names. Names lie as image_write_names() has put them. */
static void image_write_tables(const struct image_maker *m, uint8_t *image, uint64_t names_off,
			       uint64_t names_bytes, uint64_t table_off)
{
	Elf64_Shdr table[IMAGE_SECTION_CNT + 2] = {0};
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = m->elf->machine,
		.e_version = EV_CURRENT,
		.e_shoff = table_off,
		.e_ehsize = sizeof(header),
		.e_shentsize = sizeof(table[0]),
		.e_shnum = ARRAY_SIZE(table),
		.e_shstrndx = ARRAY_SIZE(table) - 1,
	};
	uint32_t name = 1;

	for (size_t i = 0; i <= IMAGE_SECTION_CNT; i++) {
		const struct image_part *part = &m->parts[i < IMAGE_SECTION_CNT ? i : 0];
		bool is_names = i == IMAGE_SECTION_CNT;

		table[i + 1] = (Elf64_Shdr){
			.sh_name = name,
			.sh_type = is_names ? SHT_STRTAB : SHT_PROGBITS,
			.sh_offset = is_names ? names_off : part->off,
			.sh_size = is_names ? names_bytes : part->bytes,
			.sh_addralign = 1,
		};
		name += is_names ? 0 : (uint32_t)strlen(image_names[i]) + 1;
	}
	memcpy(image, &header, sizeof(header));
	memcpy(image + table_off, table, sizeof(table));
}

static void image_write_names(uint8_t *to)
{
	*to++ = '\0';
	for (size_t i = 0; i < IMAGE_SECTION_CNT; i++)
		to = (uint8_t *)stpcpy((char *)to, image_names[i]) + 1;
	strcpy((char *)to, ".shstrtab");
}

static uint64_t image_names_bytes(void)
{
	uint64_t bytes = 1 + sizeof(".shstrtab");

	for (size_t i = 0; i < IMAGE_SECTION_CNT; i++)
		bytes += strlen(image_names[i]) + 1;
	return bytes;
}

static int image_write(struct image_maker *m, struct buf *ret)
{
	uint64_t names_off = m->bytes, names_bytes = image_names_bytes();
	uint64_t table_off =
		(names_off + names_bytes + IMAGE_ALIGN - 1) & ~(uint64_t)(IMAGE_ALIGN - 1);
	size_t total = (size_t)(table_off + (IMAGE_SECTION_CNT + 2) * sizeof(Elf64_Shdr));
	_cleanup_buf_ struct buf b;
	uint8_t *image;
	int err = 0;

	buf__init(&b, total);
	image = buf__reserve(&b, total);
	if (!image)
		return b.err;
	memset(image + names_off, 0, total - names_off);
	for (size_t i = 0; !err && i < IMAGE_SECTION_CNT; i++)
		err = image_copy(m, &m->parts[i], image);
	if (err)
		return err;
	image_write_names(image + names_off);
	image_write_tables(m, image, names_off, names_bytes, table_off);
	buf__advance(&b, total);
	*ret = b;
	b = (struct buf){0};
	return 0;
}

int elf_debug_image(const struct elf *e, size_t max_bytes, struct buf *ret)
{
	_cleanup_(image_maker__fini) struct image_maker m = {.elf = e, .bytes = sizeof(Elf64_Ehdr)};
	int err = 0;

	if (max_bytes < sizeof(Elf64_Ehdr))
		return -E2BIG;
	image_find_sections(&m);
	if (!m.parts[0].section)
		return -ENODATA;
	for (size_t i = 0; !err && i < IMAGE_SECTION_CNT; i++)
		err = image_measure(&m, &m.parts[i], max_bytes);
	return err ? err : image_write(&m, ret);
}
