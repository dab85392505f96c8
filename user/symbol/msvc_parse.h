/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Decorated names taken apart: from left to right, once, into the parts of the name. Types are read over, since names may follow
 * them; only that of a conversion operator is kept.
 */
#ifndef SYMBOL_MSVC_PARSE_H
#define SYMBOL_MSVC_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define MSVC_MAX_PARTS	  128
#define MSVC_MAX_DEPTH	  64
#define MSVC_MAX_BACKREFS 10

enum msvc_part_kind {
	MSVC_TEXT,
	MSVC_CONSTRUCTOR,
	MSVC_DESTRUCTOR,
	MSVC_CONVERSION,
	MSVC_LITERAL, /* operator ""text */
};

/* One part of a qualified name. */
struct msvc_part {
	enum msvc_part_kind kind;
	const char *text; /* not owned, no NUL */
	size_t len;
	bool has_args; /* of a template */
};

/* Outermost last. */
struct msvc_parts {
	struct msvc_part all[MSVC_MAX_PARTS];
	size_t cnt;
};

struct msvc_parser {
	const char *pos, *end;
	bool failed; /* sticky: not understood */
	unsigned int depth;
	/* Parts that digits stand for. */
	struct msvc_part backrefs[MSVC_MAX_BACKREFS];
	unsigned int backref_cnt;
	struct buf *type;    /* where the type that is read is written to; NULL: nowhere */
	struct buf *convert; /* for the type of a conversion operator */
	bool has_conversion;
	const char
		*wrapper; /* what the whole name is of: "dynamic initializer for"; NULL: nothing */
};

/* Reads a symbol without its first '?' from p->pos on; with @whole also what it is, which need not be right at a name's end. */
void msvc_parse_symbol(struct msvc_parser *p, struct msvc_parts *ret, bool whole);
/* Appends the parts, outermost first. False: they make no name. */
bool msvc_parts__write(const struct msvc_parts *parts, const struct buf *convert, struct buf *to);

/* ---- between the files of the parser ---- */

static inline char msvc_peek(const struct msvc_parser *p)
{
	return p->pos < p->end ? *p->pos : '\0';
}

static inline char msvc_next(struct msvc_parser *p)
{
	if (p->pos < p->end)
		return *p->pos++;
	p->failed = true;
	return '\0';
}

/* Is @text next? Then it is read. */
bool msvc_take(struct msvc_parser *p, const char *text);
bool msvc_at(const struct msvc_parser *p, const char *text);
/* A number: 1 to 10 as a digit, others in letters, perhaps negative. */
void msvc_number(struct msvc_parser *p);

enum msvc_qualifiers {
	MSVC_DROPPED,  /* a type without */
	MSVC_MANGLED,  /* they stand before it */
	MSVC_OF_RESULT /* they may stand before it, behind a '?' */
};
void msvc_parse_type(struct msvc_parser *p, enum msvc_qualifiers q);
/* The qualified name of a class, enumeration... */
void msvc_parse_type_name(struct msvc_parser *p);
/* A part that is a code, behind its '?'. */
void msvc_parse_operator(struct msvc_parser *p, struct msvc_part *ret);
/* What a symbol is, behind its name: variable or function, with its types. */
void msvc_parse_encoding(struct msvc_parser *p, bool conversion);

#endif
