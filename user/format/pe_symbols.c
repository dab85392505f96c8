/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The names in a PE file: what it exports, and the COFF symbols of mingw-w64's linkers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "format/pe.h"

#define PE_EXPORT_BYTES	      40
#define PE_COFF_SYMBOL_BYTES  18
#define PE_COFF_STEP	      512 /* symbols that are read at once */
#define PE_COFF_MAX_SYMBOLS   (1u << 24)
#define PE_COFF_TYPE_FUNCTION 0x20
#define PE_COFF_EXTERNAL      2
#define PE_COFF_STATIC	      3

/* ---- exports ---- */

struct pe_exports {
	const struct pe *pe;
	uint32_t function_cnt, name_cnt;
	uint32_t functions, names, ordinals; /* where */
	uint32_t *function_rvas, *name_rvas;
	uint16_t *name_ordinals;
};

static void pe_exports__fini(struct pe_exports *e)
{
	free(e->function_rvas);
	free(e->name_rvas);
	free(e->name_ordinals);
}

static int pe_exports__read_header(struct pe_exports *e)
{
	uint8_t head[PE_EXPORT_BYTES];
	struct cursor c = cursor_over(head, sizeof(head));
	int err = pe__read(e->pe, e->pe->exports.rva, head, sizeof(head));

	if (err)
		return err;
	cursor__skip(&c, 20);
	e->function_cnt = cursor__u32(&c);
	e->name_cnt = cursor__u32(&c);
	e->functions = cursor__u32(&c);
	e->names = cursor__u32(&c);
	e->ordinals = cursor__u32(&c);
	return e->function_cnt > PE_MAX_EXPORTS || e->name_cnt > PE_MAX_EXPORTS ? -EBADMSG : 0;
}

static int pe_exports__read_array(const struct pe_exports *e, uint32_t rva, uint32_t cnt,
				  size_t elem_bytes, void **ret)
{
	*ret = calloc((size_t)cnt + 1, elem_bytes);
	return *ret ? pe__read(e->pe, rva, *ret, cnt * elem_bytes) : -ENOMEM;
}

static int pe_exports__read(struct pe_exports *e)
{
	int err = pe_exports__read_header(e);

	if (!err)
		err = pe_exports__read_array(e, e->functions, e->function_cnt, 4,
					     (void **)&e->function_rvas);
	if (!err)
		err = pe_exports__read_array(e, e->names, e->name_cnt, 4, (void **)&e->name_rvas);
	if (!err)
		err = pe_exports__read_array(e, e->ordinals, e->name_cnt, 2,
					     (void **)&e->name_ordinals);
	return err;
}

/* What lies in the directory itself is the name of another file's function; data has no frames. */
static bool pe_is_exported_code(const struct pe *p, uint32_t rva)
{
	const struct pe_section *s = pe__section(p, rva);

	if (rva >= p->exports.rva && rva - p->exports.rva < p->exports.bytes)
		return false;
	return s && pe_section__is_code(s);
}

static int pe_exports__each(const struct pe_exports *e, pe_symbol_fn fn, void *arg)
{
	char name[PE_MAX_NAME_BYTES];
	int err = 0;

	for (uint32_t i = 0; !err && i < e->name_cnt; i++) {
		struct pe_symbol s = {.name = name, .is_global = true};

		if (e->name_ordinals[i] >= e->function_cnt)
			continue;
		s.rva = e->function_rvas[e->name_ordinals[i]];
		if (!pe_is_exported_code(e->pe, s.rva))
			continue;
		err = pe__string(e->pe, e->name_rvas[i], name, sizeof(name));
		if (err == -EBADMSG)
			err = 0;
		else if (!err && *name)
			err = fn(arg, &s);
	}
	return err;
}

int pe__each_export(const struct pe *p, pe_symbol_fn fn, void *arg)
{
	_cleanup_(pe_exports__fini) struct pe_exports e = {.pe = p};
	int err;

	if (!p->exports.rva || !p->exports.bytes)
		return 0;
	err = pe_exports__read(&e);
	return err ? err : pe_exports__each(&e, fn, arg);
}

