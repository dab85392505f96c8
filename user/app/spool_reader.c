/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/spool_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gzip.h"
#include "base/log.h"
#include "base/os_dir.h"
#include "base/os_file.h"
#include "base/os_read.h"

#define SPOOL_LOCK		 ".reader.lock"
#define SPOOL_MAX_UNPACKED_BYTES (1ull << 30)

static int spool_open_target(const char *dir, const char *target)
{
	int top_fd = os_dir_open(dir), fd;

	if (top_fd < 0)
		return top_fd;
	fd = os_dir_open_in(top_fd, target);
	os_close(top_fd);
	return fd;
}

static int spool_reader_load_state(struct spool_reader *r)
{
	_cleanup_buf_ struct buf text = {.data = NULL};
	_cleanup_key_values_ struct key_values state = {0};
	int err = os_dir_read(r->dir_fd, SPOOL_STATE_FILE, KEY_VALUES_MAX_BYTES, &text);

	if (!err)
		err = key_values__parse(&state, buf__str(&text), text.len);
	/* Without it the last segment may be sent twice, which the receiver sees by its id. */
	if (err)
		return err == -ENOMEM ? err : 0;
	key_values__get_u64(&state, "acked_seq", &r->acked_seq);
	key_values__get(&state, "acked_id", r->acked_id, sizeof(r->acked_id));
	key_values__get_u64(&state, "acked", &r->acked_cnt);
	key_values__get_u64(&state, "rejected", &r->rejected_cnt);
	key_values__get_u64(&state, "corrupt", &r->corrupt_cnt);
	return 0;
}

static int spool_reader_write(struct spool_reader *r, const char *name, const struct key_values *kv,
			      bool lazy)
{
	_cleanup_dir_file_ struct dir_file f = {.fp = NULL};
	int err = kv->text.err;

	if (!err)
		err = dir_file__open(&f, r->dir_fd, name, SPOOL_FILE_MODE);
	if (err)
		return err;
	f.lazy = lazy;
	fputs(buf__str(&kv->text), f.fp);
	return dir_file__commit(&f, true, NULL);
}

static int spool_reader_save_state(struct spool_reader *r)
{
	_cleanup_key_values_ struct key_values state;

	key_values__init(&state);
	key_values__add_u64(&state, "acked_seq", r->acked_seq);
	key_values__add(&state, "acked_id", r->acked_id);
	key_values__add_u64(&state, "acked", r->acked_cnt);
	key_values__add_u64(&state, "rejected", r->rejected_cnt);
	key_values__add_u64(&state, "corrupt", r->corrupt_cnt);
	return spool_reader_write(r, SPOOL_STATE_FILE, &state, false);
}

static int spool_reader_open(struct spool_reader *r, const char *dir, const char *target)
{
	r->dir_fd = spool_open_target(dir, target);
	if (r->dir_fd == -ENOENT)
		return error_set(-ENOENT,
				 "there is no spool '%s/%s' yet: dwell serve --spool makes it", dir,
				 target);
	if (r->dir_fd < 0)
		return error_set(r->dir_fd, "can't open the spool '%s/%s': %s", dir, target,
				 strerror(-r->dir_fd));
	r->lock_fd = os_dir_lock(r->dir_fd, SPOOL_LOCK);
	if (r->lock_fd == -EBUSY)
		return error_set(-EBUSY, "another process sends the spool '%s/%s'", dir, target);
	if (r->lock_fd < 0)
		return error_set(r->lock_fd, "can't write to the spool '%s/%s': %s", dir, target,
				 strerror(-r->lock_fd));
	return spool_reader_load_state(r);
}

struct spool_reader *spool_reader__open(const char *dir, const char *target,
					const struct spool_reader_opts *opts)
{
	struct spool_reader *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return NULL;
	r->opts = *opts;
	r->dir_fd = r->lock_fd = -1;
	err = spool_reader_open(r, dir, target);
	if (!err)
		return r;
	spool_reader__close(r);
	errno = -err;
	return NULL;
}

void spool_reader__close(struct spool_reader *r)
{
	if (!r)
		return;
	spool_list__fini(&r->list);
	os_close(r->lock_fd);
	os_close(r->dir_fd);
	free(r);
}

void spool_reader__rewind(struct spool_reader *r)
{
	spool_list__fini(&r->list);
	r->at = 0;
}

/* Was it acked by a process that was killed before it could remove it? Then it goes now. */
static bool spool_reader_was_acked(struct spool_reader *r, const struct spool_name *name)
{
	char text[SPOOL_NAME_LEN];

	if (strcmp(name->id, r->acked_id) != 0)
		return false;
	spool_name__format(name, text);
	os_dir_remove(r->dir_fd, text);
	return true;
}

