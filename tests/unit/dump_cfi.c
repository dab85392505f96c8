/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * dump_cfi FILE: prints the rows that cfi_compile() makes of an ELF file, one a line:
 *
 *   address(hex) cfa reg off add flags ra fp bx      members of struct unwind_rule, decimal
 *
 * and then "total: N unsupported, N bad". The table that is made of the rows is searched at the
 * first and the last byte of each; where it says something else, that is printed, and the exit
 * status is 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "format/unwind_table.h"

static void print_row(const struct elf *e, const struct cfi_rows *rows, size_t i)
{
	const struct unwind_rule *r = &rows->rules[rows->rows[i].rule];
	uint64_t vaddr = 0;

	/* The end of the last function may be the end of the segment. */
	if (elf__off_to_vaddr(e, rows->rows[i].off, &vaddr) &&
	    !elf__off_to_vaddr(e, rows->rows[i].off - 1, &vaddr))
		vaddr++;
	printf("%" PRIx64 " %u %u %d %d %u %d %d %d\n", vaddr, r->cfa, r->reg, r->off, r->add,
	       r->flags, r->ra, r->fp, r->bx);
}

static bool table_says(const void *table, size_t bytes, uint64_t off,
		       const struct unwind_rule *rule)
{
	struct unwind_rule found;

	if (!unwind_table__find(table, bytes, off, &found))
		return rule->cfa == UNWIND_CFA_NONE;
	return !memcmp(&found, rule, sizeof(found));
}

static int check_table(const struct cfi_rows *rows)
{
	int block_cnt = unwind_table__block_cnt(rows), bad = 0;
	size_t bytes = (size_t)(block_cnt > 0 ? block_cnt : 0) * UNWIND_BLOCK_BYTES;
	_cleanup_free_ void *table = malloc(bytes);

	if (block_cnt < 0 || !table || unwind_table__build(rows, table, bytes)) {
		printf("no table: %d\n", block_cnt);
		return 1;
	}
	for (size_t i = 0; i < rows->cnt; i++) {
		const struct unwind_rule *rule = &rows->rules[rows->rows[i].rule];
		uint64_t first = rows->rows[i].off;
		uint64_t last = i + 1 < rows->cnt ? rows->rows[i + 1].off - 1 : first;

		if (table_says(table, bytes, first, rule) && table_says(table, bytes, last, rule))
			continue;
		printf("the table says something else at offset %" PRIx64 "\n", first);
		bad = 1;
	}
	return bad;
}

static int dump(const char *path, int fd)
{
	_cleanup_cfi_rows_ struct cfi_rows rows = {0};
	struct elf e;
	int err;

	err = elf__open(&e, fd);
	if (err) {
		fprintf(stderr, "%s: %s\n", path, error_text(err));
		return 1;
	}
	err = cfi_compile(&e, &rows);
	for (size_t i = 0; !err && i < rows.cnt; i++)
		print_row(&e, &rows, i);
	elf__close(&e);
	if (err) {
		fprintf(stderr, "%s: %s\n", path, strerror(-err));
		return 1;
	}
	printf("total: %" PRIu64 " unsupported, %" PRIu64 " bad\n", rows.unsupported_cnt,
	       rows.bad_cnt);
	return check_table(&rows);
}

int main(int argc, char **argv)
{
	int fd, ret;

	if (argc != 2) {
		fprintf(stderr, "usage: dump_cfi FILE\n");
		return 2;
	}
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	ret = dump(argv[1], fd);
	close(fd);
	return ret;
}
