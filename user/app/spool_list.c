/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/spool_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/os_dir.h"

#define SPOOL_MAX_ITEMS (1u << 20)

const char *spool_aside_name(enum spool_aside aside)
{
	static const char *const names[SPOOL_ASIDE_CNT] = {
		[SPOOL_SENT] = "sent",
		[SPOOL_CORRUPT] = "corrupt",
		[SPOOL_REJECTED] = "rejected",
	};

	return names[aside];
}

static int spool_list_add(void *arg, const struct os_dir_entry *e)
{
	struct spool_list *l = arg;
	struct spool_name name;
	int err;

	if (spool_name__parse(&name, e->name))
		return 0;
	err = array__grow((void **)&l->items, &l->cap, l->cnt + 1, sizeof(*l->items),
			  SPOOL_MAX_ITEMS);
	if (err)
		return err;
	l->items[l->cnt++] = (struct spool_item){name, e->bytes};
	l->bytes += e->bytes;
	return 0;
}

static int spool_item_cmp(const void *left, const void *right)
{
	const struct spool_name *a = &((const struct spool_item *)left)->name;
	const struct spool_name *b = &((const struct spool_item *)right)->name;

	if (a->seq != b->seq)
		return a->seq < b->seq ? -1 : 1;
	return strcmp(a->id, b->id);
}

int spool_list__load(struct spool_list *l, int dir_fd)
{
	int err;

	*l = (struct spool_list){.items = NULL};
	err = os_dir_each(dir_fd, spool_list_add, l);
	if (!err && l->cnt)
		qsort(l->items, l->cnt, sizeof(*l->items), spool_item_cmp);
	return err;
}

void spool_list__fini(struct spool_list *l)
{
	free(l->items);
	*l = (struct spool_list){.items = NULL};
}
