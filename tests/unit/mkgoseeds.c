/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * mkgoseeds DIR: writes the seeds of fuzz_gopclntab to DIR/gopclntab. Run by hand when Go's linker learns a new form; what
 * it writes is committed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fixtures/mkgo.h"

static const char *seed_dir;

static void write_seed(const char *name, int form, char kind, const void *data, size_t len)
{
	static const char *const forms[] = {"1.2", "1.16", "1.18", "1.20"};
	char path[4096];
	FILE *fp;

	snprintf(path, sizeof(path), "%s/gopclntab/%s-%s", seed_dir, name, forms[form]);
	fp = fopen(path, "wb");
	if (!fp) {
		perror(path);
		exit(1);
	}
	fputc(kind, fp);
	fwrite(data, 1, len, fp);
	if (fclose(fp))
		exit(1);
}

static void write_form(int form)
{
	_cleanup_buf_ struct buf file = {0}, pie = {0};
	struct mkgo g;

	mkgo__init_usual(&g, (enum gopclntab_form)form);
	mkgo__write(&g, &file);
	write_seed("table", form, 1, file.data + g.table_off, g.table_bytes);
	mkgo__fini(&g);
	mkgo__init_usual(&g, (enum gopclntab_form)form);
	g.relocated = true;
	g.sections = false;
	mkgo__write(&g, &pie);
	write_seed("pie", form, 0, pie.data, pie.len);
	mkgo__fini(&g);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: mkgoseeds DIR\n");
		return 2;
	}
	seed_dir = argv[1];
	for (int form = GOPCLNTAB_1_2; form <= GOPCLNTAB_1_20; form++)
		write_form(form);
	return 0;
}
