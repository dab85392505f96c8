/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/strtab.h"

#include <string.h>

#include "base/array.h"

int strtab__init(struct strtab *t, size_t max_bytes)
{
	uint32_t id;

	memset(t, 0, sizeof(*t));
	buf__init(&t->bytes, max_bytes < UINT32_MAX ? max_bytes : UINT32_MAX);
	hash_index__init(&t->index);
	return strtab__intern(t, "", &id);
}

void strtab__fini(struct strtab *t)
{
	buf__fini(&t->bytes);
	free(t->offsets);
	hash_index__fini(&t->index);
	memset(t, 0, sizeof(*t));
}

const char *strtab__get(const struct strtab *t, uint32_t id)
{
	return id < t->cnt ? t->bytes.data + t->offsets[id] : "";
}

static bool strtab_eq(const void *owner, uint32_t pos, const void *key)
{
	return !strcmp(strtab__get(owner, pos), key);
}

int strtab__intern(struct strtab *t, const char *s, uint32_t *ret_id)
{
	uint64_t hash = hash_bytes(s, strlen(s));
	uint32_t id = hash_index__find(&t->index, hash, strtab_eq, t, s);
	size_t at = t->bytes.len;
	int err;

	if (id == HASH_INDEX_NONE) {
		err = array__grow((void **)&t->offsets, &t->cap, t->cnt + 1, sizeof(*t->offsets),
				  UINT32_MAX - 1);
		if (err)
			return err;
		err = buf__append(&t->bytes, s, strlen(s) + 1);
		if (err)
			return err;
		id = (uint32_t)t->cnt;
		err = hash_index__add(&t->index, hash, id);
		if (err) {
			t->bytes.len = at;
			return err;
		}
		t->offsets[id] = (uint32_t)at;
		t->cnt++;
	}
	*ret_id = id;
	return 0;
}
