/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/json_writer.h"

#include "output/text.h"

void json__init(struct json *j, struct out *out)
{
	*j = (struct json){.out = out};
}

static void json_separate(struct json *j)
{
	if (j->comma)
		out__putc(j->out, ',');
	if (j->line)
		out__putc(j->out, '\n');
	j->comma = true;
	j->line = false;
}

static void json_begin(struct json *j, char bracket)
{
	json_separate(j);
	out__putc(j->out, bracket);
	j->comma = false;
}

static void json_end(struct json *j, char bracket)
{
	if (j->line)
		out__putc(j->out, '\n');
	out__putc(j->out, bracket);
	j->comma = true;
	j->line = false;
}

void json__begin_object(struct json *j)
{
	json_begin(j, '{');
}

void json__end_object(struct json *j)
{
	json_end(j, '}');
}

void json__begin_array(struct json *j)
{
	json_begin(j, '[');
}

void json__end_array(struct json *j)
{
	json_end(j, ']');
}

static void json_escape(struct json *j, uint32_t c)
{
	static const char hex[] = "0123456789abcdef";
	char text[] = {'\\',	   'u', hex[c >> 12 & 15], hex[c >> 8 & 15], hex[c >> 4 & 15],
		       hex[c & 15]};

	out__append(j->out, text, sizeof(text));
}

static void json_text(struct json *j, const char *s)
{
	char bytes[4];
	size_t len;

	out__putc(j->out, '"');
	for (; *s; s += len) {
		uint32_t c = text_char(s, &len);

		if (c == '"' || c == '\\') {
			out__putc(j->out, '\\');
			out__putc(j->out, (char)c);
		} else if (c < 0x20 || c == '<' || c == 0x7f || c == 0x2028 || c == 0x2029) {
			json_escape(j, c);
		} else {
			out__append(j->out, bytes, text_encode(c, bytes));
		}
	}
	out__putc(j->out, '"');
}

void json__key(struct json *j, const char *key)
{
	json_separate(j);
	json_text(j, key);
	out__putc(j->out, ':');
	j->comma = false;
}

void json__u64(struct json *j, uint64_t v)
{
	json_separate(j);
	out__u64(j->out, v);
}

void json__s64(struct json *j, int64_t v)
{
	json_separate(j);
	if (v < 0)
		out__putc(j->out, '-');
	out__u64(j->out, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void json__number(struct json *j, const char *text)
{
	json_separate(j);
	out__puts(j->out, text);
}

void json__bool(struct json *j, bool v)
{
	json_separate(j);
	out__puts(j->out, v ? "true" : "false");
}

void json__null(struct json *j)
{
	json_separate(j);
	out__puts(j->out, "null");
}

void json__string(struct json *j, const char *s)
{
	json_separate(j);
	json_text(j, s);
}

void json__line(struct json *j)
{
	j->line = true;
}

void json__member_u64(struct json *j, const char *key, uint64_t v)
{
	json__key(j, key);
	json__u64(j, v);
}

void json__member_bool(struct json *j, const char *key, bool v)
{
	json__key(j, key);
	json__bool(j, v);
}

void json__member_string(struct json *j, const char *key, const char *s)
{
	json__key(j, key);
	json__string(j, s);
}
