/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/recording.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/os_read.h"
#include "format/recording.h"

struct recording_source {
	struct source base; /* first: a struct source * is one to this */
	FILE *file;
	struct recording_reader *reader;
	char *path;
};

/* Puts the file's name before what is known about @err. */
static int recording_source_error(const char *path, int err)
{
	char why[768];

	snprintf(why, sizeof(why), "%s", error_text(err));
	return error_set(err, "%s: %s", strcmp(path, "-") ? path : "standard input", why);
}

static int recording_source_start(struct source *s, event_fn fn, void *arg)
{
	(void)s, (void)fn, (void)arg;
	return 0;
}

static int recording_source_poll(struct source *s, int timeout_ms, event_fn fn, void *arg)
{
	struct recording_source *rs = (struct recording_source *)s;
	struct event e;
	int n, err;

	(void)timeout_ms;
	while ((n = recording_reader__next(rs->reader, &e)) > 0) {
		bool round = e.h->kind == WIRE_ROUND;

		err = fn(arg, &e);
		if (err)
			return recording_source_error(rs->path, err);
		if (round)
			return 1;
	}
	return n ? recording_source_error(rs->path, n) : 0;
}

static void recording_source_close(struct source *s)
{
	struct recording_source *rs = (struct recording_source *)s;

	recording_reader__free(rs->reader);
	if (rs->file && rs->file != stdin)
		fclose(rs->file);
	free(rs->path);
	free(rs);
}

static const struct source_ops recording_source_ops = {
	.name = "recording",
	.start = recording_source_start,
	.poll = recording_source_poll,
	.stop = recording_source_start,
	.close = recording_source_close,
};

static int recording_source_init(struct recording_source *rs, const char *path)
{
	rs->base.ops = &recording_source_ops;
	rs->path = strdup(path);
	if (!rs->path)
		return -ENOMEM;
	rs->reader = recording_reader__new(rs->file);
	return rs->reader ? 0 : -errno;
}

FILE *recording_file_open(const char *path)
{
	FILE *file = strcmp(path, "-") ? os_open_stream(path) : stdin;
	int err = file ? 0 : -errno;

	if (err) {
		recording_source_error(path, err);
		errno = -err;
	}
	return file;
}

struct source *recording_source_new(FILE *file, const char *path)
{
	struct recording_source *rs = calloc(1, sizeof(*rs));
	int err;

	if (!rs) {
		if (file != stdin)
			fclose(file);
		errno = ENOMEM;
		return NULL;
	}
	rs->file = file;
	err = recording_source_init(rs, path);
	if (err) {
		recording_source_error(path, err);
		recording_source_close(&rs->base);
		errno = -err;
		return NULL;
	}
	return &rs->base;
}

struct source *recording_source_open(const char *path)
{
	FILE *file = recording_file_open(path);

	return file ? recording_source_new(file, path) : NULL;
}
