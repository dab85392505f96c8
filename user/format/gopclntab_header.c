/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/gopclntab_header.h"

#include <errno.h>

#include "base/compiler.h"
#include "base/cursor.h"

/* By enum gopclntab_form. */
static const uint32_t gopclntab_magics[] = {0xfffffffb, 0xfffffffa, 0xfffffff0, 0xfffffff1};

static int gopclntab_form_of(uint32_t magic)
{
	for (size_t i = 0; i < ARRAY_SIZE(gopclntab_magics); i++)
		if (magic == gopclntab_magics[i])
			return (int)i;
	return -EBADMSG;
}

static uint64_t gopclntab_word(const struct gopclntab_header *h, struct cursor *c)
{
	return h->ptr_bytes == 8 ? cursor__u64(c) : cursor__u32(c);
}

static void gopclntab_header_offsets(struct gopclntab_header *h, struct cursor *c)
{
	if (h->form == GOPCLNTAB_1_2) {
		/* There are no parts: all is found by offsets from the header. */
		h->functab_off = cursor__offset(c);
		return;
	}
	gopclntab_word(h, c); /* nfiles */
	if (h->form >= GOPCLNTAB_1_18)
		h->text_start = gopclntab_word(h, c);
	h->names_off = gopclntab_word(h, c);
	h->cus_off = gopclntab_word(h, c);
	h->files_off = gopclntab_word(h, c);
	h->values_off = gopclntab_word(h, c);
	h->functab_off = h->records_off = gopclntab_word(h, c);
}

static int gopclntab_header_check(const struct gopclntab_header *h, uint64_t table_bytes)
{
	const uint64_t offs[] = {h->names_off, h->cus_off, h->files_off, h->values_off,
				 h->functab_off};
	uint64_t functab_bytes = (h->func_cnt * 2ull + 1) * h->entry_bytes;

	for (size_t i = 0; i < ARRAY_SIZE(offs); i++)
		if (offs[i] >= table_bytes)
			return -EBADMSG;
	return table_bytes - h->functab_off < functab_bytes ? -EBADMSG : 0;
}

int gopclntab_header__parse(const void *data, size_t len, uint64_t table_bytes,
			    struct gopclntab_header *ret)
{
	struct cursor c = cursor_over(data, len);
	struct gopclntab_header h = {0};
	int form = gopclntab_form_of(cursor__u32(&c));
	uint16_t zeros = cursor__u16(&c);
	uint64_t func_cnt;
	int err;

	h.quantum = cursor__u8(&c);
	h.ptr_bytes = cursor__u8(&c);
	if (c.err || form < 0 || zeros)
		return -EBADMSG;
	if (h.quantum != 1 && h.quantum != 2 && h.quantum != 4)
		return -EBADMSG;
	if (h.ptr_bytes != 4 && h.ptr_bytes != 8)
		return -EBADMSG;
	h.form = (enum gopclntab_form)form;
	h.entry_bytes = h.form >= GOPCLNTAB_1_18 ? 4 : h.ptr_bytes;
	func_cnt = gopclntab_word(&h, &c);
	if (!func_cnt || func_cnt > GOPCLNTAB_MAX_FUNCS)
		return -EBADMSG;
	h.func_cnt = (uint32_t)func_cnt;
	gopclntab_header_offsets(&h, &c);
	err = c.err ? -EBADMSG : gopclntab_header_check(&h, table_bytes);
	if (!err)
		*ret = h;
	return err;
}
