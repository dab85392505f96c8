/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Folded ("collapsed") stacks: `frame;frame;...;frame MICROSECONDS`, root first, one line per
 * stack. Many tools read it and none of them agrees on comments, so there are none.
 */
#include "base/compiler.h"
#include "output/fold.h"
#include "output/out.h"
#include "output/writer.h"

static int folded_write(const struct profile *p, const struct writer_opts *opts _unused_, FILE *to)
{
	_cleanup_(fold__fini) struct fold fold;
	struct out out;
	int err = fold__init(&fold, p);

	if (err)
		return err;
	out__init(&out, to);
	for (size_t i = 0; i < fold.row_cnt; i++) {
		const struct fold_row *row = &fold.rows[i];

		for (uint32_t j = 0; j < fold_row__name_cnt(row); j++) {
			if (j)
				out__putc(&out, ';');
			out__puts(&out, fold__name(&fold, row, j));
		}
		out__putc(&out, ' ');
		out__u64(&out, row->us);
		out__putc(&out, '\n');
	}
	return out__finish(&out);
}

const struct writer folded_writer = {
	.name = "folded",
	.ext = ".folded",
	.help = "folded stacks in microseconds, for flamegraph.pl, speedscope, inferno and others",
	.write = folded_write,
};
