/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell info of an event trace: reading it, and as text. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "info.h"
#include "output/text.h"

#define NS_PER_FILETIME 100

const struct info_command info_etl_commands[] = {
	{"wpr -start CPU -filemode", NULL},
	{"wpr -stop better.etl", NULL},
	{"xperf -on PROC_THREAD+LOADER+CSWITCH+DISPATCHER+PROFILE+SYSCALL -stackwalk "
	 "CSwitch+ReadyThread+Profile+SyscallEnter -BufferSize 1024 -MinBuffers 256 -MaxBuffers "
	 "1024",
	 "or, with system calls as well:"},
	{"xperf -d better.etl", NULL},
	{.line = NULL},
};

uint64_t info_etl__duration_ns(const struct info_etl *t)
{
	uint64_t ns;

	if (t->header->end_time <= t->header->start_time ||
	    __builtin_mul_overflow(t->header->end_time - t->header->start_time, NS_PER_FILETIME,
				   &ns))
		return t->summary->last_ns;
	return ns;
}

const char *info_time(uint64_t unix_ns, char to[INFO_TIME_BYTES])
{
	time_t s = (time_t)(unix_ns / 1000000000);
	struct tm tm;
	size_t len = 0;

	to[0] = '\0';
	if (!unix_ns || !gmtime_r(&s, &tm))
		return to;
	len = strftime(to, INFO_TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(to + len, INFO_TIME_BYTES - len, ".%03uZ",
		 (unsigned int)(unix_ns / 1000000 % 1000));
	return to;
}

const char *info_provider_name(const struct etl_provider *p, char to[ETL_GUID_TEXT_BYTES])
{
	const char *name =
		p->group >= 0 ? etl_group_name((unsigned int)p->group) : etl_provider_name(p->guid);
	static const uint8_t none[ETL_GUID_BYTES];

	if (name)
		return name;
	if (p->group >= 0)
		snprintf(to, ETL_GUID_TEXT_BYTES, "group %d", p->group);
	else if (!memcmp(p->guid, none, sizeof(none)))
		snprintf(to, ETL_GUID_TEXT_BYTES, "(messages of nobody)");
	else
		etl_guid_text(p->guid, to);
	return to;
}

/* ---- text ---- */

static void info_line_cnt(struct out *out, const char *what, uint64_t cnt, const char *remark)
{
	char text[TEXT_CNT_LEN];

	out__printf(out, "  %-17s %s%s\n", what, text_cnt(text, cnt), remark);
}

/* The trace's own words may hold anything. */
static void info_line_name(struct out *out, const char *what, const char *name)
{
	_cleanup_buf_ struct buf text;

	buf__init(&text, 1 << 12);
	text_fit(&text, name, 100);
	out__printf(out, "  %-17s %s\n", what, buf__str(&text));
}

static void info_print_system(const struct info_etl *t, struct out *out)
{
	const struct etl_header *h = t->header;
	char text[INFO_TIME_BYTES], ns[TEXT_NS_LEN];

	out__printf(out, "  %-17s Windows %u.%u, build %u, %u-bit\n", "system", h->os_major,
		    h->os_minor, h->os_build, h->ptr_bytes * 8u);
	out__printf(out, "  %-17s %u at %u MHz\n", "CPUs", h->cpu_cnt, h->cpu_mhz);
	info_line_name(out, "session", h->session);
	if (h->start_time)
		out__printf(out, "  %-17s %s\n", "start",
			    info_time(etl_unix_ns(h->start_time), text));
	out__printf(out, "  %-17s %s%s\n", "duration", text_ns(ns, info_etl__duration_ns(t)),
		    h->end_time ? "" : ", to its last event: the trace was not closed");
	out__printf(out, "  %-17s %s, %" PRIu64 " Hz\n", "clock", etl_clock_name(h->clock),
		    h->freq);
}

static void info_print_buffers(const struct info_etl *t, struct out *out)
{
	const struct etl_header *h = t->header;
	char cnt[TEXT_CNT_LEN], bytes[TEXT_CNT_LEN], lost[TEXT_CNT_LEN], lost_buffers[TEXT_CNT_LEN];

	out__printf(out, "  %-17s %s of %s bytes%s%s%s\n", "buffers",
		    text_cnt(cnt, t->stats.buffer_cnt), text_cnt(bytes, h->buffer_bytes),
		    h->mode & ETL_MODE_COMPRESSED ? ", packed" : "",
		    h->mode & ETL_MODE_CIRCULAR ? ", circular: only the end of what happened" : "",
		    h->mode & ETL_MODE_ONE_BUFFER_FOR_ALL ? ", CPUs not told apart" : "");
	info_line_cnt(out, "events", t->stats.event_cnt, "");
	if (!h->events_lost && !h->buffers_lost && !t->stats.lossy_buffer_cnt &&
	    !t->summary->lost_cnt) {
		out__printf(out, "  %-17s nothing\n", "lost");
		return;
	}
	out__printf(out, "  %-17s %s events, %s buffers: waits may be missing or too long\n",
		    "lost", text_cnt(lost, h->events_lost),
		    text_cnt(lost_buffers, h->buffers_lost));
}

static void info_print_damage(const struct info_etl *t, struct out *out)
{
	const struct {
		uint64_t cnt;
		const char *what;
	} kinds[] = {
		{t->stats.bad_buffer_cnt, "buffers that are damaged or empty"},
		{t->stats.unknown_cnt, "headers of an unknown kind, each the end of its buffer"},
		{t->stats.skip_cnt, "headers without a meaning"},
		{t->stats.early_cnt, "events before the start"},
		{t->stats.backward_cnt, "events with times that go back or can't be"},
		{t->stats.cut_cnt, "files that end inside of a buffer"},
		{t->stats.cut_bytes, "bytes behind the last buffer"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].cnt)
			out__printf(out, "  %-17s %" PRIu64 " %s\n", "damage", kinds[i].cnt,
				    kinds[i].what);
}

static void info_print_causes(const struct info_etl *t, struct out *out)
{
	static const struct {
		enum etl_cause cause;
		const char *what, *missing;
	} causes[] = {
		{ETL_CAUSE_SWITCH, "context switches", ": without them no off-CPU times"},
		{ETL_CAUSE_READY, "ready threads",
		 ": without them blocked and runnable are one, and no wakers"},
		{ETL_CAUSE_SYSCALL, "system calls", ""},
		{ETL_CAUSE_SAMPLE, "samples", ""},
	};
	char cnt[TEXT_CNT_LEN], stacks[TEXT_CNT_LEN];

	out__puts(out, "\n");
	for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
		uint64_t events = t->summary->cause_cnt[causes[i].cause];

		if (!events) {
			out__printf(out, "  %-17s none%s\n", causes[i].what, causes[i].missing);
			continue;
		}
		out__printf(out, "  %-17s %s, %s stacks of them\n", causes[i].what,
			    text_cnt(cnt, events),
			    text_cnt(stacks, t->summary->stack_cnt[causes[i].cause]));
	}
	info_line_cnt(out, "other stacks", t->summary->stack_cnt[ETL_CAUSE_NONE], "");
}

