/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/pdb_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"
#include "base/cursor.h"
#include "format/pdb_symbols.h"

#define PDB_CONTRIBUTION_BYTES 28 /* or more, by version */
#define PDB_CONTRIBUTIONS_V2   0xf13151e4u
#define PDB_C13_LINES	       0xf2
#define PDB_C13_CHECKSUMS      0xf4
#define PDB_LINE_NUMBER	       0xffffffu
#define PDB_LINE_NEVER_STEP    0xf00000u /* numbers from here on mean that there is no line */
#define PDB_NAMES_HEADER_BYTES 12
#define PDB_LINES_MAX_UNITS    (1u << 16) /* contributions have no more bits for their number */

/* A piece of a section that came from one unit. */
struct pdb_contribution {
	uint32_t rva, bytes;
	uint16_t unit;
};

/* Where the lines of a unit are. */
struct pdb_unit_lines {
	uint16_t stream;
	uint32_t off, bytes;
};

/* The lines of one stretch of code, mostly a function, as they stand in a unit. */
struct pdb_stretch {
	uint32_t rva, bytes;
	uint32_t off, end; /* of its blocks, in the data */
};

struct pdb_view {
	uint32_t unit; /* number + 1; 0: free */
	uint64_t used; /* when, in lookups */
	uint8_t *data;
	size_t len;
	uint32_t checksums, checksum_bytes; /* where in the data */
	struct pdb_stretch *stretches;	    /* by rva */
	size_t cnt, cap;
};

struct pdb_lines {
	const struct pdb *pdb;
	struct pdb_contribution *contributions; /* by rva */
	size_t cnt;
	struct pdb_unit_lines *units;
	size_t unit_cnt, unit_cap;
	struct pdb_view views[PDB_LINES_MAX_VIEWS];
	uint64_t lookup_cnt;
	uint64_t left; /* bytes of lines that units may still have */
};

/* ---- which unit ---- */

static int pdb_cmp_rva(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int pdb_contribution_cmp(const void *a, const void *b)
{
	const struct pdb_contribution *x = a, *y = b;

	return pdb_cmp_rva(x->rva, y->rva);
}

static int pdb_lines__parse_contributions(struct pdb_lines *l, struct cursor *c)
{
	size_t each = PDB_CONTRIBUTION_BYTES, cnt;

	if (cursor__u32(c) == PDB_CONTRIBUTIONS_V2)
		each += 4;
	cnt = cursor__left(c) / each;
	if (cnt > PDB_LINES_MAX_CONTRIBUTIONS)
		return -E2BIG;
	l->contributions = calloc(cnt + 1, sizeof(*l->contributions));
	if (!l->contributions)
		return -ENOMEM;
	for (size_t i = 0; i < cnt; i++) {
		struct cursor one = cursor_over(cursor__bytes(c, each), each);
		struct pdb_contribution *to = &l->contributions[l->cnt];
		uint16_t segment = (uint16_t)cursor__u32(&one);
		uint32_t off = cursor__u32(&one);

		to->bytes = cursor__u32(&one);
		cursor__u32(&one);
		to->unit = cursor__u16(&one);
		l->cnt += to->bytes && pdb__rva(l->pdb, segment, off, &to->rva);
	}
	qsort(l->contributions, l->cnt, sizeof(*l->contributions), pdb_contribution_cmp);
	return 0;
}

static int pdb_lines__read_contributions(struct pdb_lines *l)
{
	const struct pdb_part *part = &l->pdb->contributions;
	_cleanup_free_ uint8_t *data = NULL;
	struct cursor c;
	int err = msf__load(&l->pdb->msf, 3, part->off, part->bytes,
			    (size_t)PDB_LINES_MAX_CONTRIBUTIONS * 32, &data);

	if (err)
		return err;
	c = cursor_over(data, part->bytes);
	return pdb_lines__parse_contributions(l, &c);
}

static int pdb_lines__take_unit(void *arg, uint32_t number, const struct pdb_unit *u)
{
	struct pdb_lines *l = arg;
	int err = array__grow((void **)&l->units, &l->unit_cap, (size_t)number + 1,
			      sizeof(*l->units), PDB_LINES_MAX_UNITS);
	uint64_t off = (uint64_t)u->symbol_bytes + u->c11_bytes;

	if (err)
		return err;
	/* Units don't share streams: all of them have no more lines than the file has bytes. */
	if (u->c13_bytes > l->left)
		return -EBADMSG;
	l->left -= u->c13_bytes;
	l->units[l->unit_cnt++] = (struct pdb_unit_lines){
		.stream = off > UINT32_MAX ? PDB_NO_STREAM : u->stream,
		.off = (uint32_t)off,
		.bytes = u->c13_bytes,
	};
	return 0;
}

struct pdb_lines *pdb_lines__new(const struct pdb *p)
{
	struct pdb_lines *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return NULL;
	l->pdb = p;
	l->left = p->msf.in.bytes;
	err = pdb_lines__read_contributions(l);
	if (!err)
		err = pdb__each_unit(p, pdb_lines__take_unit, l);
	/* What stands before is good. */
	if (err == -EBADMSG && l->unit_cnt)
		err = 0;
	if (!err)
		return l;
	pdb_lines__free(l);
	errno = -err;
	return NULL;
}

static void pdb_view__close(struct pdb_view *v)
{
	free(v->data);
	free(v->stretches);
	*v = (struct pdb_view){.unit = 0};
}

void pdb_lines__free(struct pdb_lines *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < PDB_LINES_MAX_VIEWS; i++)
		pdb_view__close(&l->views[i]);
	free(l->contributions);
	free(l->units);
	free(l);
}

