/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "symbol/recorded.h"

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "base/log.h"

struct recorded_symbols {
	struct symtab *tables; /* by module id - 1; never finished, only read in order */
	size_t cnt, cap;
};

struct recorded_symbols *recorded_symbols__new(void)
{
	return calloc(1, sizeof(struct recorded_symbols));
}

void recorded_symbols__free(struct recorded_symbols *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->cnt; i++)
		symtab__fini(&r->tables[i]);
	free(r->tables);
	free(r);
}

static int recorded_get_table(struct recorded_symbols *r, uint32_t module, struct symtab **ret)
{
	int err;

	if (!module || module > MODULE_MAX_CNT)
		return error_set(-EBADMSG, "symbol of module %u, which can't be", module);
	err = array__grow((void **)&r->tables, &r->cap, module, sizeof(*r->tables), MODULE_MAX_CNT);
	if (err)
		return err;
	for (; r->cnt < module; r->cnt++)
		symtab__init(&r->tables[r->cnt]);
	*ret = &r->tables[module - 1];
	return 0;
}

int recorded_symbols__add(struct recorded_symbols *r, const struct wire_symbol *s)
{
	size_t len = strnlen(s->name, s->name_len);
	struct symtab *t = NULL;
	int err;

	err = recorded_get_table(r, s->module, &t);
	if (err || !len)
		return err;
	/*
	 * Sizes were known when it was recorded; 0 must not become "up to the next recorded one".
	 */
	return symtab__add_bytes(t, s->name, len, s->start, s->size ? s->size : 1, 0);
}

static int recorded_fill(void *ctx, const struct module *m, struct symtab *t, uint64_t *ret_limit)
{
	const struct recorded_symbols *r = ctx;
	int err;

	(void)ret_limit; /* no symbol is without a size */
	if (!m->id || m->id > r->cnt)
		return 1;
	for (size_t i = 0; i < r->tables[m->id - 1].cnt; i++) {
		const struct symtab *from = &r->tables[m->id - 1];
		const struct symbol *s = &from->symbols[i];

		err = symtab__add(t, symtab__name(from, s), s->start, s->size, s->rank);
		if (err)
			return err;
	}
	return 1;
}

void recorded_symbols__resolver(struct recorded_symbols *r, struct resolver *ret)
{
	*ret = (struct resolver){.name = "recorded", .fill = recorded_fill, .ctx = r};
}
