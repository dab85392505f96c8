/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The stack of a goroutine that doesn't run, out of a copy of its memory, by the sizes of frames in Go's table of functions:
 * exact in every version, and needs no frame pointers.
 */
#ifndef FORMAT_GO_STACK_H
#define FORMAT_GO_STACK_H

#include "format/go_code.h"

#define GO_STACK_MAX_FRAMES 256
#define GO_STACK_MAX_BYTES  65536 /* that are looked at */

/*
 * A frame's code address in the process, and whether it is where the code stopped; else it is where a call returns to, and the call
 * is before it.
 */
#define GO_PC_EXACT (1ull << 63)

enum go_stack_end {
	GO_STACK_WHOLE,	 /* the function that goroutines begin in was reached */
	GO_STACK_DEEP,	 /* GO_STACK_MAX_FRAMES or GO_STACK_MAX_BYTES were */
	GO_STACK_BROKEN, /* it can't be followed further */
	GO_STACK_MORE,	 /* more of the memory is needed */
};

struct go_stack {
	uint64_t pcs[GO_STACK_MAX_FRAMES]; /* innermost first; GO_PC_EXACT */
	uint32_t cnt;
	enum go_stack_end end;
};

/* Remembers frame sizes by address, of one process; zero at first. */
#define GO_FRAME_CACHE_CNT 4096
struct go_frame_cache {
	struct go_frame_size {
		uint64_t pc; /* GO_PC_EXACT; 0: free */
		uint32_t bytes;
		bool known, is_top, is_exact_below;
	} sizes[GO_FRAME_CACHE_CNT];
};

/*
 * Walks from @pc, @sp on. @memory holds the @len bytes from @sp on, of a stack that ends at @hi. GO_STACK_MORE: call again
 * with more.
 */
void go_stack_walk(const struct go_code *c, struct go_frame_cache *cache, uint64_t pc, uint64_t sp,
		   uint64_t hi, const void *memory, size_t len, struct go_stack *ret);

/* The address of the file that says what is at a frame: of its function, its line, what is inlined. False: no function of Go. */
bool go_stack_vaddr(const struct go_code *c, uint64_t pc, uint64_t *ret_vaddr);

#endif
