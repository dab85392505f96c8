/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "output/columns.h"
#include "output/goroutines.h"
#include "output/goroutines_leaks.h"
#include "output/out.h"
#include "output/text.h"

#define LABEL_COLS  12
#define WORDS_BYTES 4096

struct text {
	struct out out;
	const struct goroutines_leaks_report *r;
};

/* Names out of the process may hold anything. */
static void put_name(struct text *t, const char *s)
{
	_cleanup_buf_ struct buf text;

	buf__init(&text, 1 << 16);
	text_fit(&text, s, SIZE_MAX);
	out__puts(&t->out, buf__str(&text));
}

static void put_goroutines(struct text *t, uint64_t cnt)
{
	columns_cnt(&t->out, cnt, 0);
	out__puts(&t->out, cnt == 1 ? " goroutine" : " goroutines");
}

/* "+21.2/min" */
static const char *rate_text(char ret[TEXT_CNT_LEN], double per_minute)
{
	double tenths = (per_minute < 0 ? -per_minute : per_minute) * 10 + 0.5;
	uint64_t v = tenths < 1e15 ? (uint64_t)tenths : 1000000000000000;

	snprintf(ret, TEXT_CNT_LEN, "%s%llu.%llu/min", per_minute < 0 ? "-" : "+",
		 (unsigned long long)(v / 10), (unsigned long long)(v % 10));
	return ret;
}

static const char *age_text(char ret[TEXT_NS_LEN + 8], const struct go_leak_age *age)
{
	char ns[TEXT_NS_LEN];

	if (age->is_bound && !age->ns)
		return "-";
	snprintf(ret, TEXT_NS_LEN + 8, "%s%s", age->is_bound ? "> " : "", text_ns(ns, age->ns));
	return ret;
}

/* Of a go statement. */
static void put_place(struct text *t, uint64_t gopc, bool in_full)
{
	struct go_line creator;

	if (!go_frames__creator(t->r->look->frames, gopc, &creator)) {
		out__puts(&t->out, "an unknown place");
		return;
	}
	put_name(t, creator.name);
	out__puts(&t->out, in_full ? "  " : " ");
	put_name(t, !creator.file ? "?" : in_full ? creator.file : columns_base_name(creator.file));
	out__printf(&t->out, ":%u", creator.line);
}

static void put_label(struct text *t, const char *label)
{
	out__printf(&t->out, "  %-*s", LABEL_COLS, label);
}

/* ---- a site ---- */

static const char *verdict_text(enum go_leak_verdict verdict)
{
	if (verdict == GO_LEAK_CONFIRMED)
		return "certain: Go's own search for leaks found that nothing can wake them";
	if (verdict == GO_LEAK_FOREVER)
		return "certain: a nil channel or a select without cases never wakes them";
	return "may leak: in that time they became more and never fewer, and half of them or more "
	       "stand still";
}

static void put_heading(struct text *t, const struct go_leak *leak)
{
	char rate[TEXT_CNT_LEN];

	columns_color(&t->out, t->r->color, COLOR_BOLD);
	out__printf(&t->out, "%s: ", go_leak_verdict_name(leak->verdict));
	put_goroutines(t, leak->cnt);
	if (leak->window_ns) {
		out__printf(&t->out, ", %s in ", rate_text(rate, leak->per_minute));
		columns_ns(&t->out, leak->window_ns, 0);
	}
	columns_color(&t->out, t->r->color, COLOR_RESET);
	out__putc(&t->out, '\n');
	put_label(t, "verdict");
	out__puts(&t->out, verdict_text(leak->verdict));
	if (leak->verdict == GO_LEAK_CONFIRMED && leak->confirmed_cnt != leak->cnt) {
		out__puts(&t->out, " (");
		columns_cnt(&t->out, leak->confirmed_cnt, 0);
		out__puts(&t->out, " of them)");
	}
	out__putc(&t->out, '\n');
}

static void put_parent(struct text *t, const struct go_leak *leak)
{
	const struct goroutine *parent = go_leak__parent(leak, t->r->look);

	if (!leak->example.parent_goid)
		return;
	put_label(t, "parent");
	out__printf(&t->out, "goroutine %llu, ", (unsigned long long)leak->example.parent_goid);
	if (!parent) {
		out__puts(&t->out, "which has ended\n");
		return;
	}
	if (parent->goid == 1) {
		out__puts(&t->out, "main\n");
		return;
	}
	out__puts(&t->out, "created by ");
	put_place(t, parent->gopc, true);
	out__putc(&t->out, '\n');
}

static void put_origin(struct text *t, const struct go_leak *leak)
{
	const char *start = go_frames__function(t->r->look->frames, leak->example.startpc);

	put_label(t, "created by");
	put_place(t, leak->gopc, true);
	out__putc(&t->out, '\n');
	put_label(t, "function");
	put_name(t, *start ? start : "-");
	out__putc(&t->out, '\n');
	put_parent(t, leak);
}

