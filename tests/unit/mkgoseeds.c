/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * mkgoseeds DIR: writes the seeds of fuzz_gopclntab to DIR/gopclntab. Run by hand when Go's linker learns a new form; what
 * it writes is committed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* A program that can be probed: each function begins as one of Go does. */
static void write_probed(void)
{
	static const char *const files[] = {"/go/proc.go", NULL};
	static const struct mkgo_step steps[] = {{16, 0, 10, -1, 0}};
	static const char *const names[] = {"runtime.execute", "runtime.park_m", "runtime.ready"};
	static const uint8_t codes[3][17] = {
		{16, 0x49, 0x3b, 0x66, 0x10, 0x76, 0x02},
		{255, 0x4c, 0x8d, 0x64, 0x24, 0xd8, 0x4d, 0x3b, 0x66, 0x10, 0x0f, 0x86, 0x40},
		{16, 0x55, 0x48, 0x89, 0xe5},
	};
	static const char *const code_names[] = {"code-near", "code-far", "code-push"};
	_cleanup_buf_ struct buf file = {0};
	struct mkgo g;

	mkgo__init(&g, GOPCLNTAB_1_20);
	g.files = files;
	for (size_t i = 0; i < 3; i++)
		mkgo__func(&g, &(struct mkgo_func){names[i], 0, 16, steps, 1, NULL, 0, 0});
	mkgo__write(&g, &file);
	mkgo__fini(&g);
	for (size_t i = 0; i < 3; i++) {
		memcpy(file.data + MKGO_TEXT_OFF + 16 * i, codes[i % 2 * 2] + 1, 16);
		write_seed(code_names[i], GOPCLNTAB_1_20, 2, codes[i], sizeof(codes[i]));
	}
	write_seed("probed", GOPCLNTAB_1_20, 0, file.data, file.len);
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
	write_probed();
	return 0;
}
