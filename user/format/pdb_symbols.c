/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/pdb_symbols.h"

#include <errno.h>
#include <string.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define PDB_C13_SIGNATURE      4
#define PDB_PUBLIC_CODE	       (1 | 2) /* code, function */
#define PDB_UNIT_SKIPPED_BYTES 34      /* before the number of its stream */
#define PDB_UNIT_BETWEEN_BYTES 16      /* between sizes and names */

enum pdb_record_kind {
	S_THUNK32 = 0x1102,
	S_PUB32 = 0x110e,
	S_LPROC32 = 0x110f,
	S_GPROC32 = 0x1110,
	S_LPROC32_ID = 0x1146,
	S_GPROC32_ID = 0x1147,
	S_LPROC32_DPC = 0x1155,
	S_LPROC32_DPC_ID = 0x1156,
};

/* ---- records ---- */

/* One record of symbols, without its length. */
struct pdb_record {
	uint16_t kind;
	struct cursor body;
};

struct pdb_run {
	const struct pdb *pdb;
	struct pdb_symbol_counts *counts;
	pdb_symbol_fn fn;
	void *arg;
	uint64_t
		left; /* bytes of units that may be read: they don't share streams, so the file's are enough */
};

static bool pdb_parse_public(struct pdb_record *r, struct pdb_symbol *s)
{
	s->kind = PDB_PUBLIC;
	s->is_code = cursor__u32(&r->body) & PDB_PUBLIC_CODE;
	s->off = cursor__u32(&r->body);
	s->segment = cursor__u16(&r->body);
	return true;
}

static bool pdb_parse_procedure(struct pdb_record *r, struct pdb_symbol *s, bool global)
{
	s->kind = global ? PDB_GLOBAL_PROCEDURE : PDB_LOCAL_PROCEDURE;
	s->is_code = true;
	cursor__skip(&r->body, 12); /* where related records are */
	s->bytes = cursor__u32(&r->body);
	cursor__skip(&r->body, 12); /* begin and end for debuggers, type */
	s->off = cursor__u32(&r->body);
	s->segment = cursor__u16(&r->body);
	cursor__u8(&r->body);
	return true;
}

static bool pdb_parse_thunk(struct pdb_record *r, struct pdb_symbol *s)
{
	s->kind = PDB_THUNK;
	s->is_code = true;
	cursor__skip(&r->body, 12);
	s->off = cursor__u32(&r->body);
	s->segment = cursor__u16(&r->body);
	s->bytes = cursor__u16(&r->body);
	cursor__u8(&r->body);
	return true;
}

static bool pdb_parse_symbol(struct pdb_record *r, bool publics, struct pdb_symbol *s)
{
	if (publics)
		return r->kind == S_PUB32 && pdb_parse_public(r, s);
	switch (r->kind) {
	case S_GPROC32:
	case S_GPROC32_ID:
		return pdb_parse_procedure(r, s, true);
	case S_LPROC32:
	case S_LPROC32_ID:
	case S_LPROC32_DPC:
	case S_LPROC32_DPC_ID:
		return pdb_parse_procedure(r, s, false);
	case S_THUNK32:
		return pdb_parse_thunk(r, s);
	default:
		return false;
	}
}

static int pdb_run__take(struct pdb_run *run, struct pdb_record *r, bool publics)
{
	struct pdb_symbol s = {.kind = PDB_PUBLIC};

	if (!pdb_parse_symbol(r, publics, &s))
		return 0;
	s.name = cursor__cstr(&r->body);
	if (!s.name) {
		run->counts->bad_record_cnt++;
		return 0;
	}
	s.name_len = strlen(s.name);
	return s.name_len ? run->fn(run->arg, &s) : 0;
}

/* The records of a window. -EBADMSG: they end in the middle of one. */
static int pdb_run__records(struct pdb_run *run, struct msf_window *w, bool publics)
{
	const uint8_t *data;
	int err = 0;

	while (!err && w->pos < w->end) {
		struct pdb_record r;
		uint16_t bytes;

		err = msf_window__peek(w, 2, &data);
		if (err)
			break;
		memcpy(&bytes, data, 2);
		if (bytes < 2)
			return -EBADMSG;
		err = msf_window__peek(w, 2 + (size_t)bytes, &data);
		if (err)
			break;
		r.body = cursor_over(data + 2, bytes);
		r.kind = cursor__u16(&r.body);
		err = pdb_run__take(run, &r, publics);
		msf_window__skip(w, 2 + (uint64_t)bytes);
	}
	return err == -ENODATA ? -EBADMSG : err;
}

