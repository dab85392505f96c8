/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/pe.h"

#include <errno.h>
#include <string.h>

#include "base/cursor.h"
#include "base/log.h"

#define PE_DOS_BYTES	  64
#define PE_COFF_BYTES	  24  /* with the signature */
#define PE_OPTIONAL_BYTES 240 /* as much as is looked at of the optional header */
#define PE_DIR_EXPORT	  0
#define PE_DIR_DEBUG	  6
#define PE_DEBUG_BYTES	  28
#define PE_DEBUG_MAX	  64
#define PE_DEBUG_CODEVIEW 2
#define PE_STRING_STEP	  128

/* ---- sections ---- */

void pe_section_parse(const uint8_t *data, struct pe_section *ret)
{
	struct cursor c = cursor_over(data, PE_SECTION_BYTES);

	*ret = (struct pe_section){.rva = 0};
	memcpy(ret->name, cursor__bytes(&c, 8), 8);
	ret->bytes = cursor__u32(&c);
	ret->rva = cursor__u32(&c);
	ret->file_bytes = cursor__u32(&c);
	ret->off = cursor__u32(&c);
	cursor__skip(&c, 12);
	ret->flags = cursor__u32(&c);
	/* Some linkers leave it out. */
	if (!ret->bytes)
		ret->bytes = ret->file_bytes;
}

bool pe_section__is_code(const struct pe_section *s)
{
	return s->flags & (PE_SECTION_CODE | PE_SECTION_EXECUTE);
}

const struct pe_section *pe__section(const struct pe *p, uint32_t rva)
{
	for (uint32_t i = 0; i < p->section_cnt; i++)
		if (rva >= p->sections[i].rva && rva - p->sections[i].rva < p->sections[i].bytes)
			return &p->sections[i];
	return NULL;
}

int pe__read(const struct pe *p, uint32_t rva, void *to, size_t len)
{
	const struct pe_section *s = pe__section(p, rva);
	uint64_t off = rva;
	int err;

	if (s) {
		off = rva - s->rva;
		if (off > s->file_bytes || len > s->file_bytes - off)
			return -EBADMSG;
		off += s->off;
	} else if (rva > p->header_bytes || len > p->header_bytes - rva) {
		return -EBADMSG;
	}
	err = file_input__read(&p->in, to, len, off);
	return err == -ENODATA ? -EBADMSG : err;
}

/* How many bytes of the file follow at @rva, at most @max. */
static size_t pe__room(const struct pe *p, uint32_t rva, size_t max)
{
	const struct pe_section *s = pe__section(p, rva);
	uint64_t off, left;

	if (!s || rva - s->rva >= s->file_bytes)
		return 0;
	off = (uint64_t)s->off + (rva - s->rva);
	left = s->file_bytes - (rva - s->rva);
	if (off >= p->in.bytes)
		return 0;
	if (left > p->in.bytes - off)
		left = p->in.bytes - off;
	return left < max ? (size_t)left : max;
}

int pe__string(const struct pe *p, uint32_t rva, char *to, size_t cap)
{
	size_t room = pe__room(p, rva, cap - 1), have = 0;

	while (have < room) {
		size_t step = room - have < PE_STRING_STEP ? room - have : PE_STRING_STEP;
		int err = pe__read(p, rva + (uint32_t)have, to + have, step);

		if (err)
			return err;
		if (memchr(to + have, 0, step))
			return 0;
		have += step;
	}
	to[have] = '\0';
	return room == cap - 1 ? 0 : -EBADMSG;
}

/* ---- headers ---- */

static int pe_not_one(void)
{
	return error_set(-EBADMSG,
			 "is no program, library or driver of Windows (PE), or is damaged");
}

/* 32- and 64-bit files differ in what lies between. */
static int pe__parse_optional(struct pe *p, const uint8_t *data, size_t len)
{
	struct cursor c = cursor_over(data, len);
	uint16_t magic = cursor__u16(&c);
	uint32_t dir_cnt;
	struct pe_part dirs[PE_DIR_DEBUG + 1] = {{0}};

	if (magic != 0x10b && magic != 0x20b)
		return -EBADMSG;
	p->is_64bit = magic == 0x20b;
	cursor__skip(&c, 54);
	p->image_bytes = cursor__u32(&c);
	p->header_bytes = cursor__u32(&c);
	cursor__skip(&c, p->is_64bit ? 44 : 28);
	dir_cnt = cursor__u32(&c);
	if (c.err)
		return -EBADMSG;
	for (uint32_t i = 0; i < dir_cnt && i <= PE_DIR_DEBUG; i++) {
		dirs[i].rva = cursor__u32(&c);
		dirs[i].bytes = cursor__u32(&c);
	}
	/* Those that are cut are not there. */
	p->exports = dirs[PE_DIR_EXPORT];
	p->debug = dirs[PE_DIR_DEBUG];
	return 0;
}

