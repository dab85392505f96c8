/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Remembered walks by the rules of arm64, on any machine. */
#define __TARGET_ARCH_arm64
#include "unit/test_memo.c"
