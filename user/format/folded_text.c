/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/folded_text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "format/json_row.h"
#include "model/reason.h"

void folded_text__init(struct folded_text *t, enum folded_unit unit)
{
	*t = (struct folded_text){.unit = unit};
	buf__init(&t->stack, FOLDED_MAX_LINE_BYTES);
}

void folded_text__fini(struct folded_text *t)
{
	buf__fini(&t->stack);
}

static int folded_bad(const struct folded_text *t, size_t at, const char *what)
{
	return error_set(-EBADMSG, "line %" PRIu64 ", column %zu: %s", t->line, at + 1, what);
}

static bool folded_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* What one of the text's numbers is in nanoseconds. */
static uint64_t folded_unit_ns(const struct folded_text *t)
{
	switch (t->unit) {
	case FOLDED_UNIT_NS:
		return 1;
	case FOLDED_UNIT_US:
	case FOLDED_UNIT_SAMPLES:
		return 1000;
	case FOLDED_UNIT_MS:
		return 1000000;
	default:
		return t->format == FOLDED_FORMAT_LINES ? 1000 : 1;
	}
}

/*
 * "12", "12.5": in units of 1/@unit, what is less is cut off. 0; -EBADMSG: no number; -ERANGE: too large. Nothing goes through
 * floating point.
 */
static int folded_number(const char *s, size_t len, uint64_t unit, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;

	for (; i < len && folded_digit(s[i]); i++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s[i] - '0'), &v))
			return -ERANGE;
	if (!i)
		return -EBADMSG;
	if (__builtin_mul_overflow(v, unit, &v))
		return -ERANGE;
	if (i < len && s[i] == '.') {
		for (i++; i < len && folded_digit(s[i]); i++) {
			unit /= 10;
			if (__builtin_add_overflow(v, (uint64_t)(s[i] - '0') * unit, &v))
				return -ERANGE;
		}
	}
	if (i < len)
		return -EBADMSG;
	*ret = v;
	return 0;
}

/* The number at @at of the line, which is the row's time, or its count if the text counts. */
static int folded_value(const struct folded_text *t, const char *s, size_t len, size_t at,
			struct folded_row *row)
{
	int err = folded_number(s, len, folded_unit_ns(t), &row->ns);

	if (!err && t->unit == FOLDED_UNIT_SAMPLES)
		row->cnt = row->ns / folded_unit_ns(t);
	if (err == -ERANGE)
		return folded_bad(t, at, "this number is too large");
	return err ? folded_bad(t, at, "expected a number, as 1200 or 1200.5") : 0;
}

/* ---- folded ---- */

static int folded_line(const struct folded_text *t, const char *line, size_t len,
		       struct folded_row *row)
{
	const char *space = memrchr(line, ' ', len);
	size_t at = space ? (size_t)(space - line) + 1 : 0;

	if (!space)
		return folded_bad(t, len, "expected a space and a number behind the stack");
	row->stack = line;
	row->stack_len = at - 1;
	return folded_value(t, line + at, len - at, at, row);
}

/* ---- tab separated ---- */

/* Undoes what databases do to bytes that would end a field. */
static int folded_unescape(struct buf *to, const char *s, size_t len)
{
	static const char from[] = "bfnrt0", into[] = "\b\f\n\r\t";
	const char *p;

	buf__reset(to);
	for (size_t i = 0; i < len; i++) {
		if (s[i] != '\\' || i + 1 == len) {
			buf__putc(to, s[i]);
			continue;
		}
		p = s[++i] ? strchr(from, s[i]) : NULL;
		buf__putc(to, p ? into[p - from] : s[i]);
	}
	return to->err;
}

static int folded_tsv(struct folded_text *t, const char *line, size_t len, struct folded_row *row)
{
	const char *tab = memchr(line, '\t', len);
	size_t at = tab ? (size_t)(tab - line) + 1 : 0;
	int err;

	if (!tab)
		return folded_bad(t, len, "expected a tab and a number behind the stack");
	err = folded_unescape(&t->stack, line, at - 1);
	if (err)
		return err;
	row->stack = buf__str(&t->stack);
	row->stack_len = t->stack.len;
	return folded_value(t, line + at, len - at, at, row);
}

/* ---- JSON ---- */

struct folded_json {
	struct folded_text *text;
	struct folded_row *row;
	bool has_stack, has_ns;
	bool said; /* what is wrong */
};

static int folded_json_bad(struct folded_json *j, const struct json_value *v, const char *what)
{
	j->said = true;
	return folded_bad(j->text, v->at, what);
}