/* Nothing that a wait is told by is missing. */
static bool info_has_all(const struct etl_summary *s)
{
	return s->stack_cnt[ETL_CAUSE_SWITCH] && s->stack_cnt[ETL_CAUSE_READY];
}

static void info_print_advice(const struct info_etl *t, struct out *out)
{
	if (info_has_all(t->summary))
		return;
	out__puts(out, "\n  To record a trace that has all, in a console of an administrator:\n");
	for (const struct info_command *c = info_etl_commands; c->line; c++)
		out__printf(out, "%s%s%s    %s\n", c->before ? "  " : "",
			    c->before ? c->before : "", c->before ? "\n" : "", c->line);
}

static void info_print_providers(const struct info_etl *t, struct out *out)
{
	char name[ETL_GUID_TEXT_BYTES], cnt[TEXT_CNT_LEN];

	out__puts(out, "\n  events by provider\n");
	for (size_t i = 0; i < t->summary->provider_cnt; i++) {
		const struct etl_provider *p = &t->summary->providers[i];

		out__printf(out, "  %13s  %s%s\n", text_cnt(cnt, p->cnt),
			    p->group >= 0 ? "kernel: " : "", info_provider_name(p, name));
	}
	if (t->summary->other_cnt)
		out__printf(out, "  %13s  (others)\n", text_cnt(cnt, t->summary->other_cnt));
}

void info_etl__print(const struct info_etl *t, struct out *out)
{
	out__puts(out, t->path);
	out__puts(out, ": an event trace of Windows\n");
	info_print_system(t, out);
	info_print_buffers(t, out);
	info_print_damage(t, out);
	info_print_causes(t, out);
	info_print_advice(t, out);
	info_print_providers(t, out);
}

/* ---- reading ---- */

static int info_etl_read(struct etl_reader *r, struct etl_summary *s)
{
	const struct etl_event *e;
	int more, err = 0;

	while (!err && (more = etl_reader__next(r, &e)) != 0)
		err = more < 0 ? more : etl_summary__add(s, e);
	return err ? err : etl_summary__finish(s);
}

int info_etl(const char *path, struct out *out, struct json *j)
{
	_cleanup_(etl_files__fini) struct etl_files files;
	struct etl_summary *s = etl_summary__new();
	struct info_etl t = {.path = path, .summary = s};
	int err = etl_files__init(&files);

	if (!err && !s)
		err = -ENOMEM;
	if (!err)
		err = etl_files__add(&files, path);
	if (!err) {
		err = info_etl_read(files.reader, s);
		if (err)
			error_set(err, "%s: %s", path, strerror(-err));
	}
	if (!err) {
		t.header = etl_reader__base(files.reader);
		etl_reader__stats(files.reader, &t.stats);
		if (j)
			info_etl__json(&t, j);
		else
			info_etl__print(&t, out);
	}
	etl_summary__free(s);
	return err;
}
