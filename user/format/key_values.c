/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/key_values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define KEY_CHARS "abcdefghijklmnopqrstuvwxyz0123456789_"

void key_values__init(struct key_values *kv)
{
	buf__init(&kv->text, KEY_VALUES_MAX_BYTES);
}

void key_values__fini(struct key_values *kv)
{
	buf__fini(&kv->text);
}

static bool key_values_printable(char c)
{
	return c >= 0x20 && c < 0x7f;
}

/* The line of @key, NULL if there is none. */
static const char *key_values_find(const struct key_values *kv, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = buf__str(&kv->text); *line; line += strcspn(line, "\n") + 1)
		if (!strncmp(line, key, len) && line[len] == ' ')
			return line;
	return NULL;
}

/* A key that may be added: what it is made of, its length, and that it is new. */
static int key_values_check_key(const struct key_values *kv, const char *key)
{
	size_t len = strspn(key, KEY_CHARS);

	return len && !key[len] && len < KEY_VALUES_KEY_LEN && !key_values_find(kv, key) ? 0
											 : -EINVAL;
}

void key_values__add(struct key_values *kv, const char *key, const char *value)
{
	int err = key_values_check_key(kv, key);

	if (err && !kv->text.err)
		kv->text.err = err;
	buf__puts(&kv->text, key);
	buf__putc(&kv->text, ' ');
	for (; *value; value++)
		buf__putc(&kv->text, key_values_printable(*value) ? *value : '?');
	buf__putc(&kv->text, '\n');
}

void key_values__add_u64(struct key_values *kv, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	key_values__add(kv, key, text);
}

/* One line of @len bytes without its end. */
static int key_values_parse_line(struct key_values *kv, const char *line, size_t len)
{
	const char *space = memchr(line, ' ', len);
	size_t key_len = space ? (size_t)(space - line) : 0;
	char key[KEY_VALUES_KEY_LEN];

	if (!key_len || key_len >= sizeof(key))
		return -EBADMSG;
	memcpy(key, line, key_len);
	key[key_len] = '\0';
	if (strlen(key) != key_len || key_values_check_key(kv, key))
		return -EBADMSG;
	for (size_t i = key_len; i < len; i++)
		if (!key_values_printable(line[i]))
			return -EBADMSG;
	buf__append(&kv->text, line, len);
	return buf__putc(&kv->text, '\n');
}

int key_values__parse(struct key_values *kv, const char *data, size_t len)
{
	key_values__init(kv);
	while (len) {
		const char *end = memchr(data, '\n', len);
		size_t line_len = end ? (size_t)(end - data) : 0;
		int err = end ? key_values_parse_line(kv, data, line_len) : -EBADMSG;

		if (err) {
			buf__reset(&kv->text);
			return err;
		}
		data += line_len + 1;
		len -= line_len + 1;
	}
	return 0;
}

int key_values__get(const struct key_values *kv, const char *key, char *ret_value, size_t size)
{
	const char *line = key_values_find(kv, key), *value;

	if (!line)
		return -ENOENT;
	value = line + strlen(key) + 1;
	snprintf(ret_value, size, "%.*s", (int)strcspn(value, "\n"), value);
	return 0;
}

int key_values__get_u64(const struct key_values *kv, const char *key, uint64_t *ret_value)
{
	char text[32];
	uint64_t v = 0;

	if (key_values__get(kv, key, text, sizeof(text)))
		return -ENOENT;
	for (const char *s = text; *s; s++)
		if (*s < '0' || *s > '9' || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return -EBADMSG;
	if (!*text)
		return -EBADMSG;
	*ret_value = v;
	return 0;
}
