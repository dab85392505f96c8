/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * All goroutines of a process at one moment:
 *
 *   goroutines__init -> goroutines__read ... -> goroutines__fini
 *
 * The process runs on meanwhile: each goroutine is right by itself, of slightly different moments. Memory may hold anything: what makes
 * no sense is counted, never believed.
 *
 * Memory: whatever a program claims, one look at it takes at most GO_LOOK_MAX_BYTES, in all of these: GO_MAX_GOROUTINES items (128 MiB),
 * the list and its sorted copies (24), stacks (GO_STACKS_MAX_PCS: 64, their rows and index: 40), labels (GO_LABELS_MAX_BYTES: 64, their
 * rows: 64), the rows that are shown (112).
 */
#ifndef FORMAT_GOROUTINE_H
#define FORMAT_GOROUTINE_H

#include "format/go_runtime.h"

#define GO_STACK_NONE	  UINT32_MAX
#define GO_LOOK_MAX_BYTES (512u << 20)

struct goroutine {
	uint64_t addr; /* of its struct; with goid the key */
	uint64_t goid, parent_goid;
	uint64_t gopc;	  /* where it was created: behind the go statement; 0: by C */
	uint64_t startpc; /* its first function */
	uint64_t sp, pc;  /* where it goes on; of one in a system call where that was called */
	uint64_t stack_hi;
	uint64_t waiting;	/* its list of runtime.sudog, what it waits for; 0: none */
	uint64_t labels;	/* its labels, as the version has them; 0: none */
	uint64_t wait_since_ns; /* CLOCK_MONOTONIC; 0: not noted by the runtime */
	uint64_t since_ns;	/* it is seen as it is since then; see goroutines__age() */
	uint64_t from_ns;	/* the last look that saw it otherwise, or didn't see it */
	uint64_t tag;		/* its reader's, 0 at first: stays while it is as it is */
	uint32_t
		stops; /* how often it has stopped running since it was last seen off its thread, or begun; up to 255 a look */
	uint32_t stack;	     /* number of its stack, see go_stacks.h; GO_STACK_NONE */
	uint8_t status;	     /* enum go_status */
	uint8_t wait_reason; /* of GO_WAITING and GO_LEAKED */
	uint8_t seq;	     /* changes when it has run; see go_layout.seq */
	bool locked;	     /* to a thread */
	bool since_first; /* the first look found it as it is now: since_ns is a bound, not the moment */
};

_Static_assert(sizeof(struct goroutine) <= 128, "GO_LOOK_MAX_BYTES");

/* What was not taken, and why. */
struct go_counts {
	uint64_t listed;     /* goroutines in the list, with those that have ended */
	uint64_t ended;	     /* structs that are kept for new ones */
	uint64_t cut;	     /* beyond GO_MAX_GOROUTINES */
	uint64_t unreadable; /* the memory could not be read */
	uint64_t damaged;    /* no goroutine, by what stands there */
	uint64_t torn;	     /* stacks that changed each time they were read */
	uint64_t broken;     /* stacks that could not be followed to their end */
	uint64_t unkept;     /* stacks that there was no room for */
	uint64_t unlabelled; /* goroutines whose labels could not be read, see go_labels.h */
};

struct goroutines {
	struct goroutine *items; /* by address */
	size_t cnt, cap;
	struct go_counts counts;
	uint64_t now_ns; /* when they were looked at, by goroutines__age() */
	bool is_first;	 /* nothing is known of before */
	uint64_t *list,
		*sorted; /* their structs' addresses: in the process's order, and in their own */
	size_t list_cnt, list_cap, sorted_cap;
};

void goroutines__init(struct goroutines *g);
void goroutines__fini(struct goroutines *g);
/*
 * Reads them anew, without stacks and ages; what was there before goes. 0; -ENOENT with error_set(): there is no list any more
 * (another program, or none); -ENOMEM.
 */
int goroutines__read(struct goroutines *g, const struct go_runtime *r);
/* What the @len bytes of @g's struct say. False: it has ended, or *@ret_damaged. */
bool goroutine_decode(const struct go_layout *l, uint64_t addr, const uint8_t bytes[GO_G_BYTES],
		      struct goroutine *ret, bool *ret_damaged);

/*
 * Reads some structs again, in the order of @addrs, which are sorted: @fn gets each one that could be read. 0, -ENOMEM, or the
 * first return of @fn that is not 0.
 */
typedef int (*go_struct_fn)(void *arg, size_t i, const uint8_t bytes[GO_G_BYTES]);
int go_structs_read(const struct go_memory *m, const uint64_t *addrs, size_t cnt, go_struct_fn fn,
		    void *arg);

/* Is @b, read later, the same goroutine, which has not run meanwhile? */
bool goroutine__is_unchanged(const struct goroutine *a, const struct goroutine *b);
/* Can it not run, or not yet? Not so in a system call: there it has a thread. */
bool goroutine__is_parked(const struct goroutine *g);
/* @g is seen as it is since now, or since the runtime has noted. */
void goroutine__set_new(struct goroutine *g, uint64_t now_ns, bool is_first);
/* @g is what stands where @before stood a moment ago, in the same look: what the look knew of it goes on. */
void goroutine__set_changed(struct goroutine *g, const struct goroutine *before);
/*
 * Takes from @older, an earlier look (NULL: none), since when goroutines are as they are, and their stacks. @now_ns:
 * CLOCK_MONOTONIC of this look.
 */
void goroutines__age(struct goroutines *g, const struct goroutines *older, uint64_t now_ns);

#endif
