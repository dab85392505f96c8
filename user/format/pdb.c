/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/pdb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "base/log.h"

#define PDB_STREAM_INFO	       1
#define PDB_STREAM_DBI	       3
#define PDB_MAX_INFO_BYTES     (1u << 20)
#define PDB_DBI_HEADER_BYTES   64
#define PDB_FEATURE_FASTLINK   0x494e494d /* "MINI" */
#define PDB_MAP_SECTION_BYTES  20
#define PDB_MAP_EXECUTE	       4
#define PDB_PAGE_BYTES	       0x1000u
#define PDB_DEBUG_OMAP_TO      3 /* places in the optional header of DBI */
#define PDB_DEBUG_SECTIONS     5
#define PDB_DEBUG_OLD_SECTIONS 10
#define PDB_DEBUG_CNT	       11

/* ---- stream 1: whose it is ---- */

static bool pdb_has_name(const uint8_t *names, size_t len, uint32_t off, const char *name)
{
	size_t n = strlen(name) + 1;

	return off <= len && n <= len - off && !memcmp(names + off, name, n);
}

/* The sets of bits before the entries of a hash table. */
static void pdb_skip_bits(struct cursor *c)
{
	uint32_t words = cursor__u32(c);

	cursor__skip(c, (size_t)words * 4);
}

/* Streams that are known by name: text, then a hash table of where a name begins and which stream it is. */
static void pdb__parse_named(struct pdb *p, struct cursor *c)
{
	uint32_t len = cursor__u32(c);
	const uint8_t *names = cursor__bytes(c, len);
	uint32_t cnt = cursor__u32(c);

	cursor__u32(c); /* places in the table */
	pdb_skip_bits(c);
	pdb_skip_bits(c);
	for (uint32_t i = 0; i < cnt && !c->err; i++) {
		uint32_t off = cursor__u32(c), stream = cursor__u32(c);

		if (!c->err && pdb_has_name(names, len, off, "/names"))
			p->names = stream;
	}
}

static int pdb__parse_info(struct pdb *p, const uint8_t *data, size_t len)
{
	struct cursor c = cursor_over(data, len);
	const void *guid;

	cursor__skip(&c, 8); /* version, time */
	p->age = cursor__u32(&c);
	guid = cursor__bytes(&c, PE_GUID_BYTES);
	if (!guid)
		return -EBADMSG;
	memcpy(p->guid, guid, PE_GUID_BYTES);
	pdb__parse_named(p, &c);
	while (cursor__left(&c) >= 4)
		if (cursor__u32(&c) == PDB_FEATURE_FASTLINK)
			return error_set(
				-ENOTSUP,
				"was made with /DEBUG:FASTLINK, which leaves symbols in "
				"object files: link with /DEBUG:FULL, or run mspdbcmf.exe");
	return 0;
}

static int pdb__read_info(struct pdb *p)
{
	_cleanup_free_ uint8_t *data = NULL;
	uint32_t len = msf__bytes(&p->msf, PDB_STREAM_INFO);
	int err = msf__load(&p->msf, PDB_STREAM_INFO, 0, len, PDB_MAX_INFO_BYTES, &data);

	return err ? err : pdb__parse_info(p, data, len);
}

/* ---- stream 3: what the linker did ---- */

struct pdb_dbi {
	struct pdb_part section_map, debug;
};

static uint32_t pdb_next_part(struct pdb_part *part, uint32_t off, uint32_t bytes)
{
	*part = (struct pdb_part){.off = off, .bytes = bytes};
	return off + bytes;
}

