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
#include "model/waker.h"

enum frame_kind {
	FRAME_KIND_PROCESS, /* first frame: comm, or comm-PID/TID */
	FRAME_KIND_NATIVE,
	FRAME_KIND_KERNEL,
	FRAME_KIND_DELIMITER, /* "-" between user and kernel frames */
	FRAME_KIND_STATE,     /* "blocked" or "runnable", innermost, with --split */
	FRAME_KIND_MISSING,   /* "[unknown]", "[exited]", "[truncated]", ... */
	FRAME_KIND_INLINED,   /* into the frame before it */
	FRAME_KIND_JIT,	      /* code that was made while the program ran */
	FRAME_KIND_PYTHON,
	FRAME_KIND_GO,
	FRAME_KIND_WAKER, /* of the thread or interrupt that ended the wait, its name included */
	FRAME_KIND_LOCK,  /* a futex, by its address or file */
	FRAME_KIND_LAST = FRAME_KIND_LOCK,
};

/* What tells a module from others with its file name. */
struct profile_binary {
	uint32_t path;	   /* string id, as its process sees it; 0: it is no file */
	uint32_t build_id; /* string id: hex, lower case; 0: it has none, or nobody read it */
};

struct profile_frame {
	uint32_t name;	 /* string id, sanitised */
	uint32_t module; /* string id of the module's file name; 0: none */
	uint32_t binary; /* of the module, for profile__binary(); 0: only its name is known */
	uint32_t file;	 /* string id of the source file; 0: not known or not asked for */
	uint32_t line;	 /* in it; 0: not known */
	uint8_t kind;	 /* enum frame_kind */
};

/* Where the code of a frame is; what is not known is NULL or 0. */
struct profile_place {
	const char *module; /* its file name */
	uint32_t binary;    /* of profile__add_binary() */
	const char *file;   /* of the source */
	uint32_t line;
};

struct profile_sample {
	uint32_t first_frame; /* position in frame_ids */
	uint32_t frame_cnt;
	uint32_t thread; /* position in threads */
	uint8_t reason;	 /* enum reason */
	bool open;	 /* still waiting at the end of the window */
	bool at_least; /* open, and it may have begun earlier; when it has no time: since when is not known */
	char state;	  /* wait_state_letter(); 0: nobody asked */
	bool via_softirq; /* the waker, a thread, was in a softirq that its own system call ran */
	uint32_t
		wait_name; /* string id: what its system calls the reason; 0: nothing else than we do */
	uint32_t labels;     /* string id, for labels_next() (model/labels.h); 0: none */
	uint16_t syscall;    /* in which it waited, see profile_syscall(); 0: none, or not known */
	uint8_t waker;	     /* enum waker_kind; WAKER_NONE also where nobody asked */
	uint32_t waker_comm; /* string id; 0: no thread */
	uint32_t waker_pid, waker_tid;
	uint32_t lock_owner,
		lock; /* string ids: whose lock it waited for and which; 0: none, or nobody asked */
	uint64_t cnt; /* intervals */
	uint64_t blocked_ns;
	uint64_t runnable_ns;
	uint64_t max_ns; /* longest single interval */
};

/* One wait of those that a sample adds up, in its thread. */
struct profile_wait {
	uint64_t from_ns, wake_ns,
		to_ns;	 /* since the window's start; wake_ns == to_ns: it never waited for a CPU */
	uint32_t sample; /* position in samples: which thread, why and where */
	uint32_t
		waker; /* position in threads of who ended it; PROFILE_NO_THREAD: none of them, or nobody asked */
};

#define PROFILE_NO_THREAD UINT32_MAX
#define PROFILE_NO_SAMPLE UINT32_MAX
#define PROFILE_MAX_WAITS (1u << 22)

struct profile_thread {
	uint32_t pid, tid;
	uint32_t comm;	  /* string id, sanitised; the last name it had */
	uint32_t process; /* string id: the name of its process */
	uint32_t group;	  /* string id: its comm, or what the view says */
	bool kthread, exited, open, totals_known;
	bool goroutine;		   /* no thread: tid is the lower half of its number */
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
	struct profile_binary *binaries; /* distinct; number 1 is the first */
	size_t binary_cnt, binary_cap;
	struct hash_index binary_index;
	uint32_t *frame_ids; /* the samples' frames, one after the other, root first */
	size_t frame_id_cnt, frame_id_cap;
	struct profile_sample *samples; /* in a stable order; equal stacks may repeat */
	size_t sample_cnt, sample_cap;
	/* Only where a writer asked for them (output/writer.h): single waits, by from_ns. */
	struct profile_wait *waits;
	size_t wait_cnt, wait_cap;
	uint64_t
		untimed_cnt; /* waits in the samples for which there is none: spilled, or too many */
	struct profile_thread *threads; /* sorted by pid, tid */
	size_t thread_cnt, thread_cap;
	struct ledger ledger;
	uint64_t window_ns;	    /* length of the window */
	uint64_t start_realtime_ns; /* its start, since the epoch; 0: not known */
	uint64_t
		start_boottime_ns; /* and since the machine's; 0: not known, or there are several */
	uint32_t title;		   /* string id, for people: "redis-server (pid 4711), 5.0 s" */
	struct profile_note
		*notes; /* facts of the run (host, kernel, version...), in a stable order */
	size_t note_cnt, note_cap;
	uint64_t hidden_ns; /* dropped by --reason or --no-idle; also in ledger.filtered */
	uint64_t
		go_idle_ns; /* of that, what threads of Go had no goroutine for: --go-idle shows it */
	uint64_t
		left_out_ns; /* by profile__select() (model/profile_select.h); the ledger is of all */
	bool has_wakers;     /* the samples say who ended them */
	bool by_lock;	     /* they are by lock: what is not for a futex is hidden too */
	bool by_waker;	     /* and are by them: what nobody ended is hidden too */
};