static int folded_json_stack(struct folded_json *j, const struct json_value *v)
{
	struct buf *stack = &j->text->stack;
	bool list = v->kind == JSON_STRINGS;

	if (v->kind != JSON_STRING && !list)
		return folded_json_bad(j, v, "\"stack\" is no text");
	buf__reset(stack);
	buf__append(stack, v->text, v->len - (list && v->len)); /* the last NUL ends nothing */
	for (size_t i = 0; list && !stack->err && i < stack->len; i++)
		if (stack->data[i] == ';')
			stack->data[i] = ':';
		else if (!stack->data[i])
			stack->data[i] = ';';
	j->has_stack = true;
	return stack->err;
}

static int folded_json_number(struct folded_json *j, const struct json_value *v, uint64_t unit,
			      uint64_t *ret)
{
	int err = v->kind == JSON_NUMBER || v->kind == JSON_STRING
			  ? folded_number(v->text, v->len, unit, ret)
			  : -EBADMSG;

	if (err == -ERANGE)
		return folded_json_bad(j, v, "this number is too large");
	return err ? folded_json_bad(j, v, "expected a number, as 1200 or 1200.5") : 0;
}

static int folded_json_reason(struct folded_json *j, const struct json_value *v)
{
	enum reason reason;

	if (v->kind != JSON_STRING || reason_parse(v->text, &reason))
		return 0; /* somebody else's word */
	j->row->reason = (uint8_t)reason;
	j->row->has_reason = true;
	return 0;
}

static int folded_json_member(void *arg, const char *key, const struct json_value *v)
{
	struct folded_json *j = arg;

	if (!strcmp(key, "stack"))
		return folded_json_stack(j, v);
	if (!strcmp(key, "reason"))
		return folded_json_reason(j, v);
	if (!strcmp(key, "count") || !strcmp(key, "sum(count)"))
		return folded_json_number(j, v, 1, &j->row->cnt);
	if (strcmp(key, "ns") != 0 && strcmp(key, "sum(ns)") != 0)
		return 0;
	j->has_ns = true;
	return folded_json_number(j, v, folded_unit_ns(j->text), &j->row->ns);
}

static int folded_json(struct folded_text *t, const char *line, size_t len, struct folded_row *row)
{
	struct folded_json j = {.text = t, .row = row};
	size_t at = 0;
	int err;

	err = json_row_parse(line, len, folded_json_member, &j, &at);
	if (err == -EBADMSG && !j.said)
		return folded_bad(t, at, "this is no JSON object in one line");
	if (err)
		return err;
	if (!j.has_stack)
		return folded_bad(t, 0, "the object has no \"stack\"");
	if (!j.has_ns)
		return folded_bad(t, 0, "the object has no \"ns\" or \"sum(ns)\"");
	if (t->unit == FOLDED_UNIT_SAMPLES)
		row->cnt = row->ns / folded_unit_ns(t);
	row->stack = buf__str(&t->stack);
	row->stack_len = t->stack.len;
	return 0;
}

/* ---- any ---- */

/* A first line that names the columns. */
static bool folded_is_header(const char *line, size_t len)
{
	static const char head[] = "stack\t";

	return len >= sizeof(head) && !memcmp(line, head, sizeof(head) - 1) &&
	       !folded_digit(line[sizeof(head) - 1]);
}

static enum folded_format folded_guess(const char *line, size_t len)
{
	const char *tab = memrchr(line, '\t', len);
	size_t at = 1;
	uint64_t v;

	while (at < len && (line[at] == ' ' || line[at] == '\t'))
		at++;
	if (line[0] == '{' && at < len && (line[at] == '"' || line[at] == '}'))
		return FOLDED_FORMAT_JSON;
	if (tab && (folded_is_header(line, len) ||
		    folded_number(tab + 1, (size_t)(line + len - tab) - 1, 1, &v) != -EBADMSG))
		return FOLDED_FORMAT_TSV;
	return FOLDED_FORMAT_LINES;
}

int folded_text__line(struct folded_text *t, const char *line, size_t len,
		      struct folded_row *ret_row)
{
	struct folded_row row = {.reason = REASON_OTHER};
	bool first = t->format == FOLDED_FORMAT_UNKNOWN;
	int err;

	t->line++;
	while (len && (line[len - 1] == '\r' || line[len - 1] == ' '))
		len--;
	if (!len)
		return 0;
	if (first)
		t->format = folded_guess(line, len);
	if (first && t->format == FOLDED_FORMAT_TSV && folded_is_header(line, len))
		return 0;
	err = t->format == FOLDED_FORMAT_JSON  ? folded_json(t, line, len, &row)
	      : t->format == FOLDED_FORMAT_TSV ? folded_tsv(t, line, len, &row)
					       : folded_line(t, line, len, &row);
	if (err)
		return err;
	*ret_row = row;
	return 1;
}
