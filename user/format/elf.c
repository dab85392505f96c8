/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/elf.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/cursor.h"
#include "base/log.h"
#include "base/os_read.h"

#define ELF_MAX_NOTE_BYTES 65536

/* Where the tables are: the part of the header that is of no use once they are read. */
struct elf_layout {
	uint64_t segment_off, section_off;
	uint16_t segment_cnt, segment_bytes;
	uint16_t section_cnt, section_bytes;
	uint16_t names_idx;
};

/* An address, offset or size: as wide as the file's class. */
static uint64_t elf_word(const struct elf *e, struct cursor *c)
{
	return e->is_64 ? cursor__u64(c) : cursor__u32(c);
}

/* The one place that touches the file: a range is inside, or it is an error. */
int elf__read(const struct elf *e, uint64_t off, size_t len, void *to)
{
	int err;

	if (off > e->file_bytes || len > e->file_bytes - off)
		return -EBADMSG;
	if (e->fd < 0) {
		if (len)
			memcpy(to, e->data + off, len);
		return 0;
	}
	err = os_pread(e->fd, to, len, off);
	return err == -ENODATA ? -EBADMSG : err;
}

/* A range into memory of its own, which is only asked for if the file is large enough. */
int elf__read_range(const struct elf *e, uint64_t off, uint64_t len, size_t max_bytes,
		    struct buf *ret)
{
	struct buf b;
	void *to;
	int err;

	if (off > e->file_bytes || len > e->file_bytes - off)
		return -EBADMSG;
	if (len > max_bytes)
		return -E2BIG;
	buf__init(&b, max_bytes);
	to = buf__reserve(&b, (size_t)len);
	if (!to)
		return b.err;
	err = elf__read(e, off, (size_t)len, to);
	if (err) {
		buf__fini(&b);
		return err;
	}
	buf__advance(&b, (size_t)len);
	*ret = b;
	return 0;
}

static int elf_read_header(struct elf *e, struct elf_layout *l)
{
	uint8_t raw[sizeof(Elf64_Ehdr)] = {0};
	size_t len = e->file_bytes < sizeof(raw) ? (size_t)e->file_bytes : sizeof(raw);
	struct cursor c = cursor_over(raw, len);
	const uint8_t *ident;
	int err;

	err = elf__read(e, 0, len, raw);
	if (err)
		return err;
	ident = cursor__bytes(&c, EI_NIDENT);
	if (!ident || memcmp(ident, ELFMAG, SELFMAG) != 0)
		return error_set(-ENOEXEC, "elf: not an ELF file");
	if (ident[EI_DATA] != ELFDATA2LSB ||
	    (ident[EI_CLASS] != ELFCLASS64 && ident[EI_CLASS] != ELFCLASS32))
		return error_set(-ENOEXEC, "elf: neither 64 nor 32 bit little endian");
	e->is_64 = ident[EI_CLASS] == ELFCLASS64;
	e->type = cursor__u16(&c);
	e->machine = cursor__u16(&c);
	cursor__skip(&c, 4); /* e_version */
	e->entry = elf_word(e, &c);
	l->segment_off = elf_word(e, &c);
	l->section_off = elf_word(e, &c);
	cursor__skip(&c, 4 + 2); /* e_flags, e_ehsize */
	l->segment_bytes = cursor__u16(&c);
	l->segment_cnt = cursor__u16(&c);
	l->section_bytes = cursor__u16(&c);
	l->section_cnt = cursor__u16(&c);
	l->names_idx = cursor__u16(&c);
	return c.err ? error_set(-EBADMSG, "elf: header cut short") : 0;
}

static struct elf_segment elf_parse_segment(const struct elf *e, struct cursor *c)
{
	struct elf_segment s = {.type = cursor__u32(c)};

	if (e->is_64)
		s.flags = cursor__u32(c);
	s.off = elf_word(e, c);
	s.vaddr = elf_word(e, c);
	elf_word(e, c); /* p_paddr */
	s.file_bytes = elf_word(e, c);
	s.mem_bytes = elf_word(e, c);
	if (!e->is_64)
		s.flags = cursor__u32(c);
	s.align = elf_word(e, c);
	/* So that sums of offset or address and a distance inside the segment can't overflow. */
	if (s.file_bytes > UINT64_MAX - s.off || s.file_bytes > UINT64_MAX - s.vaddr)
		s.type = PT_NULL;
	return s;
}

