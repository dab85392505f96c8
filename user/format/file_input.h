/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The bytes of a file that is read here and there, or of memory that stands in for one. */
#ifndef FORMAT_FILE_INPUT_H
#define FORMAT_FILE_INPUT_H

#include <stddef.h>
#include <stdint.h>

struct file_input {
	int fd; /* not owned; negative: memory */
	const uint8_t *data;
	uint64_t bytes;
};

/* 0; -EINVAL: no regular file; -errno. */
int file_input__open_fd(struct file_input *in, int fd);
void file_input__open_memory(struct file_input *in, const void *data, size_t len);
/* Exactly @len bytes at @off. 0; -ENODATA: the file ends before; -errno. */
int file_input__read(const struct file_input *in, void *to, size_t len, uint64_t off);

#endif
