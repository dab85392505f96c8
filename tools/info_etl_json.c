/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell info of an event trace, as JSON. */
#include <string.h>

#include "info.h"

static void info_json_header(const struct info_etl *t, struct json *j)
{
	const struct etl_header *h = t->header;
	char os[32], time[INFO_TIME_BYTES];

	snprintf(os, sizeof(os), "%u.%u", h->os_major, h->os_minor);
	json__member_string(j, "os", os);
	json__member_u64(j, "build", h->os_build);
	json__member_u64(j, "bits", h->ptr_bytes * 8u);
	json__member_u64(j, "cpus", h->cpu_cnt);
	json__member_u64(j, "cpu_mhz", h->cpu_mhz);
	json__member_string(j, "session", h->session);
	json__member_string(j, "start", info_time(etl_unix_ns(h->start_time), time));
	json__member_u64(j, "start_realtime_ns", etl_unix_ns(h->start_time));
	json__member_u64(j, "duration_ns", info_etl__duration_ns(t));
	json__member_bool(j, "closed", h->end_time);
	json__member_string(j, "clock", etl_clock_name(h->clock));
	json__member_u64(j, "clock_hz", h->freq);
	json__line(j);
	json__member_u64(j, "buffers", t->stats.buffer_cnt);
	json__member_u64(j, "buffer_bytes", h->buffer_bytes);
	json__member_bool(j, "packed", h->mode & ETL_MODE_COMPRESSED);
	json__member_bool(j, "circular", h->mode & ETL_MODE_CIRCULAR);
	json__member_bool(j, "cpus_told_apart", !(h->mode & ETL_MODE_ONE_BUFFER_FOR_ALL));
	json__member_u64(j, "events", t->stats.event_cnt);
	json__member_u64(j, "events_lost", h->events_lost);
	json__member_u64(j, "buffers_lost", h->buffers_lost);
	json__member_u64(j, "buffers_after_losses", t->stats.lossy_buffer_cnt);
	json__member_u64(j, "loss_events", t->summary->lost_cnt);
}

static void info_json_damage(const struct info_etl *t, struct json *j)
{
	json__line(j);
	json__key(j, "damage");
	json__begin_object(j);
	json__member_u64(j, "bad_buffers", t->stats.bad_buffer_cnt);
	json__member_u64(j, "unknown_headers", t->stats.unknown_cnt);
	json__member_u64(j, "unknown_bytes", t->stats.unknown_bytes);
	json__member_u64(j, "skipped_headers", t->stats.skip_cnt);
	json__member_u64(j, "early_events", t->stats.early_cnt);
	json__member_u64(j, "backward_events", t->stats.backward_cnt);
	json__member_u64(j, "cut_files", t->stats.cut_cnt);
	json__member_u64(j, "cut_bytes", t->stats.cut_bytes);
	json__end_object(j);
}

static void info_json_causes(const struct etl_summary *s, struct json *j)
{
	static const char *const names[ETL_CAUSE_CNT] = {
		[ETL_CAUSE_SWITCH] = "context_switches",
		[ETL_CAUSE_READY] = "ready_threads",
		[ETL_CAUSE_SYSCALL] = "syscalls",
		[ETL_CAUSE_SAMPLE] = "samples",
	};

	for (int i = ETL_CAUSE_NONE + 1; i < ETL_CAUSE_CNT; i++) {
		json__line(j);
		json__key(j, names[i]);
		json__begin_object(j);
		json__member_u64(j, "events", s->cause_cnt[i]);
		json__member_u64(j, "stacks", s->stack_cnt[i]);
		json__end_object(j);
	}
	json__line(j);
	json__member_u64(j, "other_stacks", s->stack_cnt[ETL_CAUSE_NONE]);
}

static void info_json_providers(const struct etl_summary *s, struct json *j)
{
	char text[ETL_GUID_TEXT_BYTES];

	json__line(j);
	json__key(j, "providers");
	json__begin_array(j);
	for (size_t i = 0; i < s->provider_cnt; i++) {
		const struct etl_provider *p = &s->providers[i];

		json__line(j);
		json__begin_object(j);
		json__member_string(j, "name", info_provider_name(p, text));
		if (p->group < 0)
			json__member_string(j, "guid", etl_guid_text(p->guid, text));
		json__member_bool(j, "kernel", p->group >= 0);
		json__member_u64(j, "events", p->cnt);
		json__end_object(j);
	}
	json__end_array(j);
}

void info_etl__json(const struct info_etl *t, struct json *j)
{
	json__begin_object(j);
	json__member_string(j, "file", t->path);
	json__member_string(j, "kind", "etl");
	info_json_header(t, j);
	info_json_damage(t, j);
	info_json_causes(t->summary, j);
	info_json_providers(t->summary, j);
	json__line(j);
	json__key(j, "record_with");
	json__begin_array(j);
	for (const struct info_command *c = info_etl_commands; c->line; c++)
		json__string(j, c->line);
	json__end_array(j);
	json__end_object(j);
}
