/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* One JSON object in one line, as databases and log collectors write their rows (NDJSON, JSON lines, JSONEachRow). */
#ifndef FORMAT_JSON_ROW_H
#define FORMAT_JSON_ROW_H

#include <stddef.h>

enum json_kind {
	JSON_STRING,  /* text: without quotes and escapes, any bytes */
	JSON_NUMBER,  /* text: as it stands there */
	JSON_STRINGS, /* a list of strings only; text: each with a NUL behind it */
	JSON_OTHER,   /* true, false, null, other lists, objects; text: "" */
};

struct json_value {
	enum json_kind kind;
	const char *text; /* with a NUL behind it */
	size_t len;
	size_t at; /* where it begins in the line */
};

/* A member of the object, in order; @key may hold NULs. 0, or what json_row_parse() ends with. */
typedef int (*json_member_fn)(void *arg, const char *key, const struct json_value *value);

/*
 * 0, or an error at the byte *@ret_at of @line: -EBADMSG when it is no object, or more than that; -ENOMEM; what @fn returned.
 * Objects and lists may lie in each other 64 times.
 */
int json_row_parse(const char *line, size_t len, json_member_fn fn, void *arg, size_t *ret_at);

#endif