static void put_waits(struct text *t, const struct go_leak *leak,
		      const struct go_channel_facts *facts)
{
	const char *wait = go_look__wait_reason(t->r->look, &leak->example);
	_cleanup_buf_ struct buf words;

	buf__init(&words, WORDS_BYTES);
	go_channel_facts__text(facts, leak, &words);
	put_label(t, "waits for");
	put_name(t, *wait ? wait : go_status_name((enum go_status)leak->example.status));
	out__puts(&t->out, words.len ? ": " : "");
	out__puts(&t->out, buf__str(&words));
	out__putc(&t->out, '\n');
}

static void put_ages(struct text *t, const struct go_leak *leak)
{
	char age[TEXT_NS_LEN + 8];

	put_label(t, "ages");
	if (leak->oldest.is_bound && !leak->oldest.ns) {
		out__puts(&t->out, "one look doesn't tell\n");
		return;
	}
	out__printf(&t->out, "P50 %s", age_text(age, &leak->p50));
	out__printf(&t->out, ", P90 %s", age_text(age, &leak->p90));
	out__printf(&t->out, ", oldest %s; ", age_text(age, &leak->oldest));
	columns_cnt(&t->out, leak->still_cnt, 0);
	out__puts(&t->out, " of ");
	columns_cnt(&t->out, leak->cnt, 0);
	out__puts(&t->out, " have not run for ");
	columns_ns(&t->out, t->r->leaks->window_ns / 4, 0);
	out__putc(&t->out, '\n');
}

int goroutines_write_leak(const struct goroutines_leaks_report *r, const struct go_leak *leak,
			  const struct go_channel_facts *facts, FILE *to)
{
	const struct goroutines_report one = {.look = r->look, .runtime = r->runtime};
	struct text t = {.r = r};
	int err;

	out__init(&t.out, to);
	put_heading(&t, leak);
	put_origin(&t, leak);
	put_waits(&t, leak, facts);
	put_ages(&t, leak);
	out__puts(&t.out, "  one of them:\n");
	err = out__finish(&t.out);
	return err ? err : goroutines_write_one(&one, &leak->example, to);
}

/* ---- the sum ---- */

static void put_row(struct text *t, const struct go_leak *leak)
{
	const char *wait = go_look__wait_reason(t->r->look, &leak->example);
	char rate[TEXT_CNT_LEN], p50[TEXT_NS_LEN + 8], oldest[TEXT_NS_LEN + 8];
	char cnt[TEXT_CNT_LEN];

	out__printf(&t->out, "%-17s  %7s  %11s  %10s  %10s  %-24s  ",
		    go_leak_verdict_name(leak->verdict), text_cnt(cnt, leak->cnt),
		    leak->window_ns ? rate_text(rate, leak->per_minute) : "-",
		    age_text(p50, &leak->p50), age_text(oldest, &leak->oldest),
		    *wait ? wait : go_status_name((enum go_status)leak->example.status));
	put_place(t, leak->gopc, false);
	out__putc(&t->out, '\n');
}

static void put_verdicts(struct text *t)
{
	uint64_t sites, cnt;
	int n = 0;

	for (int v = GO_LEAK_VERDICT_CNT - 1; v > GO_LEAK_NONE; v--) {
		cnt = go_leaks__count(t->r->leaks, (enum go_leak_verdict)v, &sites);
		if (!sites)
			continue;
		out__puts(&t->out, n++ ? ", " : ": ");
		put_goroutines(t, cnt);
		out__printf(&t->out, " %s at ", go_leak_verdict_name((enum go_leak_verdict)v));
		columns_cnt(&t->out, sites, 0);
		out__puts(&t->out, sites == 1 ? " site" : " sites");
	}
	if (!n)
		out__puts(&t->out, ": none seems to leak");
}

/* "api (pid 4711), go1.22.3: 1,042 goroutines, watched for 600.0 s: 212 goroutines growing at 1 site" */
static void put_title(struct text *t)
{
	const struct go_look *look = t->r->look;
	const char *version = look->runtime->version;
	uint64_t seen_ns = go_leaks__seen_ns(t->r->leaks);

	columns_color(&t->out, t->r->color, COLOR_BOLD);
	put_name(t, look->comm);
	out__printf(&t->out, " (pid %u), %s: ", look->pid, *version ? version : "unknown Go");
	put_goroutines(t, t->r->leaks->watched_cnt);
	out__puts(&t->out, ", watched for ");
	columns_ns(&t->out, seen_ns, 0);
	put_verdicts(t);
	columns_color(&t->out, t->r->color, COLOR_RESET);
	if (!go_leaks__is_whole(t->r->leaks)) {
		out__puts(&t->out, "; what grows shows only after ");
		columns_ns(&t->out, t->r->leaks->window_ns, 0);
	}
	out__putc(&t->out, '\n');
}

int goroutines_write_leaks(const struct goroutines_leaks_report *r, FILE *to)
{
	struct text t = {.r = r};

	out__init(&t.out, to);
	put_title(&t);
	if (r->leaks->found_cnt)
		out__printf(&t.out, "\n%-17s  %7s  %11s  %10s  %10s  %-24s  %s\n", "verdict",
			    "count", "growth", "P50 age", "oldest", "waits for", "created by");
	for (size_t i = 0; i < r->leaks->found_cnt; i++)
		put_row(&t, &r->leaks->found[i]);
	return out__finish(&t.out);
}
