/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_start.h"

int os_start(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

int os_expand_wildcards(int *cnt, char ***operands)
{
	/* The shell has done it. */
	(void)cnt, (void)operands;
	return 0;
}