static int pdb__parse_dbi(struct pdb *p, const uint8_t *head, struct pdb_dbi *ret)
{
	struct cursor c = cursor_over(head, PDB_DBI_HEADER_BYTES);
	uint32_t parts[8], off = PDB_DBI_HEADER_BYTES, left;
	struct pdb_part skipped;

	/* Before that there was another header: of compilers before 1998. */
	if (cursor__u32(&c) != UINT32_MAX)
		return error_set(-ENOTSUP, "is of a compiler of before 1998, which is not read: "
					   "build the program with a newer one");
	cursor__skip(&c, 4);
	p->age = cursor__u32(&c);
	cursor__skip(&c, 8);
	p->records = cursor__u16(&c);
	cursor__skip(&c, 2);
	/* Units, contributions, section map, files, type servers, (a number), debug header, edit and continue. */
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		parts[i] = cursor__u32(&c);
	cursor__skip(&c, 2);
	p->machine = cursor__u16(&c);
	parts[5] = 0;
	left = msf__bytes(&p->msf, PDB_STREAM_DBI) - PDB_DBI_HEADER_BYTES;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (parts[i] > left)
			return -EBADMSG;
		left -= parts[i];
	}
	off = pdb_next_part(&p->units, off, parts[0]);
	off = pdb_next_part(&p->contributions, off, parts[1]);
	off = pdb_next_part(&ret->section_map, off, parts[2]);
	off = pdb_next_part(&skipped, off, parts[3]);
	off = pdb_next_part(&skipped, off, parts[4]);
	off = pdb_next_part(&skipped, off, parts[7]);
	pdb_next_part(&ret->debug, off, parts[6]);
	return 0;
}

/* ---- sections ---- */

static int pdb__read_sections(struct pdb *p, uint16_t stream)
{
	uint32_t cnt = msf__bytes(&p->msf, stream) / PE_SECTION_BYTES;
	uint8_t data[PE_SECTION_BYTES];
	int err = 0;

	if (cnt > UINT16_MAX)
		return -EBADMSG;
	p->sections = calloc((size_t)cnt + 1, sizeof(*p->sections));
	if (!p->sections)
		return -ENOMEM;
	for (uint32_t i = 0; !err && i < cnt; i++) {
		err = msf__read(&p->msf, stream, (uint64_t)i * sizeof(data), data, sizeof(data));
		if (!err)
			pe_section_parse(data, &p->sections[p->section_cnt++]);
	}
	return err;
}

/*
 * PDBs of native images of .NET (ngen) have no section headers. Their sections lie behind each other in whole pages, the first one
 * behind the page of the image's headers.
 */
static int pdb__map_sections(struct pdb *p, const struct pdb_part *map)
{
	_cleanup_free_ uint8_t *data = NULL;
	uint64_t rva = PDB_PAGE_BYTES;
	struct cursor c;
	uint16_t cnt;
	int err;

	err = msf__load(&p->msf, PDB_STREAM_DBI, map->off, map->bytes, PDB_MAX_INFO_BYTES * 4,
			&data);
	if (err)
		return err;
	c = cursor_over(data, map->bytes);
	cnt = cursor__u16(&c);
	cursor__u16(&c);
	p->sections = calloc((size_t)cnt + 1, sizeof(*p->sections));
	if (!p->sections)
		return -ENOMEM;
	for (uint16_t i = 0; i < cnt && cursor__left(&c) >= PDB_MAP_SECTION_BYTES; i++) {
		struct pe_section *s = &p->sections[i];
		uint16_t flags = cursor__u16(&c);

		cursor__skip(&c, 14);
		s->bytes = cursor__u32(&c);
		/* The last one stands for all addresses without a section. */
		if (s->bytes == UINT32_MAX || rva + s->bytes > UINT32_MAX)
			break;
		s->rva = (uint32_t)rva;
		s->flags = flags & PDB_MAP_EXECUTE ? PE_SECTION_EXECUTE : 0;
		rva += (s->bytes + (uint64_t)PDB_PAGE_BYTES - 1) & ~(uint64_t)(PDB_PAGE_BYTES - 1);
		p->section_cnt++;
	}
	return 0;
}

/* ---- images that were rearranged ---- */

static int pdb__read_omap(struct pdb *p, uint16_t stream)
{
	uint32_t cnt = msf__bytes(&p->msf, stream) / sizeof(*p->omap);
	uint8_t *data;
	int err;

	if (cnt > PDB_MAX_OMAP)
		return -EBADMSG;
	if (!cnt)
		return 0;
	err = msf__load(&p->msf, stream, 0, cnt * sizeof(*p->omap), SIZE_MAX, &data);
	if (err)
		return err;
	p->omap = (struct pdb_omap *)data;
	p->omap_cnt = cnt;
	for (uint32_t i = 1; i < cnt; i++)
		if (p->omap[i].rva < p->omap[i - 1].rva)
			return -EBADMSG;
	return 0;
}

