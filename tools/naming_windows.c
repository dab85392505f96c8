/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "naming.h"

#include <errno.h>
#include <stdlib.h>

#include "load_names.h"

int naming__init(struct naming *n, const struct model *model, struct recorded_symbols *told,
		 const struct offcpu_view *view, const char *symbol_path)
{
	int err;

	(void)model;
	(void)view;
	*n = (struct naming){.files = calloc(1, sizeof(*n->files))};
	if (!n->files)
		return -ENOMEM;
	err = load_names__init(n->files, told, symbol_path);
	if (!err)
		pdb_symbols__look_here(n->files->pdb);
	for (size_t i = 0; !err && n->files->resolvers[i]; i++)
		n->resolvers[i] = n->files->resolvers[i];
	for (size_t i = 0; !err && n->files->readers[i]; i++)
		n->readers[i] = n->files->readers[i];
	return err;
}

int naming__renew(struct naming *n, const struct model *model, bool all)
{
	(void)n;
	(void)model;
	(void)all;
	return 0;
}

void naming__fini(struct naming *n)
{
	if (n->files)
		load_names__fini(n->files);
	free(n->files);
	*n = (struct naming){0};
}

void naming__warn(const struct naming *n, const struct symbolizer *symbols)
{
	(void)symbols;
	load_names__warn(n->files);
}
