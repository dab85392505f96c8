/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "app/push_status.h"
#include "app/spool_reader.h"
#include "base/os_self.h"
#include "serve.h"
#include "source/bpf.h"
#include "version.h"

static void snapshot_name(char *to, const char *name)
{
	snprintf(to, METRICS_NAME_LEN, "%.*s", METRICS_NAME_LEN - 1, name);
}

static void snapshot_program(struct metrics_snapshot *m)
{
	struct utsname host;

	uname(&host);
	snapshot_name(m->version, DWELL_VERSION);
	snapshot_name(m->revision, DWELL_REVISION);
	snapshot_name(m->kernel, host.release);
	/* "v1.1" */
	snapshot_name(m->libbpf, libbpf_version_string() + 1);
}

static void snapshot_map(struct metrics_snapshot *m, const char *name, uint64_t cnt, uint64_t max)
{
	struct metrics_map *map = &m->maps[m->map_cnt++];

	snapshot_name(map->name, name);
	map->entry_cnt = cnt;
	map->max_entries = max;
}

static void snapshot_source(struct metrics_snapshot *m, struct source *source)
{
	struct bpf_stats st;

	bpf_source_stats(source, &st);
	m->ring_used_bytes = st.ring_used_bytes;
	m->ring_size_bytes = st.ring_bytes;
	for (uint32_t i = 0; i < st.program_cnt; i++) {
		const struct bpf_program_stats *p = &st.programs[i];
		struct metrics_program *program;
		struct metrics_probe *probe = &m->probes[m->probe_cnt++];

		snapshot_name(probe->name, p->name);
		probe->attached = p->attached;
		if (!p->run_cnt)
			continue;
		program = &m->programs[m->program_cnt++];
		snapshot_name(program->name, p->name);
		program->run_cnt = p->run_cnt;
		program->run_ns = p->run_ns;
	}
	if (st.max_tables) {
		snapshot_map(m, "unwind_modules", st.table_cnt, st.max_tables);
		snapshot_map(m, "unwind_sets", st.image_cnt, st.max_images);
	}
}

static void snapshot_self(struct metrics_snapshot *m)
{
	struct os_self self;

	if (os_self_read(&self))
		return;
	m->cpu_ns = self.cpu_ns;
	m->rss_bytes = self.rss_bytes;
	m->open_fds = self.open_fds;
	m->start_ns = self.start_realtime_ns;
}

static void snapshot_cause(struct metrics_cause *causes, size_t *cnt, const char *name, uint64_t n)
{
	snapshot_name(causes[*cnt].name, name);
	causes[(*cnt)++].cnt = n;
}

/* What the sender says. */
static void snapshot_sender(struct metrics_target *t, const char *spool)
{
	struct push_status status = {0};
	struct key_values kv = {0};

	t->has_status =
		!spool_status_read(spool, t->name, &kv) && !push_status__parse(&status, &kv);
	key_values__fini(&kv);
	t->request_cnt = status.request_cnt;
	t->sent_cnt = status.sent_cnt;
	t->last_success_ns = status.last_success_ns;
	snapshot_cause(t->dropped, &t->dropped_cnt, "rejected", status.rejected_cnt);
	for (unsigned int f = 0; f < PUSH_FAILURE_CNT; f++)
		snapshot_cause(t->failures, &t->failure_cnt, push_failure_name(f),
			       status.failure_cnt[f]);
}

static void snapshot_writer(struct metrics_snapshot *m, const struct serve *s)
{
	struct window_writer_counts c;
	struct metrics_output *out = &m->outputs[m->output_cnt++];

	window_writer__counts(s->writer, &c);
	snapshot_name(out->name, "windows");
	out->failing = c.failing;
	out->failure_cnt = c.failed_cnt + c.dropped_cnt;
	for (int i = 0; i < WINDOW_TARGET_CNT; i++) {
		const struct window_spool_counts *from = &c.spools[i];
		struct metrics_target *t;

		if (!from->open)
			continue;
		t = &m->targets[m->target_cnt++];
		snapshot_name(t->name, window_target_name((enum window_target)i));
		t->bytes = from->bytes;
		t->segment_cnt = from->segment_cnt;
		t->oldest_ns = from->oldest_ns;
		snapshot_cause(t->dropped, &t->dropped_cnt, "quota",
			       from->dropped_cnt[SPOOL_DROP_QUOTA]);
		snapshot_cause(t->dropped, &t->dropped_cnt, "age",
			       from->dropped_cnt[SPOOL_DROP_AGE]);
		snapshot_sender(t, window_writer__spool_dir(s->writer));
	}
}

struct metrics_snapshot *serve_snapshot(struct serve *s, struct service_counts *counts)
{
	struct metrics_snapshot *m = metrics_snapshot__new();

	if (m && s->calls.source) {
		m->calls = malloc(sizeof(*m->calls));
		if (m->calls)
			serve_calls_copy(s, m->calls);
	}
	if (!m || (s->calls.source && !m->calls) || serve_go_snapshot(s, m)) {
		metrics_snapshot__free(m);
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
	snapshot_program(m);
	snapshot_source(m, s->source);
	symbolizer__counts(s->service->symbols, &m->symbols);
	if (s->textfile)
		serve_textfile_output(s, &m->outputs[m->output_cnt++]);
	m->min_interval_ns = s->min_ns;
	m->throttle_level = s->throttle.level;
	m->has_config = s->config->file.content != NULL;
	m->reload_ok = s->reload_ok;
	m->reload_ns = s->reload_realtime_ns;
	m->scrape_ns = __atomic_load_n(&s->scrape_ns, __ATOMIC_RELAXED);
	m->exposition_bytes = __atomic_load_n(&s->exposition_bytes, __ATOMIC_RELAXED);
	return m;
}

void serve_snapshot_finish(const struct serve *s, struct metrics_snapshot *m)
{
	snapshot_self(m);
	if (s->writer)
		snapshot_writer(m, s);
}
