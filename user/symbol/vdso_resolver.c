/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Every process of one kernel and word size has the same vdso, so our own serves for all. That of
 * 32-bit programs is another one; its build id tells, and it stays without names.
 */
#include <errno.h>
#include <string.h>

#include "base/os_read.h"
#include "symbol/elf_resolver.h"

static bool vdso_resolver_is_ours(const struct elf *e, const struct module *m)
{
	uint8_t id[ELF_BUILD_ID_MAX_LEN];
	int len = elf__build_id(e, id);

	if (len <= 0 || !m->build_id_len)
		return true; /* nothing to compare */
	return len == m->build_id_len && !memcmp(id, m->build_id, m->build_id_len);
}

static int vdso_resolver_fill(void *ctx, const struct module *m, struct symtab *t,
			      uint64_t *ret_limit)
{
	_cleanup_buf_ struct buf image = {0};
	struct elf e;
	int err;

	(void)ctx;
	if (m->kind != WIRE_MODULE_VDSO)
		return 0;
	err = os_read_vdso(&image);
	if (!err)
		err = elf__open_memory(&e, image.data, image.len);
	if (err)
		return err == -ENOMEM ? err : 1; /* a kernel without a vdso */
	/* The image is one segment at offset 0, so file offsets are offsets in the image. */
	if (vdso_resolver_is_ours(&e, m))
		err = elf_resolver_add(&e, t, ret_limit);
	elf__close(&e);
	return err ? err : 1;
}

const struct resolver vdso_resolver = {.name = "vdso", .fill = vdso_resolver_fill};
