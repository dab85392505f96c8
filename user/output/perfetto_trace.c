/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Packets, and the events in them. */
#include "output/perfetto_trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/sanitise.h"
#include "output/proto.h"

#define PERFETTO_MAX_PACKETS (1u << 28) /* bytes */
#define PERFETTO_HAND_ON     65536
#define PERFETTO_MAX_TEXT    (1u << 16)
#define PERFETTO_SEQUENCE    1

enum { TRACE_PACKET = 1 };
enum { FLAG_CLEARED = 1, FLAG_NEEDS_INTERNED = 2 };
enum {
	EVENT_CATEGORY_IID = 3,
	EVENT_ANNOTATION,
	EVENT_TYPE = 9,
	EVENT_NAME_IID,
	EVENT_TRACK,
	EVENT_FLOW = 47,
	EVENT_TERMINATING_FLOW,
	EVENT_CALLSTACK_IID = 56,
	EVENT_CALLSTACK_WEIGHT,
};
enum {
	ANNOTATION_NAME_IID = 1,
	ANNOTATION_BOOL,
	ANNOTATION_U64,
	ANNOTATION_STRING = 6,
	ANNOTATION_NAME = 10,
};

/* ---- packets ---- */

void perfetto_begin_packet(struct perfetto *w)
{
	bool first = !w->begun;

	w->begun = true;
	w->packet = proto_begin(&w->packets, TRACE_PACKET);
	proto_u64(&w->packets, PACKET_SEQUENCE, PERFETTO_SEQUENCE);
	proto_u64(&w->packets, PACKET_SEQUENCE_FLAGS, first ? FLAG_CLEARED : FLAG_NEEDS_INTERNED);
	proto_u64(&w->packets, PACKET_FIRST_ON_SEQUENCE, first);
}

static void hand_on(struct perfetto *w, size_t more_than)
{
	if (w->packets.err && !w->err)
		w->err = w->packets.err;
	if (w->err || w->packets.len <= more_than)
		return;
	out__append(&w->out, w->packets.data, w->packets.len);
	w->err = w->out.err;
	buf__reset(&w->packets);
}

void perfetto_end_packet(struct perfetto *w)
{
	proto_end(&w->packets, w->packet);
	hand_on(w, PERFETTO_HAND_ON);
}

/* ---- events ---- */

void perfetto_begin_event(struct perfetto *w, const struct perfetto_event *e)
{
	struct buf *b = &w->packets;

	w->last_ns = e->ns > w->last_ns ? e->ns : w->last_ns;
	perfetto_begin_packet(w);
	proto_value(b, PACKET_TIMESTAMP, w->start_ns + e->ns);
	w->event = proto_begin(b, PACKET_TRACK_EVENT);
	proto_u64(b, EVENT_TYPE, e->type);
	proto_u64(b, EVENT_TRACK, e->track);
	proto_u64(b, EVENT_NAME_IID, e->name);
	proto_u64(b, EVENT_CATEGORY_IID, e->category);
	if (e->flow)
		proto_fixed64(b, EVENT_FLOW, e->flow);
	if (e->ends_flow)
		proto_fixed64(b, EVENT_TERMINATING_FLOW, e->ends_flow);
	proto_u64(b, EVENT_CALLSTACK_IID, e->stack);
	if (e->stack)
		proto_double(b, EVENT_CALLSTACK_WEIGHT, (double)e->stack_ns);
}

void perfetto_end_event(struct perfetto *w)
{
	proto_end(&w->packets, w->event);
	perfetto_end_packet(w);
}

const char *perfetto_text(struct perfetto *w, const char *text)
{
	int err;

	buf__reset(&w->clean);
	err = sanitise_text(text, &w->clean);
	if (err && !w->err)
		w->err = err;
	return buf__str(&w->clean);
}

void perfetto_annotate_text(struct perfetto *w, enum perfetto_note name, const char *text)
{
	size_t at = proto_begin(&w->packets, EVENT_ANNOTATION);

	proto_u64(&w->packets, ANNOTATION_NAME_IID, name);
	proto_text(&w->packets, ANNOTATION_STRING, perfetto_text(w, text));
	proto_end(&w->packets, at);
}

void perfetto_annotate_u64(struct perfetto *w, enum perfetto_note name, uint64_t v)
{
	size_t at = proto_begin(&w->packets, EVENT_ANNOTATION);

	proto_u64(&w->packets, ANNOTATION_NAME_IID, name);
	proto_value(&w->packets, ANNOTATION_U64, v);
	proto_end(&w->packets, at);
}

void perfetto_annotate_flag(struct perfetto *w, enum perfetto_note name)
{
	size_t at = proto_begin(&w->packets, EVENT_ANNOTATION);

	proto_u64(&w->packets, ANNOTATION_NAME_IID, name);
	proto_u64(&w->packets, ANNOTATION_BOOL, true);
	proto_end(&w->packets, at);
}

void perfetto_annotate_named(struct perfetto *w, const char *name, const char *text)
{
	size_t at = proto_begin(&w->packets, EVENT_ANNOTATION);

	proto_text(&w->packets, ANNOTATION_NAME, perfetto_text(w, name));
	proto_text(&w->packets, ANNOTATION_STRING, perfetto_text(w, text));
	proto_end(&w->packets, at);
}

/* ---- all of it ---- */

int perfetto_init(struct perfetto *w, const struct profile *p, FILE *to)
{
	memset(w, 0, sizeof(*w));
	w->profile = p;
	w->start_ns = p->start_boottime_ns ? p->start_boottime_ns : p->start_realtime_ns;
	out__init(&w->out, to);
	buf__init(&w->packets, PERFETTO_MAX_PACKETS);
	buf__init(&w->clean, PERFETTO_MAX_TEXT);
	w->strings = calloc(p->strings.cnt + 1, sizeof(*w->strings));
	w->frames = calloc(p->frame_cnt + 1, sizeof(*w->frames));
	w->stacks = calloc(p->sample_cnt + 1, sizeof(*w->stacks));
	w->wakes = calloc(p->thread_cnt + 1, sizeof(*w->wakes));
	return w->strings && w->frames && w->stacks && w->wakes ? 0 : -ENOMEM;
}

void perfetto_fini(struct perfetto *w)
{
	buf__fini(&w->packets);
	buf__fini(&w->clean);
	free(w->strings);
	free(w->frames);
	free(w->stacks);
	free(w->wakes);
}

int perfetto_finish(struct perfetto *w)
{
	hand_on(w, 0);
	return w->err ? w->err : out__finish(&w->out);
}
