/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The one loop: source -> model and analysis (and recording) -> profile. The same for live and recorded
 * sources; it names neither.
 *
 *   session__new -> session__run -> session__profile -> session__save_symbols -> session__free
 *
 * What runs on without an end (service.h) drives it itself and keeps the analysis:
 *
 *   session__new -> analyse, analyse_arg -> session__start -> session__poll... -> session__stop -> session__free
 */
#ifndef APP_SESSION_H
#define APP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "analyze/offcpu.h"
#include "format/recording.h"
#include "model/model.h"
#include "source/source.h"
#include "symbol/recorded.h"

struct session {
	struct source *source; /* not owned */
	struct model model;
	struct offcpu offcpu;
	/* Gets every event after the model: offcpu__add(), unless its owner has another. */
	event_fn analyse;
	void *analyse_arg;
	struct recorded_symbols *recorded; /* what WIRE_SYMBOL and WIRE_LINE events brought */
	struct symbolizer *symbols;
	struct recording_writer *save; /* NULL, or where all events go too; not owned */
	uint64_t event_cnt;
	bool cutting;	       /* in session__cut() */
	uint32_t locates_left; /* how many shared futexes may still be looked up in this round */
	int save_err;	       /* the first error of the recording */
};

struct session_limits {
	uint64_t duration_ns; /* 0: until the source ends or a signal comes */
	bool progress;	      /* a line a second on stderr */
	int (*started)(
		void *arg); /* NULL, or called once the window has begun; its error ends the run */
	void *started_arg;
};

/* NULL + errno. */
struct session *session__new(void);
void session__free(struct session *s);
/* A fact about the run, for the profile's notes and the recording. Before session__run(). 0 or -errno. */
int session__note(struct session *s, const char *key, const char *value);
/* The source's calls, with events to the model and the analysis. As in source.h; errors with error_set(). */
int session__start(struct session *s, struct source *source);
int session__poll(struct session *s, int timeout_ms);
int session__stop(struct session *s);
/* As the source's cut(): *@ret_ns is set before the first event, and what is open goes to the analysis only. */
int session__cut(struct session *s, uint64_t *ret_ns);
/* Starts the source, polls it until an end, stops it. 0 or -errno with error_set(). */
int session__run(struct session *s, struct source *source, const struct session_limits *limits);
/* After the run. @resolvers and @readers as in symbolizer.h; must live as long as the session. NULL + errno. */
struct profile *session__profile(struct session *s, const struct resolver *const *resolvers,
				 const struct line_reader *const *readers,
				 const struct offcpu_view *view);
/* The same without a profile, for who makes other ones. Owned by the session. NULL + errno. */
struct symbolizer *session__symbolizer(struct session *s, const struct resolver *const *resolvers,
				       const struct line_reader *const *readers,
				       const struct offcpu_view *view);
/* Writes the symbols of all frames into the recording: after session__profile(). 0 or -errno. */
int session__save_symbols(struct session *s);

/* The view as notes "view.NAME", so that a report of the recording looks like the run did; and back. */
int session__note_view(struct session *s, const struct offcpu_view *view);
void session__recorded_view(const struct session *s, struct offcpu_view *ret_view);

#endif
