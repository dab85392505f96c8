/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "model/labels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "model/sanitise.h"

/* Text that was made clean has no such characters. */
#define VALUE_BEGINS '\x1f'
#define LABEL_ENDS   '\x1e'

void label_table__init(struct label_table *t)
{
	*t = (struct label_table){0};
}

void label_table__fini(struct label_table *t)
{
	for (size_t i = 0; i < t->cnt; i++)
		free(t->items[i].text);
	free(t->items);
	hash_index__fini(&t->index);
	*t = (struct label_table){0};
}

static bool label_table_eq(const void *owner, uint32_t pos, const void *key)
{
	return ((const struct label_table *)owner)->items[pos].id == *(const uint64_t *)key;
}

const struct label_set *label_table__find(const struct label_table *t, uint64_t id)
{
	uint32_t pos = hash_index__find(&t->index, hash_u64(id), label_table_eq, t, &id);

	return pos == HASH_INDEX_NONE ? NULL : &t->items[pos];
}

int label_table__add(struct label_table *t, const struct wire_labels *rec)
{
	char *text;
	int err;

	/* Id 0 says "none" wherever a set is referred to. */
	if (!rec->id || label_table__find(t, rec->id))
		return 0;
	err = array__grow((void **)&t->items, &t->cap, t->cnt + 1, sizeof(*t->items),
			  LABELS_MAX_SETS);
	if (err)
		return err;
	text = malloc(rec->text_len + 1u);
	if (!text)
		return -ENOMEM;
	err = hash_index__add(&t->index, hash_u64(rec->id), (uint32_t)t->cnt);
	if (err) {
		free(text);
		return err;
	}
	memcpy(text, rec->text, rec->text_len);
	text[rec->text_len] = '\0';
	t->items[t->cnt++] = (struct label_set){rec->id, rec->text_len, text};
	return 0;
}

int label_set__write(const struct label_set *s, struct buf *to)
{
	const char *at = s->text, *end = s->text + s->len;

	while (at < end && !to->err) {
		const char *value = at + strlen(at) + 1;

		if (value > end)
			break;
		sanitise_text(at, to);
		buf__putc(to, VALUE_BEGINS);
		sanitise_text(value, to);
		buf__putc(to, LABEL_ENDS);
		at = value + strlen(value) + 1;
	}
	return to->err;
}

bool labels_next(const char **at, struct label *ret)
{
	const char *value = strchr(*at, VALUE_BEGINS);
	const char *end = value ? strchr(value, LABEL_ENDS) : NULL;

	if (!end)
		return false;
	*ret = (struct label){*at, value + 1, (size_t)(value - *at), (size_t)(end - value - 1)};
	*at = end + 1;
	return true;
}
