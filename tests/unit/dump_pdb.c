/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * dump_pdb FILE: what our reader makes of a PDB or PE file, for test_pdb_llvm.py. Tab-separated lines:
 *
 *   pdb GUID AGE; section RVA BYTES FLAGS; public SEGMENT OFFSET CODE NAME; proc SEGMENT OFFSET BYTES GLOBAL NAME;
 *   line RVA LINE FILE: the code from there on
 *   pe STAMP BYTES; id GUID AGE NAME; export RVA NAME; symbol RVA GLOBAL NAME
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "format/pdb_lines.h"
#include "format/pdb_symbols.h"

static void print_guid(const uint8_t *guid)
{
	for (size_t i = 0; i < PE_GUID_BYTES; i++)
		printf("%02x", guid[i]);
}

/* ---- a PDB ---- */

struct dump {
	struct pdb pdb;
	struct pdb_lines *lines;
};

static int print_public(void *arg, const struct pdb_symbol *s)
{
	(void)arg;
	printf("public\t%u\t%u\t%d\t%s\n", s->segment, s->off, s->is_code, s->name);
	return 0;
}

static void print_lines(struct dump *d, const struct pdb_symbol *s)
{
	struct pdb_place place, last = {.line = 0};
	uint32_t rva;

	for (uint32_t i = 0; i < s->bytes; i++) {
		if (!pdb__rva(&d->pdb, s->segment, s->off + i, &rva))
			return;
		if (pdb_lines__find(d->lines, rva, &place) != 1) {
			place.line = 0;
			snprintf(place.file, sizeof(place.file), "?");
		}
		if (!i || place.line != last.line || strcmp(place.file, last.file) != 0)
			printf("line\t%u\t%u\t%s\n", rva, place.line, place.file);
		last = place;
	}
}

static int print_procedure(void *arg, const struct pdb_symbol *s)
{
	struct dump *d = arg;

	if (s->kind == PDB_THUNK)
		return 0;
	printf("proc\t%u\t%u\t%u\t%d\t%s\n", s->segment, s->off, s->bytes,
	       s->kind == PDB_GLOBAL_PROCEDURE, s->name);
	if (d->lines)
		print_lines(d, s);
	return 0;
}

static int dump_pdb(const struct file_input *in)
{
	struct pdb_symbol_counts counts = {0};
	struct dump d = {.lines = NULL};
	int err = pdb__open(&d.pdb, in);

	if (err)
		return err;
	printf("pdb\t");
	print_guid(d.pdb.guid);
	printf("\t%u\n", d.pdb.age);
	for (uint32_t i = 0; i < d.pdb.section_cnt; i++)
		printf("section\t%u\t%u\t%#x\n", d.pdb.sections[i].rva, d.pdb.sections[i].bytes,
		       d.pdb.sections[i].flags);
	d.lines = pdb_lines__new(&d.pdb);
	if (!d.lines)
		fprintf(stderr, "no lines: %s\n", strerror(errno));
	err = pdb__each_public(&d.pdb, &counts, print_public, &d);
	if (!err)
		err = pdb__each_procedure(&d.pdb, &counts, print_procedure, &d);
	if (counts.bad_record_cnt || counts.bad_unit_cnt)
		printf("bad\t%" PRIu64 "\t%" PRIu64 "\n", counts.bad_record_cnt,
		       counts.bad_unit_cnt);
	pdb_lines__free(d.lines);
	pdb__close(&d.pdb);
	return err;
}

/* ---- a PE file ---- */

static int print_export(void *arg, const struct pe_symbol *s)
{
	(void)arg;
	printf("export\t%u\t%s\n", s->rva, s->name);
	return 0;
}

static int print_symbol(void *arg, const struct pe_symbol *s)
{
	(void)arg;
	printf("symbol\t%u\t%d\t%s\n", s->rva, s->is_global, s->name);
	return 0;
}

static int dump_pe(const struct file_input *in)
{
	struct pe_pdb id;
	struct pe pe;
	int err = pe__open(&pe, in);

	if (err)
		return err;
	printf("pe\t%u\t%u\n", pe.time_stamp, pe.image_bytes);
	err = pe__pdb(&pe, &id);
	if (!err) {
		printf("id\t");
		print_guid(id.guid);
		printf("\t%u\t%s\n", id.age, id.name);
	} else if (err != -ENOENT) {
		return err;
	}
	err = pe__each_export(&pe, print_export, NULL);
	return err ? err : pe__each_symbol(&pe, print_symbol, NULL);
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	struct file_input in;
	char magic[2] = "";
	int err;

	if (fd < 0) {
		fprintf(stderr, "usage: dump_pdb FILE\n");
		return 2;
	}
	err = file_input__open_fd(&in, fd);
	if (!err)
		err = file_input__read(&in, magic, sizeof(magic), 0);
	if (!err)
		err = magic[0] == 'M' && magic[1] == 'Z' ? dump_pe(&in) : dump_pdb(&in);
	if (err)
		fprintf(stderr, "%s %s\n", argv[1], error_text(err));
	return err ? 1 : 0;
}
