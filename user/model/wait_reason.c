/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "model/wait_reason.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void wait_reason_table__init(struct wait_reason_table *t)
{
	memset(t, 0, sizeof(*t));
}

static void wait_reason_fini(struct wait_reason *r)
{
	free(r->name);
	free(r->frame);
}

void wait_reason_table__fini(struct wait_reason_table *t)
{
	for (size_t i = 0; i < t->cnt; i++)
		wait_reason_fini(&t->items[i]);
	free(t->items);
	memset(t, 0, sizeof(*t));
}

/* The position of the first rule whose number is not less. */
static size_t wait_reason_first(const struct wait_reason_table *t, uint32_t state)
{
	size_t lo = 0, hi = t->cnt;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->items[mid].state < state)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int wait_reason_init(struct wait_reason *r, const struct wire_wait_reason *rec)
{
	*r = (struct wait_reason){
		.state = rec->state,
		.reason = rec->reason < REASON_CNT ? (enum reason)rec->reason : REASON_OTHER,
		.name = strdup(rec->text),
		.frame = strdup(rec->text + rec->name_len + 1),
	};
	if (r->name && r->frame)
		return 0;
	wait_reason_fini(r);
	return -ENOMEM;
}

int wait_reason_table__add(struct wait_reason_table *t, const struct wire_wait_reason *rec)
{
	size_t at = wait_reason_first(t, rec->state);
	struct wait_reason fresh;
	int err;

	for (; at < t->cnt && t->items[at].state == rec->state; at++)
		if (!strcmp(t->items[at].frame, rec->text + rec->name_len + 1))
			return 0;
	err = array__grow((void **)&t->items, &t->cap, t->cnt + 1, sizeof(*t->items),
			  WAIT_REASON_MAX_CNT);
	if (!err)
		err = wait_reason_init(&fresh, rec);
	if (err)
		return err;
	memmove(&t->items[at + 1], &t->items[at], (t->cnt - at) * sizeof(*t->items));
	t->items[at] = fresh;
	t->cnt++;
	return 0;
}

static bool wait_reason_fits(const struct wait_reason *r, const char *const *frames,
			     size_t frame_cnt)
{
	size_t len = strlen(r->frame);

	for (size_t i = 0; i < frame_cnt; i++) {
		const char *name = frames[i];

		/* An export: where it ends isn't known, but those of system calls lie close together. */
		if (name && *name == '~')
			name++;
		if (name && *name != '[' && !strncmp(name, r->frame, len))
			return true;
	}
	return false;
}

struct wait_why wait_reason_table__find(const struct wait_reason_table *t, uint32_t state,
					const char *const *frames, size_t frame_cnt)
{
	size_t first = wait_reason_first(t, state);
	const struct wait_reason *found = NULL, *plain = NULL;

	for (size_t i = first; !found && i < t->cnt && t->items[i].state == state; i++) {
		const struct wait_reason *r = &t->items[i];

		if (!*r->frame)
			plain = r;
		else if (wait_reason_fits(r, frames, frame_cnt))
			found = r;
	}
	if (!found)
		found = plain;
	if (found)
		return (struct wait_why){found->reason, found->name};
	/* All its rules ask for frames that are not there: the number has a name all the same. */
	return (struct wait_why){REASON_OTHER, first < t->cnt && t->items[first].state == state
						       ? t->items[first].name
						       : ""};
}
