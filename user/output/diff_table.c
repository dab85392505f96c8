/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The stacks whose time changed most, for the terminal. */
#include <stdlib.h>
#include <string.h>

#include "output/diff.h"
#include "output/out.h"
#include "output/text.h"

#define DIFF_WIDTH	80
#define DIFF_TOP_CNT	20
#define DIFF_INDENT	6
#define DIFF_MIN_WIDTH	60
#define DIFF_THREAD_COL 46
#define DIFF_NUMBER	(TEXT_NS_LEN + 2)

static uint64_t diff_row_distance(const struct diff_row *r)
{
	return diff_distance(r->base_us, r->now_us);
}

/* The largest first; equal ones in the order of their stacks. */
static int diff_distance_cmp(const void *left, const void *right, void *arg)
{
	const struct diff_row *a = left, *b = right;
	const struct diff *d = arg;
	uint64_t a_us = diff_row_distance(a), b_us = diff_row_distance(b);

	if (a_us != b_us)
		return a_us < b_us ? 1 : -1;
	return strcmp(strtab__get(&d->stacks, a->stack), strtab__get(&d->stacks, b->stack));
}

/* "+1.200 ms" */
static const char *diff_text(char ret[DIFF_NUMBER], uint64_t base_us, uint64_t now_us)
{
	char ns[TEXT_NS_LEN];

	snprintf(ret, DIFF_NUMBER, "%s%s",
		 now_us > base_us   ? "+"
		 : now_us < base_us ? "-"
				    : "",
		 text_ns(ns, diff_distance(base_us, now_us) * 1000));
	return ret;
}

/* By how much of what it was: "+12.3 %", "new". */
static const char *diff_percent(char ret[DIFF_NUMBER], uint64_t base_us, uint64_t now_us)
{
	char pct[TEXT_PCT_LEN];

	if (!base_us || !now_us)
		return !base_us && !now_us ? "" : base_us ? "gone" : "new";
	snprintf(ret, DIFF_NUMBER, "%s%s %%", now_us >= base_us ? "+" : "-",
		 text_pct(pct, diff_distance(base_us, now_us), base_us));
	return ret;
}

static void diff_put_fit(struct out *out, const char *text, size_t cols)
{
	_cleanup_buf_ struct buf fit;

	buf__init(&fit, 1u << 16);
	text_fit(&fit, text, cols);
	out__puts(out, buf__str(&fit));
	out__putc(out, '\n');
}

static bool diff_is_delimiter(const struct diff_row *r, uint32_t i)
{
	const struct profile *p = r->fold->profile;

	return i < r->row->frame_cnt && p->frames[r->row->frames[i]].kind == FRAME_KIND_DELIMITER;
}

static void diff_write_row(struct out *out, const struct diff_row *r, size_t width)
{
	char diff[DIFF_NUMBER], pct[DIFF_NUMBER], base[TEXT_NS_LEN], now[TEXT_NS_LEN];
	_cleanup_buf_ struct buf stack;

	out__printf(out, "%11s%11s%11s%11s  ", diff_text(diff, r->base_us, r->now_us),
		    diff_percent(pct, r->base_us, r->now_us), text_ns(base, r->base_us * 1000),
		    text_ns(now, r->now_us * 1000));
	diff_put_fit(out, fold__name(r->fold, r->row, 0), width - DIFF_THREAD_COL);
	buf__init(&stack, 1u << 26);
	for (uint32_t i = fold_row__name_cnt(r->row); i-- > 1;) {
		if (diff_is_delimiter(r, i))
			continue;
		buf__puts(&stack, stack.len ? " <- " : "");
		buf__puts(&stack, fold__name(r->fold, r->row, i));
	}
	out__printf(out, "%*s", DIFF_INDENT, "");
	diff_put_fit(out, stack.len ? buf__str(&stack) : "(no stack)", width - DIFF_INDENT);
}

static void diff_write_total(struct out *out, const struct diff *d)
{
	char base[TEXT_NS_LEN], now[TEXT_NS_LEN], pct[DIFF_NUMBER], gone[TEXT_NS_LEN];

	out__printf(out, "\noff-CPU time: before %s, now %s  %s\n",
		    text_ns(base, d->base.total_us * 1000), text_ns(now, d->now.total_us * 1000),
		    diff_percent(pct, d->base.total_us, d->now.total_us));
	if (d->normalise && d->base.total_us)
		out__puts(out, "times of before are scaled to the total of now\n");
	if (d->gone_us)
		out__printf(out, "in stacks that are gone: %s\n", text_ns(gone, d->gone_us * 1000));
}

int diff_write_table(const struct profile *now, const struct writer_opts *opts, FILE *to)
{
	size_t top = opts->top_cnt > 0 ? (size_t)opts->top_cnt : DIFF_TOP_CNT, shown = 0;
	size_t width = opts->width > DIFF_MIN_WIDTH ? (size_t)opts->width : DIFF_WIDTH;
	_cleanup_(diff__fini) struct diff d;
	struct out out;
	int err = diff__init(&d, now, opts);

	if (err)
		return err;
	if (d.cnt)
		qsort_r(d.rows, d.cnt, sizeof(*d.rows), diff_distance_cmp, &d);
	out__init(&out, to);
	out__puts(&out, profile__str(now, now->title));
	out__puts(&out, "\n\n");
	if (d.cnt && diff_row_distance(&d.rows[0]))
		out__puts(&out, " difference                 before        now  thread\n");
	while (shown < d.cnt && shown < top && diff_row_distance(&d.rows[shown]))
		diff_write_row(&out, &d.rows[shown++], width);
	if (!shown)
		out__puts(&out, "no stack's time changed\n");
	if (shown < d.cnt)
		out__printf(&out, "  ... %zu more stacks\n", d.cnt - shown);
	diff_write_total(&out, &d);
	return out__finish(&out);
}
