/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * mkpdbseeds DIR: writes the seeds of fuzz_pdb and fuzz_pe below DIR. Run by hand when a reader learns something new; what it writes
 * is committed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fixtures/mkpdb.h"
#include "fixtures/mkpe.h"

static const char *seed_dir;

static void write_seed(const char *name, const struct buf *b)
{
	char path[4096];
	FILE *fp;

	snprintf(path, sizeof(path), "%s/%s", seed_dir, name);
	fp = fopen(path, "wb");
	if (!fp) {
		perror(path);
		exit(1);
	}
	fwrite(b->data, 1, b->len, fp);
	if (fclose(fp))
		exit(1);
}

static void write_pdb(const char *name, bool no_sections, bool moved)
{
	static const uint32_t lines[][2] = {{0, 10}, {4, 11}, {9, 0xfeefee}};
	_cleanup_buf_ struct buf file;
	struct mkpdb m;

	mkpdb__init(&m);
	m.no_sections = no_sections;
	mkpdb__public(&m, 1, 0, 2, "?f@ns@@YAXXZ");
	mkpdb__public(&m, 2, 0x10, 0, "data");
	mkpdb__procedure(&m, 0, 1, 0, 0x20, true, "ns::f");
	mkpdb__procedure(&m, 1, 1, 0x40, 0x30, false, "hidden");
	mkpdb__thunk(&m, 1, 1, 0x80, 6, "jump");
	mkpdb__contribution(&m, 0, 1, 0, 0x20);
	mkpdb__contribution(&m, 1, 1, 0x40, 0x50);
	mkpdb__lines(&m, 0, 1, 0, 0x20, "a.c", lines, 3);
	mkpdb__lines(&m, 1, 1, 0x40, 0x30, "b.c", lines, 3);
	if (moved) {
		mkpdb__omap(&m, 0x1000, 0x1040);
		mkpdb__omap(&m, 0x1020, 0);
		mkpdb__omap(&m, 0x1800, 0x1000);
	}
	buf__init(&file, 1 << 20);
	mkpdb__write(&m, &file);
	write_seed(name, &file);
	mkpdb__fini(&m);
}

static void write_pe(const char *name, bool is_32bit, bool coff)
{
	_cleanup_buf_ struct buf file;
	struct mkpe m;

	mkpe__init(&m);
	m.is_32bit = is_32bit;
	mkpe__export(&m, "?Make@@YAXXZ", 0x1010);
	mkpe__forward(&m, "Elsewhere", "OTHER.Function");
	if (coff) {
		mkpe__symbol(&m, "main", 0x20, true, 1);
		mkpe__symbol(&m, "a_name_that_is_longer", 0x40, false, 0);
	}
	buf__init(&file, 1 << 20);
	mkpe__write(&m, &file);
	write_seed(name, &file);
	mkpe__fini(&m);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: mkpdbseeds DIR\n");
		return 2;
	}
	seed_dir = argv[1];
	write_pdb("pdb/usual", false, false);
	write_pdb("pdb/map", true, false);
	write_pdb("pdb/moved", false, true);
	write_pe("pe/usual", false, true);
	write_pe("pe/exports", false, false);
	write_pe("pe/32bit", true, true);
	return 0;
}
