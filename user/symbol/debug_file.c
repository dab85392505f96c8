/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "symbol/debug_file.h"

#include <errno.h>

#include "base/os_debuginfod.h"
#include "base/os_file.h"
#include "base/os_open.h"

static const char *debug_file_root = "/";

void debug_file_set_root(const char *path)
{
	debug_file_root = path ? path : "/";
}

void debug_file__close(struct debug_file *f)
{
	if (f->owned)
		os_close(f->fd);
	*f = (struct debug_file){.fd = -1};
}

int debug_file__find(struct debug_file *f, const struct module *m, const struct elf *e)
{
	struct elf_debug_link l;
	int err = elf_debug_link(e, &l), root, fd;

	*f = (struct debug_file){.fd = -1};
	if (err || (!l.build_id_len && !*l.name))
		return err;
	if (m->debug_fd >= 0 && elf_debug_fits(&l, m->debug_fd)) {
		f->fd = m->debug_fd;
		return 0;
	}
	root = os_open_dir(debug_file_root);
	fd = elf_debug_search(&l, m->path ? m->path : "", root, false);
	os_close(root);
	if (fd < 0 && l.build_id_len)
		fd = os_debuginfod_find(l.build_id, l.build_id_len);
	if (fd >= 0 && !elf_debug_fits(&l, fd)) {
		os_close(fd);
		fd = -1;
	}
	*f = (struct debug_file){.fd = fd, .owned = fd >= 0};
	return 0;
}

int debug_file__find_alt(struct debug_file *f, const struct module *m, const struct elf *e)
{
	struct elf_debug_alt a;
	int err = elf_debug_alt(e, &a), root, fd;

	*f = (struct debug_file){.fd = -1};
	if (err)
		return err == -ENOENT ? 0 : err;
	if (m->alt_fd >= 0 && elf_debug_compare_alt(&a, m->alt_fd)) {
		f->fd = m->alt_fd;
		return 0;
	}
	root = os_open_dir(debug_file_root);
	fd = elf_debug_search_alt(&a, root);
	os_close(root);
	if (fd < 0)
		fd = os_debuginfod_find(a.build_id, a.build_id_len);
	if (fd >= 0 && !elf_debug_compare_alt(&a, fd)) {
		os_close(fd);
		fd = -1;
	}
	*f = (struct debug_file){.fd = fd, .owned = fd >= 0};
	return 0;
}
