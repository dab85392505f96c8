/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output/out.h"
#include "output/text.h"

#define DIFF_MAX_TEXT_BYTES UINT32_MAX
#define DIFF_MAX_STACK	    (1u << 26)

uint64_t diff__scale(const struct diff *d, uint64_t base_us)
{
	return d->normalise ? text_scale(base_us, d->now.total_us, d->base.total_us) : base_us;
}

/* The row of a stack; ids are given in order, from 1. */
static int diff_find_row(struct diff *d, const struct fold *f, const struct fold_row *row,
			 struct buf *text, struct diff_row **ret_row)
{
	struct diff_row *r;
	uint32_t id;
	int err;

	buf__reset(text);
	err = fold__stack(f, row, text);
	if (!err)
		err = strtab__intern(&d->stacks, buf__str(text), &id);
	if (err)
		return err;
	r = &d->rows[id - 1];
	if (!r->row) {
		*r = (struct diff_row){.stack = id, .fold = f, .row = row};
		d->cnt++;
	}
	*ret_row = r;
	return 0;
}

static int diff_add(struct diff *d)
{
	_cleanup_buf_ struct buf text;
	struct diff_row *r;
	int err = 0;

	buf__init(&text, DIFF_MAX_STACK);
	for (size_t i = 0; !err && i < d->now.row_cnt; i++) {
		err = diff_find_row(d, &d->now, &d->now.rows[i], &text, &r);
		if (!err)
			r->now_us = d->now.rows[i].us;
	}
	for (size_t i = 0; !err && i < d->base.row_cnt; i++) {
		err = diff_find_row(d, &d->base, &d->base.rows[i], &text, &r);
		if (!err)
			r->base_us = diff__scale(d, d->base.rows[i].us);
		if (!err && !r->now_us)
			d->gone_us += r->base_us;
	}
	return err;
}

static int diff_stack_cmp(const void *left, const void *right, void *arg)
{
	const struct diff_row *a = left, *b = right;
	const struct diff *d = arg;

	return strcmp(strtab__get(&d->stacks, a->stack), strtab__get(&d->stacks, b->stack));
}

int diff__init(struct diff *d, const struct profile *now, const struct writer_opts *opts)
{
	struct fold_opts how = {.kinds = opts->kinds};
	int err;

	memset(d, 0, sizeof(*d));
	d->normalise = opts->normalise;
	err = strtab__init(&d->stacks, DIFF_MAX_TEXT_BYTES);
	if (!err)
		err = fold__init_with(&d->now, now, &how);
	if (!err)
		err = fold__init_with(&d->base, opts->base, &how);
	if (err)
		return err;
	d->rows = calloc(d->now.row_cnt + d->base.row_cnt + 1, sizeof(*d->rows));
	err = d->rows ? diff_add(d) : -ENOMEM;
	if (!err && d->cnt)
		qsort_r(d->rows, d->cnt, sizeof(*d->rows), diff_stack_cmp, d);
	return err;
}

void diff__fini(struct diff *d)
{
	fold__fini(&d->base);
	fold__fini(&d->now);
	strtab__fini(&d->stacks);
	free(d->rows);
	memset(d, 0, sizeof(*d));
}

int diff_write_folded(const struct profile *now, const struct writer_opts *opts, FILE *to)
{
	_cleanup_(diff__fini) struct diff d;
	struct out out;
	int err = diff__init(&d, now, opts);

	if (err)
		return err;
	out__init(&out, to);
	for (size_t i = 0; i < d.cnt; i++) {
		out__puts(&out, strtab__get(&d.stacks, d.rows[i].stack));
		out__putc(&out, ' ');
		out__u64(&out, d.rows[i].base_us);
		out__putc(&out, ' ');
		out__u64(&out, d.rows[i].now_us);
		out__putc(&out, '\n');
	}
	return out__finish(&out);
}
