/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Threads that are off the CPU at one moment, for the terminal: a block for each stack, innermost frame first, with the
 * threads that wait in it. Those with the longest wait come first, those of which nobody knows how long last.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/wait_state.h"
#include "output/out.h"
#include "output/syscall_text.h"
#include "output/text.h"
#include "output/writer.h"

#define DUMP_MAX_THREADS 20 /* that a block lists */
#define DUMP_COLOR_BOLD	 "\033[1m"
#define DUMP_COLOR_DIM	 "\033[2m"
#define DUMP_COLOR_RESET "\033[0m"

struct dump {
	struct out out;
	const struct profile *profile;
	bool color, apart;
};

/* Samples with equal stacks, neighbours in the order of compare_rows(). */
struct dump_block {
	const struct profile_sample **rows; /* longest first */
	size_t cnt;
};

static uint64_t dump_ns(const struct profile_sample *s)
{
	return profile_sample__total_ns(s);
}

/* ---- order ---- */

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* The frame of the process or thread is no part of it. */
static int compare_stacks(const struct dump *d, const struct profile_sample *a,
			  const struct profile_sample *b)
{
	const uint32_t *ids = d->profile->frame_ids;
	int order = compare_u64(a->frame_cnt, b->frame_cnt);

	for (uint32_t i = 1; !order && i < a->frame_cnt; i++)
		order = compare_u64(ids[a->first_frame + i], ids[b->first_frame + i]);
	if (!order)
		order = compare_u64(a->reason, b->reason);
	if (!order)
		order = compare_u64((unsigned char)a->state, (unsigned char)b->state);
	return order ? order : compare_u64(a->syscall, b->syscall);
}

static int compare_threads(const struct profile_sample *a, const struct profile_sample *b)
{
	int order = compare_u64(dump_ns(b), dump_ns(a));

	return order ? order : compare_u64(a->thread, b->thread);
}

static int compare_rows(const void *left, const void *right, void *arg)
{
	const struct profile_sample *a = *(const struct profile_sample *const *)left;
	const struct profile_sample *b = *(const struct profile_sample *const *)right;
	const struct dump *d = arg;
	int order = d->apart ? 0 : compare_stacks(d, a, b);

	return order ? order : compare_threads(a, b);
}

static int compare_blocks(const void *left, const void *right)
{
	const struct dump_block *a = left, *b = right;

	return compare_threads(a->rows[0], b->rows[0]);
}

/* ---- writing ---- */

static void put_color(struct dump *d, const char *color)
{
	if (d->color)
		out__puts(&d->out, color);
}

static void put_text(struct dump *d, const char *s)
{
	_cleanup_buf_ struct buf text;

	buf__init(&text, 1 << 16);
	text_fit(&text, s, SIZE_MAX);
	out__puts(&d->out, buf__str(&text));
}

static void put_thread(struct dump *d, const struct profile_sample *s)
{
	const struct profile *p = d->profile;

	if (s->thread >= p->thread_cnt) {
		out__puts(&d->out, "[unknown]");
		return;
	}
	put_text(d, profile__str(p, p->threads[s->thread].comm));
	out__putc(&d->out, ' ');
	out__u64(&d->out, p->threads[s->thread].pid);
	out__putc(&d->out, '/');
	out__u64(&d->out, p->threads[s->thread].tid);
}

static bool dump_is_unknown(const struct profile_sample *s)
{
	return s->at_least && !dump_ns(s);
}

static void put_time(struct dump *d, const struct profile_sample *s)
{
	char text[TEXT_NS_LEN];

	if (dump_is_unknown(s)) {
		out__puts(&d->out, "an unknown time");
		return;
	}
	if (s->at_least)
		out__puts(&d->out, "at least ");
	out__puts(&d->out, text_ns(text, dump_ns(s)));
}

