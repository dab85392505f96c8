/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* mkunwindseeds_arm64 DIR: the seeds of fuzz_unwind_arm64, to DIR/unwind_arm64. */
#define __TARGET_ARCH_arm64
#include "unit/mkunwindseeds.c"
