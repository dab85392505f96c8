/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/window_writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/gzip.h"
#include "base/log.h"
#include "base/os_thread.h"
#include "model/profile_part.h"
#include "output/writer.h"

#define WINDOW_WRITER_MAX_WAITING 2

struct window_writer {
	struct window_writer_opts opts;
	/* The thread's. */
	struct rotation *rotation;		 /* NULL: none */
	struct spool *spools[WINDOW_TARGET_CNT]; /* NULL: none */
	struct os_thread thread;
	/* Shared. */
	struct os_mutex lock;
	struct os_cond work;
	struct profile *waiting[WINDOW_WRITER_MAX_WAITING]; /* in order */
	size_t waiting_cnt;
	bool stop;
	struct window_writer_counts counts;
};

static const struct {
	const char *name, *ext;
} window_targets[] = {
#define X(id, name, ext) {name, ext},
	WINDOW_TARGETS_LIST(X)
#undef X
};

const char *window_target_name(enum window_target t)
{
	return window_targets[t].name;
}

/* ---- one window ---- */

/* A writer's call, bound. */
struct window_job {
	const struct writer *writer;
	struct writer_opts opts;
	const struct profile *profile;
};

static int window_job_write(FILE *to, void *arg)
{
	const struct window_job *job = arg;

	return job->writer->write(job->profile, &job->opts, to);
}

/* One line when writing begins to fail, and one when it works again. @limit: the option that bounds what is there. */
static void window_log_disk(const struct disk_state *d, const char *dir, const char *limit)
{
	if (!d->changed)
		return;
	if (d->failing)
		log_error("%s: can't write: %s%s%s; tracing and metrics go on, windows are lost "
			  "until there is room",
			  dir, strerror(-d->err),
			  d->err == -ENOSPC ? ": free space there, or lower " : "",
			  d->err == -ENOSPC ? limit : "");
	else
		log_info("%s: writing works again", dir);
}

static int window_rotate(struct window_writer *w, const struct profile *p)
{
	struct window_job folded = {.writer = &folded_writer, .profile = p};
	struct window_job pprof = {.writer = &pprof_writer, .profile = p};
	char stem[ROTATION_STEM_LEN];
	int err = rotation__stem(w->rotation, p->start_realtime_ns, stem);

	if (!err)
		err = rotation__put(w->rotation, stem, ".folded", window_job_write, &folded);
	if (!err && w->opts.pprof)
		err = rotation__put(w->rotation, stem, ".pb.gz", window_job_write, &pprof);
	window_log_disk(&w->rotation->disk, w->opts.out_dir, "--keep-bytes");
	return err;
}

static int window_put_gzip(void *to, const void *data, size_t len)
{
	return fwrite(data, 1, len, to) == len ? 0 : -EIO;
}

/* The lines of the part, packed. */
static int window_write_ndjson(const struct window_job *job, FILE *to)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	FILE *mem = open_memstream(&text, &len);
	struct gzip z;
	int err;

	if (!mem)
		return -ENOMEM;
	err = window_job_write(mem, (void *)job);
	if (fclose(mem) && !err)
		err = -ENOMEM;
	if (err)
		return err;
	gzip__init(&z, window_put_gzip, to);
	gzip__write(&z, text, len);
	err = gzip__finish(&z);
	gzip__fini(&z);
	return err;
}

static int window_spool_part(struct spool *s, enum window_target t, const struct profile *part)
{
	struct window_job job = {.profile = part};
	struct spool_segment seg;
	int err =
		spool__begin(s, part->start_realtime_ns, part->start_realtime_ns + part->window_ns,
			     window_targets[t].ext, &seg);

	if (err)
		return err;
	job.opts.segment = seg.name.id;
	job.writer = t == WINDOW_TARGET_CLICKHOUSE ? &ndjson_writer : &pprof_writer;
	err = t == WINDOW_TARGET_CLICKHOUSE ? window_write_ndjson(&job, seg.file.fp)
					    : window_job_write(seg.file.fp, &job);
	if (!err)
		return spool__commit(s, &seg);
	spool__abort(s, &seg, err);
	return err;
}

static int window_spool(struct window_writer *w, enum window_target t, const struct profile *p)
{
	struct spool *s = w->spools[t];
	struct profile_parts parts;
	struct profile part;
	int err, more = 1;

	err = profile_parts__init(&parts, p, PROFILE_PART_MAX_SAMPLES, PROFILE_PART_MAX_BYTES);
	while (!err && (more = profile_parts__next(&parts, &part)) > 0)
		err = window_spool_part(s, t, &part);
	profile_parts__fini(&parts);
	window_log_disk(&s->disk, w->opts.spool_dir, "--spool-bytes");
	return err ? err : more;
}

static int window_write(struct window_writer *w, const struct profile *p)
{
	int err = w->rotation ? window_rotate(w, p) : 0;

	/* One that fails does not keep the others from their part. */
	for (int t = 0; t < WINDOW_TARGET_CNT; t++) {
		int ret = w->spools[t] ? window_spool(w, (enum window_target)t, p) : 0;

		err = err ? err : ret;
	}
	return err;
}

