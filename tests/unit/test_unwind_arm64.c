/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The walk with the rules of arm64, on any machine: the same tests, and those of registers that only it has. */
#define __TARGET_ARCH_arm64
#include "unit/test_unwind.c"
