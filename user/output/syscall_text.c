/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/syscall_text.h"

#include <stdbool.h>
#include <stdio.h>

#include "format/syscall_table.h"
#include "model/profile.h"

const char *syscall_text(uint16_t syscall, char *text)
{
	bool compat = syscall & PROFILE_SYSCALL_COMPAT;
	uint32_t nr = (syscall & ~(uint32_t)PROFILE_SYSCALL_COMPAT) - 1;
	const char *name = syscall ? syscall_name(nr, compat) : "";

	if (name)
		snprintf(text, SYSCALL_TEXT_LEN, "%s%s", name, *name && compat ? " (32 bit)" : "");
	else
		snprintf(text, SYSCALL_TEXT_LEN, "syscall %u%s", nr, compat ? " (32 bit)" : "");
	return text;
}
