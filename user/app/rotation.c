/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/rotation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/rotation_name.h"
#include "base/array.h"
#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_dir.h"
#include "base/os_file.h"

#define ROTATION_LOCK	   ".dwell.lock"
#define ROTATION_MAX_FILES (1u << 20)
#define ROTATION_MAX_AGAIN 999 /* more windows that begin in one second */

struct rotation_file {
	char name[ROTATION_NAME_LEN];
	uint64_t start_ns, bytes;
	bool future; /* made before the clock was set back */
};

struct rotation_list {
	struct rotation_file *files;
	size_t cnt, cap;
	uint64_t bytes;
	uint64_t now_ns;
};

static void rotation_list__fini(struct rotation_list *l)
{
	free(l->files);
}

static int rotation_list_add(void *arg, const struct os_dir_entry *e)
{
	struct rotation_list *l = arg;
	uint64_t start_ns;
	int err;

	if (rotation_name_parse(e->name, &start_ns))
		return 0;
	err = array__grow((void **)&l->files, &l->cap, l->cnt + 1, sizeof(*l->files),
			  ROTATION_MAX_FILES);
	if (err)
		return err;
	l->files[l->cnt] = (struct rotation_file){
		.start_ns = start_ns,
		.bytes = e->bytes,
		.future = start_ns > l->now_ns,
	};
	strcpy(l->files[l->cnt++].name, e->name);
	l->bytes += e->bytes;
	return 0;
}

static int rotation_file_cmp(const void *left, const void *right)
{
	const struct rotation_file *a = left, *b = right;

	if (a->future != b->future)
		return a->future ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* What is there, the oldest first. */
static int rotation_list__init(struct rotation_list *l, const struct rotation *r)
{
	int err;

	*l = (struct rotation_list){.now_ns = os_realtime_ns()};
	err = os_dir_each(r->dir_fd, rotation_list_add, l);
	if (!err && l->cnt)
		qsort(l->files, l->cnt, sizeof(*l->files), rotation_file_cmp);
	return err;
}

/* Why a file has to go, ROTATION_DROP_CNT if it may stay. */
static enum rotation_drop rotation_drop_cause(const struct rotation_opts *o,
					      const struct rotation_list *l,
					      const struct rotation_file *f)
{
	if (o->keep_bytes && l->bytes > o->keep_bytes)
		return ROTATION_DROP_BYTES;
	if (o->keep_age_ns && !f->future && l->now_ns - f->start_ns > o->keep_age_ns)
		return ROTATION_DROP_AGE;
	return ROTATION_DROP_CNT;
}

int rotation__tidy(struct rotation *r)
{
	_cleanup_(rotation_list__fini) struct rotation_list l;
	int err = rotation_list__init(&l, r), first_err = err;
	uint64_t left = l.cnt;

	if (err)
		return err;
	r->oldest_ns = 0;
	for (size_t i = 0; i < l.cnt; i++) {
		const struct rotation_file *f = &l.files[i];
		enum rotation_drop cause = rotation_drop_cause(&r->opts, &l, f);

		err = cause == ROTATION_DROP_CNT ? 0 : os_dir_remove(r->dir_fd, f->name);
		if (err && !first_err)
			first_err = err;
		if (!err && cause != ROTATION_DROP_CNT) {
			r->dropped_cnt[cause]++;
			l.bytes -= f->bytes;
			left--;
		} else if (!r->oldest_ns || f->start_ns < r->oldest_ns) {
			r->oldest_ns = f->start_ns;
		}
	}
	r->file_cnt = left;
	r->bytes = l.bytes;
	return first_err;
}

/* Unfinished files of ours; others end in .tmp too. */
static int rotation_remove_leftover(void *arg, const struct os_dir_entry *e)
{
	struct rotation *r = arg;
	char name[NAME_MAX + 1];
	uint64_t start_ns;

	if (dir_file_is_tmp(e->name, name) && !rotation_name_parse(name, &start_ns) &&
	    !os_dir_remove(r->dir_fd, e->name))
		r->leftover_cnt++;
	return 0;
}

static int rotation_open(struct rotation *r, const char *dir)
{
	int err;

	r->dir_fd = os_dir_make(dir, 0750, OS_DIR_NO_GROUP);
	if (r->dir_fd < 0)
		return error_set(r->dir_fd, "can't open the directory '%s': %s", dir,
				 strerror(-r->dir_fd));
	r->lock_fd = os_dir_lock(r->dir_fd, ROTATION_LOCK);
	if (r->lock_fd == -EBUSY)
		return error_set(-EBUSY, "another dwell writes to the directory '%s'", dir);
	if (r->lock_fd < 0)
		return error_set(r->lock_fd, "can't write to the directory '%s': %s", dir,
				 strerror(-r->lock_fd));
	err = os_dir_each(r->dir_fd, rotation_remove_leftover, r);
	if (!err)
		err = rotation__tidy(r);
	return err ? error_set(err, "can't tidy the directory '%s': %s", dir, strerror(-err)) : 0;
}

struct rotation *rotation__open(const char *dir, const struct rotation_opts *opts)
{
	struct rotation *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return NULL;
	r->opts = *opts;
	r->dir_fd = r->lock_fd = -1;
	err = rotation_open(r, dir);
	if (!err)
		return r;
	rotation__close(r);
	errno = -err;
	return NULL;
}

void rotation__close(struct rotation *r)
{
	if (!r)
		return;
	os_close(r->lock_fd);
	os_close(r->dir_fd);
	free(r);
}

static bool rotation_stem_taken(const struct rotation *r, const char *stem)
{
	char name[ROTATION_NAME_LEN];

	for (const char *const *ext = rotation_exts(); *ext; ext++) {
		snprintf(name, sizeof(name), "%s%s", stem, *ext);
		if (os_dir_has(r->dir_fd, name))
			return true;
	}
	return false;
}

int rotation__stem(const struct rotation *r, uint64_t start_ns, char ret_stem[ROTATION_STEM_LEN])
{
	char stem[ROTATION_STEM_LEN];

	for (unsigned int again = 0; again <= ROTATION_MAX_AGAIN; again++) {
		rotation_name_stem(start_ns, again, stem);
		if (rotation_stem_taken(r, stem))
			continue;
		strcpy(ret_stem, stem);
		return 0;
	}
	return -EEXIST;
}

static int rotation_write(struct rotation *r, const char *name, rotation_write_fn write, void *arg)
{
	_cleanup_dir_file_ struct dir_file f = {.fp = NULL};
	uint64_t bytes;
	int err = os_dir_has_room(r->dir_fd, r->opts.min_free_bytes);

	if (!err)
		err = dir_file__open(&f, r->dir_fd, name, 0640);
	if (!err)
		err = write(f.fp, arg);
	if (!err)
		err = dir_file__commit(&f, false, &bytes);
	if (err)
		return err;
	r->written_cnt++;
	r->written_bytes += bytes;
	return 0;
}

int rotation__put(struct rotation *r, const char *stem, const char *ext, rotation_write_fn write,
		  void *arg)
{
	char name[ROTATION_NAME_LEN];
	uint64_t start_ns;
	int err, tidy_err;

	snprintf(name, sizeof(name), "%s%s", stem, ext);
	if (rotation_name_parse(name, &start_ns))
		return -EINVAL;
	tidy_err = r->disk.failing ? rotation__tidy(r) : 0; /* there may be room afterwards */
	err = disk_state__note(&r->disk, rotation_write(r, name, write, arg));
	if (!tidy_err)
		tidy_err = rotation__tidy(r);
	return err ? err : tidy_err;
}
