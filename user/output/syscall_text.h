/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef OUTPUT_SYSCALL_TEXT_H
#define OUTPUT_SYSCALL_TEXT_H

#include <stdint.h>

#define SYSCALL_TEXT_LEN 40

/* The name of a sample's system call, as profile_syscall() keeps it, written to @text; "" for none, "syscall 4711" without a name. */
const char *syscall_text(uint16_t syscall, char *text);

#endif
