/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "symbol/symbol_path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/log.h"
#include "base/os_names.h"

#define SYMBOL_PATH_MAX_BYTES 65536 /* of one path */

struct symbol_dir {
	char *path;
	bool listed;
	char **names; /* of what is in it, in order, letters' case aside */
	size_t cnt, cap;
};

struct symbol_path {
	struct symbol_dir dirs[SYMBOL_PATH_MAX_DIRS];
	size_t cnt;
};

/* ---- the list ---- */

static bool symbol_path_is_url(const char *text, size_t len)
{
	for (size_t i = 0; i + 3 <= len; i++)
		if (!memcmp(text + i, "://", 3))
			return true;
	return false;
}

static int symbol_path__add(struct symbol_path *p, const char *text, size_t len)
{
	struct symbol_dir *d = &p->dirs[p->cnt];

	if (!len)
		return 0;
	if (symbol_path_is_url(text, len)) {
		log_debug("symbols: nothing is fetched from %.*s", (int)len, text);
		return 0;
	}
	if (p->cnt == SYMBOL_PATH_MAX_DIRS)
		return -E2BIG;
	d->path = malloc(len + 1);
	if (!d->path)
		return -ENOMEM;
	memcpy(d->path, text, len);
	d->path[len] = '\0';
	p->cnt++;
	return 0;
}

static bool symbol_path_word(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && !strncasecmp(text, word, len);
}

/* One entry: a directory, or "srv*...", "symsrv*DLL*...", "cache*..." with several. */
static int symbol_path__parse_entry(struct symbol_path *p, const char *text, size_t len)
{
	const char *end = text + len, *star = memchr(text, '*', len);
	size_t n = star ? (size_t)(star - text) : 0, skip = 0;
	int err = 0;

	if (!star)
		return symbol_path__add(p, text, len);
	if (symbol_path_word(text, n, "symsrv"))
		skip = 1;
	else if (!symbol_path_word(text, n, "srv") && !symbol_path_word(text, n, "cache"))
		return symbol_path__add(p, text, len);
	for (text = star + 1; !err && text <= end; text += n + 1) {
		star = memchr(text, '*', (size_t)(end - text));
		n = star ? (size_t)(star - text) : (size_t)(end - text);
		if (skip)
			skip--;
		else
			err = symbol_path__add(p, text, n);
	}
	return err;
}

static int symbol_path__parse(struct symbol_path *p, const char *list)
{
	int err = 0;

	while (!err && *list) {
		size_t len = strcspn(list, ";"), skip = strspn(list, " "), n = len;

		if (skip > len)
			skip = len;
		while (n > skip && list[n - 1] == ' ')
			n--;
		err = symbol_path__parse_entry(p, list + skip, n - skip);
		list += len + (list[len] == ';');
	}
	return err;
}

struct symbol_path *symbol_path__new(const char *list)
{
	struct symbol_path *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return NULL;
	err = symbol_path__parse(p, list ? list : "");
	if (!err)
		return p;
	symbol_path__free(p);
	errno = -err;
	return NULL;
}

static void symbol_dir__fini(struct symbol_dir *d)
{
	for (size_t i = 0; i < d->cnt; i++)
		free(d->names[i]);
	free(d->names);
	free(d->path);
}

void symbol_path__free(struct symbol_path *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->cnt; i++)
		symbol_dir__fini(&p->dirs[i]);
	free(p);
}

const char *symbol_path__dir(const struct symbol_path *p, size_t i)
{
	return i < p->cnt ? p->dirs[i].path : NULL;
}

/* ---- what is in a directory ---- */

static int symbol_dir_take_name(void *arg, const char *name)
{
	struct symbol_dir *d = arg;
	int err = array__grow((void **)&d->names, &d->cap, d->cnt + 1, sizeof(*d->names),
			      SYMBOL_PATH_MAX_NAMES);

	if (err)
		return err;
	d->names[d->cnt] = strdup(name);
	if (!d->names[d->cnt])
		return -ENOMEM;
	d->cnt++;
	return 0;
}

