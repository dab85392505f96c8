/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "symbol/symbolizer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"

struct symbolizer {
	const struct module_table *modules;
	const struct resolver *const *resolvers;
	struct symtab **tables; /* by module id - 1; NULL: not needed so far */
	size_t cnt, cap;
};

struct symbolizer *symbolizer__new(const struct module_table *modules,
				   const struct resolver *const *resolvers)
{
	struct symbolizer *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->modules = modules;
	s->resolvers = resolvers;
	return s;
}

static void symbolizer_free_table(struct symtab *t)
{
	if (t)
		symtab__fini(t);
	free(t);
}

void symbolizer__free(struct symbolizer *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->cnt; i++)
		symbolizer_free_table(s->tables[i]);
	free(s->tables);
	free(s);
}

/*
 * Asks the resolvers in turn until one takes charge. One that fails costs its names only: a frame
 * without a name is still worth showing. Just a lack of memory ends the work.
 */
static int symbolizer_fill(const struct symbolizer *s, const struct module *m, struct symtab *t)
{
	uint64_t limit = UINT64_MAX;
	int ret = 0;

	for (size_t i = 0; ret <= 0 && s->resolvers[i]; i++) {
		const struct resolver *r = s->resolvers[i];

		ret = r->fill(r->ctx, m, t, &limit);
		if (ret == -ENOMEM)
			return ret;
		if (ret < 0) {
			symtab__fini(t);
			symtab__init(t);
		}
	}
	symtab__finish(t, limit);
	return 0;
}

static int symbolizer_load(const struct symbolizer *s, const struct module *m, struct symtab **ret)
{
	struct symtab *t = malloc(sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	symtab__init(t);
	err = symbolizer_fill(s, m, t);
	if (err) {
		symbolizer_free_table(t);
		return err;
	}
	*ret = t;
	return 0;
}

static int symbolizer_get_table(struct symbolizer *s, const struct module *m,
				const struct symtab **ret)
{
	struct symtab **slot;
	int err;

	err = array__grow((void **)&s->tables, &s->cap, m->id, sizeof(*s->tables), MODULE_MAX_CNT);
	if (err)
		return err;
	while (s->cnt < m->id)
		s->tables[s->cnt++] = NULL;
	slot = &s->tables[m->id - 1];
	err = *slot ? 0 : symbolizer_load(s, m, slot);
	if (!err)
		*ret = *slot;
	return err;
}

int symbolizer__find(struct symbolizer *s, const struct frame *f, const struct symbol **ret_symbol,
		     const char **ret_name)
{
	const struct module *m = f->module ? module_table__find(s->modules, f->module) : NULL;
	const struct symbol *found;
	const struct symtab *t;
	int err;

	if (!m)
		return -ENOENT;
	err = symbolizer_get_table(s, m, &t);
	if (err)
		return err;
	found = symtab__find(t, f->offset);
	if (!found)
		return -ENOENT;
	*ret_symbol = found;
	*ret_name = symtab__name(t, found);
	return 0;
}

/*
 * A frame that no symbol covers. Only files get an offset: it is a file offset, the same in each
 * run and on each machine, while addresses of the kernel and of anonymous memory would make each
 * run's flame graph another one.
 */
static void symbolizer_name_unresolved(const struct module *m, const struct frame *f, char *text,
				       size_t size)
{
	if (!m)
		snprintf(text, size, "[unknown]");
	else if (m->kind == WIRE_MODULE_KERNEL)
		snprintf(text, size, "[kernel]");
	else if (m->kind == WIRE_MODULE_VDSO)
		snprintf(text, size, "[vdso]");
	else if (m->kind == WIRE_MODULE_ANON)
		snprintf(text, size, "[anon]");
	else
		snprintf(text, size, "%s+0x%" PRIx64, module__name(m), f->offset);
}

int symbolizer__name(struct symbolizer *s, const struct frame *f, char *text, size_t size)
{
	const struct symbol *symbol;
	const char *name;
	int err;

	if (!f->module) {
		snprintf(text, size, "%s", frame_special_name(f->offset));
		return 0;
	}
	err = symbolizer__find(s, f, &symbol, &name);
	if (!err)
		snprintf(text, size, "%s", name);
	else if (err == -ENOENT)
		symbolizer_name_unresolved(module_table__find(s->modules, f->module), f, text,
					   size);
	else
		return err;
	return 0;
}