/* ---- COFF symbols ---- */

/* The name stands in the symbol, or in the table behind the symbols. */
static int pe__coff_name(const struct pe *p, const uint8_t *symbol, char *to, size_t cap)
{
	uint64_t strings = p->symbol_off + (uint64_t)p->symbol_cnt * PE_COFF_SYMBOL_BYTES;
	struct cursor c = cursor_over(symbol, 8);
	uint64_t off;
	size_t len;
	int err;

	if (cursor__u32(&c)) {
		memcpy(to, symbol, 8);
		to[8] = '\0';
		return 0;
	}
	off = strings + cursor__u32(&c);
	if (off >= p->in.bytes)
		return -EBADMSG;
	len = p->in.bytes - off < cap - 1 ? (size_t)(p->in.bytes - off) : cap - 1;
	/* Most are short. */
	if (len > 128) {
		err = file_input__read(&p->in, to, 128, off);
		if (err || memchr(to, 0, 128))
			return err;
	}
	err = file_input__read(&p->in, to, len, off);
	to[len] = '\0';
	return err;
}

static int pe__take_coff(const struct pe *p, const uint8_t *data, pe_symbol_fn fn, void *arg)
{
	struct cursor c = cursor_over(data, PE_COFF_SYMBOL_BYTES);
	char name[PE_MAX_NAME_BYTES];
	struct pe_symbol s = {.name = name};
	const struct pe_section *section;
	uint32_t value;
	uint16_t number, type;
	uint8_t class;
	int err;

	cursor__skip(&c, 8);
	value = cursor__u32(&c);
	number = cursor__u16(&c); /* 1..; the special ones are more than there can be sections */
	type = cursor__u16(&c);
	class = cursor__u8(&c);
	if (type != PE_COFF_TYPE_FUNCTION || !number || number > p->section_cnt ||
	    (class != PE_COFF_EXTERNAL && class != PE_COFF_STATIC))
		return 0;
	section = &p->sections[number - 1];
	if (value >= section->bytes || section->rva > UINT32_MAX - value ||
	    !pe_section__is_code(section))
		return 0;
	s.rva = section->rva + value;
	s.is_global = class == PE_COFF_EXTERNAL;
	err = pe__coff_name(p, data, name, sizeof(name));
	if (err == -EBADMSG || err == -ENODATA)
		return 0;
	return err || !*name ? err : fn(arg, &s);
}

int pe__each_symbol(const struct pe *p, pe_symbol_fn fn, void *arg)
{
	_cleanup_free_ uint8_t *data = NULL;
	uint32_t cnt = p->symbol_off ? p->symbol_cnt : 0, skip = 0;
	int err = 0;

	if (!cnt)
		return 0;
	if (cnt > PE_COFF_MAX_SYMBOLS)
		return -EBADMSG;
	data = malloc(PE_COFF_STEP * PE_COFF_SYMBOL_BYTES);
	if (!data)
		return -ENOMEM;
	for (uint32_t i = 0; !err && i < cnt; i += PE_COFF_STEP) {
		uint32_t n = cnt - i < PE_COFF_STEP ? cnt - i : PE_COFF_STEP;

		err = file_input__read(&p->in, data, n * PE_COFF_SYMBOL_BYTES,
				       p->symbol_off + (uint64_t)i * PE_COFF_SYMBOL_BYTES);
		for (uint32_t j = 0; !err && j < n; j++) {
			const uint8_t *symbol = data + j * PE_COFF_SYMBOL_BYTES;

			/* Symbols may be followed by some that only add to them. */
			if (skip) {
				skip--;
				continue;
			}
			skip = symbol[PE_COFF_SYMBOL_BYTES - 1];
			err = pe__take_coff(p, symbol, fn, arg);
		}
	}
	return err == -ENODATA ? -EBADMSG : err;
}
