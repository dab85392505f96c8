/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What strangers say: lines of "NAME:VALUE" as a request's headers, and each line as a parameter and an address. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/os_socket.h"
#include "output/http_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fuzz_line(char *line, struct http_head *head)
{
	struct os_listen_spec spec;
	size_t len = strlen(line);
	char *colon;
	uint64_t n;

	if (http_parse_number(line, 3, 1000, &n) && (n < 3 || n > 1000))
		__builtin_trap();
	if (!os_listen_parse(line, &spec) && !spec.is_unix && !*spec.host)
		__builtin_trap();
	/* What is local is never long, and names nothing but this machine. */
	if (http_host_is_local(line) && len > 64 + sizeof("[]:65535"))
		__builtin_trap();
	http_accepts_gzip(line);
	colon = strchr(line, ':');
	if (colon) {
		*colon = '\0';
		http_head__add(head, line, colon + 1);
		*colon = ':';
	}
	if (http_unescape(line) > len || strlen(line) > len)
		__builtin_trap();
	for (const char *p = line; *p; p++)
		if (*p == '\n')
			__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct http_head head = {.host = NULL}, seen = head;
	char *text = malloc(len + 1), *line = text;

	if (!text)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	while (line < text + len) {
		char *end = line + strcspn(line, "\n");

		*end = '\0';
		fuzz_line(line, &head);
		/* What was found out is never taken back. */
		if ((seen.broken && !head.broken) || (seen.has_body && !head.has_body) ||
		    head.host_cnt < seen.host_cnt)
			__builtin_trap();
		seen = head;
		line = end + 1;
	}
	free(text);
	return 0;
}
