/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The names that the kernel gives to integers, for bpf/wire.h. */
#ifndef WINDOWS_LINUX_TYPES_H
#define WINDOWS_LINUX_TYPES_H

#include <stdint.h>

typedef int8_t __s8;
typedef int16_t __s16;
typedef int32_t __s32;
typedef int64_t __s64;
typedef uint8_t __u8;
typedef uint16_t __u16;
typedef uint32_t __u32;
typedef uint64_t __u64;

#endif
