/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <stdio.h>

#include "check.h"
#include "output/json_writer.h"
#include "output/text.h"

#define CHECK_MAX_PERCENT 1e15

static const struct {
	const char *name, *text;
} check_metrics[GATE_METRIC_CNT] = {
	[GATE_P99] = {"p99", "99th percentile"},
	[GATE_TOTAL] = {"total", "waited per second"},
};

static double check_percent(double factor)
{
	return 100 * (factor - 1);
}

static const char *check_word(const struct check *c, enum gate_metric m)
{
	const struct gate_result *r = &c->results[m];

	if (c->config->limits[m] < 0)
		return "no limit";
	if (c->verdicts[m] == CHECK_REGRESSION)
		return "REGRESSION";
	return check_percent(r->factor) > c->config->limits[m]
		       ? "ok: above the limit, but so are other moments of a run"
		       : "ok";
}

static void check_print_metric(const struct check *c, enum gate_metric m)
{
	const struct gate_result *r = &c->results[m];
	char base[TEXT_NS_LEN], new[TEXT_NS_LEN], limit[32] = "";

	if (c->config->limits[m] >= 0)
		snprintf(limit, sizeof(limit), "%+.1f %%", c->config->limits[m]);
	printf("%-18s %10s %10s  %+7.1f %%  [%+.1f, %+.1f]  %8s  %s\n", check_metrics[m].text,
	       text_ns(base, (uint64_t)r->base), text_ns(new, (uint64_t)r->new),
	       check_percent(r->factor), check_percent(r->low), check_percent(r->high), limit,
	       check_word(c, m));
}

void check_print(const struct check *c)
{
	char cnt[2][TEXT_CNT_LEN];

	if (c->verdict == CHECK_TOO_LITTLE) {
		printf("too little data: %s\n", c->why);
		return;
	}
	printf("%-18s %10s %10s  %9s  %s  %s\n", "", "BASE", "NEW", "change", "95 % interval",
	       "limit");
	for (int m = 0; m < GATE_METRIC_CNT; m++)
		check_print_metric(c, (enum gate_metric)m);
	printf("%s: %s and %s waits in %u slices of time each\n",
	       c->verdict == CHECK_REGRESSION ? "regression" : "ok",
	       text_cnt(cnt[0], c->runs[0].side.cnt), text_cnt(cnt[1], c->runs[1].side.cnt),
	       c->runs[0].side.slice_cnt);
}

/* Numbers with a point, whatever the locale says. */
static void check_json_number(struct json *j, const char *key, double v)
{
	/* Waits of nanoseconds beside waits of years: nobody needs more. */
	double most = v > CHECK_MAX_PERCENT ? CHECK_MAX_PERCENT : v;
	int64_t millis = (int64_t)(most * 1000 + (most < 0 ? -0.5 : 0.5));
	uint64_t size = (uint64_t)(millis < 0 ? -millis : millis);
	char text[48];

	snprintf(text, sizeof(text), "%s%llu.%03u", millis < 0 ? "-" : "",
		 (unsigned long long)(size / 1000), (unsigned int)(size % 1000));
	json__key(j, key);
	json__number(j, text);
}

static void check_json_metric(struct json *j, const struct check *c, enum gate_metric m)
{
	const struct gate_result *r = &c->results[m];

	json__line(j);
	json__key(j, check_metrics[m].name);
	json__begin_object(j);
	json__member_u64(j, "base_ns", (uint64_t)r->base);
	json__member_u64(j, "new_ns", (uint64_t)r->new);
	check_json_number(j, "change_percent", check_percent(r->factor));
	check_json_number(j, "low_percent", check_percent(r->low));
	check_json_number(j, "high_percent", check_percent(r->high));
	if (c->config->limits[m] >= 0)
		check_json_number(j, "limit_percent", c->config->limits[m]);
	json__member_bool(j, "regression", c->verdicts[m] == CHECK_REGRESSION);
	json__end_object(j);
}

int check_print_json(const struct check *c)
{
	static const char *const words[] = {"ok", "regression", "too little data"};
	struct out out;
	struct json j;

	out__init(&out, stdout);
	json__init(&j, &out);
	json__begin_object(&j);
	json__member_string(&j, "verdict", words[c->verdict]);
	if (c->verdict == CHECK_TOO_LITTLE)
		json__member_string(&j, "why", c->why);
	json__member_u64(&j, "base_waits", c->runs[0].side.cnt);
	json__member_u64(&j, "new_waits", c->runs[1].side.cnt);
	json__member_u64(&j, "slices", c->config->slices);
	for (int m = 0; c->verdict != CHECK_TOO_LITTLE && m < GATE_METRIC_CNT; m++)
		check_json_metric(&j, c, (enum gate_metric)m);
	json__line(&j);
	json__end_object(&j);
	out__puts(&out, "\n");
	return out__finish(&out);
}
