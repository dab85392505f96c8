/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Windows has no cgroups. */
#include "source/os_cgroup.h"

#include <errno.h>
#include <stdlib.h>

struct os_cgroups {
	bool by_image;
};

struct os_cgroups *os_cgroups__new(void)
{
	return calloc(1, sizeof(struct os_cgroups));
}

void os_cgroups__free(struct os_cgroups *c)
{
	free(c);
}

bool os_cgroups__by_image(const struct os_cgroups *c)
{
	return c->by_image;
}

void os_cgroups__set_by_image(struct os_cgroups *c, bool by_image)
{
	c->by_image = by_image;
}

int os_cgroups__path(struct os_cgroups *c, uint64_t cgroup_id, const struct wire_image *image,
		     char *ret_path, size_t size)
{
	(void)c;
	(void)cgroup_id;
	(void)image;
	(void)ret_path;
	(void)size;
	return -ENOENT;
}