static int pe__read_sections(struct pe *p, uint64_t off)
{
	uint8_t data[PE_SECTION_BYTES];
	int err;

	for (uint32_t i = 0; i < p->section_cnt; i++, off += sizeof(data)) {
		err = file_input__read(&p->in, data, sizeof(data), off);
		if (err)
			return err;
		pe_section_parse(data, &p->sections[i]);
	}
	return 0;
}

static int pe__read_coff(struct pe *p, uint64_t off)
{
	uint8_t head[PE_COFF_BYTES], optional[PE_OPTIONAL_BYTES];
	struct cursor c = cursor_over(head, sizeof(head));
	uint16_t optional_bytes;
	size_t len;
	int err = file_input__read(&p->in, head, sizeof(head), off);

	if (err)
		return err;
	if (cursor__u32(&c) != 0x4550) /* "PE\0\0" */
		return -EBADMSG;
	p->machine = cursor__u16(&c);
	p->section_cnt = cursor__u16(&c);
	p->time_stamp = cursor__u32(&c);
	p->symbol_off = cursor__u32(&c);
	p->symbol_cnt = cursor__u32(&c);
	optional_bytes = cursor__u16(&c);
	if (p->section_cnt > PE_MAX_SECTIONS)
		return -EBADMSG;
	off += sizeof(head);
	len = optional_bytes < sizeof(optional) ? optional_bytes : sizeof(optional);
	err = file_input__read(&p->in, optional, len, off);
	if (!err)
		err = pe__parse_optional(p, optional, len);
	return err ? err : pe__read_sections(p, off + optional_bytes);
}

int pe__open(struct pe *p, const struct file_input *in)
{
	uint8_t dos[PE_DOS_BYTES];
	uint32_t off = 0;
	int err = file_input__read(in, dos, sizeof(dos), 0);

	*p = (struct pe){.in = *in};
	if (!err && (dos[0] != 'M' || dos[1] != 'Z'))
		err = -EBADMSG;
	if (!err) {
		memcpy(&off, dos + 0x3c, sizeof(off));
		err = pe__read_coff(p, off);
	}
	return err == -EBADMSG || err == -ENODATA ? pe_not_one() : err;
}

/* ---- its PDB ---- */

static int pe__parse_codeview(const uint8_t *data, size_t len, struct pe_pdb *ret)
{
	struct cursor c = cursor_over(data, len);
	uint32_t magic = cursor__u32(&c);
	const void *guid = cursor__bytes(&c, PE_GUID_BYTES);
	uint32_t age = cursor__u32(&c);
	size_t name_len;

	if (c.err || magic != 0x53445352) /* "RSDS" */
		return -ENOENT;
	*ret = (struct pe_pdb){.age = age};
	memcpy(ret->guid, guid, PE_GUID_BYTES);
	name_len = strnlen((const char *)c.pos, cursor__left(&c));
	if (name_len >= sizeof(ret->name))
		name_len = sizeof(ret->name) - 1;
	memcpy(ret->name, c.pos, name_len);
	return 0;
}

/* One entry of the directory of debug information. */
static int pe__read_debug(const struct pe *p, const uint8_t *entry, struct pe_pdb *ret)
{
	struct cursor c = cursor_over(entry, PE_DEBUG_BYTES);
	uint8_t data[24 + sizeof(ret->name)];
	uint32_t kind, bytes, rva, off;
	int err;

	cursor__skip(&c, 12);
	kind = cursor__u32(&c);
	bytes = cursor__u32(&c);
	rva = cursor__u32(&c);
	off = cursor__u32(&c);
	if (kind != PE_DEBUG_CODEVIEW)
		return -ENOENT;
	if (bytes > sizeof(data))
		bytes = sizeof(data);
	/* It need not be loaded. */
	err = rva ? pe__read(p, rva, data, bytes) : file_input__read(&p->in, data, bytes, off);
	if (err)
		return err == -ENODATA ? -EBADMSG : err;
	return pe__parse_codeview(data, bytes, ret);
}

int pe__pdb(const struct pe *p, struct pe_pdb *ret)
{
	uint32_t cnt = p->debug.bytes / PE_DEBUG_BYTES;
	int err = -ENOENT;

	for (uint32_t i = 0; err == -ENOENT && i < cnt && i < PE_DEBUG_MAX; i++) {
		uint8_t entry[PE_DEBUG_BYTES];

		err = pe__read(p, p->debug.rva + i * PE_DEBUG_BYTES, entry, sizeof(entry));
		if (!err)
			err = pe__read_debug(p, entry, ret);
	}
	return err;
}
