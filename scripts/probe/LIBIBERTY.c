/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <libiberty/demangle.h>
#include <stddef.h>

int main(void)
{
	return cplus_demangle_v3("_Z1fv", DMGL_PARAMS) == NULL;
}
