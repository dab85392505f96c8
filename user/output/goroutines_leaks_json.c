/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Members are only ever added; a change that breaks readers raises "version". */
#include <errno.h>

#include "output/goroutines_leaks.h"
#include "output/goroutines_parts.h"

#define LEAKS_JSON_VERSION 1

struct writing {
	struct json j;
	const struct goroutines_leaks_report *r;
};

/* With three decimals: what the locale does to a floating point number is no JSON. */
static void write_rate(struct json *j, double per_minute)
{
	double thousandths = (per_minute < 0 ? -per_minute : per_minute) * 1000 + 0.5;
	uint64_t v = thousandths < 1e17 ? (uint64_t)thousandths : 100000000000000000;
	char text[48];

	snprintf(text, sizeof(text), "%s%llu.%03llu", per_minute < 0 ? "-" : "",
		 (unsigned long long)(v / 1000), (unsigned long long)(v % 1000));
	json__key(j, "per_minute");
	json__number(j, text);
}

static void write_age(struct json *j, const char *key, const struct go_leak_age *age)
{
	json__key(j, key);
	json__begin_object(j);
	json__member_u64(j, "ns", age->ns);
	json__member_bool(j, "or_longer", age->is_bound);
	json__end_object(j);
}

static void write_ages(struct json *j, const struct go_leak *leak)
{
	json__key(j, "ages");
	json__begin_object(j);
	write_age(j, "p50", &leak->p50);
	write_age(j, "p90", &leak->p90);
	write_age(j, "oldest", &leak->oldest);
	json__end_object(j);
	json__member_u64(j, "still", leak->still_cnt);
}

static void write_creator(struct writing *w, uint64_t gopc)
{
	struct go_line creator;

	if (!go_frames__creator(w->r->look->frames, gopc, &creator))
		return;
	json__key(&w->j, "created_by");
	json__begin_object(&w->j);
	goroutines_json_place(&w->j, &creator);
	json__end_object(&w->j);
}

static void write_parent(struct writing *w, const struct go_leak *leak)
{
	const struct goroutine *parent = go_leak__parent(leak, w->r->look);

	if (!leak->example.parent_goid)
		return;
	json__key(&w->j, "parent");
	json__begin_object(&w->j);
	json__member_u64(&w->j, "goid", leak->example.parent_goid);
	json__member_bool(&w->j, "has_ended", !parent);
	if (parent)
		write_creator(w, parent->gopc);
	json__end_object(&w->j);
}

static int write_example(struct writing *w, const struct go_leak *leak)
{
	int err;

	json__line(&w->j);
	json__key(&w->j, "example");
	json__begin_object(&w->j);
	json__member_u64(&w->j, "goid", leak->example.goid);
	err = goroutines_json_stack(&w->j, w->r->look, leak->example.stack, w->r->runtime);
	json__end_object(&w->j);
	return err;
}

static void write_channel(struct json *j, const struct go_channel *c)
{
	static const char *const sides[] = {
		[GO_SIDE_UNKNOWN] = "unknown",
		[GO_SIDE_SEND] = "send",
		[GO_SIDE_RECEIVE] = "receive",
	};

	json__begin_object(j);
	json__member_string(j, "case", sides[c->side]);
	json__member_u64(j, "length", c->len);
	json__member_u64(j, "capacity", c->cap);
	json__member_bool(j, "closed", c->closed);
	json__member_bool(j, "timer", c->is_timer);
	json__member_bool(j, "other_side_waits", c->is_met);
	json__member_bool(j, "alone", c->is_alone);
	json__end_object(j);
}

static void write_channels(struct json *j, const struct go_leak *leak,
			   const struct go_channel_facts *f)
{
	_cleanup_buf_ struct buf words = {0};

	if (!f->looked_cnt)
		return;
	buf__init(&words, 1 << 16);
	go_channel_facts__text(f, leak, &words);
	json__line(j);
	json__key(j, "channels");
	json__begin_object(j);
	json__member_string(j, "text", buf__str(&words));
	json__member_u64(j, "goroutines", f->looked_cnt);
	json__member_u64(j, "not_told", f->untold_cnt);
	json__member_u64(j, "not_looked_at", f->beyond_cnt);
	json__member_u64(j, "different", f->channel_cnt);
	json__member_u64(j, "alone", f->alone_cnt);
	json__member_u64(j, "alike", f->alike_cnt);
	json__key(j, "example");
	json__begin_array(j);
	for (size_t i = 0; i < f->example.cnt; i++)
		write_channel(j, &f->example.items[i]);
	json__end_array(j);
	json__end_object(j);
}

static int write_site(struct writing *w, const struct go_leak *leak,
		      const struct go_channel_facts *facts)
{
	const char *start = go_frames__function(w->r->look->frames, leak->example.startpc);
	const char *wait = go_look__wait_reason(w->r->look, &leak->example);
	struct json *j = &w->j;
	int err;

	json__line(j);
	json__begin_object(j);
	json__member_string(j, "verdict", go_leak_verdict_name(leak->verdict));
	json__member_bool(j, "is_certain", leak->verdict != GO_LEAK_GROWING);
	json__member_u64(j, "goroutines", leak->cnt);
	json__member_u64(j, "runtime_confirmed", leak->confirmed_cnt);
	if (leak->window_ns)
		write_rate(j, leak->per_minute);
	write_ages(j, leak);
	if (*wait)
		json__member_string(j, "wait_reason", wait);
	json__member_string(j, "blocking_reason", go_reason_name(leak->reason));
	if (*start)
		json__member_string(j, "function", start);
	write_creator(w, leak->gopc);
	write_parent(w, leak);
	write_channels(j, leak, facts);
	err = write_example(w, leak);
	json__end_object(j);
	return err;
}

static void write_head(struct writing *w)
{
	const struct go_look *look = w->r->look;
	const struct go_leaks *l = w->r->leaks;

	json__member_u64(&w->j, "version", LEAKS_JSON_VERSION);
	json__member_u64(&w->j, "pid", look->pid);
	json__member_string(&w->j, "comm", look->comm);
	json__member_string(&w->j, "go", look->runtime->version);
	json__member_u64(&w->j, "time_ns", look->all->now_ns);
	json__member_u64(&w->j, "window_ns", l->window_ns);
	json__member_u64(&w->j, "watched_ns", go_leaks__seen_ns(l));
	json__member_bool(&w->j, "growth_is_told", go_leaks__is_whole(l));
	json__member_u64(&w->j, "goroutines", l->watched_cnt);
	json__member_u64(&w->j, "goroutines_of_sites_beyond", l->unkept_cnt);
}

int goroutines_write_leaks_json(const struct goroutines_leaks_report *r,
				const struct go_channel_facts *facts, FILE *to)
{
	struct writing w = {.r = r};
	struct out out;
	int err = 0;

	out__init(&out, to);
	json__init(&w.j, &out);
	json__begin_object(&w.j);
	write_head(&w);
	json__line(&w.j);
	json__key(&w.j, "sites");
	json__begin_array(&w.j);
	for (size_t i = 0; !err && i < r->leaks->found_cnt; i++)
		err = write_site(&w, &r->leaks->found[i], &facts[i]);
	json__end_array(&w.j);
	json__line(&w.j);
	json__end_object(&w.j);
	out__putc(&out, '\n');
	return err ? err : out__finish(&out);
}
