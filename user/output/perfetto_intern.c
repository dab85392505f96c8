/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What packets refer to by number. Numbers are positions or ids of the profile, + 1 where they count from 0: a number of 0 is
 * none in the format.
 */
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "output/perfetto_trace.h"
#include "output/proto.h"

/* What a string of the profile has been written as. */
enum { PERFETTO_AS_FUNCTION = 1 << 0, PERFETTO_AS_SOURCE = 1 << 1 };

enum {
	INTERNED_CATEGORY = 1,
	INTERNED_EVENT_NAME,
	INTERNED_ANNOTATION_NAME,
	INTERNED_FUNCTION = 5,
	INTERNED_FRAME,
	INTERNED_CALLSTACK,
	INTERNED_SOURCE = 18,
};
enum { TEXT_IID = 1, TEXT_TEXT };
enum { FRAME_IID = 1, FRAME_FUNCTION, FRAME_SOURCE = 5, FRAME_LINE, FRAME_FRAME_KIND };
enum { CALLSTACK_IID = 1, CALLSTACK_FRAME };
enum { PERFETTO_NATIVE = 1, PERFETTO_KERNEL, PERFETTO_INTERPRETED, PERFETTO_JIT };

static void intern_text(struct perfetto *w, uint32_t field, uint64_t id, const char *text)
{
	size_t at = proto_begin(&w->packets, field);

	proto_u64(&w->packets, TEXT_IID, id);
	proto_text(&w->packets, TEXT_TEXT, text);
	proto_end(&w->packets, at);
}

/* Names of @first + a reason, each with @suffix. */
static void intern_reasons(struct perfetto *w, uint32_t field, uint64_t first, const char *suffix)
{
	char name[64];

	for (int i = 0; i < REASON_CNT; i++) {
		snprintf(name, sizeof(name), "%s%s", reason_name((enum reason)i), suffix);
		intern_text(w, field, first + (uint64_t)i, name);
	}
}

void perfetto_write_first(struct perfetto *w)
{
	static const char *const notes[] = {
#define X(id, name) [PERFETTO_NOTE_##id] = name,
		PERFETTO_NOTE_LIST(X)
#undef X
	};
	const struct profile *p = w->profile;
	size_t at;

	perfetto_begin_packet(w);
	if (!p->start_boottime_ns && p->start_realtime_ns) {
		at = proto_begin(&w->packets, PACKET_DEFAULTS);
		proto_u64(&w->packets, PACKET_TIMESTAMP_CLOCK, CLOCK_ID_REALTIME);
		proto_end(&w->packets, at);
	}
	at = proto_begin(&w->packets, PACKET_INTERNED_DATA);
	intern_reasons(w, INTERNED_CATEGORY, PERFETTO_OF_REASON, "");
	intern_text(w, INTERNED_CATEGORY, PERFETTO_OF_WAKEUP, "wakeup");
	intern_text(w, INTERNED_CATEGORY, PERFETTO_OF_WINDOW, "window");
	intern_reasons(w, INTERNED_EVENT_NAME, PERFETTO_REASON, "");
	intern_reasons(w, INTERNED_EVENT_NAME, PERFETTO_OPEN_REASON, " (open)");
	intern_text(w, INTERNED_EVENT_NAME, PERFETTO_RUNNABLE, "runnable");
	intern_text(w, INTERNED_EVENT_NAME, PERFETTO_OPEN_RUNNABLE, "runnable (open)");
	intern_text(w, INTERNED_EVENT_NAME, PERFETTO_WOKEN, "woken");
	intern_text(w, INTERNED_EVENT_NAME, PERFETTO_WINDOW,
		    perfetto_text(w, profile__str(p, p->title)));
	for (uint64_t i = PERFETTO_NOTE_NONE + 1; i < ARRAY_SIZE(notes); i++)
		intern_text(w, INTERNED_ANNOTATION_NAME, i, notes[i]);
	proto_end(&w->packets, at);
	perfetto_end_packet(w);
}

uint64_t perfetto_intern_wakes(struct perfetto *w, uint32_t thread)
{
	const struct profile *p = w->profile;
	uint64_t id = (uint64_t)PERFETTO_WAKES + thread;
	char name[1024];
	size_t at;

	if (w->wakes[thread])
		return id;
	w->wakes[thread] = true;
	snprintf(name, sizeof(name), "wakes %s", profile__str(p, p->threads[thread].comm));
	perfetto_begin_packet(w);
	at = proto_begin(&w->packets, PACKET_INTERNED_DATA);
	intern_text(w, INTERNED_EVENT_NAME, id, perfetto_text(w, name));
	proto_end(&w->packets, at);
	perfetto_end_packet(w);
	return id;
}

