/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Files without a name, gone when they are closed: for what is too large for memory. */
#ifndef BASE_OS_TEMP_H
#define BASE_OS_TEMP_H

#include <stddef.h>
#include <stdio.h>

/* An empty file for reading and writing, in the directory that TMPDIR names or in /var/tmp (Windows: TMP or TEMP). A descriptor, or -errno. */
int os_temp_open(void);
/* Writes all of @data at the file's position. 0 or -errno. */
int os_write_all(int fd, const void *data, size_t len);
/* @data, a byte or more, which has to stay, as a stream for reading. NULL + errno. */
FILE *os_memory_file(const void *data, size_t len);

#endif
