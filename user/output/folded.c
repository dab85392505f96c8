/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Folded ("collapsed") stacks: `frame;frame;...;frame MICROSECONDS`, root first, one line per
 * stack. Many tools read it and none of them agrees on comments, so there are none.
 */
#include "base/compiler.h"
#include "output/diff.h"
#include "output/fold.h"
#include "output/out.h"
#include "output/writer.h"

#define FOLDED_MAX_STACK (1u << 26) /* bytes */

static int folded_write_stacks(const struct profile *p, const struct writer_opts *opts, FILE *to)
{
	struct fold_opts how = {.kinds = opts && opts->kinds};
	_cleanup_(fold__fini) struct fold fold;
	_cleanup_buf_ struct buf stack;
	struct out out;
	int err = fold__init_with(&fold, p, &how);

	out__init(&out, to);
	buf__init(&stack, FOLDED_MAX_STACK);
	for (size_t i = 0; !err && i < fold.row_cnt; i++) {
		buf__reset(&stack);
		err = fold__stack(&fold, &fold.rows[i], &stack);
		out__append(&out, stack.data, stack.len);
		out__putc(&out, ' ');
		out__u64(&out, fold.rows[i].us);
		out__putc(&out, '\n');
	}
	return err ? err : out__finish(&out);
}

static int folded_write(const struct profile *p, const struct writer_opts *opts, FILE *to)
{
	return opts && opts->base ? diff_write_folded(p, opts, to)
				  : folded_write_stacks(p, opts, to);
}

const struct writer folded_writer = {
	.name = "folded",
	.ext = ".folded",
	.help = "folded stacks in microseconds, for flamegraph.pl, speedscope, inferno and others",
	.compares = true,
	.write = folded_write,
};