/* The unit of a linked RVA; NULL: not known. */
static const struct pdb_contribution *pdb_lines__contribution(const struct pdb_lines *l,
							      uint32_t rva)
{
	size_t lo = 0, hi = l->cnt;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->contributions[mid].rva <= rva)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || rva - l->contributions[lo - 1].rva >= l->contributions[lo - 1].bytes)
		return NULL;
	return &l->contributions[lo - 1];
}

/* ---- the lines of a unit ---- */

static int pdb_view__add(struct pdb_view *v, const struct pdb *p, struct cursor *c)
{
	struct pdb_stretch s;
	uint32_t off = cursor__u32(c);
	uint16_t segment = cursor__u16(c);
	int err;

	cursor__u16(c); /* whether columns follow lines: blocks tell their size */
	s.bytes = cursor__u32(c);
	if (c->err || !pdb__rva(p, segment, off, &s.rva))
		return 0;
	s.off = (uint32_t)(c->pos - v->data);
	s.end = (uint32_t)(c->end - v->data);
	err = array__grow((void **)&v->stretches, &v->cap, v->cnt + 1, sizeof(s), SIZE_MAX);
	if (!err)
		v->stretches[v->cnt++] = s;
	return err;
}

static int pdb_stretch_cmp(const void *a, const void *b)
{
	const struct pdb_stretch *x = a, *y = b;

	/* Equal functions may be one in the image: the first is taken, in every run. */
	return x->rva != y->rva ? pdb_cmp_rva(x->rva, y->rva) : pdb_cmp_rva(y->off, x->off);
}

/* What is damaged ends it; what stands before counts. */
static int pdb_view__parse(struct pdb_view *v, const struct pdb *p)
{
	struct cursor c = cursor_over(v->data, v->len);
	int err = 0;

	while (!err && cursor__left(&c) >= 8) {
		uint32_t kind = cursor__u32(&c), bytes = cursor__u32(&c);
		const uint8_t *data = cursor__bytes(&c, bytes);
		struct cursor part = cursor_over(data, data ? bytes : 0);

		if (!data)
			break;
		if (kind == PDB_C13_LINES) {
			err = pdb_view__add(v, p, &part);
		} else if (kind == PDB_C13_CHECKSUMS) {
			v->checksums = (uint32_t)(data - v->data);
			v->checksum_bytes = bytes;
		}
		if (bytes % 4)
			cursor__skip(&c, 4 - bytes % 4);
	}
	if (v->cnt)
		qsort(v->stretches, v->cnt, sizeof(*v->stretches), pdb_stretch_cmp);
	return err;
}

static struct pdb_view *pdb_lines__take_view(struct pdb_lines *l)
{
	struct pdb_view *oldest = &l->views[0];

	for (size_t i = 0; i < PDB_LINES_MAX_VIEWS; i++)
		if (l->views[i].used < oldest->used)
			oldest = &l->views[i];
	pdb_view__close(oldest);
	return oldest;
}

