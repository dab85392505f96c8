/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/os_temp.h"

/* fopencookie(3): what was written; 0 is an error. */
static ssize_t os_stream_write(void *cookie, const char *data, size_t len)
{
	struct os_stream *s = cookie;
	int err = os_write_all(s->fd, data, len);

	if (!err)
		return (ssize_t)len;
	if (!s->err)
		s->err = err;
	errno = -err;
	return 0;
}

static int os_stream_close(void *cookie)
{
	struct os_stream *s = cookie;
	int ret = close(s->fd);

	free(s);
	/* Interrupted, it is closed all the same (close(2)). */
	return ret && errno != EINTR ? -1 : 0;
}

int os_stream_open(int fd, FILE **ret_fp, struct os_stream **ret)
{
	const cookie_io_functions_t functions = {.write = os_stream_write,
						 .close = os_stream_close};
	struct os_stream *s = malloc(sizeof(*s));
	FILE *fp = s ? fopencookie(s, "wb", functions) : NULL;

	if (!fp) {
		free(s);
		close(fd);
		return -ENOMEM;
	}
	*s = (struct os_stream){.fd = fd};
	if (isatty(fd))
		setvbuf(fp, NULL, _IOLBF, 0);
	*ret_fp = fp;
	*ret = s;
	return 0;
}

int os_stream_flush(struct os_stream *s, FILE *fp)
{
	int failed = fflush(fp) || ferror(fp);

	if (s->err)
		return s->err;
	return failed ? -EIO : 0;
}

int os_stream_sync(int fd)
{
	int err;

	do
		err = fsync(fd) ? -errno : 0;
	while (err == -EINTR);
	return err == -EINVAL || err == -EOPNOTSUPP ? 0 : err;
}
