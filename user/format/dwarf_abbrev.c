/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/dwarf_abbrev.h"

#include <stdbool.h>

#include "format/dwarf.h"

/* Forms whose value is not in .debug_info (DWARF 5, table 7.5). */
enum dwarf_free_form {
	DWARF_FORM_FLAG_PRESENT = 0x19,
	DWARF_FORM_IMPLICIT_CONST = 0x21,
};

/* The attributes of one abbreviation, up to the pair of zeros. */
static int abbrev_check_attributes(struct cursor *c)
{
	unsigned int cnt = 0, free_cnt = 0;

	for (;;) {
		/* As libdw reads them: it keeps 32 bits. */
		uint32_t name = (uint32_t)dwarf_uleb(c), form = (uint32_t)dwarf_uleb(c);

		if (form == DWARF_FORM_IMPLICIT_CONST)
			dwarf_sleb(c);
		if (c->err)
			return c->err;
		if (!name && !form)
			return 0;
		/* Form 0 is none; libraries step over it. */
		if (!form || form == DWARF_FORM_FLAG_PRESENT || form == DWARF_FORM_IMPLICIT_CONST)
			free_cnt++;
		if (++cnt > DWARF_ABBREV_MAX_ATTRIBUTES || free_cnt > DWARF_ABBREV_MAX_FREE)
			return -E2BIG;
	}
}

int dwarf_abbrev_check(const void *section, size_t len, uint64_t off)
{
	struct cursor c = cursor_over(section, len);
	int err;

	if (!section || off >= len)
		return -EBADMSG;
	cursor__skip(&c, (size_t)off);
	/* Code 0 ends a table. Some producers leave it out at the section's end. */
	while (cursor__left(&c) && (uint32_t)dwarf_uleb(&c)) {
		dwarf_uleb(&c); /* tag */
		cursor__u8(&c); /* has it children? */
		err = c.err ? c.err : abbrev_check_attributes(&c);
		if (!err && cursor__offset(&c) - off > DWARF_ABBREV_MAX_BYTES)
			err = -E2BIG;
		if (err)
			return err;
	}
	return c.err;
}
