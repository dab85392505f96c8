/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "symbol/js_name.h"

#include <string.h>

#include "base/compiler.h"

/* What is left of the text. */
struct js_text {
	const char *pos, *end;
};

static bool js_skip(struct js_text *t, const char *prefix)
{
	size_t len = strlen(prefix);

	if ((size_t)(t->end - t->pos) < len || memcmp(t->pos, prefix, len) != 0)
		return false;
	t->pos += len;
	return true;
}

static bool js_skip_tag(struct js_text *t)
{
	static const char *const tags[] = {
		"JS:", "LazyCompile:", "Function:", "InterpretedFunction:", "Script:", "Eval:",
	};

	for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
		if (js_skip(t, tags[i]))
			return true;
	return false;
}

/* Takes ":NUMBER" off the end. */
static bool js_cut_number(struct js_text *t, uint32_t *ret)
{
	const char *digits = t->end;
	uint64_t v = 0;

	while (digits > t->pos && digits[-1] >= '0' && digits[-1] <= '9')
		digits--;
	if (digits == t->end || digits == t->pos || digits[-1] != ':' || t->end - digits > 9)
		return false;
	for (const char *p = digits; p < t->end; p++)
		v = v * 10 + (uint64_t)(*p - '0');
	t->end = digits - 1;
	*ret = (uint32_t)v;
	return true;
}

/*
 * Where the file begins, behind the blank that follows the function's name: names ("get size") and files may have blanks
 * of their own, but most files begin with their root or a scheme. NULL: nowhere.
 */
static const char *js_find_file(const struct js_text *t)
{
	static const char *const roots[] = {"/", "file:", "node:", "evalmachine."};
	const char *last = NULL;

	for (const char *p = t->pos; p < t->end; p++) {
		struct js_text rest = {p + 1, t->end};

		if (*p != ' ')
			continue;
		last = p + 1;
		for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
			if (js_skip(&rest, roots[i]))
				return last;
	}
	return last;
}

bool js_name_parse(const char *text, size_t len, struct js_name *ret)
{
	struct js_text t = {text, text + len};
	struct js_name n = {.name = text};
	uint32_t column;

	if (!js_skip_tag(&t))
		return false;
	if (t.pos < t.end && strchr("*^+~", *t.pos))
		t.pos++;
	n.name = t.pos;
	/* "name file:line:column"; without a place all of it is the name. */
	if (js_cut_number(&t, &column) && js_cut_number(&t, &n.line))
		n.file = js_find_file(&t);
	if (!n.file) {
		n.name_len = (size_t)(text + len - n.name);
		n.line = 0;
		*ret = n;
		return true;
	}
	n.file_len = (size_t)(t.end - n.file);
	n.name_len = (size_t)(n.file - n.name) - 1;
	*ret = n;
	return true;
}
