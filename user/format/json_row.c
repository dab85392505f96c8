/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/json_row.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"

#define JSON_MAX_DEPTH	   64
#define JSON_MAX_BYTES	   (1u << 26) /* of one text */
#define JSON_REPLACEMENT   0xfffd
#define JSON_NUMBER_CHARS  "0123456789+-.eE"
#define JSON_SURROGATE	   0xd800 /* the first half of a pair */
#define JSON_SURROGATE_LOW 0xdc00

struct json_reader {
	const char *s;
	size_t at, len;
	struct buf key, text, skipped;
};

/* The byte that comes next, 0 at the end. A NUL in the line is no JSON either. */
static char json_peek(const struct json_reader *r)
{
	return r->at < r->len ? r->s[r->at] : '\0';
}

static void json_skip_space(struct json_reader *r)
{
	while (json_peek(r) == ' ' || json_peek(r) == '\t' || json_peek(r) == '\r')
		r->at++;
}

/* Takes @c, with spaces on both sides. */
static int json_take(struct json_reader *r, char c)
{
	json_skip_space(r);
	if (json_peek(r) != c)
		return -EBADMSG;
	r->at++;
	json_skip_space(r);
	return 0;
}

static void json_put_char(struct buf *to, uint32_t c)
{
	if (c < 0x80) {
		buf__putc(to, (char)c);
		return;
	}
	if (c < 0x800) {
		buf__putc(to, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf__putc(to, (char)(0xe0 | c >> 12));
		} else {
			buf__putc(to, (char)(0xf0 | c >> 18));
			buf__putc(to, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		buf__putc(to, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf__putc(to, (char)(0x80 | (c & 0x3f)));
}

/* The four digits behind \u. */
static int json_hex4(struct json_reader *r, uint32_t *ret)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++, r->at++) {
		char c = json_peek(r);

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			v = v << 4 | (uint32_t)((c | 32) - 'a' + 10);
		else
			return -EBADMSG;
	}
	*ret = v;
	return 0;
}

/* Behind "\u": a character, or two halves of one. */
static int json_unicode(struct json_reader *r, struct buf *to)
{
	uint32_t c = 0, low;
	int err = json_hex4(r, &c);
	size_t at = r->at;

	if (err)
		return err;
	if (c >= JSON_SURROGATE && c < JSON_SURROGATE_LOW && json_peek(r) == '\\') {
		r->at++;
		if (json_peek(r) == 'u' && ++r->at && !json_hex4(r, &low) &&
		    low >= JSON_SURROGATE_LOW && low < JSON_SURROGATE_LOW + 0x400)
			c = 0x10000 + ((c - JSON_SURROGATE) << 10) + (low - JSON_SURROGATE_LOW);
		else
			r->at = at; /* something of its own */
	}
	if (c >= JSON_SURROGATE && c < JSON_SURROGATE + 0x800)
		c = JSON_REPLACEMENT;
	json_put_char(to, c);
	return 0;
}

/* Behind a backslash. */
static int json_escape(struct json_reader *r, struct buf *to)
{
	static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
	char c = json_peek(r);
	const char *p = c ? strchr(from, c) : NULL;

	if (!p && c != 'u')
		return -EBADMSG;
	r->at++;
	if (!p)
		return json_unicode(r, to);
	return buf__putc(to, into[p - from]);
}

/* Appends a string to @to. */
static int json_string(struct json_reader *r, struct buf *to)
{
	int err = 0;

	if (json_peek(r) != '"')
		return -EBADMSG;
	r->at++;
	while (!err) {
		size_t from = r->at;

		while (r->at < r->len && r->s[r->at] != '"' && r->s[r->at] != '\\')
			r->at++;
		buf__append(to, r->s + from, r->at - from);
		if (r->at == r->len)
			return -EBADMSG;
		if (r->s[r->at++] == '"')
			return to->err;
		err = json_escape(r, to);
	}
	return err;
}

static int json_word(struct json_reader *r)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t len = strlen(words[i]);

		if (r->len - r->at >= len && !memcmp(r->s + r->at, words[i], len)) {
			r->at += len;
			return 0;
		}
	}
	return -EBADMSG;
}

static int json_number(struct json_reader *r, struct buf *to)
{
	size_t from = r->at;
	char c;

	while ((c = json_peek(r)) && strchr(JSON_NUMBER_CHARS, c))
		r->at++;
	if (r->at == from)
		return -EBADMSG;
	return buf__append(to, r->s + from, r->at - from);
}

