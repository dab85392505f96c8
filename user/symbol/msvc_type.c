/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Types in decorated names: read over, or written as far as conversion operators need it. */
#include <string.h>

#include "base/compiler.h"
#include "symbol/msvc_parse.h"

static const struct {
	const char *code, *name;
} msvc_primitives[] = {
	{"$$T", "std::nullptr_t"},
	{"_J", "__int64"},
	{"_K", "unsigned __int64"},
	{"_N", "bool"},
	{"_W", "wchar_t"},
	{"_Q", "char8_t"},
	{"_S", "char16_t"},
	{"_U", "char32_t"},
	{"_P", "auto"},
	{"_T", "decltype(auto)"},
	{"_L", "__int128"},
	{"_M", "unsigned __int128"},
	{"_D", "__int8"},
	{"_E", "unsigned __int8"},
	{"_F", "__int16"},
	{"_G", "unsigned __int16"},
	{"_H", "__int32"},
	{"_I", "unsigned __int32"},
	{"X", "void"},
	{"C", "signed char"},
	{"D", "char"},
	{"E", "unsigned char"},
	{"F", "short"},
	{"G", "unsigned short"},
	{"H", "int"},
	{"I", "unsigned int"},
	{"J", "long"},
	{"K", "unsigned long"},
	{"M", "float"},
	{"N", "double"},
	{"O", "long double"},
};

/* Writes a piece of a type that is wanted. */
static void msvc_say(struct msvc_parser *p, const char *text)
{
	if (p->type)
		buf__puts(p->type, text);
}

/* A type that can't be written is read, unless it is wanted. */
static void msvc_unwritten(struct msvc_parser *p)
{
	if (p->type)
		p->failed = true;
}

static void msvc_primitive(struct msvc_parser *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(msvc_primitives); i++)
		if (msvc_take(p, msvc_primitives[i].code)) {
			msvc_say(p, msvc_primitives[i].name);
			return;
		}
	p->failed = true;
}

/* __ptr64, __restrict, __unaligned. */
static void msvc_extensions(struct msvc_parser *p)
{
	while (msvc_take(p, "E") || msvc_take(p, "I") || msvc_take(p, "F"))
		;
}

/* const, volatile: to be said behind the type. */
static const char *msvc_cv(struct msvc_parser *p)
{
	switch (msvc_next(p)) {
	case 'A':
	case 'Q':
		return "";
	case 'B':
	case 'R':
		return " const";
	case 'C':
	case 'S':
		return " volatile";
	case 'D':
	case 'T':
		return " const volatile";
	default:
		p->failed = true;
		return "";
	}
}

static void msvc_parameters(struct msvc_parser *p)
{
	if (msvc_take(p, "X"))
		return;
	while (!p->failed && !msvc_at(p, "@") && !msvc_at(p, "Z")) {
		if (msvc_peek(p) >= '0' && msvc_peek(p) <= '9')
			p->pos++;
		else
			msvc_parse_type(p, MSVC_DROPPED);
	}
	/* '@' ends them, 'Z' says that there may be more. */
	msvc_next(p);
}

/* @result: where what it returns is written to; NULL: nowhere. */
static void msvc_function(struct msvc_parser *p, bool has_this, struct buf *result)
{
	struct buf *outer = p->type;

	p->type = NULL;
	if (has_this) {
		msvc_extensions(p);
		if (!msvc_take(p, "G"))
			msvc_take(p, "H");
		msvc_cv(p);
	}
	msvc_next(p); /* how it is called */
	p->type = result;
	if (!msvc_take(p, "@"))
		msvc_parse_type(p, MSVC_OF_RESULT);
	p->type = NULL;
	msvc_parameters(p);
	if (!msvc_take(p, "_E") && !msvc_take(p, "Z"))
		p->failed = true;
	p->type = outer;
}

/* ---- pointers ---- */

/* After the letter that says that it is a pointer. */
static bool msvc_is_member_pointer(const struct msvc_parser *p)
{
	const char *s = p->pos;

	if (s < p->end && *s >= '0' && *s <= '9')
		return *s == '8';
	while (s < p->end && (*s == 'E' || *s == 'I' || *s == 'F'))
		s++;
	return s < p->end && *s >= 'Q' && *s <= 'T';
}

static void msvc_member_pointer(struct msvc_parser *p)
{
	msvc_unwritten(p);
	msvc_extensions(p);
	if (msvc_take(p, "8")) {
		msvc_parse_type_name(p);
		msvc_function(p, true, NULL);
		return;
	}
	msvc_cv(p);
	msvc_parse_type_name(p);
	msvc_parse_type(p, MSVC_DROPPED);
}