/* ---- the thread ---- */

/* With the lock held. */
static void window_writer_note(struct window_writer *w, int err)
{
	struct window_writer_counts *c = &w->counts;

	c->failing = err != 0;
	c->written_cnt += !err;
	c->failed_cnt += err != 0;
	if (w->rotation) {
		c->file_cnt = w->rotation->file_cnt;
		c->file_bytes = w->rotation->bytes;
	}
	for (int t = 0; t < WINDOW_TARGET_CNT; t++) {
		const struct spool *s = w->spools[t];
		struct window_spool_counts *to = &c->spools[t];

		if (!s)
			continue;
		to->open = true;
		to->segment_cnt = s->segment_cnt;
		to->bytes = s->bytes;
		to->oldest_ns = s->oldest_ns;
		memcpy(to->dropped_cnt, s->dropped_cnt, sizeof(to->dropped_cnt));
	}
}

/* With the lock held. */
static void window_writer_take_limits(struct window_writer *w)
{
	if (w->rotation)
		w->rotation->opts = w->opts.rotation;
	for (int t = 0; t < WINDOW_TARGET_CNT; t++)
		if (w->spools[t])
			w->spools[t]->opts = w->opts.spool;
}

static void *window_writer_run(void *arg)
{
	struct window_writer *w = arg;
	struct profile *p;
	int err;

	os_mutex__lock(&w->lock);
	for (;;) {
		while (!w->waiting_cnt && !w->stop)
			os_cond__wait(&w->work, &w->lock);
		if (!w->waiting_cnt)
			break;
		p = w->waiting[0];
		w->waiting_cnt--;
		memmove(w->waiting, w->waiting + 1, w->waiting_cnt * sizeof(w->waiting[0]));
		window_writer_take_limits(w);
		os_mutex__unlock(&w->lock);
		err = window_write(w, p);
		profile__free(p);
		os_mutex__lock(&w->lock);
		window_writer_note(w, err);
	}
	os_mutex__unlock(&w->lock);
	return NULL;
}

static int window_writer_open(struct window_writer *w)
{
	const struct window_writer_opts *o = &w->opts;

	if (o->out_dir) {
		w->rotation = rotation__open(o->out_dir, &o->rotation);
		if (!w->rotation)
			return -errno;
	}
	for (int t = 0; t < WINDOW_TARGET_CNT; t++) {
		if (!o->spool_dir || !(o->targets & 1u << t))
			continue;
		w->spools[t] = spool__open(o->spool_dir, window_targets[t].name, &o->spool);
		if (!w->spools[t])
			return -errno;
	}
	window_writer_note(w, 0);
	w->counts.written_cnt = 0;
	return os_thread__start(&w->thread, "dwell-writer", window_writer_run, w);
}

struct window_writer *window_writer__new(const struct window_writer_opts *opts)
{
	struct window_writer *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return NULL;
	w->opts = *opts;
	os_mutex__init(&w->lock);
	os_cond__init(&w->work);
	err = window_writer_open(w);
	if (err) {
		window_writer__free(w);
		errno = -err;
		return NULL;
	}
	return w;
}

void window_writer__free(struct window_writer *w)
{
	if (!w)
		return;
	os_mutex__lock(&w->lock);
	w->stop = true;
	os_cond__wake(&w->work);
	os_mutex__unlock(&w->lock);
	os_thread__join(&w->thread);
	rotation__close(w->rotation);
	for (int t = 0; t < WINDOW_TARGET_CNT; t++)
		spool__close(w->spools[t]);
	os_cond__fini(&w->work);
	os_mutex__fini(&w->lock);
	free(w);
}

void window_writer__add(struct window_writer *w, struct profile *p)
{
	struct profile *given_up = NULL;

	os_mutex__lock(&w->lock);
	if (w->waiting_cnt == WINDOW_WRITER_MAX_WAITING) {
		/* The newest are worth most. */
		given_up = w->waiting[0];
		w->waiting_cnt--;
		memmove(w->waiting, w->waiting + 1, w->waiting_cnt * sizeof(w->waiting[0]));
		w->counts.dropped_cnt++;
	}
	w->waiting[w->waiting_cnt++] = p;
	os_cond__wake(&w->work);
	os_mutex__unlock(&w->lock);
	if (given_up)
		log_error("a window is lost: the disk is not done with those before it");
	profile__free(given_up);
}

void window_writer__set_limits(struct window_writer *w, const struct rotation_opts *rotation,
			       const struct spool_opts *spool)
{
	os_mutex__lock(&w->lock);
	w->opts.rotation = *rotation;
	w->opts.spool = *spool;
	os_mutex__unlock(&w->lock);
}

const char *window_writer__spool_dir(const struct window_writer *w)
{
	return w->opts.spool_dir;
}

void window_writer__counts(struct window_writer *w, struct window_writer_counts *ret)
{
	os_mutex__lock(&w->lock);
	*ret = w->counts;
	os_mutex__unlock(&w->lock);
}
