/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/call_metrics.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "format/syscall_table.h"

static const char *const call_metrics_errors[CALL_METRICS_ERROR_CNT] = {
#define X(name) [CALL_METRICS_##name] = #name,
	CALL_METRICS_ERRORS_LIST(X)
#undef X
		[CALL_METRICS_OTHER] = "other",
};

const char *call_metrics_error_name(unsigned int error)
{
	return call_metrics_errors[error < CALL_METRICS_ERROR_CNT ? error : CALL_METRICS_OTHER];
}

/* ---- which calls ---- */

static int call_metrics_add_name(struct call_metrics *m, const char *name)
{
	int found = 0;

	for (uint32_t i = 0; i < m->cnt; i++)
		if (!strcmp(m->items[i].name, name))
			return 0;
	if (m->cnt == CALL_METRICS_MAX)
		return error_set(-EINVAL, "more than %d system calls", CALL_METRICS_MAX);
	for (int compat = 0; compat < 2; compat++) {
		uint32_t nr = syscall_find(name, compat);

		if (nr >= CALL_MAX_NR)
			continue;
		m->of_nr[compat][nr] = (uint8_t)m->cnt;
		found++;
	}
	if (!found)
		return error_set(-EINVAL, "'%s' is no system call: `man 2 syscalls` has a list",
				 name);
	snprintf(m->items[m->cnt++].name, CALL_METRICS_NAME_LEN, "%s", name);
	return 0;
}

static int call_metrics_add_names(struct call_metrics *m, const char *list)
{
	char name[CALL_METRICS_NAME_LEN];
	int err = 0;

	while (!err && *list) {
		size_t len = strcspn(list, ",");

		if (len >= sizeof(name))
			return error_set(-EINVAL, "'%.*s...' is no system call", 20, list);
		memcpy(name, list, len);
		name[len] = '\0';
		err = call_metrics_add_name(m, name);
		list += len + (list[len] == ',');
	}
	return err;
}

int call_metrics__init(struct call_metrics *m, const char *list, const struct bounds *bounds)
{
	int err;

	memset(m, 0, sizeof(*m));
	m->bounds = bounds ? *bounds : bounds_time;
	memset(m->of_nr, CALL_METRICS_MAX, sizeof(m->of_nr));
	err = call_metrics_add_names(m, list);
	if (err)
		return err;
	strcpy(m->items[CALL_METRICS_MAX].name, "other");
	return 0;
}

/* ---- counting ---- */

static struct call_metric *call_metrics_item(struct call_metrics *m, uint32_t nr)
{
	uint32_t number = nr & ~CALL_NR_COMPAT;

	if (number >= CALL_MAX_NR)
		return &m->items[CALL_METRICS_MAX];
	return &m->items[m->of_nr[!!(nr & CALL_NR_COMPAT)][number]];
}

static unsigned int call_metrics_error(uint32_t error)
{
	const char *name = syscall_error_name(error);

	if (!name)
		return CALL_METRICS_OTHER;
	/* ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK: include/linux/errno.h. */
	if (!strncmp(name, "ERESTART", strlen("ERESTART")) && error >= 512)
		return CALL_METRICS_EINTR;
	for (unsigned int i = 0; i < CALL_METRICS_OTHER; i++)
		if (!strcmp(name, call_metrics_errors[i]))
			return i;
	return CALL_METRICS_OTHER;
}

void call_metrics__add_row(struct call_metrics *m, const struct call_key *key,
			   const struct call_row *row)
{
	struct call_metric *item = call_metrics_item(m, key->nr);

	if (key->slot >= CALL_SLOT_ERRNO)
		item->error_cnts[call_metrics_error(key->slot - CALL_SLOT_ERRNO)] += row->cnt;
	else
		bounds_counts__add(&item->lengths, &m->bounds, row->cnt, row->total_ns);
}
