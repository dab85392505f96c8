/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/python_code.h"

#include <errno.h>
#include <string.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define PYTHON_CODE_BYTES   512 /* of a code object, up to its instructions: some 200 */
#define PYTHON_HEAD_BYTES   128 /* of other objects, likewise */
#define PYTHON_MAX_TEXT	    (PYTHON_MAX_CHARS * 4)
#define PYTHON_NO_CHARACTER 0xfffd
#define PYTHON_STATE_SHIFTS 3

/* The reading of one code object. */
struct python_reader {
	const struct python_layout *layout;
	const struct python_memory *memory;
	uint64_t bias;
};

/* The beginning of an object. */
struct python_head {
	uint8_t bytes[PYTHON_CODE_BYTES];
	size_t len;
};

void python_place__fini(struct python_place *p)
{
	buf__fini(&p->name);
	buf__fini(&p->file);
}

/* ---- objects ---- */

static uint64_t python_u64(const struct python_head *h, uint32_t off)
{
	uint64_t v = 0;

	if (h->len >= sizeof(v) && off <= h->len - sizeof(v))
		memcpy(&v, h->bytes + off, sizeof(v));
	return v;
}

static uint32_t python_u32(const struct python_head *h, uint32_t off)
{
	uint32_t v = 0;

	if (h->len >= sizeof(v) && off <= h->len - sizeof(v))
		memcpy(&v, h->bytes + off, sizeof(v));
	return v;
}

/* Reads @len bytes of the object at @addr, whose type must be the one at @type in the interpreter's file. */
static int python_read_head(const struct python_reader *r, uint64_t addr, uint64_t type, size_t len,
			    struct python_head *ret)
{
	ret->len = len < sizeof(ret->bytes) ? len : sizeof(ret->bytes);
	if (!addr || addr % 8)
		return -EBADMSG;
	if (!r->memory->read(r->memory->ctx, addr, ret->bytes, ret->len))
		return -EFAULT;
	return python_u64(ret, r->layout->objects.ob_type) == type + r->bias ? 0 : -EBADMSG;
}

/* ---- strings ---- */

