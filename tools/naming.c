/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "naming.h"

#include <errno.h>

#include "base/log.h"
#include "symbol/dwarf_lines.h"
#include "symbol/go_symbols.h"
#include "symbol/jit_symbols.h"

int naming__init(struct naming *n, const struct model *model, struct recorded_symbols *told,
		 const struct offcpu_view *view, const char *symbol_path)
{
	bool debug_info = view->inlines || view->lines;
	size_t resolver = 0, reader = 0;

	(void)symbol_path;
	*n = (struct naming){0};
	n->jit = jit_symbols__new(&model->modules, &model->images);
	n->go = go_lines__new();
	if (debug_info)
		n->dwarf = dwarf_lines__new();
	if (!n->jit || !n->go || (debug_info && !n->dwarf)) {
		naming__fini(n);
		return -ENOMEM;
	}
	jit_symbols__resolver(n->jit, &n->jit_resolver);
	jit_symbols__reader(n->jit, &n->jit_reader);
	go_lines__reader(n->go, &n->go_reader);
	n->resolvers[resolver++] = &kernel_resolver;
	n->resolvers[resolver++] = &vdso_resolver;
	n->resolvers[resolver++] = &go_resolver;
	n->resolvers[resolver++] = &elf_resolver;
	n->resolvers[resolver++] = &n->jit_resolver;
	recorded_symbols__reader(told, &n->told_reader);
	n->readers[reader++] = &n->told_reader;
	n->readers[reader++] = &n->jit_reader;
	n->readers[reader++] = &n->go_reader;
	if (n->dwarf) {
		dwarf_lines__reader(n->dwarf, &n->dwarf_reader);
		n->readers[reader++] = &n->dwarf_reader;
	}
	return 0;
}

int naming__renew(struct naming *n, const struct model *model, bool all)
{
	struct jit_symbols *jit = jit_symbols__new(&model->modules, &model->images);
	struct go_lines *go = all ? go_lines__new() : NULL;
	struct dwarf_lines *dwarf = all && n->dwarf ? dwarf_lines__new() : NULL;

	if (!jit || (all && !go) || (all && n->dwarf && !dwarf)) {
		jit_symbols__free(jit);
		go_lines__free(go);
		dwarf_lines__free(dwarf);
		return -ENOMEM;
	}
	jit_symbols__free(n->jit);
	n->jit = jit;
	jit_symbols__resolver(n->jit, &n->jit_resolver);
	jit_symbols__reader(n->jit, &n->jit_reader);
	if (!all)
		return 0;
	go_lines__free(n->go);
	n->go = go;
	go_lines__reader(n->go, &n->go_reader);
	if (!n->dwarf)
		return 0;
	dwarf_lines__free(n->dwarf);
	n->dwarf = dwarf;
	dwarf_lines__reader(n->dwarf, &n->dwarf_reader);
	return 0;
}

void naming__fini(struct naming *n)
{
	jit_symbols__free(n->jit);
	go_lines__free(n->go);
	dwarf_lines__free(n->dwarf);
	*n = (struct naming){0};
}

void naming__warn(const struct naming *n, const struct symbolizer *symbols)
{
	struct dwarf_lines_counts c = {0};

	if (n->dwarf)
		dwarf_lines__counts(n->dwarf, &c);
	if (symbolizer__left_out(symbols))
		log_warn("%u files have no names: the symbols of the others took %llu MB",
			 symbolizer__left_out(symbols), SYMBOLIZER_MAX_BYTES >> 20);
	if (c.too_large || c.damaged || c.timeouts)
		log_warn("debug information left out: %u files too large, %u unreadable, %u parts "
			 "that took too long",
			 c.too_large, c.damaged, c.timeouts);
	if (jit_symbols__warning(n->jit))
		log_warn("%s", jit_symbols__warning(n->jit));
}
