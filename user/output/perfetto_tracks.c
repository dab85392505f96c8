/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Clocks, tracks, and a slice as long as the window on a track of its own, whose annotations are what is known of the run: all
 * of Perfetto's versions show those.
 */
#include <inttypes.h>
#include <string.h>

#include "output/comments.h"
#include "output/perfetto_trace.h"
#include "output/proto.h"

#define PERFETTO_MAX_COMMENTS (1u << 24) /* bytes */
#define PERFETTO_WINDOW_TRACK 1

enum { SNAPSHOT_CLOCK = 1, SNAPSHOT_TRACE_CLOCK };
enum { CLOCK_ID = 1, CLOCK_TIMESTAMP };
enum { TRACK_UUID = 1, TRACK_NAME, TRACK_PROCESS, TRACK_THREAD, TRACK_PARENT };
enum { PROCESS_PID = 1, PROCESS_NAME = 6 };
#define PERFETTO_GOROUTINES (1u << 30)

enum { THREAD_PID = 1, THREAD_TID, THREAD_NAME = 5 };

static void write_clock(struct perfetto *w, uint64_t id, uint64_t ns)
{
	size_t at = proto_begin(&w->packets, SNAPSHOT_CLOCK);

	proto_u64(&w->packets, CLOCK_ID, id);
	proto_value(&w->packets, CLOCK_TIMESTAMP, ns);
	proto_end(&w->packets, at);
}

/* By which wall time can be shown. Where the machine's own clock is not known, or there are several, that is wall time. */
static void write_clocks(struct perfetto *w)
{
	const struct profile *p = w->profile;
	size_t at;

	if (!p->start_realtime_ns)
		return;
	perfetto_begin_packet(w);
	at = proto_begin(&w->packets, PACKET_CLOCK_SNAPSHOT);
	if (p->start_boottime_ns)
		write_clock(w, CLOCK_ID_BOOTTIME, p->start_boottime_ns);
	write_clock(w, CLOCK_ID_REALTIME, p->start_realtime_ns);
	proto_u64(&w->packets, SNAPSHOT_TRACE_CLOCK,
		  p->start_boottime_ns ? CLOCK_ID_BOOTTIME : CLOCK_ID_REALTIME);
	proto_end(&w->packets, at);
	perfetto_end_packet(w);
}

/* ---- tracks ---- */

static size_t begin_track(struct perfetto *w, uint64_t uuid)
{
	size_t at;

	perfetto_begin_packet(w);
	at = proto_begin(&w->packets, PACKET_TRACK_DESCRIPTOR);
	proto_u64(&w->packets, TRACK_UUID, uuid);
	return at;
}

static void end_track(struct perfetto *w, size_t at)
{
	proto_end(&w->packets, at);
	perfetto_end_packet(w);
}

static void write_process(struct perfetto *w, uint64_t uuid, const struct profile_thread *th)
{
	size_t at = begin_track(w, uuid), process_at = proto_begin(&w->packets, TRACK_PROCESS);

	proto_u64(&w->packets, PROCESS_PID, th->pid);
	proto_text(&w->packets, PROCESS_NAME,
		   perfetto_text(w, profile__str(w->profile, th->process)));
	proto_end(&w->packets, process_at);
	end_track(w, at);
}

static void write_thread(struct perfetto *w, uint64_t uuid, uint64_t process,
			 const struct profile_thread *th)
{
	size_t at = begin_track(w, uuid), thread_at = proto_begin(&w->packets, TRACK_THREAD);

	proto_u64(&w->packets, THREAD_PID, th->pid);
	/* No thread may have the same number: all of one number are one thread there. */
	proto_u64(&w->packets, THREAD_TID,
		  th->goroutine ? PERFETTO_GOROUTINES | (th->tid & (PERFETTO_GOROUTINES - 1))
				: th->tid);
	proto_text(&w->packets, THREAD_NAME, perfetto_text(w, profile__str(w->profile, th->comm)));
	proto_end(&w->packets, thread_at);
	proto_u64(&w->packets, TRACK_PARENT, process);
	end_track(w, at);
}

/* Who has the process's name: its main thread, or whoever there is. Threads of one number are neighbours. */
static const struct profile_thread *namesake(const struct profile *p, uint32_t first)
{
	uint32_t pid = p->threads[first].pid;

	for (uint32_t i = first; i < p->thread_cnt && p->threads[i].pid == pid; i++)
		if (p->threads[i].tid == pid)
			return &p->threads[i];
	return &p->threads[first];
}

/*
 * One process for each number, whatever threads' names for it are: Perfetto finds a thread's process by that alone. Its track
 * has the number of its first thread.
 */
static void write_threads(struct perfetto *w)
{
	const struct profile *p = w->profile;
	uint64_t processes = perfetto_thread_track((uint32_t)p->thread_cnt);

	for (uint32_t i = 0, first = 0; i < p->thread_cnt; i++) {
		if (!i || p->threads[i].pid != p->threads[first].pid) {
			first = i;
			write_process(w, processes + first, namesake(p, first));
		}
		write_thread(w, perfetto_thread_track(i), processes + first, &p->threads[i]);
	}
}

/* ---- the window ---- */

/* "KEY: VALUE" */
static void annotate_comment(struct perfetto *w, const char *text)
{
	const char *colon = strstr(text, ": ");
	char key[256];
	size_t len = colon ? (size_t)(colon - text) : 0;

	if (!len || len >= sizeof(key))
		return;
	memcpy(key, text, len);
	key[len] = '\0';
	perfetto_annotate_named(w, key, colon + 2);
}

static void begin_window(struct perfetto *w)
{
	struct perfetto_event e = {
		.type = PERFETTO_BEGIN,
		.track = PERFETTO_WINDOW_TRACK,
		.name = PERFETTO_WINDOW,
		.category = PERFETTO_OF_WINDOW,
	};
	_cleanup_buf_ struct buf texts;
	int err;

	buf__init(&texts, PERFETTO_MAX_COMMENTS);
	err = profile_comments(w->profile, &texts);
	if (err && !w->err)
		w->err = err;
	perfetto_begin_event(w, &e);
	for (const char *at = buf__str(&texts); !err && at < texts.data + texts.len;
	     at += strlen(at) + 1)
		annotate_comment(w, at);
	perfetto_end_event(w);
}

void perfetto_write_tracks(struct perfetto *w)
{
	size_t at;

	write_clocks(w);
	at = begin_track(w, PERFETTO_WINDOW_TRACK);
	proto_text(&w->packets, TRACK_NAME, "dwell");
	end_track(w, at);
	write_threads(w);
	begin_window(w);
}

void perfetto_write_window_end(struct perfetto *w, uint64_t shown, uint64_t left_out)
{
	struct perfetto_event e = {
		.ns = w->last_ns > w->profile->window_ns ? w->last_ns : w->profile->window_ns,
		.type = PERFETTO_END,
		.track = PERFETTO_WINDOW_TRACK,
	};
	char text[32];

	perfetto_begin_event(w, &e);
	snprintf(text, sizeof(text), "%" PRIu64, shown);
	perfetto_annotate_named(w, "waits in the timeline", text);
	snprintf(text, sizeof(text), "%" PRIu64, left_out);
	perfetto_annotate_named(w, "waits without a time, left out", text);
	perfetto_end_event(w);
}
