/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_debug.h"

#include "base/os_file.h"
#include "base/os_open.h"
#include "format/elf_debug.h"

/* @e: the file that refers to the common parts. */
static int debug_open_alt(int root_fd, const struct elf *e)
{
	struct elf_debug_alt a;

	return elf_debug_alt(e, &a) ? -1 : elf_debug_search_alt(&a, root_fd);
}

static void debug_open_link(int root_fd, struct module *m, const struct elf *e)
{
	struct elf_debug_link l;
	struct elf debug;

	if (elf_debug_link(e, &l))
		return;
	/* Reading all of a file for its CRC can wait until its names are wanted. */
	m->debug_fd = elf_debug_search(&l, m->path, root_fd, true);
	if (m->debug_fd < 0 || elf__open(&debug, m->debug_fd))
		return;
	m->alt_fd = debug_open_alt(root_fd, &debug);
	elf__close(&debug);
}

void os_debug_open_below(int root_fd, struct module *m)
{
	struct elf e;

	if (m->kind != WIRE_MODULE_ELF || m->fd < 0 || elf__open(&e, m->fd))
		return;
	if (elf_debug_has_info(&e))
		m->alt_fd = debug_open_alt(root_fd, &e);
	else
		debug_open_link(root_fd, m, &e);
	elf__close(&e);
}

void os_debug_open(unsigned int pid, struct module *m)
{
	int root_fd;

	if (m->kind != WIRE_MODULE_ELF || m->fd < 0)
		return;
	root_fd = os_open_root(pid);
	if (root_fd < 0)
		return;
	os_debug_open_below(root_fd, m);
	os_close(root_fd);
}