/*
 * Passes over a list or an object and what is in it, without recursion: @open holds what is still to be closed. Commas and
 * colons are not looked at closely: nobody wants this value.
 */
static int json_skip_nested(struct json_reader *r)
{
	char open[JSON_MAX_DEPTH];
	size_t depth = 0;
	int err = 0;

	do {
		char c = json_peek(r);

		if (c == '{' || c == '[') {
			if (depth == sizeof(open))
				return -EBADMSG;
			open[depth++] = c == '{' ? '}' : ']';
			r->at++;
		} else if (c == '}' || c == ']') {
			if (!depth || open[--depth] != c)
				return -EBADMSG;
			r->at++;
		} else if (c == ',' || c == ':') {
			r->at++;
		} else if (c == '"') {
			buf__reset(&r->skipped);
			err = json_string(r, &r->skipped);
		} else if (c && strchr(JSON_NUMBER_CHARS, c)) {
			buf__reset(&r->skipped);
			err = json_number(r, &r->skipped);
		} else {
			err = json_word(r);
		}
		json_skip_space(r);
	} while (!err && depth);
	return err;
}

/* A list of strings; -ENODATA when there is anything else in it. */
static int json_strings(struct json_reader *r, struct buf *to)
{
	int err = json_take(r, '[');

	while (!err && json_peek(r) != ']') {
		if (json_peek(r) != '"')
			return -ENODATA;
		err = json_string(r, to);
		if (!err)
			err = buf__putc(to, '\0');
		json_skip_space(r);
		if (!err && json_peek(r) != ']')
			err = json_take(r, ',');
	}
	if (!err)
		r->at++;
	return err;
}

static int json_list(struct json_reader *r, struct json_value *v)
{
	size_t at = r->at;
	int err = json_strings(r, &r->text);

	v->kind = JSON_STRINGS;
	if (err != -ENODATA)
		return err;
	r->at = at;
	buf__reset(&r->text);
	v->kind = JSON_OTHER;
	return json_skip_nested(r);
}

static int json_value(struct json_reader *r, struct json_value *v)
{
	char c = json_peek(r);

	v->at = r->at;
	buf__reset(&r->text);
	if (c == '"') {
		v->kind = JSON_STRING;
		return json_string(r, &r->text);
	}
	if (c == '[')
		return json_list(r, v);
	v->kind = JSON_OTHER;
	if (c == '{')
		return json_skip_nested(r);
	if (!c || !strchr(JSON_NUMBER_CHARS, c))
		return json_word(r);
	v->kind = JSON_NUMBER;
	return json_number(r, &r->text);
}

static int json_member(struct json_reader *r, json_member_fn fn, void *arg)
{
	struct json_value v;
	int err;

	buf__reset(&r->key);
	err = json_string(r, &r->key);
	if (!err)
		err = json_take(r, ':');
	if (!err)
		err = json_value(r, &v);
	if (err)
		return err;
	v.text = buf__str(&r->text);
	v.len = r->text.len;
	err = fn(arg, buf__str(&r->key), &v);
	if (err)
		r->at = v.at;
	return err;
}

static int json_object(struct json_reader *r, json_member_fn fn, void *arg)
{
	int err = json_take(r, '{');

	while (!err && json_peek(r) != '}') {
		err = json_member(r, fn, arg);
		if (err)
			return err;
		json_skip_space(r);
		if (json_peek(r) == '}')
			break;
		err = json_take(r, ',');
		if (!err && json_peek(r) != '"')
			err = -EBADMSG;
	}
	if (err)
		return err;
	err = json_take(r, '}');
	return err || r->at == r->len ? err : -EBADMSG;
}

int json_row_parse(const char *line, size_t len, json_member_fn fn, void *arg, size_t *ret_at)
{
	struct json_reader r = {.s = line, .len = len};
	int err;

	buf__init(&r.key, JSON_MAX_BYTES);
	buf__init(&r.text, JSON_MAX_BYTES);
	buf__init(&r.skipped, JSON_MAX_BYTES);
	err = json_object(&r, fn, arg);
	buf__fini(&r.key);
	buf__fini(&r.text);
	buf__fini(&r.skipped);
	if (err)
		*ret_at = r.at;
	return err;
}
