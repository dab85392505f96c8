/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/gopclntab.h"

#include <errno.h>
#include <string.h>

#include "format/elf_go.h"
#include "format/elf_reloc.h"
#include "format/gopclntab_part.h"

const char *gopclntab_text(const struct gopclntab *t, uint64_t off)
{
	const char *text = t->bytes.data + off;
	size_t max = GOPCLNTAB_MAX_TEXT;

	/* Nothing but the header is at 0: up to 1.15 it means that there is no text. */
	if (!off || off >= t->bytes.len)
		return NULL;
	if (max > t->bytes.len - off)
		max = t->bytes.len - off;
	return memchr(text, 0, max) ? text : NULL;
}

/* Number @i of the list of functions: even ones are addresses, odd ones records. It lies in the table, see the header. */
static uint64_t gopclntab_number(const struct gopclntab *t, uint64_t i)
{
	struct cursor c = gopclntab_at(t, t->h.functab_off + i * t->h.entry_bytes);

	return t->h.entry_bytes == 8 ? cursor__u64(&c) : cursor__u32(&c);
}

/* The members behind the address; see _func in src/runtime/runtime2.go of each version. */
static int gopclntab_parse_record(const struct gopclntab *t, uint64_t off,
				  struct gopclntab_func *ret)
{
	struct cursor c = gopclntab_at(t, off);

	cursor__skip(&c, t->h.entry_bytes);
	ret->name = t->h.names_off + cursor__u32(&c);
	cursor__skip(&c, 4 + 4); /* args, deferreturn */
	ret->frames = cursor__u32(&c);
	ret->files = cursor__u32(&c);
	ret->lines = cursor__u32(&c);
	ret->pcdata_cnt = cursor__u32(&c);
	if (t->h.form >= GOPCLNTAB_1_16)
		ret->cu = cursor__u32(&c);
	if (t->h.form >= GOPCLNTAB_1_20)
		cursor__skip(&c, 4); /* startLine */
	ret->func_id = cursor__u8(&c);
	ret->flags = cursor__u8(&c);
	cursor__skip(&c, 1);
	ret->funcdata_cnt = cursor__u8(&c);
	ret->is_go = ret->files;
	ret->pcdata = cursor__offset(&c);
	ret->funcdata = ret->pcdata + ret->pcdata_cnt * 4ull;
	/* Pointers are aligned in memory. */
	if (t->h.form < GOPCLNTAB_1_18)
		ret->funcdata += -(t->vaddr + ret->funcdata) & (t->h.ptr_bytes - 1u);
	return c.err;
}

int gopclntab__func(const struct gopclntab *t, uint32_t i, struct gopclntab_func *ret)
{
	struct gopclntab_func f = {0};
	uint64_t record;
	int err;

	if (i >= t->h.func_cnt)
		return -EBADMSG;
	f.entry = t->text + gopclntab_number(t, 2ull * i);
	f.end = t->text + gopclntab_number(t, 2ull * i + 2);
	record = gopclntab_number(t, 2ull * i + 1);
	if (f.end < f.entry || record >= t->bytes.len)
		return -EBADMSG;
	err = gopclntab_parse_record(t, t->h.records_off + record, &f);
	if (!err)
		*ret = f;
	return err;
}

const char *gopclntab__name(const struct gopclntab *t, const struct gopclntab_func *f)
{
	const char *name = gopclntab_text(t, f->name);

	return name ? name : "";
}

int gopclntab__find(const struct gopclntab *t, uint64_t vaddr, struct gopclntab_func *ret)
{
	uint64_t pc = vaddr - t->text;
	uint32_t lo = 0, hi = t->h.func_cnt;

	/* lo: how many functions begin at or before it. */
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (gopclntab_number(t, 2ull * mid) <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || pc >= gopclntab_number(t, 2ull * lo))
		return -ENOENT;
	return gopclntab__func(t, lo - 1, ret);
}

/*
 * The number of wrappers is another one in nearly every version, and which version it is can't be told by the table. But all
 * other numbers than 0 are of single functions of the runtime, and wrappers are many in each program.
 */
static int gopclntab_find_wrapper_id(const struct gopclntab *t)
{
	uint32_t cnts[UINT8_MAX + 1] = {0};
	struct gopclntab_func f;
	int found = 1;

	for (uint32_t i = 0; i < t->h.func_cnt; i++)
		if (!gopclntab__func(t, i, &f))
			cnts[f.func_id]++;
	for (int i = 1; i <= UINT8_MAX; i++)
		if (cnts[i] > cnts[found])
			found = i;
	return cnts[found] > 1 ? found : -1;
}

static int gopclntab_load(struct gopclntab *t)
{
	struct elf_go_table table;
	int err = elf_go__find_table(t->elf, &table);

	if (err)
		return err;
	/* Up to the end of a segment there is more than the table. */
	if (table.bytes > GOPCLNTAB_MAX_BYTES)
		table.bytes = GOPCLNTAB_MAX_BYTES;
	t->vaddr = table.vaddr;
	err = elf_reloc__read(t->elf, t->vaddr, table.bytes, GOPCLNTAB_MAX_BYTES, &t->bytes);
	if (!err)
		err = gopclntab_header__parse(t->bytes.data, t->bytes.len, t->bytes.len, &t->h);
	if (!err && t->h.ptr_bytes != (t->elf->is_64 ? 8 : 4))
		err = -EBADMSG;
	if (!err)
		err = gopclntab_load_module(t);
	return err;
}

int gopclntab__open(struct gopclntab *t, const struct elf *e)
{
	int err;

	*t = (struct gopclntab){.elf = e, .wrapper_id = -1};
	err = gopclntab_load(t);
	if (err) {
		gopclntab__close(t);
		return err;
	}
	t->wrapper_id = gopclntab_find_wrapper_id(t);
	return 0;
}

void gopclntab__close(struct gopclntab *t)
{
	buf__fini(&t->bytes);
	*t = (struct gopclntab){0};
}
