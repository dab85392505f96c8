/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The file of a program, as far as its tables need it, made up from the memory of a process that runs it: for who may not open
 * /proc/PID/exe, which takes the same right as reading the memory does. It works in other mount namespaces, too, and for files that are gone.
 */
#ifndef SOURCE_OS_GO_IMAGE_H
#define SOURCE_OS_GO_IMAGE_H

#include <stddef.h>

#include "format/go_memory.h"

#define OS_GO_IMAGE_MAX_BYTES (1u << 30)

struct os_go_image {
	void *data;
	size_t len;
};

/*
 * @auxv: what the kernel told the program, pairs of words. @code: also the parts that hold nothing but code. Addresses are those of the process,
 * whatever they were in the file; symbols and sections are not in it. 0; -ENOEXEC: that is no such program; -ENOMEM.
 */
int os_go_image__read(struct os_go_image *i, const struct go_memory *m, const uint64_t *auxv,
		      size_t words, bool code);
void os_go_image__free(struct os_go_image *i);

#endif