/* An empty profile. NULL + errno. */
struct profile *profile__new(void);
void profile__free(struct profile *p);
/* Adds or finds a frame; @name is sanitised, @module may be NULL. 0 and *@ret_id, or -errno. */
int profile__frame(struct profile *p, const char *name, const char *module, enum frame_kind kind,
		   uint32_t *ret_id);
/* The same with all that is known of where it is. */
int profile__frame_at(struct profile *p, const char *name, enum frame_kind kind,
		      const struct profile_place *place, uint32_t *ret_id);
/* Frame @id again, as of another kind. */
int profile__frame_of_kind(struct profile *p, uint32_t id, enum frame_kind kind, uint32_t *ret_id);
/* Adds or finds a binary; @path and @build_id (hex) may be NULL. 0 and *@ret_binary, which is not 0; or -errno. */
int profile__add_binary(struct profile *p, const char *path, const char *build_id,
			uint32_t *ret_binary);
/* That of a frame; one that nothing is known of for 0. */
const struct profile_binary *profile__binary(const struct profile *p, uint32_t binary);
/* The id of @text, sanitised. 0 or -errno. */
int profile__text(struct profile *p, const char *text, uint32_t *ret_id);
/* Adds a sample with @cnt frames (ids, root first); first_frame and frame_cnt of @s are set. 0 or -errno. */
int profile__add_sample(struct profile *p, struct profile_sample *s, const uint32_t *frame_ids,
			uint32_t frame_cnt);
int profile__add_thread(struct profile *p, const struct profile_thread *t);
/* 0, -ENOMEM, -E2BIG past PROFILE_MAX_WAITS. */
int profile__add_wait(struct profile *p, const struct profile_wait *w);
/* Puts the waits in order of from_ns. */
void profile__sort_waits(struct profile *p);
/*
 * After samples or threads moved: @samples[old] and @threads[old] are their new positions, NULL: they are where they were. Waits of
 * samples that are PROFILE_NO_SAMPLE now go.
 */
void profile__place_waits(struct profile *p, const uint32_t *samples, const uint32_t *threads);
/* Leaves the longest waits, @max (not 0) at most, and counts the others as untimed. 0 or -ENOMEM. */
int profile__thin_waits(struct profile *p, size_t max);
/* The waits from position @first on are later by @ns: another start is the window's now. */
void profile__shift_waits(struct profile *p, size_t first, uint64_t ns);
int profile__add_note(struct profile *p, const char *key, const char *value);
/* The value of a note; "" when there is none. */
const char *profile__note(const struct profile *p, const char *key);
/* What @p->hidden_ns is: "hidden by --reason or --no-idle"... */
const char *profile__hidden_label(const struct profile *p);
/* The kind of a frame of which only the name is known: "-" and "--", "[unknown]", and else FRAME_KIND_NATIVE. */
enum frame_kind profile_kind_of_name(const char *name, size_t len);
/* Why there is nothing to show when it is all. */
const char *profile__hidden_all(const struct profile *p);
/* The text of a string id, "" if unknown. */
const char *profile__str(const struct profile *p, uint32_t id);
/* Frame @i (0 = root) of a sample. */
const struct profile_frame *profile__sample_frame(const struct profile *p,
						  const struct profile_sample *s, uint32_t i);
/* What struct profile_sample keeps of a system call: @nr -1: none; @compat: it is of the 32-bit table. */
#define PROFILE_SYSCALL_COMPAT 0x8000
static inline uint16_t profile_syscall(int nr, bool compat)
{
	return nr < 0 ? 0 : (uint16_t)((nr + 1) | (compat ? PROFILE_SYSCALL_COMPAT : 0));
}
static inline uint64_t profile_sample__total_ns(const struct profile_sample *s)
{
	return s->blocked_ns + s->runnable_ns;
}

#endif
