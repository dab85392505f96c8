/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/metrics_text.h"

#include <errno.h>
#include <stdlib.h>

#include "base/os_file.h"
#include "output/metrics_part.h"

struct metrics_snapshot *metrics_snapshot__new(void)
{
	return calloc(1, sizeof(struct metrics_snapshot));
}

void metrics_snapshot__free(struct metrics_snapshot *s)
{
	if (!s)
		return;
	metrics__fini(&s->counts);
	free(s->calls);
	if (s->go.free)
		s->go.free(s->go.arg);
	free(s);
}

static void metrics_write_process(struct metrics_writer *w)
{
	const struct metrics_snapshot *s = w->s;

	metrics_one(w, METRIC_PROCESS_CPU, s->cpu_ns, METRICS_NS);
	metrics_one(w, METRIC_PROCESS_RSS, s->rss_bytes, 0);
	metrics_one(w, METRIC_PROCESS_FDS, s->open_fds, 0);
	metrics_one(w, METRIC_PROCESS_START, s->start_ns, METRICS_NS);
}

static int metrics_write_some(const struct metrics_snapshot *s, enum exposition_format format,
			      bool process, struct buf *to)
{
	struct metrics_writer w = {.s = s};

	exposition__init(&w.x, format, to);
	metrics_write_waits(&w);
	if (s->go.write)
		s->go.write(&w, s->go.arg);
	metrics_write_ledger(&w);
	metrics_write_program(&w);
	metrics_write_targets(&w);
	if (process)
		metrics_write_process(&w);
	return exposition__finish(&w.x);
}

int metrics_write(const struct metrics_snapshot *s, enum exposition_format format, struct buf *to)
{
	return metrics_write_some(s, format, true, to);
}

int metrics_write_file(const struct metrics_snapshot *s, const char *path)
{
	_cleanup_atomic_file_ struct atomic_file file = {0};
	_cleanup_buf_ struct buf text;
	int err;

	buf__init(&text, METRICS_MAX_BYTES);
	err = metrics_write_some(s, EXPOSITION_TEXT, false, &text);
	if (!err)
		err = atomic_file__open(&file, path, 0644);
	if (err)
		return err;
	/* An error of the stream stays and comes out of the commit. */
	fwrite(text.data, 1, text.len, file.fp);
	return atomic_file__commit(&file);
}