int spool_reader__next(struct spool_reader *r, struct spool_name *ret_name)
{
	int err;

	for (int looks = 0; looks < 2; looks++) {
		while (r->at < r->list.cnt) {
			const struct spool_name *name = &r->list.items[r->at++].name;

			if (spool_reader_was_acked(r, name))
				continue;
			*ret_name = *name;
			return 1;
		}
		spool_reader__rewind(r);
		err = looks ? 0 : spool_list__load(&r->list, r->dir_fd);
		if (err)
			return err;
	}
	return 0;
}

/* Moves a segment out of the way of the others. */
static int spool_reader_put_aside(struct spool_reader *r, const struct spool_name *name,
				  enum spool_aside aside)
{
	int fd =
		os_dir_make_in(r->dir_fd, spool_aside_name(aside), SPOOL_DIR_MODE, OS_DIR_NO_GROUP);
	char text[SPOOL_NAME_LEN];
	int err;

	if (fd < 0)
		return fd;
	spool_name__format(name, text);
	err = os_dir_move(r->dir_fd, text, fd, text);
	os_close(fd);
	return err;
}

static int spool_reader_corrupt(struct spool_reader *r, const struct spool_name *name)
{
	int err = spool_reader_put_aside(r, name, SPOOL_CORRUPT);

	if (err)
		return err;
	r->corrupt_cnt++;
	r->state_err = spool_reader_save_state(r);
	return -EBADMSG;
}

/* Opens a segment and takes it; what the writer is dropping is gone. */
static int spool_reader_take(struct spool_reader *r, const struct spool_name *name)
{
	char text[SPOOL_NAME_LEN];
	int fd, err;

	spool_name__format(name, text);
	fd = os_dir_open_file(r->dir_fd, text);
	if (fd < 0)
		return fd;
	err = os_file_take(fd, false);
	if (!err)
		return fd;
	os_close(fd);
	return err == -EBUSY ? -ENOENT : err;
}

int spool_reader__read(struct spool_reader *r, const struct spool_name *name,
		       struct spool_read *ret_read)
{
	struct spool_read s = {.name = *name, .fd = spool_reader_take(r, name)};
	int err = s.fd < 0 ? s.fd : os_read_fd(s.fd, SPOOL_MAX_SEGMENT_BYTES, &s.bytes);

	if (!err)
		err = gzip_check(s.bytes.data, s.bytes.len, SPOOL_MAX_UNPACKED_BYTES);
	if (!err) {
		*ret_read = s;
		return 0;
	}
	if (err == -ENOENT)
		r->gone_cnt++;
	else if (err == -EBADMSG || err == -E2BIG)
		err = spool_reader_corrupt(r, name);
	spool_read__fini(&s);
	return err;
}

int spool_reader__ack(struct spool_reader *r, struct spool_read *s)
{
	char text[SPOOL_NAME_LEN];
	int err;

	r->acked_seq = s->name.seq;
	strcpy(r->acked_id, s->name.id);
	r->acked_cnt++;
	/* It goes even if that fails: on a full disk nothing would ever go. */
	r->state_err = spool_reader_save_state(r);
	spool_name__format(&s->name, text);
	if (r->opts.keep_sent)
		err = spool_reader_put_aside(r, &s->name, SPOOL_SENT);
	else
		err = os_dir_remove(r->dir_fd, text);
	spool_read__fini(s);
	return err == -ENOENT ? 0 : err; /* dropped while it was on its way */
}

int spool_reader__reject(struct spool_reader *r, struct spool_read *s)
{
	int err = spool_reader_put_aside(r, &s->name, SPOOL_REJECTED);

	spool_read__fini(s);
	if (err && err != -ENOENT)
		return err;
	r->rejected_cnt++;
	r->state_err = spool_reader_save_state(r);
	return 0;
}

void spool_read__fini(struct spool_read *s)
{
	buf__fini(&s->bytes);
	if (s->fd > 0)
		os_close(s->fd);
	*s = (struct spool_read){.fd = -1};
}

int spool_reader__write_status(struct spool_reader *r, const struct key_values *status)
{
	return spool_reader_write(r, SPOOL_STATUS_FILE, status, true);
}

int spool_status_read(const char *dir, const char *target, struct key_values *ret_status)
{
	_cleanup_buf_ struct buf text = {.data = NULL};
	struct key_values status;
	int fd = spool_open_target(dir, target), err;

	if (fd < 0)
		return fd;
	err = os_dir_read(fd, SPOOL_STATUS_FILE, KEY_VALUES_MAX_BYTES, &text);
	os_close(fd);
	if (err)
		return err;
	err = key_values__parse(&status, buf__str(&text), text.len);
	if (err)
		key_values__fini(&status);
	else
		*ret_status = status;
	return err;
}