/* What holds for all of the block. */
static void put_head(struct dump *d, const struct dump_block *b)
{
	const struct profile_sample *longest = b->rows[0], *shortest = b->rows[b->cnt - 1];
	char syscall[SYSCALL_TEXT_LEN];

	put_color(d, DUMP_COLOR_BOLD);
	if (b->cnt == 1) {
		put_thread(d, longest);
	} else {
		out__u64(&d->out, b->cnt);
		out__puts(&d->out, " threads");
	}
	put_color(d, DUMP_COLOR_RESET);
	out__puts(&d->out, "  ");
	if (longest->state != 'R') {
		out__puts(&d->out, wait_state_name(longest->state));
		out__puts(&d->out, ", ");
		out__puts(&d->out, reason_name((enum reason)longest->reason));
		out__puts(&d->out, "  ");
	}
	out__puts(&d->out, longest->state == 'R' ? "waits for a CPU, off it for " : "blocked for ");
	put_time(d, shortest);
	if (dump_ns(longest) != dump_ns(shortest)) {
		out__puts(&d->out, dump_is_unknown(shortest) ? " or " : " to ");
		put_time(d, longest);
	}
	if (longest->syscall) {
		out__puts(&d->out, "  in ");
		put_text(d, syscall_text(longest->syscall, syscall));
	}
	out__putc(&d->out, '\n');
}

static void put_threads(struct dump *d, const struct dump_block *b)
{
	size_t cnt = b->cnt > DUMP_MAX_THREADS ? DUMP_MAX_THREADS : b->cnt;

	for (size_t i = 0; i < cnt; i++) {
		out__puts(&d->out, "  ");
		put_thread(d, b->rows[i]);
		out__puts(&d->out, "  ");
		put_time(d, b->rows[i]);
		out__putc(&d->out, '\n');
	}
	if (cnt < b->cnt) {
		out__puts(&d->out, "  and ");
		out__u64(&d->out, b->cnt - cnt);
		out__puts(&d->out, " more: --per-thread or --json for all of them\n");
	}
}

static void put_frame(struct dump *d, const struct profile_frame *f)
{
	out__puts(&d->out, "    ");
	put_text(d, profile__str(d->profile, f->name));
	if (f->module) {
		put_color(d, DUMP_COLOR_DIM);
		out__puts(&d->out, "  ");
		put_text(d, profile__str(d->profile, f->module));
		put_color(d, DUMP_COLOR_RESET);
	}
	out__putc(&d->out, '\n');
}

static void put_block(struct dump *d, const struct dump_block *b)
{
	const struct profile_sample *s = b->rows[0];

	put_head(d, b);
	if (b->cnt > 1)
		put_threads(d, b);
	for (uint32_t i = s->frame_cnt; i-- > 1;)
		put_frame(d, profile__sample_frame(d->profile, s, i));
}

static size_t fill_blocks(const struct dump *d, const struct profile_sample **rows, size_t cnt,
			  struct dump_block *blocks)
{
	size_t block_cnt = 0;

	for (size_t i = 0; i < cnt; i++) {
		struct dump_block *last = block_cnt ? &blocks[block_cnt - 1] : NULL;

		if (last && !d->apart && !compare_stacks(d, last->rows[0], rows[i]))
			last->cnt++;
		else
			blocks[block_cnt++] = (struct dump_block){&rows[i], 1};
	}
	return block_cnt;
}

static int dump_write(const struct profile *p, const struct writer_opts *opts, FILE *to)
{
	struct dump d = {.profile = p, .color = opts && opts->color, .apart = opts && opts->apart};
	size_t cnt = p->sample_cnt, block_cnt;
	_cleanup_free_ const struct profile_sample **rows = calloc(cnt + 1, sizeof(*rows));
	_cleanup_free_ struct dump_block *blocks = calloc(cnt + 1, sizeof(*blocks));

	if (!rows || !blocks)
		return -ENOMEM;
	for (size_t i = 0; i < cnt; i++)
		rows[i] = &p->samples[i];
	qsort_r(rows, cnt, sizeof(*rows), compare_rows, &d);
	block_cnt = fill_blocks(&d, rows, cnt, blocks);
	qsort(blocks, block_cnt, sizeof(*blocks), compare_blocks);
	out__init(&d.out, to);
	for (size_t i = 0; i < block_cnt; i++) {
		if (i)
			out__putc(&d.out, '\n');
		put_block(&d, &blocks[i]);
	}
	return out__finish(&d.out);
}

const struct writer dump_writer = {
	.name = "dump",
	.ext = "",
	.help = "a block for each stack, with the threads that wait in it",
	.write = dump_write,
};
