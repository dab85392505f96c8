/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * dump_go_layout FILE MINOR: prints two lines, where struct go_layout has its members by the table, for Go 1.MINOR, and by the debug information
 * of the program in FILE; in place of either the error's number.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "format/elf.h"
#include "format/go_dwarf.h"

_Static_assert(sizeof(struct go_layout) % sizeof(uint16_t) == 0, "nothing but offsets");

static void print_layout(const struct go_layout *l, int err)
{
	const uint16_t *words = (const uint16_t *)l;

	if (err)
		printf("%d", err);
	for (size_t i = 0; !err && i < sizeof(*l) / sizeof(*words); i++)
		printf("%s%u", i ? " " : "", words[i]);
	putchar('\n');
}

int main(int argc, char **argv)
{
	struct go_layout l = {0};
	struct elf e;
	int fd, err;

	fd = argc == 3 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0 || elf__open(&e, fd))
		return 1;
	err = go_layout_of((unsigned int)atoi(argv[2]), &l) ? 0 : -ENOENT;
	print_layout(&l, err);
	err = go_dwarf_layout(&e, &l);
	print_layout(&l, err);
	elf__close(&e);
	close(fd);
	return 0;
}
