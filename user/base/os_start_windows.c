/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_start.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>
#include <windows.h>

#include <shellapi.h>

#include "base/compiler.h"
#include "base/os_windows.h"

/* ---- the words of the command line ---- */

static int start_words(int *argc, char ***argv)
{
	int cnt;
	wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &cnt);
	char **words = wide ? calloc((size_t)cnt + 1, sizeof(*words)) : NULL;

	for (int i = 0; words && i < cnt; i++) {
		words[i] = os_windows_utf8(wide[i]);
		if (!words[i])
			return -ENOMEM;
	}
	LocalFree(wide);
	if (!words)
		return -ENOMEM;
	*argc = cnt;
	*argv = words;
	return 0;
}

/* ---- streams ---- */

static UINT start_code_page;

static void start_restore_console(void)
{
	SetConsoleOutputCP(start_code_page);
}

/* A service has none. */
static void start_binary(FILE *stream)
{
	if (_fileno(stream) >= 0)
		_setmode(_fileno(stream), _O_BINARY);
}

int os_start(int *argc, char ***argv)
{
	start_binary(stdin);
	start_binary(stdout);
	start_binary(stderr);
	/* There is a console or there is none. */
	start_code_page = GetConsoleOutputCP();
	if (start_code_page && SetConsoleOutputCP(CP_UTF8))
		atexit(start_restore_console);
	return start_words(argc, argv);
}

/* ---- wildcards ---- */

struct words {
	char **items;
	int cnt, max;
};

static int words__add(struct words *w, char *word)
{
	if (w->cnt + 1 >= w->max) {
		int max = w->max ? 2 * w->max : 16;
		char **items = reallocarray(w->items, (size_t)max, sizeof(*items));

		if (!items)
			return -ENOMEM;
		w->items = items;
		w->max = max;
	}
	w->items[w->cnt++] = word;
	w->items[w->cnt] = NULL;
	return 0;
}

/* Windows itself also finds by short names: *.etl finds X.ETLX. */
static bool wildcard_matches(const wchar_t *pattern, const wchar_t *name)
{
	const wchar_t *star = NULL, *star_name = NULL;

	for (;;) {
		if (*pattern == '*') {
			star = ++pattern;
			star_name = name;
		} else if (*name && (*pattern == '?' || towlower(*pattern) == towlower(*name))) {
			pattern++;
			name++;
		} else if (!*name && !*pattern) {
			return true;
		} else if (star && *star_name) {
			pattern = star;
			name = ++star_name;
		} else {
			return false;
		}
	}
}

/* The last component of @path; the rest is a directory. */
static const char *wildcard_name(const char *path)
{
	const char *name = path;

	for (const char *p = path; *p; p++)
		if (*p == '/' || *p == '\\' || (*p == ':' && p == path + 1))
			name = p + 1;
	return name;
}

static int words__add_found(struct words *w, const char *path, const wchar_t *found)
{
	_cleanup_free_ char *name = os_windows_utf8(found);
	char *word;

	if (!name || asprintf(&word, "%.*s%s", (int)(wildcard_name(path) - path), path, name) < 0)
		return -ENOMEM;
	return words__add(w, word);
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int words__add_matches(struct words *w, const char *path)
{
	_cleanup_free_ wchar_t *pattern = os_windows_wide(wildcard_name(path)), *wide = NULL;
	int first = w->cnt, err = 0;
	WIN32_FIND_DATAW found;
	HANDLE search;

	wide = os_windows_path(path);
	if (!pattern || !wide)
		return -ENOMEM;
	search = FindFirstFileW(wide, &found);
	if (search == INVALID_HANDLE_VALUE)
		return 0;
	do {
		if (found.cFileName[0] == '.' && pattern[0] != '.')
			continue; /* as shells do */
		if (wildcard_matches(pattern, found.cFileName))
			err = words__add_found(w, path, found.cFileName);
	} while (!err && FindNextFileW(search, &found));
	FindClose(search);
	if (w->cnt - first > 1)
		qsort(w->items + first, (size_t)(w->cnt - first), sizeof(*w->items), compare_words);
	return err;
}

int os_expand_wildcards(int *cnt, char ***operands)
{
	struct words w = {.cnt = 0};
	int err = 0;

	for (int i = 0; !err && i < *cnt; i++) {
		char *word = (*operands)[i];
		int before = w.cnt;

		if (strpbrk(wildcard_name(word), "*?"))
			err = words__add_matches(&w, word);
		if (!err && w.cnt == before)
			err = words__add(&w, word);
	}
	if (err) {
		free(w.items);
		return err;
	}
	if (w.items) {
		free(*operands);
		*operands = w.items;
		*cnt = w.cnt;
	}
	return 0;
}
