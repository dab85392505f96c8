/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "list_probes.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "source/bpf_probes.h"
#include "source/bpf_runq.h"
#include "source/bpf_syscalls.h"

#define PROBES_MAX_CNT	  32
#define PROBES_NAME_BYTES 32
#define PROBES_HELP_BYTES 80

/* Who attaches probes, and to see what. */
static const struct {
	const char *sees;
	int (*each)(void (*fn)(void *arg, const char *name), void *arg);
} probe_users[] = {
	{"waits", probes_each_tracepoint},
	{"system calls", syscalls_each_tracepoint},
	{"run queues", runq_each_tracepoint},
};

struct probe_row {
	char name[PROBES_NAME_BYTES];
	char help[PROBES_HELP_BYTES];
	uint32_t users; /* a bit for each of the table */
};

struct probe_list {
	struct probe_row rows[PROBES_MAX_CNT];
	size_t cnt;
	uint32_t user; /* who is being asked, a bit */
};

static void probe_take(void *arg, const char *name)
{
	struct probe_list *l = arg;
	size_t i;

	for (i = 0; i < l->cnt && strcmp(l->rows[i].name, name) != 0; i++)
		;
	if (i == PROBES_MAX_CNT)
		return;
	if (i == l->cnt)
		snprintf(l->rows[l->cnt++].name, PROBES_NAME_BYTES, "%s", name);
	l->rows[i].users |= l->user;
}

static void probe_explain(struct probe_row *row)
{
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(probe_users) && len < sizeof(row->help); i++)
		if (row->users & 1u << i)
			len += (size_t)snprintf(row->help + len, sizeof(row->help) - len, "%s%s",
						len ? ", " : "", probe_users[i].sees);
}

static int probe_compare(const void *a, const void *b)
{
	return strcmp(((const struct probe_row *)a)->name, ((const struct probe_row *)b)->name);
}

static void probe_list_fill(struct probe_list *l)
{
	for (size_t i = 0; i < ARRAY_SIZE(probe_users); i++) {
		l->user = 1u << i;
		probe_users[i].each(probe_take, l);
	}
	for (size_t i = 0; i < l->cnt; i++)
		probe_explain(&l->rows[i]);
	qsort(l->rows, l->cnt, sizeof(l->rows[0]), probe_compare);
}

bool list_probe(size_t i, struct list_item *ret)
{
	static struct probe_list list;

	if (!list.cnt)
		probe_list_fill(&list);
	if (i >= list.cnt)
		return false;
	*ret = (struct list_item){list.rows[i].name, list.rows[i].help};
	return true;
}