/* The last piece that begins at or before @rva; NULL: there is none. */
static const struct pdb_omap *pdb__omap(const struct pdb *p, uint32_t rva)
{
	uint32_t lo = 0, hi = p->omap_cnt;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (p->omap[mid].rva <= rva)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? &p->omap[lo - 1] : NULL;
}

bool pdb__linked_rva(const struct pdb *p, uint32_t rva, uint32_t *ret_linked)
{
	const struct pdb_omap *o;

	if (!p->omap) {
		*ret_linked = rva;
		return true;
	}
	o = pdb__omap(p, rva);
	if (!o || !o->from || o->from > UINT32_MAX - (rva - o->rva))
		return false;
	*ret_linked = o->from + (rva - o->rva);
	return true;
}

/* ---- all together ---- */

/* Which streams hold sections and the like. */
static int pdb__read_debug(struct pdb *p, const struct pdb_dbi *dbi)
{
	uint16_t streams[PDB_DEBUG_CNT];
	size_t len = dbi->debug.bytes & ~1u;
	bool moved;
	int err;

	memset(streams, 0xff, sizeof(streams));
	if (len > sizeof(streams))
		len = sizeof(streams);
	err = msf__read(&p->msf, PDB_STREAM_DBI, dbi->debug.off, streams, len);
	if (err)
		return err;
	moved = streams[PDB_DEBUG_OMAP_TO] != PDB_NO_STREAM &&
		streams[PDB_DEBUG_OLD_SECTIONS] != PDB_NO_STREAM;
	if (moved)
		err = pdb__read_omap(p, streams[PDB_DEBUG_OMAP_TO]);
	if (err)
		return err;
	if (p->omap)
		return pdb__read_sections(p, streams[PDB_DEBUG_OLD_SECTIONS]);
	if (streams[PDB_DEBUG_SECTIONS] != PDB_NO_STREAM)
		return pdb__read_sections(p, streams[PDB_DEBUG_SECTIONS]);
	return pdb__map_sections(p, &dbi->section_map);
}

static int pdb__read_dbi(struct pdb *p)
{
	uint8_t head[PDB_DBI_HEADER_BYTES];
	struct pdb_dbi dbi = {0};
	int err;

	/* A PDB of a compiler, with types only. */
	if (!msf__bytes(&p->msf, PDB_STREAM_DBI))
		return 0;
	err = msf__read(&p->msf, PDB_STREAM_DBI, 0, head, sizeof(head));
	if (!err)
		err = pdb__parse_dbi(p, head, &dbi);
	return err ? err : pdb__read_debug(p, &dbi);
}

int pdb__open(struct pdb *p, const struct file_input *in)
{
	int err;

	*p = (struct pdb){.names = PDB_NO_STREAM, .records = PDB_NO_STREAM};
	err = msf__open(&p->msf, in);
	if (err)
		return err;
	err = pdb__read_info(p);
	if (!err)
		err = pdb__read_dbi(p);
	if (err)
		pdb__close(p);
	if (err == -EBADMSG || err == -E2BIG)
		return error_set(-EBADMSG, "is damaged or cut: get it again");
	return err;
}

void pdb__close(struct pdb *p)
{
	msf__close(&p->msf);
	free(p->sections);
	free(p->omap);
	*p = (struct pdb){.sections = NULL};
}

bool pdb__rva(const struct pdb *p, uint16_t segment, uint32_t off, uint32_t *ret_rva)
{
	const struct pe_section *s;

	if (!segment || segment > p->section_cnt)
		return false;
	s = &p->sections[segment - 1];
	if (off >= s->bytes || s->rva > UINT32_MAX - off)
		return false;
	*ret_rva = s->rva + off;
	return true;
}
