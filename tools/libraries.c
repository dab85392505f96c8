/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "libraries.h"

#include "base/os_http_client.h"
#include "format/elf_minidebug.h"
#include "output/http.h"
#include "symbol/demangle.h"
#include "symbol/dwarf_lines.h"

static const struct {
	struct doctor_library library;
	bool (*works)(void);
} libraries[] = {
	{{"libiberty", "libiberty-dev", "names of C++ and Rust functions stay mangled"},
	 demangle_works},
	{{"libdw", "libdw-dev", "no --inlines and no --lines"}, dwarf_lines_works},
	{{"liblzma", "liblzma-dev",
	  "stripped programs with symbols in .gnu_debugdata only (Fedora's) have no names"},
	 elf_minidebug_works},
	{{"libcurl", "libcurl4-gnutls-dev", "no dwell push"}, http_client_works},
	{{"libmicrohttpd", "libmicrohttpd-dev", "dwell serve answers no requests"},
	 http_server_works},
};

_Static_assert(ARRAY_SIZE(libraries) <= LIBRARIES_MAX, "room for all");

size_t libraries_missing(struct doctor_library ret[LIBRARIES_MAX])
{
	size_t cnt = 0;

	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++)
		if (!libraries[i].works())
			ret[cnt++] = libraries[i].library;
	return cnt;
}
