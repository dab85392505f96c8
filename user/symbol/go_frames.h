/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The functions at the frames of goroutines' stacks, each looked up once:
 *
 *   init -> get, function, creator -> fini
 *
 * What tracebacks of Go leave out is left to who shows them: see go_line.is_hidden and go_frames__each().
 */
#ifndef SYMBOL_GO_FRAMES_H
#define SYMBOL_GO_FRAMES_H

#include "base/hash.h"
#include "format/go_stacks.h"

#define GO_FRAMES_MAX_CNT (1u << 22)

/* One function at a frame. Texts belong to the process's table of functions. */
struct go_line {
	const char *name; /* in full; "" when the table is damaged */
	const char *file; /* NULL: not known */
	uint32_t line;	  /* 0: not known */
	uint32_t offset;  /* of the address in the function; 0: inlined */
	bool is_inlined;
	bool is_wrapper; /* made by the compiler around a method */
	bool is_hidden;	 /* a function of the runtime that programs can't call */
};

struct go_frames {
	const struct go_code *code; /* not owned */
	struct go_frame {
		uint64_t pc;
		const char *function; /* that was called, "": none of Go */
		uint32_t offset;      /* in it */
		uint32_t first, cnt;  /* in lines */
	} * frames;
	size_t cnt, cap;
	struct go_line *lines;
	size_t line_cnt, line_cap;
	struct hash_index index;
};

void go_frames__init(struct go_frames *f, const struct go_code *code);
void go_frames__fini(struct go_frames *f);
/*
 * The functions at @pc, of a stack: innermost first, all but the last are inlined into the one behind. 0 and their number, 0 of
 * no function of Go; -ENOMEM; -E2BIG. Valid until the next call.
 */
int go_frames__get(struct go_frames *f, uint64_t pc, const struct go_line **ret_lines,
		   uint32_t *ret_cnt);
/*
 * Calls @fn for the functions of a stack, innermost first, as Go's tracebacks have them: wrappers that only call are left out,
 * and, but if @runtime, what is_hidden. 0, or the first error.
 */
typedef int (*go_line_fn)(void *arg, const struct go_line *line);
int go_frames__each(struct go_frames *f, struct go_stack_view stack, bool runtime, go_line_fn fn,
		    void *arg);
/* The name of the function that begins at @pc; "" if there is none. */
const char *go_frames__function(struct go_frames *f, uint64_t pc);
/*
 * Who created a goroutine, by its gopc, as tracebacks say it: the function, and the line of the go statement, which may have
 * been inlined into it. False: it isn't known.
 */
bool go_frames__creator(struct go_frames *f, uint64_t gopc, struct go_line *ret);
/* Is a goroutine that starts in a function of that name one of Go's runtime? */
bool go_name_is_system(const char *start);

#endif