/* 0 and the lines of unit @number, perhaps none; -ENOMEM, -errno. */
static int pdb_lines__view(struct pdb_lines *l, uint32_t number, struct pdb_view **ret)
{
	const struct pdb_unit_lines *u = &l->units[number];
	struct pdb_view *v;
	int err = 0;

	for (size_t i = 0; i < PDB_LINES_MAX_VIEWS; i++) {
		if (l->views[i].unit != number + 1)
			continue;
		*ret = &l->views[i];
		return 0;
	}
	v = pdb_lines__take_view(l);
	if (u->stream != PDB_NO_STREAM && u->bytes)
		err = msf__load(&l->pdb->msf, u->stream, u->off, u->bytes, PDB_LINES_MAX_BYTES,
				&v->data);
	if (!err && v->data) {
		v->len = u->bytes;
		err = pdb_view__parse(v, l->pdb);
	}
	if (err && err != -EBADMSG && err != -E2BIG) {
		pdb_view__close(v);
		return err;
	}
	v->unit = number + 1;
	*ret = v;
	return 0;
}

static const struct pdb_stretch *pdb_view__stretch(const struct pdb_view *v, uint32_t rva)
{
	size_t lo = 0, hi = v->cnt;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (v->stretches[mid].rva <= rva)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || rva - v->stretches[lo - 1].rva >= v->stretches[lo - 1].bytes)
		return NULL;
	return &v->stretches[lo - 1];
}

/* ---- the line ---- */

struct pdb_line {
	uint32_t off, number; /* from the stretch's beginning; as it stands in the file */
	uint32_t file;	      /* place in the list of checksums */
};

/* A block is of one file. The last line that begins at or before @off, in *@best, which may be that of another block. */
static bool pdb_search_block(struct cursor *c, uint32_t off, bool found, struct pdb_line *best)
{
	uint32_t file = cursor__u32(c), cnt = cursor__u32(c), bytes = cursor__u32(c);
	const void *data = bytes < 12 ? NULL : cursor__bytes(c, bytes - 12);
	struct cursor lines = cursor_over(data, data ? bytes - 12 : 0);

	if (!data)
		c->err = -EBADMSG;
	for (uint32_t i = 0; i < cnt; i++) {
		uint32_t line_off = cursor__u32(&lines), number = cursor__u32(&lines);

		if (lines.err)
			break;
		if (line_off > off || (found && line_off < best->off))
			continue;
		*best = (struct pdb_line){line_off, number & PDB_LINE_NUMBER, file};
		found = true;
	}
	return found;
}

static bool pdb_view__search(const struct pdb_view *v, const struct pdb_stretch *s, uint32_t rva,
			     struct pdb_line *ret)
{
	struct cursor c = cursor_over(v->data + s->off, s->end - s->off);
	bool found = false;

	while (cursor__left(&c))
		found = pdb_search_block(&c, rva - s->rva, found, ret);
	return found && ret->number && ret->number < PDB_LINE_NEVER_STEP;
}

static int pdb_lines__file(const struct pdb_lines *l, const struct pdb_view *v, uint32_t file,
			   struct pdb_place *ret)
{
	uint32_t bytes = msf__bytes(&l->pdb->msf, l->pdb->names), off;
	uint64_t left;
	int err;

	if (file > v->checksum_bytes || v->checksum_bytes - file < 4)
		return -EBADMSG;
	memcpy(&off, v->data + v->checksums + file, sizeof(off));
	if ((uint64_t)off + PDB_NAMES_HEADER_BYTES >= bytes)
		return -EBADMSG;
	left = bytes - PDB_NAMES_HEADER_BYTES - off;
	if (left > sizeof(ret->file) - 1)
		left = sizeof(ret->file) - 1;
	err = msf__read(&l->pdb->msf, l->pdb->names, (uint64_t)off + PDB_NAMES_HEADER_BYTES,
			ret->file, (size_t)left);
	ret->file[err ? 0 : left] = '\0';
	return err || *ret->file ? err : -EBADMSG;
}

int pdb_lines__find(struct pdb_lines *l, uint32_t rva, struct pdb_place *ret)
{
	const struct pdb_contribution *c;
	const struct pdb_stretch *s;
	struct pdb_line line = {.number = 0};
	struct pdb_view *v;
	int err;

	if (!pdb__linked_rva(l->pdb, rva, &rva))
		return 0;
	c = pdb_lines__contribution(l, rva);
	if (!c || c->unit >= l->unit_cnt)
		return 0;
	err = pdb_lines__view(l, c->unit, &v);
	if (err)
		return err;
	v->used = ++l->lookup_cnt;
	s = pdb_view__stretch(v, rva);
	if (!s || !pdb_view__search(v, s, rva, &line))
		return 0;
	err = pdb_lines__file(l, v, line.file, ret);
	if (err)
		return err == -EBADMSG ? 0 : err;
	ret->line = line.number;
	return 1;
}
