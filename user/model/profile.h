/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Waist 2: the result of an analysis, ready to be written. Names are resolved and sanitised, the view
 * options are applied: a sample's frames are exactly what a flame graph shows, root first, beginning
 * with the frame of the process or thread. Writers only format.
 */
#ifndef MODEL_PROFILE_H
#define MODEL_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/strtab.h"
#include "model/ledger.h"
#include "model/reason.h"

enum frame_kind {
	FRAME_KIND_PROCESS, /* first frame: comm, or comm-PID/TID */
	FRAME_KIND_USER,
	FRAME_KIND_KERNEL,
	FRAME_KIND_DELIMITER, /* "-" between user and kernel frames */
	FRAME_KIND_STATE,     /* "blocked" or "runnable", innermost, with --split */
	FRAME_KIND_MISSING,   /* "[unknown]", "[exited]", "[truncated]", ... */
};

struct profile_frame {
	uint32_t name;	 /* string id, sanitised */
	uint32_t module; /* string id of the module's file name; 0: none */
	uint8_t kind;	 /* enum frame_kind */
};

struct profile_sample {
	uint32_t first_frame; /* position in frame_ids */
	uint32_t frame_cnt;
	uint32_t thread; /* position in threads */
	uint8_t reason;	 /* enum reason */
	bool open;	 /* still waiting at the end of the window */
	uint64_t cnt;	 /* intervals */
	uint64_t blocked_ns;
	uint64_t runnable_ns;
	uint64_t max_ns; /* longest single interval */
};

struct profile_thread {
	uint32_t pid, tid;
	uint32_t comm; /* string id, sanitised; the last name it had */
	bool kthread, exited, open, totals_known;
	uint64_t begin_ns, end_ns; /* its life inside the window, CLOCK_MONOTONIC */
	uint64_t on_cpu_ns, blocked_ns, runnable_ns; /* without the open interval */
	uint64_t open_blocked_ns, open_runnable_ns;
	uint64_t intervals; /* closed ones */
	uint64_t kernel_on_cpu_ns,
		kernel_runnable_ns; /* the kernel's schedstat, grown in the window */
	bool kernel_approx; /* it ran at an edge of the window: they hold some of what lies outside */
};

struct profile_note {
	uint32_t key, value; /* string ids */
};

struct profile {
	struct strtab strings;
	struct profile_frame *frames; /* distinct frames */
	size_t frame_cnt, frame_cap;
	struct hash_index frame_index;
	uint32_t *frame_ids; /* the samples' frames, one after the other, root first */
	size_t frame_id_cnt, frame_id_cap;
	struct profile_sample *samples; /* in a stable order; equal stacks may repeat */
	size_t sample_cnt, sample_cap;
	struct profile_thread *threads; /* sorted by pid, tid */
	size_t thread_cnt, thread_cap;
	struct ledger ledger;
	uint64_t window_ns; /* length of the window */
	uint32_t title;	    /* string id, for people: "redis-server (pid 4711), 5.0 s" */
	struct profile_note
		*notes; /* facts of the run (host, kernel, version...), in a stable order */
	size_t note_cnt, note_cap;
	uint64_t hidden_ns; /* dropped by --reason or --no-idle; also in ledger.filtered */
};

/* An empty profile. NULL + errno. */
struct profile *profile__new(void);
void profile__free(struct profile *p);
/* Adds or finds a frame; @name is sanitised, @module may be NULL. 0 and *@ret_id, or -errno. */
int profile__frame(struct profile *p, const char *name, const char *module, enum frame_kind kind,
		   uint32_t *ret_id);
/* Adds a sample with @cnt frames (ids, root first); first_frame and frame_cnt of @s are set. 0 or -errno. */
int profile__add_sample(struct profile *p, struct profile_sample *s, const uint32_t *frame_ids,
			uint32_t frame_cnt);
int profile__add_thread(struct profile *p, const struct profile_thread *t);
int profile__add_note(struct profile *p, const char *key, const char *value);
/* The text of a string id, "" if unknown. */
const char *profile__str(const struct profile *p, uint32_t id);
/* Frame @i (0 = root) of a sample. */
const struct profile_frame *profile__sample_frame(const struct profile *p,
						  const struct profile_sample *s, uint32_t i);
static inline uint64_t profile_sample__total_ns(const struct profile_sample *s)
{
	return s->blocked_ns + s->runnable_ns;
}

#endif
