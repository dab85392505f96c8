/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a profile shows of a waker: its name, and the stack in which it woke. */
#ifndef ANALYZE_WAKER_FRAMES_H
#define ANALYZE_WAKER_FRAMES_H

#include "analyze/offcpu.h"
#include "analyze/stack_names.h"
#include "analyze/waker_rules.h"

struct waker_frames {
	struct waker_context context;
	uint32_t name; /* frame of the profile that names it: "redis-server", "[timer]"... */
	uint32_t comm; /* string of the profile; 0: it is no thread */
	uint32_t pid, tid;
	/* Of the profile, innermost first: kernel, then user; each may end in a mark that it was cut. */
	uint32_t frames[2 * (WIRE_MAX_FRAMES + 1)];
	uint32_t cnt;
};

/* The context of @waker, by the names of its kernel stack. 0 or -errno. */
int waker_frames__context(struct stack_names *names, const struct wire_waker *waker,
			  struct waker_context *ret);
/*
 * What is to be shown of @waker (NULL: nobody noted one; then context.kind is WAKER_NONE and nothing else is filled in). An
 * interrupt's part of the stack only: whom it interrupted is not blamed. 0, -ENOMEM, -E2BIG.
 */
int waker_frames__get(struct waker_frames *f, struct stack_names *names,
		      const struct wire_waker *waker, const struct offcpu_view *view);

#endif
