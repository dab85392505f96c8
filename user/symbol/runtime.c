/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "symbol/runtime.h"

#include <string.h>

static const char *runtime_of_module(const struct module *m)
{
	const char *name = module__name(m);

	if (m->kind != WIRE_MODULE_ELF)
		return NULL;
	if (!strcmp(name, "libjvm.so"))
		return RUNTIME_FRAME_JAVA;
	if (!strcmp(name, "node") || !strcmp(name, "nodejs") || !strncmp(name, "libnode.so", 10))
		return RUNTIME_FRAME_JIT;
	return NULL;
}

const char *runtime_frame_name(const struct module_table *modules, const struct image_table *images,
			       const struct module *m)
{
	const struct mapping *maps;
	const struct image *img;
	struct wire_image key;
	const char *name = NULL;
	size_t cnt;

	img = module__image(m, &key) ? image_table__find(images, &key) : NULL;
	if (!img)
		return NULL;
	maps = image_table__mappings(images, img, &cnt);
	for (size_t i = 0; !name && i < cnt; i++) {
		const struct module *other = module_table__find(modules, maps[i].module);

		name = other ? runtime_of_module(other) : NULL;
	}
	return name;
}
