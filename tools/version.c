/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell version */
#include <stdio.h>

#include "base/os_http_client.h"
#include "commands.h"
#include "format/elf_minidebug.h"
#include "output/http.h"
#include "symbol/demangle.h"
#include "symbol/dwarf_lines.h"
#include "version.h"

/* Libraries that the program can be built without, and what it can't do then. */
static const struct {
	const char *name;
	bool (*works)(void);
	const char *loss;
} version_libraries[] = {
	{"libiberty", demangle_works, "names of C++ and Rust functions stay mangled"},
	{"libdw", dwarf_lines_works, "no --inlines and no --lines"},
	{"liblzma", elf_minidebug_works,
	 "stripped programs with symbols in .gnu_debugdata only (Fedora's) have no names"},
	{"libcurl", http_client_works, "no dwell push"},
	{"libmicrohttpd", http_server_works, "dwell serve answers no requests"},
};

static int run_version(const void *config, int operand_cnt, char **operands, char **command)
{
	(void)config, (void)operand_cnt, (void)operands, (void)command;
	printf("dwell %s (%s)\n", DWELL_VERSION, DWELL_REVISION);
	for (size_t i = 0; i < ARRAY_SIZE(version_libraries); i++)
		if (!version_libraries[i].works())
			printf("without %s: %s\n", version_libraries[i].name,
			       version_libraries[i].loss);
	return EXIT_STATUS_OK;
}

static const struct option_def version_options[] = {OPTION_END};

const struct command version_command = {
	.name = "version",
	.summary = "what this program is",
	.operands = "",
	.description = "Prints the version and the source revision it was built from.",
	.options = version_options,
	.run = run_version,
};
