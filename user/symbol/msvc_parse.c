/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Names in decorated names. */
#include "symbol/msvc_parse.h"

#include <string.h>

#include "base/compiler.h"

static const char msvc_anonymous[] = "`anonymous namespace'";

static void msvc_parse_template(struct msvc_parser *p, struct msvc_part *ret);

/* ---- letters ---- */

bool msvc_at(const struct msvc_parser *p, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(p->end - p->pos) >= n && !memcmp(p->pos, text, n);
}

bool msvc_take(struct msvc_parser *p, const char *text)
{
	if (!msvc_at(p, text))
		return false;
	p->pos += strlen(text);
	return true;
}

static bool msvc_at_digit(const struct msvc_parser *p)
{
	return msvc_peek(p) >= '0' && msvc_peek(p) <= '9';
}

void msvc_number(struct msvc_parser *p)
{
	msvc_take(p, "?");
	if (msvc_at_digit(p)) {
		p->pos++;
		return;
	}
	for (char c = msvc_next(p); c != '@'; c = msvc_next(p))
		if (c < 'A' || c > 'P') {
			p->failed = true;
			return;
		}
}

/* ---- parts ---- */

static bool msvc_part_eq(const struct msvc_part *a, const struct msvc_part *b)
{
	return a->len == b->len && a->has_args == b->has_args && !memcmp(a->text, b->text, a->len);
}

/* The first ten different names can be referred to by a digit. */
static void msvc_remember(struct msvc_parser *p, const struct msvc_part *part)
{
	if (part->kind != MSVC_TEXT || p->backref_cnt == MSVC_MAX_BACKREFS)
		return;
	/* Instances of one template are told apart by their arguments, which are not kept: each is counted. */
	for (unsigned int i = 0; !part->has_args && i < p->backref_cnt; i++)
		if (msvc_part_eq(&p->backrefs[i], part))
			return;
	p->backrefs[p->backref_cnt++] = *part;
}

static void msvc_text(struct msvc_part *ret, const char *text)
{
	*ret = (struct msvc_part){.text = text, .len = strlen(text)};
}

static void msvc_backref(struct msvc_parser *p, struct msvc_part *ret)
{
	unsigned int i = (unsigned int)(msvc_next(p) - '0');

	if (i >= p->backref_cnt)
		p->failed = true;
	else
		*ret = p->backrefs[i];
}

/* A name as it stands, up to '@'. */
static void msvc_identifier(struct msvc_parser *p, bool remember, struct msvc_part *ret)
{
	const char *at = memchr(p->pos, '@', (size_t)(p->end - p->pos));

	if (!at || at == p->pos) {
		p->failed = true;
		return;
	}
	*ret = (struct msvc_part){.text = p->pos, .len = (size_t)(at - p->pos)};
	p->pos = at + 1;
	if (remember)
		msvc_remember(p, ret);
}

/* The innermost part of a symbol's name. */
static void msvc_symbol_part(struct msvc_parser *p, struct msvc_part *ret)
{
	if (msvc_at_digit(p))
		msvc_backref(p, ret);
	else if (msvc_at(p, "?$"))
		msvc_parse_template(p, ret);
	else if (msvc_take(p, "?"))
		msvc_parse_operator(p, ret);
	else
		msvc_identifier(p, true, ret);
}

/* ---- templates ---- */

/* A constant or a symbol as an argument; after '$', or after the type of one whose type was deduced. */
static bool msvc_parse_constant(struct msvc_parser *p)
{
	struct msvc_parts ignored = {.cnt = 0};
	/* How many numbers follow: of constants, of pointers to members, which need more the less is known of the class. */
	static const struct {
		char code;
		bool has_symbol;
		int number_cnt;
	} forms[] = {{'0', false, 1}, {'1', true, 0}, {'E', true, 0}, {'F', false, 2},
		     {'G', false, 3}, {'H', true, 1}, {'I', true, 2}, {'J', true, 3}};
	size_t i = 0;

	while (i < ARRAY_SIZE(forms) && forms[i].code != msvc_peek(p))
		i++;
	if (i == ARRAY_SIZE(forms))
		return false;
	p->pos++;
	if (forms[i].has_symbol && msvc_take(p, "?")) {
		msvc_parse_symbol(p, &ignored, true);
		if (!p->failed && forms[i].code != 'E' && ignored.cnt)
			msvc_remember(p, &ignored.all[0]);
	}
	for (int n = forms[i].number_cnt; n && !p->failed; n--)
		msvc_number(p);
	return true;
}

static void msvc_argument(struct msvc_parser *p)
{
	if (msvc_take(p, "$S") || msvc_take(p, "$$V") || msvc_take(p, "$$$V") ||
	    msvc_take(p, "$$Z"))
		return;
	if (msvc_take(p, "$$Y")) {
		msvc_parse_type_name(p);
	} else if (msvc_take(p, "$$B")) {
		msvc_parse_type(p, MSVC_DROPPED);
	} else if (msvc_take(p, "$$C")) {
		msvc_parse_type(p, MSVC_MANGLED);
	} else if (msvc_take(p, "$M")) {
		msvc_parse_type(p, MSVC_DROPPED);
		p->failed |= !p->failed && !msvc_parse_constant(p);
	} else if (msvc_at(p, "$$") || !msvc_take(p, "$")) {
		msvc_parse_type(p, MSVC_DROPPED);
	} else if (!msvc_parse_constant(p)) {
		p->failed = true;
	}
}

