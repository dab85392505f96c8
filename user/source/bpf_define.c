/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_define.h"

#include <stdbool.h>
#include <string.h>

#include "intern.h"

union define_room {
	struct wire_stack rec;
	uint64_t words[sizeof(struct wire_stack) / 8 + WIRE_MAX_FRAMES];
};

/* @rec has its kind, image and flags, and room for the addresses. */
static int define_as(struct wire_stack *rec, uint64_t id, const __u64 *ips, uint32_t n, event_fn fn,
		     void *arg)
{
	struct event e = {.stack = rec};

	rec->h.kind = WIRE_STACK;
	rec->h.size = (uint32_t)(sizeof(*rec) + n * sizeof(uint64_t));
	rec->id = id;
	rec->frame_cnt = (uint16_t)n;
	if (n)
		memcpy(rec->ips, ips, n * sizeof(*ips));
	return fn(arg, &e);
}

static uint64_t define_id(const struct wire_stack *rec, const __u64 *ips, uint32_t n)
{
	bool user = rec->kind == WIRE_STACK_USER;
	uint64_t hash = intern_seed(rec->kind, &rec->image);

	for (uint32_t i = 0; i < n; i++)
		hash = intern_mix(hash, user ? ips[i] & ~WIRE_IP_EXACT : ips[i]);
	return intern_finish(hash, n, rec->flags);
}

/* Puts frames of Python behind the @n addresses in @words, as far as there is room. The number of both. */
static uint32_t define_add_python(struct wire_stack *rec, const struct python_frames *python,
				  __u64 *words, uint32_t n)
{
	uint32_t cnt = python->cnt, room = WIRE_MAX_FRAMES - n;

	if (cnt > room)
		cnt = room;
	memcpy(words + n, python->words, cnt * sizeof(*words));
	rec->flags |= cnt << WIRE_STACK_PYTHON_SHIFT;
	if (cnt < python->cnt || python->flags & PYTHON_W_CUT)
		rec->flags |= WIRE_STACK_PYTHON_CUT;
	return n + cnt;
}

int define_user_stack(const struct wire_image *image, const __u64 *ips, uint32_t n, uint32_t flags,
		      const struct python_frames *python, event_fn fn, void *arg, uint64_t *ret_id)
{
	union define_room u = {.rec = {.kind = WIRE_STACK_USER, .image = *image, .flags = flags}};
	__u64 words[WIRE_MAX_FRAMES];

	if (!n)
		return 0;
	if (n > WIRE_MAX_FRAMES)
		n = WIRE_MAX_FRAMES;
	memcpy(words, ips, n * sizeof(*words));
	*ret_id = define_id(&u.rec, words, n);
	if (python) {
		*ret_id = python_stack_id(*ret_id, python->hash, python->cnt);
		n = define_add_python(&u.rec, python, words, n);
	}
	return define_as(&u.rec, *ret_id, words, n, fn, arg);
}

int define_stack_as(uint64_t id, const struct wire_image *image, const __u64 *ips, uint32_t n,
		    uint32_t flags, event_fn fn, void *arg)
{
	union define_room u = {.rec = {.kind = WIRE_STACK_USER, .image = *image, .flags = flags}};

	return define_as(&u.rec, id, ips, n < WIRE_MAX_FRAMES ? n : WIRE_MAX_FRAMES, fn, arg);
}

int define_kernel_stack(const __u64 *ips, uint32_t n, uint32_t max_frames, event_fn fn, void *arg,
			uint64_t *ret_id)
{
	union define_room u = {.rec = {.kind = WIRE_STACK_KERNEL}};
	uint32_t max = max_frames < WIRE_MAX_KERNEL_FRAMES ? max_frames : WIRE_MAX_KERNEL_FRAMES;

	if (n >= max) {
		n = max;
		u.rec.flags = WIRE_STACK_TRUNCATED;
	}
	if (!n)
		return 0;
	*ret_id = define_id(&u.rec, ips, n);
	return define_as(&u.rec, *ret_id, ips, n, fn, arg);
}
