/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One JSON object per line, for stores of many machines' stacks: the time of a stack, for a group of threads and a reason.
 * The stack is that of the folded format and times are exact, so the sum of a stack's lines, rounded, is the figure there.
 */
#include "base/compiler.h"
#include "output/fold.h"
#include "output/json_goroutine.h"
#include "output/writer.h"

#define NDJSON_MAX_STACK (1u << 26) /* bytes */

static void ndjson_line(struct out *out, const struct profile *p, const struct fold_part *part,
			const char *stack, const char *segment)
{
	struct json j;

	json__init(&j, out);
	json__begin_object(&j);
	json__member_string(&j, "host", profile__note(p, "host"));
	json__member_string(&j, "group", profile__str(p, part->group));
	json__member_string(&j, "reason", reason_name((enum reason)part->reason));
	if (part->wait_name)
		json__member_string(&j, "wait_reason", profile__str(p, part->wait_name));
	if (part->goroutine)
		json__member_goroutine(&j, p, part->wait_name);
	json__member_labels(&j, p, part->labels);
	json__member_string(&j, "stack", stack);
	json__member_u64(&j, "ns", part->ns);
	json__member_u64(&j, "count", part->cnt);
	if (segment)
		json__member_string(&j, "segment", segment);
	json__member_u64(&j, "start_ns", p->start_realtime_ns);
	json__member_u64(&j, "end_ns",
			 p->start_realtime_ns ? p->start_realtime_ns + p->window_ns : 0);
	json__end_object(&j);
	out__putc(out, '\n');
}

static int ndjson_write(const struct profile *p, const struct writer_opts *opts, FILE *to)
{
	struct fold_opts how = {.kinds = opts && opts->kinds,
				.groups = true,
				.wait_names = true,
				.keep_short = true};
	_cleanup_(fold__fini) struct fold fold;
	_cleanup_buf_ struct buf stack;
	struct out out;
	int err = fold__init_with(&fold, p, &how);

	out__init(&out, to);
	buf__init(&stack, NDJSON_MAX_STACK);
	for (size_t i = 0; !err && i < fold.row_cnt; i++) {
		buf__reset(&stack);
		err = fold__stack(&fold, &fold.rows[i], &stack);
		for (uint32_t at = fold.rows[i].first_part; !err && at != FOLD_NONE;
		     at = fold.parts[at].next)
			ndjson_line(&out, p, &fold.parts[at], stack.data,
				    opts ? opts->segment : NULL);
	}
	return err ? err : out__finish(&out);
}

const struct writer ndjson_writer = {
	.name = "ndjson",
	.ext = ".ndjson",
	.help = "a JSON object per stack, group and reason, a line each, in nanoseconds, for "
		"databases",
	.write = ndjson_write,
};
