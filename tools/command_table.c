/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The commands of the program for Linux: all. */
#include <stddef.h>

#include "commands.h"

/* clang-format off */
static const struct command *const command_table[] = {
	&offcpu_command,
	&wakeups_command,
	&chains_command,
	&locks_command,
	&syscalls_command,
	&runq_command,
	&top_command,
	&dump_command,
	&goroutines_command,
	&record_command,
	&report_command,
	&info_command,
	&diff_command,
	&check_command,
	&serve_command,
	&push_command,
	&doctor_command,
	&selftest_command,
	&list_command,
	&completion_command,
	&version_command,
	NULL,
};
/* clang-format on */

const struct command *const *commands(void)
{
	return command_table;
}

const char *commands_first_try(void)
{
	return "sudo dwell offcpu -p PID -o r.html 5";
}

const char *command_elsewhere(const char *name)
{
	(void)name;
	return NULL;
}
