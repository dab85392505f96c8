/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What is asked of go_memory.bpf.c: pieces of a process's memory, each within one page of what comes back. */
#ifndef DWELL_GO_REQUEST_H
#define DWELL_GO_REQUEST_H

#include "wire.h"

#define GO_REQUEST_PIECES     1024
#define GO_REQUEST_PAGE	      4096
#define GO_REQUEST_AUXV_WORDS 44 /* as many as all kernels have and more than are used */

struct go_request_piece {
	__u64 addr;
	__u32 len;   /* at most GO_REQUEST_PAGE */
	__u32 whole; /* the answer: all of it was read, to the page of the same number */
};

struct go_request {
	__u32 tgid; /* in the pid namespace of who asks */
	__u32 cnt;
	__u64 seen;			   /* raised by each run that has found the process */
	__u64 auxv[GO_REQUEST_AUXV_WORDS]; /* of the program that it runs */
	struct go_request_piece pieces[GO_REQUEST_PIECES];
};

#endif
