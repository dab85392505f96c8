/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The debug information of a file, open in libdw: in an image (format/elf_debug_image.h), and unit by unit, each of which says first whether
 * it can be looked into without limitless work.
 */
#ifndef FORMAT_DWARF_IMAGE_H
#define FORMAT_DWARF_IMAGE_H

#include <elfutils/libdw.h>

#include "base/buf.h"
#include "format/elf.h"

struct dwarf_image {
	struct buf bytes;
	struct elf layout; /* of the bytes: their sections */
	Elf *elf;
	Dwarf *dwarf;
};

/*
 * 0; -ENODATA: @e has no debug information; -E2BIG: more than @max_bytes; -EBADMSG, -ENOTSUP, -ENOMEM, -errno. dwarf_image__close() is
 * right in all cases.
 */
int dwarf_image__open(struct dwarf_image *d, const struct elf *e, size_t max_bytes);
/* Accepts a zeroed struct. */
void dwarf_image__close(struct dwarf_image *d);
/* A section's bytes, valid until close. 0 or -ENOENT. */
int dwarf_image__section(const struct dwarf_image *d, const char *name, const uint8_t **ret,
			 size_t *ret_len);

struct dwarf_image_unit {
	uint64_t die;	/* offset of its first entry */
	uint64_t bytes; /* all of it */
	uint64_t abbrev_off;
};

/* The unit at *@off, 0 at first, which becomes that of the next one. False: there is none. */
bool dwarf_image__next(const struct dwarf_image *d, uint64_t *off, struct dwarf_image_unit *ret);
/* Do its entries cost no more than their bytes do? See format/dwarf_abbrev.h. */
bool dwarf_image__is_cheap(const struct dwarf_image *d, const struct dwarf_image_unit *u);

#endif