static void msvc_pointer(struct msvc_parser *p, const char *mark)
{
	if (msvc_take(p, "6")) {
		msvc_unwritten(p);
		msvc_function(p, false, NULL);
		return;
	}
	msvc_extensions(p);
	msvc_parse_type(p, MSVC_MANGLED);
	msvc_say(p, mark);
}

/* False: it is none. */
static bool msvc_any_pointer(struct msvc_parser *p)
{
	static const struct {
		const char *code, *mark;
		bool may_be_member;
	} pointers[] = {
		{"$$Q", "&&", false}, {"$$R", "&&", false},   {"A", "&", false},
		{"B", "&", false},    {"P", "*", true},	      {"Q", "* const", true},
		{"R", "*", true},     {"S", "* const", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(pointers); i++) {
		if (!msvc_take(p, pointers[i].code))
			continue;
		if (pointers[i].may_be_member && msvc_is_member_pointer(p))
			msvc_member_pointer(p);
		else
			msvc_pointer(p, pointers[i].mark);
		return true;
	}
	return false;
}

/* ---- all of them ---- */

static void msvc_array(struct msvc_parser *p)
{
	const char *digit = p->pos;

	msvc_unwritten(p);
	/* As many dimensions as fit; no compiler makes more than a digit says. */
	if (*digit < '0' || *digit > '9') {
		p->failed = true;
		return;
	}
	msvc_number(p);
	for (char c = *digit; !p->failed && c >= '0'; c--)
		msvc_number(p);
	if (msvc_take(p, "$$C"))
		msvc_cv(p);
	msvc_parse_type(p, MSVC_DROPPED);
}

static bool msvc_compound(struct msvc_parser *p)
{
	if (msvc_take(p, "T") || msvc_take(p, "U") || msvc_take(p, "V") || msvc_take(p, "W4")) {
		msvc_parse_type_name(p);
		return true;
	}
	if (msvc_take(p, "$$A8@@") || msvc_take(p, "$$A6")) {
		msvc_unwritten(p);
		msvc_function(p, p->pos[-1] == '@', NULL);
		return true;
	}
	if (msvc_at(p, "Y")) {
		p->pos++;
		if (p->pos == p->end)
			p->failed = true;
		else
			msvc_array(p);
		return true;
	}
	return msvc_any_pointer(p);
}

void msvc_parse_type(struct msvc_parser *p, enum msvc_qualifiers q)
{
	const char *cv = "";

	if (++p->depth > MSVC_MAX_DEPTH)
		p->failed = true;
	if (!p->failed && (q == MSVC_MANGLED || (q == MSVC_OF_RESULT && msvc_take(p, "?"))))
		cv = msvc_cv(p);
	if (!p->failed && !msvc_compound(p)) {
		/* One that has a name only: "<auto>". */
		if (msvc_take(p, "?"))
			msvc_parse_type_name(p);
		else
			msvc_primitive(p);
	}
	msvc_say(p, cv);
	p->depth--;
}

/* ---- what a symbol is ---- */

static void msvc_variable(struct msvc_parser *p)
{
	const char *type = p->pos;
	bool pointer, member = false;

	pointer = type < p->end && (strchr("ABPQRS", *type) || msvc_at(p, "$$Q"));
	if (pointer && strchr("PQRS", *type)) {
		struct msvc_parser ahead = *p;

		ahead.pos++;
		member = msvc_is_member_pointer(&ahead);
	}
	msvc_parse_type(p, MSVC_DROPPED);
	if (pointer)
		msvc_extensions(p);
	msvc_cv(p);
	if (member)
		msvc_parse_type_name(p);
}

/* By how much thunks correct "this"; the letter of the class is read. True: the function has a "this". */
static bool msvc_function_class(struct msvc_parser *p)
{
	char class = msvc_next(p);
	int numbers = 0;

	if (class == '$') {
		numbers = msvc_take(p, "R") ? 4 : 2;
		class = msvc_next(p);
		if (class < '0' || class > '5')
			p->failed = true;
	} else if (class < 'A' || class > 'Z') {
		p->failed = true;
	} else if (strchr("GHOPWX", class)) {
		numbers = 1;
	}
	for (; numbers && !p->failed; numbers--)
		msvc_number(p);
	return !strchr("CDKLSTYZ", class);
}

void msvc_parse_encoding(struct msvc_parser *p, bool conversion)
{
	bool has_this;

	msvc_take(p, "$$J0");
	if (msvc_peek(p) >= '0' && msvc_peek(p) <= '4') {
		p->pos++;
		msvc_variable(p);
		return;
	}
	/* A function of C, of which nothing is said. */
	if (msvc_take(p, "9"))
		return;
	has_this = msvc_function_class(p);
	if (!p->failed)
		msvc_function(p, has_this, conversion ? p->convert : NULL);
}
