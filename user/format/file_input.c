/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/file_input.h"

#include <errno.h>
#include <string.h>

#include "base/os_read.h"

int file_input__open_fd(struct file_input *in, int fd)
{
	*in = (struct file_input){.fd = fd};
	return os_file_bytes(fd, &in->bytes);
}

void file_input__open_memory(struct file_input *in, const void *data, size_t len)
{
	*in = (struct file_input){.fd = -1, .data = data, .bytes = len};
}

int file_input__read(const struct file_input *in, void *to, size_t len, uint64_t off)
{
	if (off > in->bytes || len > in->bytes - off)
		return -ENODATA;
	if (in->fd >= 0)
		return os_pread(in->fd, to, len, off);
	if (len)
		memcpy(to, in->data + off, len);
	return 0;
}
