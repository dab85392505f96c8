/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stddef.h>

/* dwarf_next_unit() of version 5 headers came with elfutils 0.171, as did this unit type's number. */
int main(void)
{
	dwarf_setalt(NULL, NULL);
	return dwarf_begin_elf(NULL, DWARF_C_READ, NULL) == NULL ? 0 : DW_UT_skeleton;
}
