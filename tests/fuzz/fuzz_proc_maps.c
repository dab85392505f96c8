/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The text of /proc/PID/maps. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "format/proc_maps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int fuzz_take(void *arg, const struct proc_map *m)
{
	size_t *lines = arg;

	if (m->start >= m->end || strlen(m->path) > PROC_MAPS_PATH_MAX_BYTES)
		__builtin_trap();
	++*lines;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t lines = 0;
	int bad = proc_maps_parse((const char *)data, len, fuzz_take, &lines);

	if (bad < 0 || lines + (size_t)bad > len)
		__builtin_trap();
	return 0;
}