static int python_put_char(struct buf *to, uint32_t c)
{
	if (!c || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		c = PYTHON_NO_CHARACTER;
	if (c < 0x80)
		return buf__putc(to, (char)c);
	if (c < 0x800)
		return buf__printf(to, "%c%c", 0xc0 | (int)(c >> 6), 0x80 | (int)(c & 0x3f));
	if (c < 0x10000)
		return buf__printf(to, "%c%c%c", 0xe0 | (int)(c >> 12), 0x80 | (int)(c >> 6 & 0x3f),
				   0x80 | (int)(c & 0x3f));
	return buf__printf(to, "%c%c%c%c", 0xf0 | (int)(c >> 18), 0x80 | (int)(c >> 12 & 0x3f),
			   0x80 | (int)(c >> 6 & 0x3f), 0x80 | (int)(c & 0x3f));
}

/* Characters of @kind bytes each, compact; @ascii: all below 128. */
struct python_str_form {
	uint32_t kind;
	bool ascii;
};

/*
 * `state` is a set of bit fields: interned, kind:3, compact:1, ascii:1. How wide `interned` is differs within 3.14; it is at
 * most 3, so just one of the widths makes sense of the rest.
 */
static bool python_str_form(uint32_t state, struct python_str_form *ret)
{
	static const uint8_t shifts[PYTHON_STATE_SHIFTS] = {2, 8, 16};

	for (size_t i = 0; i < ARRAY_SIZE(shifts); i++) {
		uint32_t s = state >> shifts[i], kind = s & 7;

		if ((kind != 1 && kind != 2 && kind != 4) || !(s >> 3 & 1))
			continue;
		*ret = (struct python_str_form){kind, s >> 4 & 1};
		return !ret->ascii || kind == 1;
	}
	return false;
}

static uint32_t python_char(const uint8_t *at, uint32_t kind)
{
	uint32_t c = 0;

	memcpy(&c, at, kind);
	return c;
}

static int python_read_chars(const struct python_reader *r, uint64_t addr, uint32_t kind,
			     size_t cnt, struct buf *to)
{
	_cleanup_free_ uint8_t *chars = malloc(cnt * kind + 1);

	if (!chars)
		return -ENOMEM;
	if (!r->memory->read(r->memory->ctx, addr, chars, cnt * kind))
		return -EFAULT;
	for (size_t i = 0; i < cnt; i++)
		python_put_char(to, python_char(chars + i * kind, kind));
	return to->err;
}

/* A str, as UTF-8. */
static int python_read_str(const struct python_reader *r, uint64_t addr, struct buf *to)
{
	const struct python_objects *o = &r->layout->objects;
	struct python_str_form form;
	struct python_head h;
	uint64_t cnt;
	int err = python_read_head(r, addr, r->layout->str_type, o->str_state + 4, &h);

	if (err)
		return err;
	cnt = python_u64(&h, o->str_length);
	if (!python_str_form(python_u32(&h, o->str_state), &form))
		return -EBADMSG;
	if (cnt > PYTHON_MAX_CHARS)
		cnt = PYTHON_MAX_CHARS;
	if (!cnt)
		return 0;
	return python_read_chars(r, addr + (form.ascii ? o->str_ascii : o->str_other), form.kind,
				 cnt, to);
}

/* ---- lines ---- */

/* Seven bits at most count: lines are ints. */
static uint32_t python_varint(struct cursor *c)
{
	uint32_t value = 0, byte, shift = 0;

	do {
		byte = cursor__u8(c);
		if (shift < 32)
			value |= (byte & 0x3f) << shift;
		shift += 6;
	} while (byte & 0x40);
	return value;
}

/* The lowest bit is the sign. */
static int32_t python_svarint(struct cursor *c)
{
	uint32_t v = python_varint(c);

	return v & 1 ? -(int32_t)(v >> 1) : (int32_t)(v >> 1);
}

#define PYTHON_LOC_ONE_LINE   10 /* 10, 11, 12: that many lines further; two bytes of columns */
#define PYTHON_LOC_NO_COLUMNS 13
#define PYTHON_LOC_LONG	      14
#define PYTHON_LOC_NONE	      15

/* By how many lines an entry moves on. */
static int32_t python_line_delta(struct cursor *c, uint32_t code)
{
	int32_t delta;

	switch (code) {
	case PYTHON_LOC_NONE:
		return 0;
	case PYTHON_LOC_LONG:
		delta = python_svarint(c);
		for (int i = 0; i < 3; i++) /* end line, columns */
			python_varint(c);
		return delta;
	case PYTHON_LOC_NO_COLUMNS:
		return python_svarint(c);
	case PYTHON_LOC_ONE_LINE:
	case PYTHON_LOC_ONE_LINE + 1:
	case PYTHON_LOC_ONE_LINE + 2:
		cursor__skip(c, 2);
		return (int32_t)(code - PYTHON_LOC_ONE_LINE);
	default:
		cursor__skip(c, 1);
		return 0;
	}
}

uint32_t python_line(const void *table, size_t len, uint32_t first, uint32_t instr)
{
	struct cursor c = cursor_over(table, len);
	uint32_t line = first, end = 0;

	while (cursor__left(&c)) {
		uint32_t head = cursor__u8(&c), code = head >> 3 & 15;

		/* Each entry begins with a byte that has its highest bit set, and says how many instructions it is of. */
		if (!(head & 0x80))
			return 0;
		line += (uint32_t)python_line_delta(&c, code);
		end += (head & 7) + 1;
		if (c.err)
			return 0;
		if (instr < end)
			return code == PYTHON_LOC_NONE ? 0 : line;
	}
	return 0;
}

/* Of what can't be read no line is known, which is no error. */
static int python_read_line(const struct python_reader *r, const struct python_head *code,
			    uint32_t instr, uint32_t *ret_line)
{
	const struct python_objects *o = &r->layout->objects;
	uint64_t addr = python_u64(code, o->code_linetable), len;
	uint32_t first = python_u32(code, o->code_firstlineno);
	_cleanup_free_ uint8_t *table = NULL;
	struct python_head h;

	*ret_line = 0;
	/* Not begun: at its beginning. */
	if (instr == PYTHON_NO_INSTR)
		*ret_line = first;
	if (instr == PYTHON_NO_INSTR ||
	    python_read_head(r, addr, r->layout->bytes_type, o->bytes_length + 8, &h))
		return 0;
	len = python_u64(&h, o->bytes_length);
	if (!len || len > PYTHON_MAX_LINE_BYTES)
		return 0;
	table = malloc(len);
	if (!table)
		return -ENOMEM;
	if (r->memory->read(r->memory->ctx, addr + o->bytes_data, table, len))
		*ret_line = python_line(table, len, first, instr);
	return 0;
}

/* ---- code objects ---- */

static int python_fill_place(const struct python_reader *r, uint64_t code, uint32_t instr,
			     struct python_place *p)
{
	const struct python_objects *o = &r->layout->objects;
	struct python_head h;
	int err =
		python_read_head(r, code, r->layout->code_type, r->layout->process.code_instrs, &h);

	if (!err)
		err = python_read_str(r, python_u64(&h, o->code_qualname), &p->name);
	if (!err)
		err = python_read_str(r, python_u64(&h, o->code_filename), &p->file);
	if (!err)
		err = python_read_line(r, &h, instr, &p->line);
	return err ? err : p->name.len ? 0 : -EBADMSG;
}

int python_code_read(const struct python_layout *l, uint64_t bias, const struct python_memory *m,
		     uint64_t code, uint32_t instr, struct python_place *ret)
{
	struct python_reader r = {l, m, bias};
	struct python_place p = {0};
	int err;

	buf__init(&p.name, PYTHON_MAX_TEXT);
	buf__init(&p.file, PYTHON_MAX_TEXT);
	err = python_fill_place(&r, code, instr, &p);
	if (err)
		python_place__fini(&p);
	else
		*ret = p;
	return err;
}
