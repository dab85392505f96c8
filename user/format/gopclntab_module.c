/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the table itself doesn't say: where code lies, and where inline trees do. */
#include <errno.h>

#include "format/elf_go.h"
#include "format/elf_reloc.h"
#include "format/gopclntab_part.h"

/*
 * Words of moduledata. `text` stands where it does since Go 1.16. `gofunc` was word 38 in 1.18, 40 in 1.20, 43 in 1.27:
 * it is searched for.
 */
#define MODULE_WORD_CNT	    56
#define MODULE_TEXT	    22
#define MODULE_FIRST_GOFUNC 38
#define MODULE_PROOF_CNT    16 /* functions whose inline trees have to make sense */

/* abi.FUNCDATA_InlTree; 4 up to 1.15 */
#define FUNCDATA_INLTREE     3
#define FUNCDATA_OLD_INLTREE 4

bool gopclntab_tree(const struct gopclntab *t, const struct gopclntab_func *f, uint64_t *ret_vaddr)
{
	uint8_t i = t->h.form == GOPCLNTAB_1_2 ? FUNCDATA_OLD_INLTREE : FUNCDATA_INLTREE;
	bool is_address = t->h.form < GOPCLNTAB_1_18;
	size_t bytes = is_address ? t->h.ptr_bytes : 4;
	struct cursor c = gopclntab_at(t, f->funcdata + i * bytes);
	uint64_t v = bytes == 8 ? cursor__u64(&c) : cursor__u32(&c);

	if (!t->has_trees || f->funcdata_cnt <= i || c.err)
		return false;
	if (v == (is_address ? 0 : UINT32_MAX))
		return false;
	*ret_vaddr = t->gofunc + v;
	return true;
}

/*
 * Up to 1.19 {i16 parent, u8 func_id, u8 padding, i32 file, i32 line, i32 name, i32 parent_pc}, then
 * {u8 func_id, padding, i32 name, i32 parent_pc, i32 start_line}.
 */
bool gopclntab_call(const struct gopclntab *t, const struct gopclntab_func *f, uint64_t tree,
		    uint32_t i, struct gopclntab_call *ret)
{
	size_t bytes = t->h.form >= GOPCLNTAB_1_20 ? 16 : 20;
	_cleanup_buf_ struct buf entry = {0};
	uint64_t off, name, padding;
	const char *text;
	struct cursor c;

	if (elf__vaddr_to_off(t->elf, tree + (uint64_t)i * bytes, &off) ||
	    elf__read_range(t->elf, off, bytes, bytes, &entry))
		return false;
	c = cursor_over(entry.data, entry.len);
	cursor__skip(&c, t->h.form >= GOPCLNTAB_1_20 ? 0 : 2);
	ret->func_id = cursor__u8(&c);
	padding = cursor__u8(&c);
	if (t->h.form >= GOPCLNTAB_1_20)
		padding |= cursor__u16(&c);
	else
		cursor__skip(&c, 4 + 4);
	name = t->h.names_off + cursor__u32(&c);
	ret->parent_pc = cursor__u32(&c);
	text = gopclntab_text(t, name);
	ret->name = text ? text : "";
	ret->fits = !padding && *ret->name && name && !t->bytes.data[name - 1] &&
		    ret->parent_pc < f->end - f->entry;
	return true;
}

/* Some functions that have inlined others. */
struct module_proof {
	struct gopclntab_func funcs[MODULE_PROOF_CNT];
	uint32_t cnt;
};

static void module_find_proof(const struct gopclntab *t, struct module_proof *p)
{
	uint64_t tree;

	for (uint32_t i = 0; i < t->h.func_cnt && p->cnt < MODULE_PROOF_CNT; i++)
		if (!gopclntab__func(t, i, &p->funcs[p->cnt]) &&
		    gopclntab_tree(t, &p->funcs[p->cnt], &tree))
			p->cnt++;
}

/* Is t->gofunc what inline trees count from? */
static bool module_proves(const struct gopclntab *t, const struct module_proof *p)
{
	struct gopclntab_call call;
	uint64_t tree;

	for (uint32_t i = 0; i < p->cnt; i++)
		if (!gopclntab_tree(t, &p->funcs[i], &tree) ||
		    !gopclntab_call(t, &p->funcs[i], tree, 0, &call) || !call.fits)
			return false;
	return p->cnt;
}

static void module_find_gofunc(struct gopclntab *t, const uint64_t words[MODULE_WORD_CNT])
{
	struct module_proof proof = {.cnt = 0};

	t->has_trees = true;
	module_find_proof(t, &proof);
	for (int i = MODULE_FIRST_GOFUNC; i < MODULE_WORD_CNT; i++) {
		t->gofunc = words[i];
		if (t->gofunc && module_proves(t, &proof))
			return;
	}
	t->has_trees = false;
}

/* All zero when there is no moduledata. */
static int module_read(const struct gopclntab *t, uint64_t ret_words[MODULE_WORD_CNT])
{
	size_t bytes = MODULE_WORD_CNT * (size_t)t->h.ptr_bytes;
	_cleanup_buf_ struct buf raw = {0};
	struct cursor c;
	uint64_t vaddr;
	int err = elf_go__find_module(t->elf, t->vaddr, t->vaddr + t->h.names_off, &vaddr);

	if (!err)
		err = elf_reloc__read(t->elf, vaddr, bytes, bytes, &raw);
	if (err)
		return err == -ENOMEM ? err : 0;
	c = cursor_over(raw.data, raw.len);
	for (int i = 0; i < MODULE_WORD_CNT; i++)
		ret_words[i] = t->h.ptr_bytes == 8 ? cursor__u64(&c) : cursor__u32(&c);
	return 0;
}

int gopclntab_load_module(struct gopclntab *t)
{
	uint64_t words[MODULE_WORD_CNT] = {0};
	int err;

	if (t->h.form < GOPCLNTAB_1_18) {
		/* Everything is an address. */
		t->has_trees = true;
		return 0;
	}
	err = module_read(t, words);
	if (err)
		return err;
	t->text = t->h.text_start ? t->h.text_start : words[MODULE_TEXT];
	if (!t->text)
		err = elf_go__find_text(t->elf, &t->text);
	if (err)
		return err == -ENOMEM ? err : -EBADMSG;
	module_find_gofunc(t, words);
	return 0;
}