int pdb__each_public(const struct pdb *p, struct pdb_symbol_counts *counts, pdb_symbol_fn fn,
		     void *arg)
{
	struct pdb_run run = {.pdb = p, .counts = counts, .fn = fn, .arg = arg};
	_cleanup_(msf_window__close) struct msf_window w = {0};
	int err;

	if (p->records == PDB_NO_STREAM)
		return 0;
	err = msf_window__open(&w, &p->msf, p->records, 0, msf__bytes(&p->msf, p->records));
	if (!err)
		err = pdb_run__records(&run, &w, true);
	if (err == -EBADMSG)
		counts->bad_record_cnt++;
	return err == -EBADMSG ? 0 : err;
}

/* ---- units ---- */

static int pdb_run__unit_records(struct pdb_run *run, const struct pdb_unit *u)
{
	_cleanup_(msf_window__close) struct msf_window w = {0};
	const uint8_t *data;
	uint32_t signature;
	int err = msf_window__open(&w, &run->pdb->msf, u->stream, 0, u->symbol_bytes);

	if (!err)
		err = msf_window__peek(&w, 4, &data);
	if (err)
		return err;
	memcpy(&signature, data, 4);
	if (signature != PDB_C13_SIGNATURE)
		return -EBADMSG;
	msf_window__skip(&w, 4);
	return pdb_run__records(run, &w, false);
}

static int pdb_run__unit(void *arg, uint32_t number, const struct pdb_unit *u)
{
	struct pdb_run *run = arg;
	int err;

	(void)number;
	if (u->stream == PDB_NO_STREAM || !u->symbol_bytes)
		return 0;
	if (u->symbol_bytes > run->left)
		return -EBADMSG;
	run->left -= u->symbol_bytes;
	err = pdb_run__unit_records(run, u);
	if (err != -EBADMSG && err != -ENODATA)
		return err;
	run->counts->bad_unit_cnt++;
	return 0;
}

int pdb__each_procedure(const struct pdb *p, struct pdb_symbol_counts *counts, pdb_symbol_fn fn,
			void *arg)
{
	struct pdb_run run = {
		.pdb = p, .counts = counts, .fn = fn, .arg = arg, .left = p->msf.in.bytes};
	int err = pdb__each_unit(p, pdb_run__unit, &run);

	if (err == -EBADMSG || err == -E2BIG) {
		counts->bad_unit_cnt++;
		err = 0;
	}
	return err;
}

static void pdb_align(struct cursor *c)
{
	while (cursor__offset(c) % 4 && cursor__left(c))
		cursor__u8(c);
}

static int pdb_parse_unit(struct cursor *c, struct pdb_unit *ret)
{
	cursor__skip(c, PDB_UNIT_SKIPPED_BYTES);
	ret->stream = cursor__u16(c);
	ret->symbol_bytes = cursor__u32(c);
	ret->c11_bytes = cursor__u32(c);
	ret->c13_bytes = cursor__u32(c);
	cursor__skip(c, PDB_UNIT_BETWEEN_BYTES);
	ret->name = cursor__cstr(c);
	cursor__cstr(c); /* the archive that it came from */
	if (c->err)
		return -EBADMSG;
	pdb_align(c);
	return 0;
}

int pdb__each_unit(const struct pdb *p, pdb_unit_fn fn, void *arg)
{
	_cleanup_free_ uint8_t *data = NULL;
	struct cursor c;
	int err;

	if (!p->units.bytes)
		return 0;
	err = msf__load(&p->msf, 3, p->units.off, p->units.bytes, PDB_MAX_MODULE_BYTES, &data);
	if (err)
		return err;
	c = cursor_over(data, p->units.bytes);
	for (uint32_t i = 0; !err && cursor__left(&c); i++) {
		struct pdb_unit u;

		err = pdb_parse_unit(&c, &u);
		if (!err)
			err = fn(arg, i, &u);
	}
	return err;
}
