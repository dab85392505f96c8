/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "output/columns.h"
#include "output/goroutines.h"
#include "output/out.h"
#include "output/text.h"

#define COMM_COLS 64
#define NAME_COLS 24
#define BAR_COLS  40

#define FIRST_LOG2 8 /* below 2^8 ns buckets don't grow: one line */

struct text {
	struct out out;
	const struct goroutines_report *r;
};

/* ---- numbers ---- */

/* "shop (pid 4711), go1.22.3: the scheduler, in the last 1.000 s" */
static void put_title(struct text *t)
{
	const struct go_look *look = t->r->look;
	const char *version = look->runtime->version;
	_cleanup_buf_ struct buf comm;
	char ns[TEXT_NS_LEN];

	buf__init(&comm, 1 << 16);
	text_fit(&comm, look->comm, COMM_COLS);
	columns_color(&t->out, t->r->color, COLOR_BOLD);
	out__printf(&t->out, "%s (pid %u), %s: the scheduler", buf__str(&comm), look->pid,
		    *version ? version : "unknown Go");
	columns_color(&t->out, t->r->color, COLOR_RESET);
	if (t->r->scheduler->before)
		out__printf(&t->out, ", in the last %s\n",
			    text_ns(ns, t->r->scheduler->interval_ns));
	else
		out__puts(&t->out, ", since the program began\n");
}

static void put_lists(struct text *t)
{
	const struct go_sched_stats *s = t->r->scheduler->now;

	out__puts(&t->out, "threads: ");
	columns_cnt(&t->out, (uint64_t)s->threads, 0);
	out__puts(&t->out, ", ");
	columns_cnt(&t->out, (uint64_t)s->idle_threads, 0);
	out__puts(&t->out, " idle, ");
	columns_cnt(&t->out, (uint64_t)s->spinning_threads, 0);
	out__puts(&t->out, " looking for work; idle processors: ");
	columns_cnt(&t->out, (uint64_t)s->idle_procs, 0);
	out__puts(&t->out, "; global run queue: ");
	columns_cnt(&t->out, (uint64_t)s->run_queue, 0);
	out__putc(&t->out, '\n');
}

static uint64_t per_second(const struct text *t, uint64_t v)
{
	return text_scale(v, 1000000000, t->r->scheduler->interval_ns);
}

static uint64_t since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static void put_created(struct text *t)
{
	const struct goroutines_scheduler *s = t->r->scheduler;
	uint64_t cnt = since(s->now->created, s->before ? s->before->created : 0);

	out__puts(&t->out, "goroutines created: ");
	columns_cnt(&t->out, cnt, 0);
	if (s->before) {
		out__puts(&t->out, " (");
		columns_cnt(&t->out, per_second(t, cnt), 0);
		out__puts(&t->out, "/s)");
	}
	out__putc(&t->out, '\n');
}

static void put_mutex_wait(struct text *t)
{
	const struct goroutines_scheduler *s = t->r->scheduler;
	uint64_t ns = since(s->now->mutex_wait_ns, s->before ? s->before->mutex_wait_ns : 0);

	if (!s->now->has_mutex_wait)
		return;
	out__puts(&t->out, "waited for mutexes: ");
	columns_ns(&t->out, ns, 0);
	if (s->before) {
		out__puts(&t->out, " (");
		columns_ns(&t->out, per_second(t, ns), 0);
		out__puts(&t->out, "/s)");
	}
	out__putc(&t->out, '\n');
}

/* ---- histograms ---- */

static void put_quantile(struct text *t, const struct go_histogram *h, unsigned int permille)
{
	uint64_t ns = go_histogram__quantile_ns(h, permille);
	char text[TEXT_NS_LEN];

	if (!go_histogram__total(h))
		columns_right(&t->out, "-", 11);
	else
		columns_right(&t->out, ns < UINT64_MAX ? text_ns(text, ns) : "> 1 day", 11);
}

static void put_row(struct text *t, const char *name, struct go_histogram h,
		    const struct go_histogram *before)
{
	static const unsigned int permilles[] = {500, 900, 990, 1000};

	if (before)
		go_histogram__subtract(&h, before);
	out__printf(&t->out, "%-*s", NAME_COLS, name);
	columns_cnt(&t->out, go_histogram__total(&h), 12);
	for (size_t i = 0; i < ARRAY_SIZE(permilles); i++)
		put_quantile(t, &h, permilles[i]);
	out__putc(&t->out, '\n');
}

static void put_rows(struct text *t)
{
	const struct go_sched_stats *now = t->r->scheduler->now, *before = t->r->scheduler->before;
	static const char *const names[] = {"stop the world: GC", "stop the world: other"};

	columns_color(&t->out, t->r->color, COLOR_DIM);
	out__printf(&t->out, "%-*s%12s%11s%11s%11s%11s\n", NAME_COLS, "at most", "count", "P50",
		    "P90", "P99", "max");
	columns_color(&t->out, t->r->color, COLOR_RESET);
	put_row(t, "scheduling latency", now->latency, before ? &before->latency : NULL);
	for (int i = 0; now->has_pauses && i < GO_PAUSE_CNT; i++) {
		put_row(t, names[i], now->paused[i], before ? &before->paused[i] : NULL);
		put_row(t, "  until all stopped", now->stopping[i],
			before ? &before->stopping[i] : NULL);
	}
}

/* A line for each power of two; line 0 goes up to 2^FIRST_LOG2 ns. */
#define LINE_CNT (GO_HISTOGRAM_CNT / 4)

static void put_line(struct text *t, size_t line, uint64_t cnt, uint64_t most)
{
	static const char bar[] = "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@";
	char from[TEXT_NS_LEN], to[TEXT_NS_LEN], range[2 * TEXT_NS_LEN + 4];

	snprintf(range, sizeof(range), "[%s, %s)",
		 line ? text_ns(from, 1ull << (line + FIRST_LOG2 - 1)) : "0",
		 text_ns(to, 1ull << (line + FIRST_LOG2)));
	out__printf(&t->out, "%-*s", NAME_COLS, range);
	columns_cnt(&t->out, cnt, 12);
	out__printf(&t->out, " |%-*.*s|\n", BAR_COLS, (int)text_scale(cnt, BAR_COLS, most), bar);
}

static void put_histogram(struct text *t)
{
	const struct goroutines_scheduler *s = t->r->scheduler;
	struct go_histogram h = s->now->latency;
	uint64_t lines[LINE_CNT] = {0}, most = 0;
	size_t first = LINE_CNT, last = 0;

	if (s->before)
		go_histogram__subtract(&h, &s->before->latency);
	for (size_t i = 0; i < GO_HISTOGRAM_CNT; i++)
		lines[i / 4] += h.counts[i];
	for (size_t i = 0; i < LINE_CNT; i++) {
		if (!lines[i])
			continue;
		first = first < i ? first : i;
		last = i;
		most = lines[i] > most ? lines[i] : most;
	}
	if (most)
		out__puts(&t->out, "\nscheduling latency\n");
	for (size_t i = first; i <= last; i++)
		put_line(t, i, lines[i], most);
}

int goroutines_write_scheduler(const struct goroutines_report *r, FILE *to)
{
	struct text t = {.r = r};

	out__init(&t.out, to);
	put_title(&t);
	put_lists(&t);
	put_created(&t);
	put_mutex_wait(&t);
	out__putc(&t.out, '\n');
	put_rows(&t);
	put_histogram(&t);
	return out__finish(&t.out);
}