/* ---- stacks ---- */

static void intern_string(struct perfetto *w, uint32_t field, uint32_t string, uint8_t as)
{
	const char *text = profile__str(w->profile, string);

	if (w->strings[string] & as)
		return;
	w->strings[string] |= as;
	intern_text(w, field, (uint64_t)string + 1,
		    *text || as == PERFETTO_AS_SOURCE ? perfetto_text(w, text) : "[unknown]");
}

static uint64_t frame_kind(const struct profile_frame *f)
{
	switch (f->kind) {
	case FRAME_KIND_NATIVE:
	case FRAME_KIND_INLINED:
	case FRAME_KIND_GO:
		return PERFETTO_NATIVE;
	case FRAME_KIND_KERNEL:
		return PERFETTO_KERNEL;
	case FRAME_KIND_PYTHON:
		return PERFETTO_INTERPRETED;
	case FRAME_KIND_JIT:
		return PERFETTO_JIT;
	default:
		return 0;
	}
}

static void intern_frame(struct perfetto *w, uint32_t id)
{
	const struct profile_frame *f = &w->profile->frames[id];
	size_t at;

	if (w->frames[id])
		return;
	w->frames[id] = true;
	intern_string(w, INTERNED_FUNCTION, f->name, PERFETTO_AS_FUNCTION);
	if (f->file)
		intern_string(w, INTERNED_SOURCE, f->file, PERFETTO_AS_SOURCE);
	at = proto_begin(&w->packets, INTERNED_FRAME);
	proto_u64(&w->packets, FRAME_IID, (uint64_t)id + 1);
	proto_u64(&w->packets, FRAME_FUNCTION, (uint64_t)f->name + 1);
	proto_u64(&w->packets, FRAME_SOURCE, f->file ? (uint64_t)f->file + 1 : 0);
	proto_u64(&w->packets, FRAME_LINE, f->line);
	proto_u64(&w->packets, FRAME_FRAME_KIND, frame_kind(f));
	proto_end(&w->packets, at);
}

/* The track says who waits and the slice how: such frames are left out, and what only parts user from kernel frames. */
static bool shows_frame(const struct profile *p, const struct profile_sample *s, uint32_t i)
{
	const struct profile_frame *f = profile__sample_frame(p, s, i);

	switch (f->kind) {
	case FRAME_KIND_PROCESS:
		return i > 0 || p->by_lock;
	case FRAME_KIND_DELIMITER:
		return strcmp(profile__str(p, f->name), "-") != 0;
	case FRAME_KIND_STATE:
		return false;
	default:
		return true;
	}
}

static uint32_t first_shown(const struct profile *p, const struct profile_sample *s)
{
	uint32_t i = 0;

	while (i < s->frame_cnt && !shows_frame(p, s, i))
		i++;
	return i;
}

/* Two samples' equal stacks are two here, and one for Perfetto. */
uint64_t perfetto_intern_stack(struct perfetto *w, uint32_t sample)
{
	const struct profile *p = w->profile;
	const struct profile_sample *s = &p->samples[sample];
	const uint32_t *frames = p->frame_ids + s->first_frame;
	uint64_t id = (uint64_t)sample + 1;
	size_t at, stack_at;

	if (w->stacks[sample])
		return id;
	if (first_shown(p, s) == s->frame_cnt)
		return 0;
	w->stacks[sample] = true;
	perfetto_begin_packet(w);
	at = proto_begin(&w->packets, PACKET_INTERNED_DATA);
	for (uint32_t i = 0; i < s->frame_cnt; i++)
		if (shows_frame(p, s, i))
			intern_frame(w, frames[i]);
	stack_at = proto_begin(&w->packets, INTERNED_CALLSTACK);
	proto_u64(&w->packets, CALLSTACK_IID, id);
	for (uint32_t i = 0; i < s->frame_cnt; i++)
		if (shows_frame(p, s, i))
			proto_u64(&w->packets, CALLSTACK_FRAME, (uint64_t)frames[i] + 1);
	proto_end(&w->packets, stack_at);
	proto_end(&w->packets, at);
	perfetto_end_packet(w);
	return id;
}
