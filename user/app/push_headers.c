/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/push_headers.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

/* Shorter ones stand in every text by chance. */
#define MASK_MIN_LEN 4

void push_headers__fini(struct push_headers *h)
{
	for (size_t i = 0; i < h->cnt; i++)
		free(h->lines[i]);
	*h = (struct push_headers){.cnt = 0};
}

/* A "token" of RFC 9110. */
static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

int push_headers_check(const char *line)
{
	size_t len = 0;

	while (is_name_char(line[len]))
		len++;
	if (!len || line[len] != ':')
		return error_set(-EINVAL, "not a header: give one like 'Name: value'");
	for (const char *p = line + len + 1; *p; p++)
		if (iscntrl((unsigned char)*p) && *p != '\t')
			return error_set(-EINVAL, "a control character in a header");
	/* libcurl takes that for "leave this header out". */
	if (!line[len + 1 + strspn(line + len + 1, " \t")])
		return error_set(-EINVAL, "a header without a value");
	return 0;
}

bool push_headers_is_secret(const char *line)
{
	static const char *const names[] = {"authorization", "proxy-authorization", "cookie",
					    "x-clickhouse-key", "x-api-key"};
	size_t len = strcspn(line, ":");

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == len && !strncasecmp(line, names[i], len))
			return true;
	return false;
}

static int headers_append(struct push_headers *h, const char *line)
{
	if (h->cnt == PUSH_HEADERS_MAX_CNT)
		return -E2BIG;
	h->lines[h->cnt] = strdup(line);
	if (!h->lines[h->cnt])
		return -ENOMEM;
	h->cnt++;
	return 0;
}

int push_headers__add(struct push_headers *h, const char *line)
{
	return h->secret_cnt ? -EINVAL : headers_append(h, line);
}

static int headers_add_secret(struct push_headers *h, char *line, size_t number)
{
	char why[128];
	int err;

	if (!*line || *line == '#')
		return 0;
	err = push_headers_check(line);
	if (err) {
		snprintf(why, sizeof(why), "%s", error_text(err));
		return error_set(err, "line %zu: %s", number, why);
	}
	err = headers_append(h, line);
	if (err)
		return error_set(err, "line %zu: %s", number,
				 err == -E2BIG ? "too many headers" : "out of memory");
	h->secret_cnt++;
	return 0;
}

int push_headers__add_secrets(struct push_headers *h, const char *text)
{
	_cleanup_free_ char *copy = strdup(text);
	char *line = copy, *end;
	int err = copy ? 0 : -ENOMEM;

	for (size_t number = 1; !err && *line; number++) {
		end = line + strcspn(line, "\n");
		char *next = end + (*end == '\n');

		while (end > line && isspace((unsigned char)end[-1]))
			end--;
		*end = '\0';
		err = headers_add_secret(h, line, number);
		line = next;
	}
	return err;
}

static void mask_word(char *text, const char *word, size_t len)
{
	char *at = text;

	if (len < MASK_MIN_LEN)
		return;
	while ((at = strstr(at, word))) {
		memcpy(at, "***", 3);
		memmove(at + 3, at + len, strlen(at + len) + 1);
		at += 3;
	}
}

void push_headers__mask(const struct push_headers *h, char *text)
{
	for (size_t i = h->cnt - h->secret_cnt; i < h->cnt; i++) {
		const char *value = strchr(h->lines[i], ':') + 1;
		const char *word;

		value += strspn(value, " \t");
		mask_word(text, value, strlen(value));
		/* "Bearer TOKEN": the token alone, too. */
		word = strrchr(value, ' ');
		if (word)
			mask_word(text, word + 1, strlen(word + 1));
	}
}
