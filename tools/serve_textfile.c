/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* --prom-textfile: the metrics in a file, for node_exporter. Written by a thread of its own: the disk may hang. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "serve.h"

#define TEXTFILE_EVERY_NS 15000000000ull

struct serve_textfile {
	struct serve *serve;
	const char *path;
	struct os_thread thread;
	struct service_request ask;
	/* Of the collector. */
	uint64_t next_ns;
	/* Shared. */
	struct os_mutex lock;
	struct os_cond work;
	struct metrics_snapshot *snapshot; /* to be written; NULL: nothing */
	bool asked, stop;
	bool failing;
	uint64_t failure_cnt;
};

static void textfile_note(struct serve_textfile *t, int err)
{
	if (err && !t->failing)
		log_error("%s: can't write: %s; tracing goes on", t->path, strerror(-err));
	if (!err && t->failing)
		log_info("%s: writing works again", t->path);
	t->failing = err != 0;
	t->failure_cnt += err != 0;
}

static void *textfile_run(void *arg)
{
	struct serve_textfile *t = arg;
	struct metrics_snapshot *m;
	int err;

	os_mutex__lock(&t->lock);
	while (!t->stop) {
		m = t->snapshot;
		t->snapshot = NULL;
		if (!m) {
			os_cond__wait(&t->work, &t->lock);
			continue;
		}
		os_mutex__unlock(&t->lock);
		serve_snapshot_finish(t->serve, m);
		err = metrics_write_file(m, t->path);
		metrics_snapshot__free(m);
		os_mutex__lock(&t->lock);
		textfile_note(t, err);
		t->asked = false;
	}
	os_mutex__unlock(&t->lock);
	return NULL;
}

int serve_textfile_open(struct serve *s)
{
	struct serve_textfile *t;

	if (!s->config->textfile)
		return 0;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->serve = s;
	t->path = s->config->textfile;
	os_mutex__init(&t->lock);
	os_cond__init(&t->work);
	s->textfile = t;
	return os_thread__start(&t->thread, "dwell-textfile", textfile_run, t);
}

void serve_textfile_close(struct serve *s)
{
	struct serve_textfile *t = s->textfile;

	if (!t)
		return;
	os_mutex__lock(&t->lock);
	t->stop = true;
	os_cond__wake(&t->work);
	os_mutex__unlock(&t->lock);
	os_thread__join(&t->thread);
	metrics_snapshot__free(t->snapshot);
	os_cond__fini(&t->work);
	os_mutex__fini(&t->lock);
	free(t);
	s->textfile = NULL;
}

static void textfile_take(struct service_request *ask, int err)
{
	struct serve_textfile *t = ask->arg;
	struct metrics_snapshot *m = err ? NULL : serve_snapshot(t->serve, ask->counts);

	os_mutex__lock(&t->lock);
	t->snapshot = m;
	t->asked = m != NULL;
	os_cond__wake(&t->work);
	os_mutex__unlock(&t->lock);
}

void serve_textfile_tick(struct serve *s, uint64_t now_ns)
{
	struct serve_textfile *t = s->textfile;
	bool ask;

	if (!t || now_ns < t->next_ns)
		return;
	t->next_ns = now_ns + TEXTFILE_EVERY_NS;
	/* One that the disk is not done with is not asked for again. */
	os_mutex__lock(&t->lock);
	ask = !t->asked;
	t->asked = true;
	os_mutex__unlock(&t->lock);
	if (!ask)
		return;
	t->ask.want = SERVICE_COUNTS;
	t->ask.done = textfile_take;
	t->ask.arg = t;
	service__ask(s->service, &t->ask);
}

void serve_textfile_output(const struct serve *s, struct metrics_output *ret)
{
	struct serve_textfile *t = s->textfile;

	*ret = (struct metrics_output){.name = "textfile"};
	os_mutex__lock(&t->lock);
	ret->failing = t->failing;
	ret->failure_cnt = t->failure_cnt;
	os_mutex__unlock(&t->lock);
}
