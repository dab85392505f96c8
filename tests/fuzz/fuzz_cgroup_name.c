/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Paths of cgroups, and the text of /proc/PID/cgroup. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "format/cgroup_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_hex(const char *s, size_t max)
{
	if (strlen(s) > max || s[strspn(s, "0123456789abcdef-")])
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1), path[300];
	struct cgroup_name name;

	if (!text)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	cgroup_name_parse(text, &name);
	check_hex(name.container_id, 64);
	check_hex(name.pod_uid, 36);
	if (name.container_id[0] && strlen(name.container_id) != 64)
		__builtin_trap();
	free(text);
	for (int v2 = 0; v2 < 2; v2++)
		if (!proc_cgroup_parse((const char *)data, len, v2, path, sizeof(path)) &&
		    (path[0] != '/' || strchr(path, '\n')))
			__builtin_trap();
	return 0;
}
