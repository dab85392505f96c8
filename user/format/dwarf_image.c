/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifdef HAVE_LIBDW
#include "format/dwarf_image.h"

#include <errno.h>

#include "format/dwarf_abbrev.h"
#include "format/elf_debug_image.h"

int dwarf_image__open(struct dwarf_image *d, const struct elf *e, size_t max_bytes)
{
	int err;

	*d = (struct dwarf_image){0};
	err = elf_debug_image(e, max_bytes, &d->bytes);
	if (!err)
		err = elf__open_memory(&d->layout, d->bytes.data, d->bytes.len);
	if (err)
		return err;
	elf_version(EV_CURRENT);
	d->elf = elf_memory(d->bytes.data, d->bytes.len);
	if (d->elf)
		d->dwarf = dwarf_begin_elf(d->elf, DWARF_C_READ, NULL);
	return d->dwarf ? 0 : -EBADMSG;
}

void dwarf_image__close(struct dwarf_image *d)
{
	dwarf_end(d->dwarf);
	elf_end(d->elf);
	elf__close(&d->layout);
	buf__fini(&d->bytes);
	*d = (struct dwarf_image){0};
}

int dwarf_image__section(const struct dwarf_image *d, const char *name, const uint8_t **ret,
			 size_t *ret_len)
{
	const struct elf_section *s = elf__find_section(&d->layout, name);

	if (!s)
		return -ENOENT;
	*ret = (const uint8_t *)d->bytes.data + s->off;
	*ret_len = (size_t)s->size;
	return 0;
}

bool dwarf_image__next(const struct dwarf_image *d, uint64_t *off, struct dwarf_image_unit *ret)
{
	Dwarf_Off next, abbrev_off;
	size_t header_bytes;

	if (dwarf_next_unit(d->dwarf, *off, &next, &header_bytes, NULL, &abbrev_off, NULL, NULL,
			    NULL, NULL) ||
	    next <= *off)
		return false;
	*ret = (struct dwarf_image_unit){*off + header_bytes, next - *off, abbrev_off};
	*off = next;
	return true;
}

bool dwarf_image__is_cheap(const struct dwarf_image *d, const struct dwarf_image_unit *u)
{
	const uint8_t *abbrevs;
	size_t len;

	return !dwarf_image__section(d, ".debug_abbrev", &abbrevs, &len) &&
	       !dwarf_abbrev_check(abbrevs, len, u->abbrev_off);
}

#endif
