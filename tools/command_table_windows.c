/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The commands of the program for Windows. */
#include <stddef.h>
#include <string.h>

#include "base/compiler.h"
#include "commands.h"

/* clang-format off */
static const struct command *const command_table[] = {
	&offcpu_command,
	&wakeups_command,
	&chains_command,
	&syscalls_command,
	&record_command,
	&serve_command,
	&report_command,
	&info_command,
	&diff_command,
	&check_command,
	&selftest_command,
	&list_command,
	&completion_command,
	&version_command,
	NULL,
};
/* clang-format on */

#define LINUX_ONLY "only the program for Linux has this command"

/* What is not in this program, and what to do instead. */
static const struct {
	const char *name, *instead;
} elsewhere[] = {
	{"locks", NULL},
	{"runq", NULL},
	{"top", NULL},
	{"dump", NULL},
	{"goroutines", LINUX_ONLY},
	{"push", LINUX_ONLY},
	{"doctor", LINUX_ONLY ", which checks what it needs of the kernel there"},
};

const struct command *const *commands(void)
{
	return command_table;
}

const char *commands_first_try(void)
{
	return "dwell offcpu -p PID -o wait.html 5";
}

const char *command_elsewhere(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++) {
		if (strcmp(elsewhere[i].name, name) != 0)
			continue;
		if (elsewhere[i].instead)
			return elsewhere[i].instead;
		return "the program for Windows does not have this command yet: offcpu, wakeups, "
		       "chains, syscalls, record and serve trace";
	}
	return NULL;
}
