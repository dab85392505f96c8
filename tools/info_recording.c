/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell info of a recording of ours. */
#include <errno.h>
#include <string.h>

#include "info.h"
#include "load.h"
#include "output/text.h"

static const char *info_note(const struct profile *p, const char *key)
{
	for (size_t i = 0; i < p->note_cnt; i++)
		if (!strcmp(strtab__get(&p->strings, p->notes[i].key), key))
			return strtab__get(&p->strings, p->notes[i].value);
	return "";
}

static uint64_t info_waits(const struct profile *p)
{
	uint64_t cnt = 0;

	for (size_t i = 0; i < p->sample_cnt; i++)
		cnt += p->samples[i].cnt;
	return cnt;
}

static void info_recording__print(const char *path, const struct profile *p, struct out *out)
{
	static const struct {
		const char *key, *what;
	} notes[] = {
		{"target", "target"}, {"host", "host"},	    {"kernel", "kernel"},
		{"arch", "machine"},  {"probes", "probes"}, {"version", "dwell"},
	};
	char text[INFO_TIME_BYTES], ns[TEXT_NS_LEN], waits[TEXT_CNT_LEN], threads[TEXT_CNT_LEN];
	_cleanup_buf_ struct buf ledger;

	out__puts(out, path);
	out__puts(out, ": a recording of dwell\n");
	for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
		if (*info_note(p, notes[i].key))
			out__printf(out, "  %-17s %s\n", notes[i].what, info_note(p, notes[i].key));
	if (p->start_realtime_ns)
		out__printf(out, "  %-17s %s\n", "start", info_time(p->start_realtime_ns, text));
	out__printf(out, "  %-17s %s\n", "duration", text_ns(ns, p->window_ns));
	out__printf(out, "  %-17s %s, of %s threads\n", "waits", text_cnt(waits, info_waits(p)),
		    text_cnt(threads, p->thread_cnt));
	out__puts(out, "\n");
	buf__init(&ledger, 1 << 16);
	ledger__print(&p->ledger, &ledger);
	out__puts(out, buf__str(&ledger));
}

static void info_json_term(struct json *j, const char *key, const struct ledger_term *t)
{
	json__key(j, key);
	json__begin_object(j);
	json__member_u64(j, "ns", t->ns);
	json__member_u64(j, "intervals", t->cnt);
	json__end_object(j);
}

static void info_json_ledger(struct json *j, const struct ledger *l)
{
	struct ledger_term lost = ledger__lost(l);

	json__line(j);
	json__key(j, "ledger");
	json__begin_object(j);
	info_json_term(j, "observed", &l->observed);
	info_json_term(j, "delivered", &l->delivered);
	info_json_term(j, "filtered", &l->filtered);
	info_json_term(j, "open", &l->open);
	info_json_term(j, "spilled", &l->spilled);
	info_json_term(j, "lost", &lost);
	json__end_object(j);
}

static void info_recording__json(const char *path, const struct profile *p, struct json *j)
{
	char text[INFO_TIME_BYTES];

	json__begin_object(j);
	json__member_string(j, "file", path);
	json__member_string(j, "kind", "recording");
	json__member_string(j, "start", info_time(p->start_realtime_ns, text));
	json__member_u64(j, "start_realtime_ns", p->start_realtime_ns);
	json__member_u64(j, "duration_ns", p->window_ns);
	json__member_u64(j, "waits", info_waits(p));
	json__member_u64(j, "threads", p->thread_cnt);
	json__line(j);
	json__key(j, "notes");
	json__begin_object(j);
	for (size_t i = 0; i < p->note_cnt; i++)
		json__member_string(j, strtab__get(&p->strings, p->notes[i].key),
				    strtab__get(&p->strings, p->notes[i].value));
	json__end_object(j);
	info_json_ledger(j, &p->ledger);
	json__end_object(j);
}

int info_recording(const char *path, struct out *out, struct json *j)
{
	struct view_config v = {.quiet = true};
	struct load_opts opts = {.since = {.kind = MOMENT_NONE}, .until = {.kind = MOMENT_NONE}};
	struct loaded l = {.profile = NULL};
	int err = load_profile(&v, &opts, path, &l);

	if (err)
		return err;
	if (j)
		info_recording__json(path, l.profile, j);
	else
		info_recording__print(path, l.profile, out);
	profile__free(l.profile);
	return 0;
}
