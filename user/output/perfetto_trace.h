/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The stream of packets of a Perfetto trace, and what they refer to by number: a name, a frame or a stack is written once, in
 * front of the first packet that has its number, so nothing is kept of packets that are written.
 * https://github.com/google/perfetto/blob/main/protos/perfetto/trace/trace_packet.proto
 */
#ifndef OUTPUT_PERFETTO_TRACE_H
#define OUTPUT_PERFETTO_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "model/profile.h"
#include "output/out.h"

/* The fields of the messages in more than one place. */
enum {
	PACKET_CLOCK_SNAPSHOT = 6,
	PACKET_TIMESTAMP = 8,
	PACKET_SEQUENCE = 10,
	PACKET_TRACK_EVENT = 11,
	PACKET_INTERNED_DATA = 12,
	PACKET_SEQUENCE_FLAGS = 13,
	PACKET_TIMESTAMP_CLOCK = 58,
	PACKET_DEFAULTS = 59,
	PACKET_TRACK_DESCRIPTOR = 60,
	PACKET_FIRST_ON_SEQUENCE = 87,
};
enum { CLOCK_ID_REALTIME = 1, CLOCK_ID_BOOTTIME = 6 };

/* The numbers of names of slices and instants. */
enum perfetto_name {
	PERFETTO_REASON = 1, /* + enum reason */
	PERFETTO_OPEN_REASON = PERFETTO_REASON + REASON_CNT,
	PERFETTO_RUNNABLE = PERFETTO_OPEN_REASON + REASON_CNT,
	PERFETTO_OPEN_RUNNABLE,
	PERFETTO_WOKEN,
	PERFETTO_WINDOW,
	PERFETTO_WAKES, /* + position of the thread that is woken */
};

enum perfetto_category {
	PERFETTO_OF_REASON = 1, /* + enum reason */
	PERFETTO_OF_WAKEUP = PERFETTO_OF_REASON + REASON_CNT,
	PERFETTO_OF_WINDOW,
};

/* The names of annotations. */
#define PERFETTO_NOTE_LIST(X)         \
	X(WAKER, "waker")             \
	X(WAKER_PID, "waker_pid")     \
	X(WAKER_TID, "waker_tid")     \
	X(WAKER_KIND, "waker_kind")   \
	X(VIA_SOFTIRQ, "via_softirq") \
	X(LOCK, "lock")               \
	X(LOCK_OWNER, "lock_owner")

enum perfetto_note {
	PERFETTO_NOTE_NONE,
#define X(id, name) PERFETTO_NOTE_##id,
	PERFETTO_NOTE_LIST(X)
#undef X
};

enum perfetto_type { PERFETTO_BEGIN = 1, PERFETTO_END, PERFETTO_INSTANT };

struct perfetto_event {
	uint64_t ns; /* since the window's start */
	enum perfetto_type type;
	uint64_t track;
	uint64_t name; /* 0: none, as is right at an end */
	uint64_t category;
	uint64_t flow, ends_flow; /* ids; 0: none */
	uint64_t stack;		  /* of perfetto_intern_stack() */
	uint64_t stack_ns;	  /* its weight */
};

struct perfetto {
	const struct profile *profile;
	struct out out;
	struct buf packets;   /* what is not handed on yet */
	struct buf clean;     /* a text of theirs */
	bool begun;	      /* the first packet is written */
	size_t packet, event; /* where the ones begin that are being written */
	uint64_t start_ns;    /* of the window, by the trace's clock */
	uint64_t last_ns;     /* of the events so far, since then */
	/* What has been written already: */
	uint8_t *strings; /* by id: PERFETTO_AS_FUNCTION... */
	bool *frames, *stacks, *wakes;
	int err; /* 0, or the first error */
};

/* 0 or -errno; perfetto_fini() is right in both cases. */
int perfetto_init(struct perfetto *w, const struct profile *p, FILE *to);
void perfetto_fini(struct perfetto *w);
/* Hands on what is left. 0, or the first error as -errno. */
int perfetto_finish(struct perfetto *w);

/* A packet; its fields go to w->packets. */
void perfetto_begin_packet(struct perfetto *w);
void perfetto_end_packet(struct perfetto *w);
/* A packet with an event; its annotations come between the two. */
void perfetto_begin_event(struct perfetto *w, const struct perfetto_event *e);
void perfetto_annotate_text(struct perfetto *w, enum perfetto_note name, const char *text);
void perfetto_annotate_u64(struct perfetto *w, enum perfetto_note name, uint64_t v);
void perfetto_annotate_flag(struct perfetto *w, enum perfetto_note name);
/* One whose name is not in the list. */
void perfetto_annotate_named(struct perfetto *w, const char *name, const char *text);
void perfetto_end_event(struct perfetto *w);

/* A text made safe; valid until the next one. */
const char *perfetto_text(struct perfetto *w, const char *text);

/* The first packet: it has all names that are known beforehand. */
void perfetto_write_first(struct perfetto *w);
/* The number of a sample's stack, written if new; 0: there is nothing to show of it. */
uint64_t perfetto_intern_stack(struct perfetto *w, uint32_t sample);
/* The number of the name "wakes THREAD", written if new. */
uint64_t perfetto_intern_wakes(struct perfetto *w, uint32_t thread);

/* The clocks, the processes and threads, and the beginning of what is said of the whole window. */
void perfetto_write_tracks(struct perfetto *w);
/* Its end; @shown waits are in the trace, @left_out of the profile's are not. */
void perfetto_write_window_end(struct perfetto *w, uint64_t shown, uint64_t left_out);
static inline uint64_t perfetto_thread_track(uint32_t thread)
{
	return (uint64_t)thread + 2; /* 1: the window's */
}

#endif