/* "?$name@arguments@": inside of it, digits stand for names in it. */
static void msvc_parse_template(struct msvc_parser *p, struct msvc_part *ret)
{
	struct msvc_part outer[MSVC_MAX_BACKREFS];
	unsigned int outer_cnt = p->backref_cnt;
	struct buf *type = p->type;

	if (++p->depth > MSVC_MAX_DEPTH)
		p->failed = true;
	memcpy(outer, p->backrefs, sizeof(outer));
	p->backref_cnt = 0;
	p->type = NULL;
	msvc_take(p, "?$");
	if (!p->failed)
		msvc_symbol_part(p, ret);
	while (!p->failed && !msvc_take(p, "@"))
		msvc_argument(p);
	memcpy(p->backrefs, outer, sizeof(outer));
	p->backref_cnt = outer_cnt;
	p->type = type;
	p->depth--;
	ret->has_args = true;
	/* Its name would stand before its arguments. */
	if (ret->kind == MSVC_CONVERSION)
		p->failed = true;
}

/* ---- qualified names ---- */

static void msvc_add(struct msvc_parser *p, struct msvc_parts *to, const struct msvc_part *part)
{
	if (to->cnt == MSVC_MAX_PARTS)
		p->failed = true;
	else if (!p->failed)
		to->all[to->cnt++] = *part;
}

/* "?2??f@@YAXXZ": the second scope in function f. */
static bool msvc_at_local_scope(const struct msvc_parser *p)
{
	const char *s = p->pos + 1;

	if (p->end - s < 3 || p->pos[0] != '?')
		return false;
	if ((*s >= '0' && *s <= '9') || *s == '@')
		return s[1] == '?';
	while (s < p->end && *s >= 'A' && *s <= 'P')
		s++;
	return p->end - s >= 2 && s > p->pos + 1 && s[0] == '@' && s[1] == '?';
}

static void msvc_local_scope(struct msvc_parser *p, struct msvc_parts *to)
{
	msvc_take(p, "?");
	if (!msvc_take(p, "@"))
		msvc_number(p);
	msvc_take(p, "?");
	if (!msvc_take(p, "?"))
		p->failed = true;
	if (!p->failed)
		msvc_parse_symbol(p, to, true);
}

static void msvc_anonymous_scope(struct msvc_parser *p, struct msvc_part *ret)
{
	while (!p->failed && msvc_next(p) != '@')
		;
	msvc_text(ret, msvc_anonymous);
	msvc_remember(p, ret);
}

/* Namespaces, classes and functions around, up to '@'. */
static void msvc_scopes(struct msvc_parser *p, struct msvc_parts *to)
{
	while (!p->failed && !msvc_take(p, "@")) {
		struct msvc_part part = {.kind = MSVC_TEXT};

		if (msvc_at_digit(p)) {
			msvc_backref(p, &part);
		} else if (msvc_at(p, "?$")) {
			msvc_parse_template(p, &part);
			if (!p->failed)
				msvc_remember(p, &part);
		} else if (msvc_at_local_scope(p)) {
			msvc_local_scope(p, to);
			continue;
		} else if (msvc_take(p, "?A")) {
			msvc_anonymous_scope(p, &part);
		} else {
			p->failed |= msvc_at(p, "?");
			if (!p->failed)
				msvc_identifier(p, true, &part);
		}
		msvc_add(p, to, &part);
	}
}

void msvc_parse_type_name(struct msvc_parser *p)
{
	struct msvc_parts parts = {.cnt = 0};
	struct msvc_part part = {.kind = MSVC_TEXT};
	struct buf *type = p->type;

	if (++p->depth > MSVC_MAX_DEPTH)
		p->failed = true;
	p->type = NULL;
	if (p->failed)
		;
	else if (msvc_at_digit(p))
		msvc_backref(p, &part);
	else if (msvc_at(p, "?$")) {
		msvc_parse_template(p, &part);
		if (!p->failed)
			msvc_remember(p, &part);
	} else
		msvc_identifier(p, true, &part);
	msvc_add(p, &parts, &part);
	msvc_scopes(p, &parts);
	p->type = type;
	p->depth--;
	if (type && !p->failed)
		p->failed = !msvc_parts__write(&parts, NULL, type);
}

/* "?__Ex@@YAXXZ", "?__E?x@ns@@3HA@@YAXXZ": a function that makes or ends the variable x. */
static bool msvc_wrapped(struct msvc_parser *p)
{
	if (msvc_take(p, "?__E"))
		p->wrapper = "dynamic initializer for";
	else if (msvc_take(p, "?__F"))
		p->wrapper = "dynamic atexit destructor for";
	else
		return false;
	msvc_take(p, "?");
	return true;
}

/* What is told of a thunk that calls a virtual function, "$B7AA": where in the table, how. */
static void msvc_vcall(struct msvc_parser *p)
{
	msvc_number(p);
	if (!msvc_take(p, "A"))
		p->failed = true;
	msvc_next(p);
}

void msvc_parse_symbol(struct msvc_parser *p, struct msvc_parts *ret, bool whole)
{
	struct msvc_part part = {.kind = MSVC_TEXT};
	bool wrapped = !whole && msvc_wrapped(p);
	struct buf *type = p->type;

	if (++p->depth > MSVC_MAX_DEPTH)
		p->failed = true;
	p->type = NULL;
	/* A hash in place of a name that was too long. */
	if (msvc_at(p, "?@"))
		p->failed = true;
	if (!p->failed && msvc_take(p, "?__K")) {
		msvc_identifier(p, false, &part);
		part.kind = MSVC_LITERAL;
	} else if (!p->failed) {
		msvc_symbol_part(p, &part);
	}
	msvc_add(p, ret, &part);
	msvc_scopes(p, ret);
	if (whole && msvc_take(p, "$B"))
		msvc_vcall(p);
	else if (!p->failed && (whole || (part.kind == MSVC_CONVERSION && !wrapped)))
		msvc_parse_encoding(p, part.kind == MSVC_CONVERSION);
	p->type = type;
	p->depth--;
}
