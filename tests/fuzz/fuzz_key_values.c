/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Files of "key value" lines, and the names of segments and rotated files. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/rotation_name.h"
#include "app/spool_name.h"
#include "format/key_values.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is taken for a name of ours is written the same way again. */
static void fuzz_names(const char *text)
{
	struct spool_name name;
	char again[SPOOL_NAME_LEN];
	uint64_t start_ns;

	if (!spool_name__parse(&name, text)) {
		spool_name__format(&name, again);
		if (strcmp(text, again) != 0)
			__builtin_trap();
	}
	if (!rotation_name_parse(text, &start_ns) && (strlen(text) < 29 || strchr(text, '/')))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_key_values_ struct key_values kv, again;
	char *text = malloc(len + 1), value[64];
	uint64_t v;

	if (!text)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	fuzz_names(text);
	if (!key_values__parse(&kv, (const char *)data, len)) {
		/* It comes back as it was. */
		if (kv.text.len != len || (len && memcmp(kv.text.data, data, len) != 0))
			__builtin_trap();
		if (key_values__parse(&again, buf__str(&kv.text), kv.text.len))
			__builtin_trap();
		key_values__get(&kv, "acked_id", value, sizeof(value));
		key_values__get_u64(&kv, "acked_seq", &v);
	} else {
		key_values__init(&again);
	}
	free(text);
	return 0;
}
