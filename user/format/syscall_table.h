/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * System calls and errors by name. The tables are those of the machine that was compiled for: the build takes them out of
 * the kernel's headers (scripts/syscall-tables).
 */
#ifndef FORMAT_SYSCALL_TABLE_H
#define FORMAT_SYSCALL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYSCALL_NONE UINT32_MAX

/* "read"; NULL for a number that the table does not have. @compat: the table of 32-bit programs. */
const char *syscall_name(uint32_t nr, bool compat);
/* The @i-th of all calls that have a name, of programs of the machine's own width; NULL past the last. */
const char *syscall_nth_name(size_t i);
/* The number of the call @name, or SYSCALL_NONE. */
uint32_t syscall_find(const char *name, bool compat);
/* Is the first argument of @name a file descriptor? */
bool syscall_takes_fd(const char *name);
/* "ENOENT", "ERESTARTSYS"; NULL for a number that stands for no error. */
const char *syscall_error_name(uint32_t error);
/* The @i-th of all errors; NULL past the last. */
const char *syscall_nth_error(size_t i);
/* The number of the error @name, 0 if there is none. */
uint32_t syscall_find_error(const char *name);

#endif
