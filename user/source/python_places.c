/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/python_places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "format/record_line.h"

#define PYTHON_MAX_PLACES (1u << 20)
#define PYTHON_MAX_CODES  (1u << 20)
#define PYTHON_MAX_TEXTS  (256u << 20)

int python_places__init(struct python_places *p)
{
	memset(p, 0, sizeof(*p));
	hash_index__init(&p->index);
	hash_index__init(&p->code_index);
	return strtab__init(&p->texts, PYTHON_MAX_TEXTS);
}

void python_places__fini(struct python_places *p)
{
	free(p->rows);
	free(p->codes);
	hash_index__fini(&p->index);
	hash_index__fini(&p->code_index);
	strtab__fini(&p->texts);
}

/* ---- places ---- */

static bool place_row_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct python_place_row *a = &((const struct python_places *)owner)->rows[pos];

	return !memcmp(a, key, sizeof(*a));
}

static int place_deliver(const char *name, const char *file, uint32_t line, uint32_t module,
			 uint16_t kind, uint32_t number, event_fn fn, void *arg)
{
	struct wire_line like = {.module = module, .offset = number, .line = line, .kind = kind};
	_cleanup_free_ struct wire_line *rec = record_line_new(&like, name, file);
	struct event e = {.line = rec};

	return rec ? fn(arg, &e) : -ENOMEM;
}

int python_places__get(struct python_places *p, const char *name, const char *file, uint32_t line,
		       uint32_t module, uint16_t kind, event_fn fn, void *arg, uint32_t *ret)
{
	struct python_place_row row = {.line = line};
	uint64_t hash;
	uint32_t pos;
	int err = strtab__intern(&p->texts, name, &row.name);

	if (!err)
		err = strtab__intern(&p->texts, file, &row.file);
	if (err)
		return err;
	hash = hash_bytes(&row, sizeof(row));
	pos = hash_index__find(&p->index, hash, place_row_eq, p, &row);
	if (pos != HASH_INDEX_NONE) {
		*ret = pos + 1;
		return 0;
	}
	err = array__grow((void **)&p->rows, &p->cap, p->cnt + 1, sizeof(*p->rows),
			  PYTHON_MAX_PLACES);
	if (!err)
		err = hash_index__add(&p->index, hash, (uint32_t)p->cnt);
	if (err)
		return err;
	p->rows[p->cnt++] = row;
	*ret = (uint32_t)p->cnt;
	return place_deliver(name, file, line, module, kind, *ret, fn, arg);
}

/* ---- instructions ---- */

static uint64_t code_row_hash(const struct python_code_row *r)
{
	return hash_mix(hash_u64(r->code), (uint64_t)r->process << 32 | r->instr);
}

static bool code_row_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct python_code_row *a = &((const struct python_places *)owner)->codes[pos];
	const struct python_code_row *b = key;

	return a->code == b->code && a->process == b->process && a->instr == b->instr;
}

uint32_t python_places__find_code(const struct python_places *p, uint32_t process, uint64_t code,
				  uint32_t instr)
{
	struct python_code_row key = {.code = code, .process = process, .instr = instr};
	uint32_t pos = hash_index__find(&p->code_index, code_row_hash(&key), code_row_eq, p, &key);

	return pos == HASH_INDEX_NONE ? PYTHON_PLACE_UNKNOWN : p->codes[pos].place;
}

int python_places__add_code(struct python_places *p, uint32_t process, uint64_t code,
			    uint32_t instr, uint32_t place)
{
	struct python_code_row row = {code, process, instr, place};
	int err = array__grow((void **)&p->codes, &p->code_cap, p->code_cnt + 1, sizeof(*p->codes),
			      PYTHON_MAX_CODES);

	if (!err)
		err = hash_index__add(&p->code_index, code_row_hash(&row), (uint32_t)p->code_cnt);
	if (!err)
		p->codes[p->code_cnt++] = row;
	return err == -E2BIG ? 0 : err;
}

void python_places__forget_codes(struct python_places *p)
{
	free(p->codes);
	p->codes = NULL;
	p->code_cnt = p->code_cap = 0;
	hash_index__fini(&p->code_index);
	hash_index__init(&p->code_index);
}
