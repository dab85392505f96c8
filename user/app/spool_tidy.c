/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The quota of the spool. What is not to be sent any more goes first, then the oldest that waits. The order is that of
 * SEQ, so steps of the clock don't change it.
 */
#include <errno.h>

#include "app/spool.h"
#include "base/os_clock.h"
#include "base/os_file.h"

struct spool_tidy {
	struct spool *spool;
	struct spool_list waiting, aside[SPOOL_ASIDE_CNT];
	uint64_t bytes; /* of all lists */
	uint64_t now_ns;
	bool busy; /* one segment was left because the reader has it */
	int err;   /* the first one */
};

static int spool_tidy__load(struct spool_tidy *t)
{
	int err = spool_list__load(&t->waiting, t->spool->dir_fd);

	t->bytes = t->waiting.bytes;
	for (int i = 0; !err && i < SPOOL_ASIDE_CNT; i++) {
		err = spool_list__load(&t->aside[i], t->spool->aside_fd[i]);
		t->bytes += t->aside[i].bytes;
	}
	return err;
}

static void spool_tidy__fini(struct spool_tidy *t)
{
	spool_list__fini(&t->waiting);
	for (int i = 0; i < SPOOL_ASIDE_CNT; i++)
		spool_list__fini(&t->aside[i]);
}

/* Why a segment has to go, SPOOL_DROP_CNT if it may stay. */
static enum spool_drop spool_drop_cause(const struct spool_tidy *t, const struct spool_item *item)
{
	const struct spool_opts *o = &t->spool->opts;

	if (o->quota_bytes && t->bytes > o->quota_bytes)
		return SPOOL_DROP_QUOTA;
	if (o->quota_age_ns && t->now_ns > item->name.end_ns &&
	    t->now_ns - item->name.end_ns > o->quota_age_ns)
		return SPOOL_DROP_AGE;
	return SPOOL_DROP_CNT;
}

/* Segments that nobody waits for: removed without being counted. */
static void spool_tidy__aside(struct spool_tidy *t, enum spool_aside aside)
{
	struct spool *s = t->spool;
	struct spool_list *l = &t->aside[aside];
	char text[SPOOL_NAME_LEN];
	int err;

	for (size_t i = 0; i < l->cnt; i++) {
		err = 0;
		if (spool_drop_cause(t, &l->items[i]) != SPOOL_DROP_CNT) {
			spool_name__format(&l->items[i].name, text);
			err = os_dir_remove(s->aside_fd[aside], text);
			t->bytes -= err ? 0 : l->items[i].bytes;
			if (!err)
				continue;
		}
		if (err && !t->err)
			t->err = err;
		s->aside_cnt++;
		s->aside_bytes += l->items[i].bytes;
	}
}

/* Takes a segment away from a reader that comes later. 0; -EBUSY: one has it; -ENOENT: one has sent it. */
static int spool_take(struct spool *s, const char *text, int *ret_fd)
{
	int fd = os_dir_open_file(s->dir_fd, text), err;

	if (fd < 0)
		return fd;
	err = os_file_take(fd, true);
	if (err)
		os_close(fd);
	else
		*ret_fd = fd;
	return err;
}

/* 0: dropped; -EBUSY: stays for now; -ENOENT: was gone; -errno. */
static int spool_drop(struct spool_tidy *t, const struct spool_item *item)
{
	char text[SPOOL_NAME_LEN];
	int fd = -1, err;

	spool_name__format(&item->name, text);
	err = spool_take(t->spool, text, &fd);
	if (err == -EBUSY && !t->busy) {
		t->busy = true;
		return err;
	}
	/* An honest reader has one; whoever has more can't undo the quota. */
	if (!err || err == -EBUSY)
		err = os_dir_remove(t->spool->dir_fd, text);
	os_close(fd);
	return err;
}

static void spool_tidy__waiting(struct spool_tidy *t)
{
	struct spool *s = t->spool;

	for (size_t i = 0; i < t->waiting.cnt; i++) {
		const struct spool_item *item = &t->waiting.items[i];
		enum spool_drop cause = spool_drop_cause(t, item);
		int err = cause == SPOOL_DROP_CNT ? -EBUSY : spool_drop(t, item);

		if (!err) {
			s->dropped_cnt[cause]++;
			s->dropped_bytes[cause] += item->bytes;
		}
		if (!err || err == -ENOENT) {
			t->bytes -= item->bytes;
			continue;
		}
		if (err != -EBUSY && !t->err)
			t->err = err;
		if (!s->segment_cnt || item->name.start_ns < s->oldest_ns)
			s->oldest_ns = item->name.start_ns;
		s->segment_cnt++;
		s->bytes += item->bytes;
	}
}

int spool__tidy(struct spool *s)
{
	_cleanup_(spool_tidy__fini) struct spool_tidy t = {
		.spool = s,
		.now_ns = os_realtime_ns(),
	};
	int err = spool_tidy__load(&t);

	if (err)
		return err;
	s->segment_cnt = s->bytes = s->oldest_ns = s->aside_cnt = s->aside_bytes = 0;
	for (int i = 0; i < SPOOL_ASIDE_CNT; i++)
		spool_tidy__aside(&t, i);
	spool_tidy__waiting(&t);
	return t.err;
}
