/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/waker_frames.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"

int waker_frames__context(struct stack_names *names, const struct wire_waker *waker,
			  struct waker_context *ret)
{
	const char *texts[WIRE_MAX_FRAMES];
	const struct named_stack *s = NULL;
	const struct profile *p = names->profile;
	uint32_t cnt = 0;

	if (waker && waker->kernel_stack) {
		s = stack_names__get_waking(names, waker->kernel_stack);
		if (!s)
			return -errno;
	}
	for (; s && cnt < s->cnt && cnt < ARRAY_SIZE(texts); cnt++)
		texts[cnt] = profile__str(p, p->frames[s->frames[cnt]].name);
	*ret = waker_context_of(waker, texts, cnt);
	return 0;
}

/* Appends the innermost @max frames of a stack (NULL: errno says why), in the colour of wakers. */
static int waker_append(struct waker_frames *f, struct stack_names *names,
			const struct named_stack *s, uint32_t max)
{
	int err = 0;

	if (!s)
		return -errno;
	for (uint32_t i = 0; !err && i < s->cnt && i < max && f->cnt < ARRAY_SIZE(f->frames); i++) {
		err = profile__frame_of_kind(names->profile, s->frames[i], FRAME_KIND_WAKER,
					     &f->frames[f->cnt]);
		f->cnt += !err;
	}
	return err;
}

static int waker_name_thread(struct waker_frames *f, struct stack_names *names,
			     const struct wire_waker *waker, const struct offcpu_view *view)
{
	const struct thread_table *threads = &names->model->threads;
	uint32_t pos = thread_table__find(threads, waker->key.tid, waker->key.start_ns), frame;
	const struct thread *th = pos == HASH_INDEX_NONE ? NULL : &threads->items[pos];
	const struct thread_name *name = th ? thread__find_name(th, waker->key.comm_gen) : NULL;
	const char *comm = name && *thread_name__text(name) ? thread_name__text(name) : "[unknown]";
	const char *via = f->context.via_softirq ? " (via softirq)" : "";
	char text[THREAD_NAME_MAX + 64];
	int err;

	f->pid = th ? th->pid : 0;
	f->tid = waker->key.tid;
	if (view->per_thread)
		snprintf(text, sizeof(text), "%s-%u/%u%s", comm, f->pid, f->tid, via);
	else
		snprintf(text, sizeof(text), "%s%s", comm, via);
	err = profile__frame(names->profile, comm, NULL, FRAME_KIND_WAKER, &frame);
	if (err)
		return err;
	f->comm = names->profile->frames[frame].name;
	return profile__frame(names->profile, text, NULL, FRAME_KIND_WAKER, &f->name);
}

int waker_frames__get(struct waker_frames *f, struct stack_names *names,
		      const struct wire_waker *waker, const struct offcpu_view *view)
{
	char text[32];
	int err;

	memset(f, 0, offsetof(struct waker_frames, frames));
	f->cnt = 0;
	err = waker_frames__context(names, waker, &f->context);
	if (err || !waker || f->context.kind == WAKER_NONE)
		return err;
	if (waker->kernel_stack && !view->no_kernel_stacks)
		err = waker_append(f, names, stack_names__get_waking(names, waker->kernel_stack),
				   f->context.frame_cnt);
	if (f->context.kind == WAKER_THREAD) {
		if (!err && waker->user_stack && !view->no_user_stacks)
			err = waker_append(f, names, stack_names__get(names, waker->user_stack, 0),
					   UINT32_MAX);
		return err ? err : waker_name_thread(f, names, waker, view);
	}
	snprintf(text, sizeof(text), "[%s]", waker_kind_name(f->context.kind));
	return err ? err : profile__frame(names->profile, text, NULL, FRAME_KIND_WAKER, &f->name);
}
