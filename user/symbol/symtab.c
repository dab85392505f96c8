/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "symbol/symtab.h"

#include <string.h>

#include "base/array.h"
#include "model/timeline.h"

_Static_assert(sizeof(struct symbol) == 24, "large programs have millions of these");
/* NOLINTNEXTLINE(misc-redundant-expression): the limit is the most that fits, and written apart from it. */
_Static_assert(SYMTAB_MAX_SYMBOLS <= 1u << 24, "positions must fit symbol.outer");

void symtab__init(struct symtab *t)
{
	memset(t, 0, sizeof(*t));
	buf__init(&t->names, SYMTAB_MAX_NAMES);
	t->kind = FRAME_KIND_NATIVE;
}

void symtab__fini(struct symtab *t)
{
	free(t->symbols);
	buf__fini(&t->names);
	timeline__free(t->timeline);
	memset(t, 0, sizeof(*t));
}

const char *symtab__name(const struct symtab *t, const struct symbol *s)
{
	return t->names.data + s->name_off;
}

int symtab__add_bytes(struct symtab *t, const char *name, size_t len, uint64_t start, uint64_t size,
		      uint8_t rank)
{
	size_t name_off = t->names.len;
	char *to;
	int err;

	err = array__grow((void **)&t->symbols, &t->cap, t->cnt + 1, sizeof(*t->symbols),
			  SYMTAB_MAX_SYMBOLS);
	if (err)
		return err;
	to = buf__reserve(&t->names, len + 1);
	if (!to)
		return t->names.err;
	memcpy(to, name, len);
	to[len] = '\0';
	buf__advance(&t->names, len + 1);
	t->symbols[t->cnt++] = (struct symbol){
		.start = start,
		.size = size < UINT64_MAX - start ? size : UINT64_MAX - start,
		.name_off = (uint32_t)name_off,
		.rank = rank & SYMTAB_MAX_RANK,
		.kind = t->kind & 0xf,
	};
	return 0;
}

int symtab__add(struct symtab *t, const char *name, uint64_t start, uint64_t size, uint8_t rank)
{
	return symtab__add_bytes(t, name, strlen(name), start, size, rank);
}

static int symtab_cmp_start(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static void symtab_sort(struct symtab *t)
{
	/* Many sources, /proc/kallsyms among them, are in order or nearly so. */
	for (size_t i = 1; i < t->cnt; i++)
		if (t->symbols[i - 1].start > t->symbols[i].start) {
			qsort(t->symbols, t->cnt, sizeof(*t->symbols), symtab_cmp_start);
			return;
		}
}

static bool symtab_is_end(const struct symtab *t, const struct symbol *s)
{
	return !*symtab__name(t, s);
}

/*
 * Whether @a is the better of two symbols at one address. A total order, so that runs don't differ.
 */
static bool symtab_better(const struct symtab *t, const struct symbol *a, const struct symbol *b)
{
	if (symtab_is_end(t, a) != symtab_is_end(t, b))
		return symtab_is_end(t, b);
	if (a->rank != b->rank)
		return a->rank > b->rank;
	if (a->size != b->size)
		return a->size > b->size;
	return strcmp(symtab__name(t, a), symtab__name(t, b)) < 0;
}

/* One symbol per start. */
static void symtab_drop_aliases(struct symtab *t)
{
	size_t to = 0;

	for (size_t i = 0; i < t->cnt; to++) {
		struct symbol best = t->symbols[i];
		uint64_t size = best.size, start = best.start;

		for (i++; i < t->cnt && t->symbols[i].start == start; i++) {
			if (t->symbols[i].size > size)
				size = t->symbols[i].size;
			if (symtab_better(t, &t->symbols[i], &best))
				best = t->symbols[i];
		}
		if (!best.size)
			best.size = size;
		t->symbols[to] = best;
	}
	t->cnt = to;
}

static void symtab_set_sizes(struct symtab *t, uint64_t limit)
{
	for (size_t i = 0; i < t->cnt; i++) {
		struct symbol *s = &t->symbols[i];
		uint64_t end = i + 1 < t->cnt && s[1].start < limit ? s[1].start : limit;

		if (!s->size)
			s->size = end > s->start ? end - s->start : 1;
	}
}

static void symtab_drop_ends(struct symtab *t)
{
	size_t to = 0;

	for (size_t i = 0; i < t->cnt; i++)
		if (!symtab_is_end(t, &t->symbols[i]))
			t->symbols[to++] = t->symbols[i];
	t->cnt = to;
}

static uint64_t symbol_end(const struct symbol *s)
{
	return s->start + s->size;
}

/*
 * Links each symbol to the nearest one before it that ends later: the only ones that can cover an
 * offset behind its end. Chains are walked at most once each, so this is linear.
 */
static void symtab_link_outer(struct symtab *t)
{
	for (size_t i = 0; i < t->cnt; i++) {
		size_t j;

		t->symbols[i].outer = (uint32_t)i & 0xffffff;
		if (!i)
			continue;
		for (j = i - 1; symbol_end(&t->symbols[j]) <= symbol_end(&t->symbols[i]);) {
			if (t->symbols[j].outer == j)
				break;
			j = t->symbols[j].outer;
		}
		if (symbol_end(&t->symbols[j]) > symbol_end(&t->symbols[i]))
			t->symbols[i].outer = (uint32_t)j & 0xffffff;
	}
}

void symtab__finish(struct symtab *t, uint64_t limit)
{
	symtab_sort(t);
	symtab_drop_aliases(t);
	symtab_set_sizes(t, limit);
	symtab_drop_ends(t);
	symtab_link_outer(t);
}

const struct symbol *symtab__find(const struct symtab *t, uint64_t offset)
{
	size_t lo = 0, hi = t->cnt, i;

	/* lo: how many symbols start at or before the offset. */
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->symbols[mid].start <= offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return NULL;
	i = lo - 1;
	for (int depth = 0; depth < SYMTAB_MAX_NESTING; depth++) {
		const struct symbol *s = &t->symbols[i];

		if (offset - s->start < s->size)
			return s;
		if (s->outer == i)
			return NULL;
		i = s->outer;
	}
	return NULL;
}

uint8_t symbol_rank(const char *name, size_t len, enum symbol_bind bind)
{
	unsigned int underscores = 0;

	while (underscores < 2 && underscores < len && name[underscores] == '_')
		underscores++;
	if (underscores == 1 && len > 1 && (name[1] == 'Z' || name[1] == 'R'))
		underscores = 0;
	return (uint8_t)(1 + (bind != SYMBOL_LOCAL) * 6 + (2 - underscores) * 2 +
			 (bind == SYMBOL_GLOBAL));
}
