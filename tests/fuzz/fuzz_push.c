/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a receiver answers, and a file of headers: two bytes of status and exception, then text for both. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/push_headers.h"
#include "output/push_receiver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fuzz_answer(uint16_t status, const char *text)
{
	struct http_answer a = {.error = "",
				.status = status % 1000,
				.exception = status / 1000,
				.body = text,
				.body_len = strlen(text)};

	for (const struct push_receiver *const *r = push_receivers(); *r; r++)
		if (push_receiver__judge(*r, &a) > PUSH_HALTED)
			__builtin_trap();
}

/* What was taken may be sent; and none of it stays in a text that was masked. */
static void fuzz_headers(const char *text, char *copy)
{
	_cleanup_push_headers_ struct push_headers h = {.cnt = 0};
	size_t len = strlen(copy);

	push_headers__add_secrets(&h, text);
	for (size_t i = 0; i < h.cnt; i++)
		if (push_headers_check(h.lines[i]) || strpbrk(h.lines[i], "\r\n"))
			__builtin_trap();
	push_headers__mask(&h, copy);
	if (strlen(copy) > len)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint16_t status = 0;
	char *text, *copy;

	if (len < sizeof(status))
		return 0;
	memcpy(&status, data, sizeof(status));
	text = strndup((const char *)data + sizeof(status), len - sizeof(status));
	copy = text ? strdup(text) : NULL;
	if (copy) {
		fuzz_answer(status, text);
		fuzz_headers(text, copy);
	}
	free(copy);
	free(text);
	return 0;
}