static int elf_load_segments(struct elf *e, const struct elf_layout *l)
{
	size_t entry = e->is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	_cleanup_buf_ struct buf raw = {0};
	struct cursor c;
	int err;

	if (!l->segment_cnt)
		return 0;
	if (l->segment_bytes != entry || l->segment_cnt > ELF_MAX_SEGMENTS)
		return error_set(-EBADMSG, "elf: %u program headers of %u bytes", l->segment_cnt,
				 l->segment_bytes);
	err = elf__read_range(e, l->segment_off, l->segment_cnt * entry, ELF_MAX_SEGMENTS * entry,
			      &raw);
	if (err == -EBADMSG)
		return error_set(err, "elf: program headers lie outside of the file");
	if (err)
		return err;
	e->segments = calloc(l->segment_cnt, sizeof(*e->segments));
	if (!e->segments)
		return -ENOMEM;
	c = cursor_over(raw.data, raw.len);
	for (size_t i = 0; i < l->segment_cnt; i++)
		e->segments[i] = elf_parse_segment(e, &c);
	e->segment_cnt = l->segment_cnt;
	return 0;
}

static struct elf_section elf_parse_section(const struct elf *e, struct cursor *c)
{
	struct elf_section s = {.name_off = cursor__u32(c), .type = cursor__u32(c)};

	s.flags = elf_word(e, c);
	s.addr = elf_word(e, c);
	s.off = elf_word(e, c);
	s.size = elf_word(e, c);
	s.link = cursor__u32(c);
	cursor__skip(c, 4); /* sh_info */
	elf_word(e, c);	    /* sh_addralign */
	elf_word(e, c);	    /* sh_entsize: implied by the class */
	return s;
}

/* Counts that don't fit the header stand in section 0. */
static int elf_count_sections(const struct elf *e, const struct elf_layout *l, size_t entry,
			      uint64_t *ret_cnt, uint32_t *ret_names_idx)
{
	uint8_t raw[sizeof(Elf64_Shdr)];
	struct elf_section first;
	struct cursor c;
	int err;

	err = elf__read(e, l->section_off, entry, raw);
	if (err)
		return err;
	c = cursor_over(raw, entry);
	first = elf_parse_section(e, &c);
	*ret_cnt = l->section_cnt ? l->section_cnt : first.size;
	*ret_names_idx = l->names_idx == SHN_XINDEX ? first.link : l->names_idx;
	return *ret_cnt > ELF_MAX_SECTIONS ? -E2BIG : 0;
}

static int elf_parse_sections(struct elf *e, const struct elf_layout *l)
{
	size_t entry = e->is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	_cleanup_buf_ struct buf raw = {0};
	uint32_t names_idx;
	struct cursor c;
	uint64_t cnt;
	int err;

	if (!l->section_off)
		return 0;
	if (l->section_bytes != entry)
		return -EBADMSG;
	err = elf_count_sections(e, l, entry, &cnt, &names_idx);
	if (err || !cnt)
		return err;
	err = elf__read_range(e, l->section_off, cnt * entry, ELF_MAX_SECTIONS * entry, &raw);
	if (err)
		return err;
	e->sections = calloc(cnt, sizeof(*e->sections));
	if (!e->sections)
		return -ENOMEM;
	c = cursor_over(raw.data, raw.len);
	for (size_t i = 0; i < cnt; i++)
		e->sections[i] = elf_parse_section(e, &c);
	e->section_cnt = cnt;
	if (names_idx >= cnt)
		return 0;
	return elf__read_section(e, &e->sections[names_idx], ELF_MAX_TABLE_BYTES,
				 &e->section_names);
}

/* Damage only costs the sections (and with them symbols): see the header. */
static int elf_load_sections(struct elf *e, const struct elf_layout *l)
{
	int err = elf_parse_sections(e, l);

	return err == -ENOMEM ? err : 0;
}

static int elf_open(struct elf *e, bool want_sections)
{
	struct elf_layout l = {0};
	int err;

	err = elf_read_header(e, &l);
	if (!err)
		err = elf_load_segments(e, &l);
	if (!err && want_sections)
		err = elf_load_sections(e, &l);
	if (err)
		elf__close(e);
	return err;
}

static int elf_open_fd(struct elf *e, int fd, bool want_sections)
{
	int err;

	*e = (struct elf){.fd = fd};
	err = os_file_bytes(fd, &e->file_bytes);
	return err ? err : elf_open(e, want_sections);
}

int elf__open(struct elf *e, int fd)
{
	return elf_open_fd(e, fd, true);
}

int elf__open_memory(struct elf *e, const void *data, size_t len)
{
	*e = (struct elf){.fd = -1, .data = data, .file_bytes = len};
	return elf_open(e, true);
}

void elf__close(struct elf *e)
{
	free(e->segments);
	free(e->sections);
	buf__fini(&e->section_names);
	*e = (struct elf){.fd = -1};
}

