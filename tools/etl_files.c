/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "etl_files.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/os_file.h"
#include "base/os_read.h"
#include "base/os_temp.h"
#include "format/zip_file.h"

#define ETL_ZIP_MAX_BYTES	(64ull << 30) /* unpacked */
#define ETL_ZIP_MAX_NAMES_BYTES 300	      /* of a message */

int etl_files__init(struct etl_files *f)
{
	*f = (struct etl_files){.reader = etl_reader__new()};
	return f->reader ? 0 : -ENOMEM;
}

void etl_files__fini(struct etl_files *f)
{
	etl_reader__free(f->reader);
	for (size_t i = 0; i < f->cnt; i++)
		os_close(f->fds[i]);
	*f = (struct etl_files){.cnt = 0};
}

/* ---- zip files ---- */

bool etl_files_is_named(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && !strcasecmp(name + len - 4, ".etl");
}

/* The only trace among the entries. 0, or -errno with error_set(), as the end of a sentence. */
static int etl_zip_find(struct zip_file *z, struct zip_entry *ret)
{
	_cleanup_buf_ struct buf names;
	struct zip_entry e;
	int cnt = 0, more;

	buf__init(&names, ETL_ZIP_MAX_NAMES_BYTES);
	while ((more = zip_file__next(z, &e)) > 0) {
		if (!etl_files_is_named(e.name))
			continue;
		buf__printf(&names, "%s%s", cnt++ ? ", " : "", e.name);
		*ret = e;
	}
	if (more < 0)
		return error_set(more, "is damaged or cut: copy it again");
	if (!cnt)
		return error_set(-ENOENT, "holds no .etl file: unpack it and give the trace");
	if (cnt > 1)
		return error_set(-EINVAL,
				 "holds %d traces (%s%s): unpack it and give the one you mean", cnt,
				 buf__str(&names), names.err ? "..." : "");
	return 0;
}

static int etl_zip_put(void *arg, const void *data, size_t len)
{
	return os_write_all(*(const int *)arg, data, len);
}

/* A descriptor of the unpacked trace, or -errno with error_set(). */
static int etl_zip_unpack(const struct file_input *in)
{
	struct zip_entry e = {.name = ""};
	struct zip_file z;
	int err = zip_file__open(&z, in), to;

	if (err)
		return error_set(err, "is damaged or cut: copy it again");
	err = etl_zip_find(&z, &e);
	if (err)
		return err;
	if (e.bytes > ETL_ZIP_MAX_BYTES)
		return error_set(-E2BIG, "holds more than 64 GiB: unpack it and give the trace");
	to = os_temp_open();
	if (to < 0)
		return error_set(to, "can't be unpacked: no temporary file (%s): set TMPDIR",
				 strerror(-to));
	err = zip_file__unpack(&z, &e, etl_zip_put, &to);
	if (!err)
		return to;
	os_close(to);
	if (err == -EBADMSG)
		return error_set(err, "%s in it is damaged: copy it again", e.name);
	if (err == -ENOTSUP)
		return error_set(err,
				 "%s in it is encrypted or packed in another way than by "
				 "deflate: unpack it and give the trace",
				 e.name);
	return error_set(err, "%s in it can't be unpacked (%s): set TMPDIR to where there is room",
			 e.name, strerror(-err));
}

/* ---- either ---- */

/* Takes @fd over. */
static int etl_files__add_fd(struct etl_files *f, int fd)
{
	struct file_input in;
	int err = file_input__open_fd(&in, fd);

	if (err) {
		err = err == -EINVAL ? error_set(err, "is no regular file: save the trace first")
				     : error_set(err, "%s", strerror(-err));
	} else if (zip_file_is_one(&in)) {
		int unpacked = etl_zip_unpack(&in);

		os_close(fd);
		fd = unpacked;
		err = fd < 0 ? fd : file_input__open_fd(&in, fd);
	}
	if (!err)
		err = etl_reader__add(f->reader, &in);
	if (err) {
		os_close(fd);
		return err;
	}
	f->fds[f->cnt++] = fd;
	return 0;
}

int etl_files__add(struct etl_files *f, const char *path)
{
	int fd = os_open_file(path), err;
	char text[1024];

	if (fd < 0)
		return error_set(fd, "%s: %s", path, strerror(-fd));
	err = etl_files__add_fd(f, fd);
	if (!err)
		return 0;
	snprintf(text, sizeof(text), "%s", error_text(err));
	return error_set(err, "%s: %s", path, text);
}
