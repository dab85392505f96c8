/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A streaming JSON writer that knows commas and nesting. Strings may hold any bytes: what is not
 * UTF-8 becomes U+FFFD. '<' is written as \u003c, so the text may stand inside an HTML script
 * element.
 *
 * 	json__begin_object(&j);
 * 	json__key(&j, "pid");
 * 	json__u64(&j, 4711);
 * 	json__end_object(&j);
 */
#ifndef OUTPUT_JSON_WRITER_H
#define OUTPUT_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "output/out.h"

struct json {
	struct out *out;
	bool comma; /* the next value has a sibling in front of it */
	bool line;  /* the next value starts on a new line */
};

void json__init(struct json *j, struct out *out);
void json__begin_object(struct json *j);
void json__end_object(struct json *j);
void json__begin_array(struct json *j);
void json__end_array(struct json *j);
/* The key of the value that is written next. */
void json__key(struct json *j, const char *key);
void json__u64(struct json *j, uint64_t v);
void json__s64(struct json *j, int64_t v);
/* A number as it is to stand there; the caller knows that it is one. */
void json__number(struct json *j, const char *text);
void json__bool(struct json *j, bool v);
void json__null(struct json *j);
void json__string(struct json *j, const char *s);
/* The next key or value, or closing bracket, starts on a new line: for people and for diff. */
void json__line(struct json *j);

/* A member of an object. */
void json__member_u64(struct json *j, const char *key, uint64_t v);
void json__member_bool(struct json *j, const char *key, bool v);
void json__member_string(struct json *j, const char *key, const char *s);

#endif