int elf__vaddr_to_off(const struct elf *e, uint64_t vaddr, uint64_t *ret_off)
{
	for (size_t i = 0; i < e->segment_cnt; i++) {
		const struct elf_segment *s = &e->segments[i];

		if (s->type == PT_LOAD && vaddr - s->vaddr < s->file_bytes) {
			*ret_off = s->off + (vaddr - s->vaddr);
			return 0;
		}
	}
	return -ENOENT;
}

int elf__off_to_vaddr(const struct elf *e, uint64_t off, uint64_t *ret_vaddr)
{
	const struct elf_segment *found = NULL;

	/*
	 * A page may be mapped by two segments; offsets come from code, so the executable one is
	 * meant.
	 */
	for (size_t i = 0; i < e->segment_cnt; i++) {
		const struct elf_segment *s = &e->segments[i];

		if (s->type != PT_LOAD || off - s->off >= s->file_bytes)
			continue;
		if (!found || (!(found->flags & PF_X) && (s->flags & PF_X)))
			found = s;
	}
	if (!found)
		return -ENOENT;
	*ret_vaddr = found->vaddr + (off - found->off);
	return 0;
}

const char *elf__section_name(const struct elf *e, const struct elf_section *s)
{
	return s->name_off < e->section_names.len ? e->section_names.data + s->name_off : "";
}

const struct elf_section *elf__find_section(const struct elf *e, const char *name)
{
	for (size_t i = 0; i < e->section_cnt; i++)
		if (!strcmp(elf__section_name(e, &e->sections[i]), name))
			return &e->sections[i];
	return NULL;
}

int elf__read_section(const struct elf *e, const struct elf_section *s, size_t max_bytes,
		      struct buf *ret)
{
	if (s->type == SHT_NOBITS || s->type == SHT_NULL)
		return -EBADMSG;
	if (s->flags & SHF_COMPRESSED)
		return -ENOTSUP;
	return elf__read_range(e, s->off, s->size, max_bytes, ret);
}

/* A symbol before it is known to be a function. */
struct elf_symbol {
	uint32_t name_off;
	uint8_t info;
	uint16_t section;
	uint64_t value, size;
};

static struct elf_symbol elf_parse_symbol(const struct elf *e, struct cursor *c)
{
	struct elf_symbol s = {.name_off = cursor__u32(c)};

	if (!e->is_64) {
		s.value = cursor__u32(c);
		s.size = cursor__u32(c);
	}
	s.info = cursor__u8(c);
	cursor__u8(c); /* st_other */
	s.section = cursor__u16(c);
	if (e->is_64) {
		s.value = cursor__u64(c);
		s.size = cursor__u64(c);
	}
	return s;
}

static bool elf_is_function(const struct elf *e, const struct elf_symbol *s, const char *name)
{
	if (!*name || s->section == SHN_UNDEF)
		return false;
	if (s->section >= SHN_LORESERVE && s->section != SHN_XINDEX)
		return false;
	switch (ELF64_ST_TYPE(s->info)) {
	case STT_FUNC:
	case STT_GNU_IFUNC:
		return true;
	case STT_NOTYPE:
		return s->size && *name != '$' && s->section < e->section_cnt &&
		       (e->sections[s->section].flags & SHF_EXECINSTR);
	default:
		return false;
	}
}

/* Without the version that .symtab appends; '@' at the very start would be the name itself. */
static size_t elf_name_len(const char *name)
{
	size_t len = strnlen(name, ELF_MAX_NAME_BYTES);
	const char *at = len > 1 ? memchr(name + 1, '@', len - 1) : NULL;

	return at ? (size_t)(at - name) : len;
}

static int elf_each_symbol(const struct elf *e, const struct buf *symbols, const struct buf *names,
			   elf_function_fn fn, void *arg)
{
	size_t entry = e->is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	struct cursor c = cursor_over(symbols->data, symbols->len);
	int err = 0;

	while (!err && cursor__left(&c) >= entry) {
		struct elf_symbol s = elf_parse_symbol(e, &c);
		const char *name = s.name_off < names->len ? names->data + s.name_off : "";
		struct elf_function f;

		if (!elf_is_function(e, &s, name))
			continue;
		f = (struct elf_function){
			.name = name,
			.name_len = elf_name_len(name),
			.vaddr = s.value,
			.size = s.size,
			.bind = ELF64_ST_BIND(s.info),
			.type = ELF64_ST_TYPE(s.info),
		};
		/* Bit 0 of an ARM function says "Thumb", it is not part of the address. */
		if (e->machine == EM_ARM)
			f.vaddr &= ~1ull;
		err = fn(arg, &f);
	}
	return err;
}