static int symbol_name_cmp(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	int cmp = strcasecmp(x, y);

	return cmp ? cmp : strcmp(x, y);
}

/* Each directory of the list is read once: a session has hundreds of modules, a cache thousands of names. */
static int symbol_dir__list(struct symbol_dir *d)
{
	int err;

	if (d->listed)
		return 0;
	err = os_each_name(d->path, symbol_dir_take_name, d);
	if (err == -ENOMEM)
		return err;
	if (err)
		log_debug("symbols: %s: %s", d->path, strerror(-err));
	if (d->cnt)
		qsort(d->names, d->cnt, sizeof(*d->names), symbol_name_cmp);
	d->listed = true;
	return 0;
}

/* The position of the first name that is not before @name; there may be several that differ in case. */
static size_t symbol_dir__search(const struct symbol_dir *d, const char *name)
{
	size_t lo = 0, hi = d->cnt;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcasecmp(d->names[mid], name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* ---- the search ---- */

struct symbol_search {
	const char *key,
		*name; /* what is looked for in this directory: the key, or NULL and the name */
	const char *dir;
	symbol_path_fn fn;
	void *arg;
};

static int symbol_search_take(void *arg, const char *found)
{
	const struct symbol_search *s = arg;
	_cleanup_buf_ struct buf path = {0};

	if (strcasecmp(found, s->key ? s->key : s->name) != 0)
		return 0;
	buf__init(&path, SYMBOL_PATH_MAX_BYTES);
	if (buf__printf(&path, "%s/%s", s->dir, found))
		return path.err == -ENOMEM ? -ENOMEM : 0;
	if (s->key) {
		struct symbol_search below = {
			.name = s->name, .dir = path.data, .fn = s->fn, .arg = s->arg};
		int ret = os_each_name(path.data, symbol_search_take, &below);

		/* What can't be read isn't there. */
		return ret < 0 && ret != -ENOMEM ? 0 : ret;
	}
	return s->fn(s->arg, path.data);
}

/* Looks at one name in a directory: what is below it, or the file that it is. */
static int symbol_dir__look(const struct symbol_dir *d, const char *found, const char *name,
			    const char *key, symbol_path_fn fn, void *arg)
{
	_cleanup_buf_ struct buf path = {0};
	struct symbol_search s = {.key = key, .name = name, .fn = fn, .arg = arg};
	int ret;

	buf__init(&path, SYMBOL_PATH_MAX_BYTES);
	if (buf__printf(&path, "%s/%s", d->path, found))
		return path.err == -ENOMEM ? -ENOMEM : 0;
	if (!key)
		return fn(arg, path.data);
	s.dir = path.data;
	ret = os_each_name(path.data, symbol_search_take, &s);
	return ret < 0 && ret != -ENOMEM ? 0 : ret;
}

static int symbol_dir__find(struct symbol_dir *d, const char *name, const char *key,
			    symbol_path_fn fn, void *arg)
{
	size_t first;
	int ret = symbol_dir__list(d);

	if (ret)
		return ret;
	first = symbol_dir__search(d, name);
	for (size_t i = first; key && !ret && i < d->cnt && !strcasecmp(d->names[i], name); i++)
		ret = symbol_dir__look(d, d->names[i], name, key, fn, arg);
	for (size_t i = first; !ret && i < d->cnt && !strcasecmp(d->names[i], name); i++)
		ret = symbol_dir__look(d, d->names[i], name, NULL, fn, arg);
	return ret;
}

int symbol_path__find(struct symbol_path *p, const char *name, const char *key, symbol_path_fn fn,
		      void *arg)
{
	int ret = 0;

	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	for (size_t i = 0; !ret && i < p->cnt; i++)
		ret = symbol_dir__find(&p->dirs[i], name, key, fn, arg);
	return ret;
}

const char *symbol_path_base(const char *path)
{
	const char *base = path;

	for (; *path; path++)
		if (*path == '/' || *path == '\\')
			base = path + 1;
	return base;
}
