/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <stdio.h>
#include <string.h>

#include "base/os_self.h"
#include "serve.h"
#include "version.h"

static void snapshot_name(char *to, const char *name)
{
	snprintf(to, METRICS_NAME_LEN, "%.*s", METRICS_NAME_LEN - 1, name);
}

struct metrics_snapshot *serve_snapshot(struct serve *s, struct service_counts *counts)
{
	struct metrics_snapshot *m = metrics_snapshot__new();

	if (!m) {
		service_counts__free(counts);
		return NULL;
	}
	m->counts = counts->metrics;
	memset(&counts->metrics, 0, sizeof(counts->metrics));
	memcpy(m->blocked_cnt, counts->open.blocked_cnt, sizeof(m->blocked_cnt));
	m->longest_block_ns = counts->open.longest_ns;
	m->last_event_ns = counts->event_realtime_ns;
	service_counts__free(counts);
	m->wakers = s->config->live.view.view.wakers;
	snapshot_name(m->version, DWELL_VERSION);
	snapshot_name(m->revision, DWELL_REVISION);
	snapshot_name(m->kernel, model__note(&s->session->model, "kernel"));
	symbolizer__counts(s->service->symbols, &m->symbols);
	if (s->textfile)
		serve_textfile_output(s, &m->outputs[m->output_cnt++]);
	return m;
}

void serve_snapshot_finish(const struct serve *s, struct metrics_snapshot *m)
{
	struct os_self self;

	(void)s;
	if (os_self_read(&self))
		return;
	m->cpu_ns = self.cpu_ns;
	m->rss_bytes = self.rss_bytes;
	m->open_fds = self.open_fds;
	m->start_ns = self.start_realtime_ns;
}