static int elf_each_in_table(const struct elf *e, const struct elf_section *table,
			     elf_function_fn fn, void *arg)
{
	_cleanup_buf_ struct buf symbols = {0}, names = {0};
	int err;

	if (table->link >= e->section_cnt)
		return 0;
	err = elf__read_section(e, table, ELF_MAX_TABLE_BYTES, &symbols);
	if (!err)
		err = elf__read_section(e, &e->sections[table->link], ELF_MAX_TABLE_BYTES, &names);
	if (err)
		return err == -ENOMEM ? err : 0;
	return elf_each_symbol(e, &symbols, &names, fn, arg);
}

int elf__each_function(const struct elf *e, elf_function_fn fn, void *arg)
{
	static const uint32_t types[] = {SHT_SYMTAB, SHT_DYNSYM};
	int err = 0;

	/* In an object file values count from the section's start: no address, no offset. */
	if (e->type == ET_REL)
		return 0;
	for (size_t t = 0; t < ARRAY_SIZE(types); t++)
		for (size_t i = 0; i < e->section_cnt; i++) {
			if (e->sections[i].type != types[t])
				continue;
			err = elf_each_in_table(e, &e->sections[i], fn, arg);
			if (err)
				return err;
			/*
			 * At most one of each kind is legal; thousands would be an attack on our
			 * time.
			 */
			break;
		}
	return 0;
}

/* Looks through one stretch of notes. Length of the id, or -ENOENT. */
static int elf_find_build_id(const struct buf *notes, size_t align,
			     uint8_t ret_id[ELF_BUILD_ID_MAX_LEN])
{
	struct cursor c = cursor_over(notes->data, notes->len);

	while (cursor__left(&c)) {
		uint32_t name_len = cursor__u32(&c), len = cursor__u32(&c), type = cursor__u32(&c);
		const void *name = cursor__bytes(&c, name_len);
		const void *desc;

		cursor__skip(&c, -cursor__offset(&c) & (align - 1));
		desc = cursor__bytes(&c, len);
		if (c.err)
			break;
		if (type == NT_GNU_BUILD_ID && name_len == 4 && !memcmp(name, "GNU", 4) && len &&
		    len <= ELF_BUILD_ID_MAX_LEN) {
			memcpy(ret_id, desc, len);
			return (int)len;
		}
		cursor__skip(&c, -cursor__offset(&c) & (align - 1));
	}
	return -ENOENT;
}

static int elf_build_id_at(const struct elf *e, uint64_t off, uint64_t len, uint64_t align,
			   uint8_t ret_id[ELF_BUILD_ID_MAX_LEN])
{
	_cleanup_buf_ struct buf notes = {0};
	int err;

	if (len > ELF_MAX_NOTE_BYTES)
		len = ELF_MAX_NOTE_BYTES;
	err = elf__read_range(e, off, len, ELF_MAX_NOTE_BYTES, &notes);
	if (err)
		return err == -ENOMEM ? err : -ENOENT;
	return elf_find_build_id(&notes, align == 8 ? 8 : 4, ret_id);
}

static int elf_build_id_of_segments(const struct elf *e, uint8_t ret_id[ELF_BUILD_ID_MAX_LEN])
{
	int ret = -ENOENT;

	for (size_t i = 0; ret == -ENOENT && i < e->segment_cnt; i++) {
		const struct elf_segment *s = &e->segments[i];

		if (s->type == PT_NOTE)
			ret = elf_build_id_at(e, s->off, s->file_bytes, s->align, ret_id);
	}
	return ret;
}

int elf__build_id(const struct elf *e, uint8_t ret_id[ELF_BUILD_ID_MAX_LEN])
{
	int ret = elf_build_id_of_segments(e, ret_id);
	const struct elf_section *s;

	if (ret != -ENOENT)
		return ret;
	s = elf__find_section(e, ".note.gnu.build-id");
	if (!s || s->type != SHT_NOTE)
		return -ENOENT;
	return elf_build_id_at(e, s->off, s->size, 4, ret_id);
}

int elf_build_id(int fd, uint8_t ret_id[ELF_BUILD_ID_MAX_LEN])
{
	struct elf e;
	int ret;

	ret = elf_open_fd(&e, fd, false);
	if (ret)
		return ret;
	ret = elf_build_id_of_segments(&e, ret_id);
	elf__close(&e);
	if (ret != -ENOENT)
		return ret;
	ret = elf__open(&e, fd);
	if (ret)
		return ret;
	ret = elf__build_id(&e, ret_id);
	elf__close(&e);
	return ret;
}
