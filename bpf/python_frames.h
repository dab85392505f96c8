/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What user space tells the walk of CPython's frames (python_walk.h) about a process, and what comes out of the walk: one
 * word per frame. Names and lines are read later, from user space (format/python_code.h).
 */
#ifndef DWELL_PYTHON_FRAMES_H
#define DWELL_PYTHON_FRAMES_H

#include "intern.h"

#define PYTHON_MAX_FRAMES  128 /* of one stack, innermost first; a power of two */
#define PYTHON_FRAME_BYTES 80  /* of a frame, up to its local variables: 3.14 has the most */
#define PYTHON_NONE	   (~0u)

/*
 * Where a process keeps what the walk reads: offsets, which differ by version (format/python.h), and one address.
 * PYTHON_NONE: this version has no such member.
 */
struct python_process {
	__u64 interpreters; /* address of the pointer to the newest interpreter */
	/* PyInterpreterState */
	__u32 interp_next, interp_threads;
	/* PyThreadState; thread_frame points to the frame, or (3.11, 3.12) to a _PyCFrame that does at cframe_frame. */
	__u32 thread_prev, thread_next, thread_interp, thread_tid, thread_frame, cframe_frame;
	/* _PyInterpreterFrame; frame_owner and frame_entry are bytes. */
	__u32 frame_code, frame_previous, frame_instr, frame_owner, frame_entry;
	__u32 shim_owner; /* frames with this owner and above are marks: here C called the interpreter */
	__u32 code_instrs; /* PyCodeObject: where its instructions begin */
	__u32 version;	   /* 0x030b: 3.11 */
};

/*
 * A frame: the address of the code object, which is a multiple of 8 below 1 << 47, whether C called the interpreter for
 * it, and the instruction, counted in units of two bytes from the code's first. Without a code object: C called the
 * interpreter, which had no frame at that moment.
 */
#define PYTHON_ENTRY		 (1ull << 19)
#define PYTHON_NO_INSTR		 0x7ffffull /* not in the code: not begun */
#define PYTHON_WORD(code, instr) ((code) >> 3 << 20 | (instr))
#define PYTHON_CODE(word)	 ((word) >> 20 << 3)
#define PYTHON_INSTR(word)	 ((__u32)((word)&PYTHON_NO_INSTR))

enum python_walk_flags {
	PYTHON_W_DONE = 1 << 0,
	PYTHON_W_CUT = 1 << 1,	 /* there are more frames than were taken */
	PYTHON_W_FAULT = 1 << 2, /* memory that could not be read; CUT, too */
};

/* The frames of a thread. */
struct python_frames {
	__u64 words[PYTHON_MAX_FRAMES]; /* innermost first */
	__u64 hash;			/* of them */
	__u32 cnt;
	__u32 flags; /* enum python_walk_flags */
};

/* The id of a user stack whose native frames alone have @native, together with @cnt words that have @hash. */
static __always_inline __u64 python_stack_id(__u64 native, __u64 hash, __u32 cnt)
{
	return cnt ? intern_finish(intern_mix(native, hash), cnt, 0) : native;
}

#endif
