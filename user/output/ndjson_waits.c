/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* One JSON object per wait, by the time it began: for databases and programs that want to know when. */
#include <errno.h>

#include "base/compiler.h"
#include "base/log.h"
#include "output/fold.h"
#include "output/json_goroutine.h"
#include "output/json_waker.h"
#include "output/writer.h"

#define WAITS_MAX_STACK (1u << 26) /* bytes */

static void waits_thread(struct json *j, const struct profile *p, uint32_t pos)
{
	const struct profile_thread *t = &p->threads[pos];

	json__member_string(j, "comm", profile__str(p, t->comm));
	json__member_u64(j, "pid", t->pid);
	json__member_u64(j, "tid", t->tid);
}

static void waits_line(struct out *out, const struct profile *p, const struct profile_wait *w,
		       const char *stack)
{
	const struct profile_sample *s = &p->samples[w->sample];
	struct json j;

	json__init(&j, out);
	json__begin_object(&j);
	json__member_u64(&j, "start_ns", p->start_realtime_ns + w->from_ns);
	json__member_string(&j, "host", profile__note(p, "host"));
	if (s->thread < p->thread_cnt)
		waits_thread(&j, p, s->thread);
	json__member_string(&j, "reason", reason_name((enum reason)s->reason));
	if (s->wait_name)
		json__member_string(&j, "wait_reason", profile__str(p, s->wait_name));
	if (s->thread < p->thread_cnt && p->threads[s->thread].goroutine)
		json__member_goroutine(&j, p, s->wait_name);
	json__member_labels(&j, p, s->labels);
	json__member_u64(&j, "blocked_ns", w->wake_ns - w->from_ns);
	json__member_u64(&j, "runnable_ns", w->to_ns - w->wake_ns);
	if (s->open)
		json__member_bool(&j, "open", true);
	if (s->waker != WAKER_NONE)
		json__member_waker(&j, p, s);
	json__member_string(&j, "stack", stack);
	json__end_object(&j);
	out__putc(out, '\n');
}

static int waits_write(const struct profile *p, const struct writer_opts *opts, FILE *to)
{
	const struct fold fold = {.profile = p, .opts.kinds = opts && opts->kinds};
	_cleanup_buf_ struct buf stack = {0};
	struct out out;
	int err = 0;

	if (!p->wait_cnt && p->sample_cnt)
		return error_set(-ENODATA,
				 "there are no single waits in it: make it of a recording");
	out__init(&out, to);
	buf__init(&stack, WAITS_MAX_STACK);
	for (size_t i = 0; !err && i < p->wait_cnt; i++) {
		const struct profile_sample *s = &p->samples[p->waits[i].sample];
		const struct fold_row row = {.frames = p->frame_ids + s->first_frame,
					     .frame_cnt = s->frame_cnt};

		buf__reset(&stack);
		err = fold__stack(&fold, &row, &stack);
		if (!err)
			waits_line(&out, p, &p->waits[i], buf__str(&stack));
	}
	return err ? err : out__finish(&out);
}

const struct writer ndjson_waits_writer = {
	.name = "ndjson-waits",
	.ext = ".waits.ndjson",
	.help = "a JSON object per wait, with the time it began, a line each, in nanoseconds",
	.waits = true,
	.write = waits_write,
};
