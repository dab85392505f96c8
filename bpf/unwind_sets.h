/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What user space tells the walk about a process: which executable memory it has, and whose tables cover it. */
#ifndef DWELL_UNWIND_SETS_H
#define DWELL_UNWIND_SETS_H

#include "wire.h"

#define UNWIND_MAX_MODULES 4096 /* tables at a time */
#define UNWIND_MAX_POOLS   256	/* maps that hold tables */
#define UNWIND_MAX_MAPPINGS \
	65536		     /* of all processes; a run shared by forked processes counts once */
#define UNWIND_MAX_SETS 8192 /* processes */
#define UNWIND_SET_MAX	2047 /* mappings of one process */

/*
 * Where the blocks of a table are: @first .. @first + @block_cnt of a pool. Written by user space while walks go on,
 * block_cnt last; a table that goes away has block_cnt 0, and its blocks are not used again before all walks that may
 * have seen it are over.
 */
struct unwind_module {
	__u32 pool;
	__u32 first;
	__u32 block_cnt; /* 0: the table is not there */
	__u32 _pad;
};

/* Executable memory of a process. Sorted by start, never overlapping. */
struct unwind_mapping {
	__u64 start, end; /* addresses */
	__u32 file_page;  /* offset of start in the file / 4096 */
	__u32 module;	  /* number of its table; 0: code without CFI (just-in-time compiled) */
};

/* The mappings of one process: a run of the pool. */
struct unwind_set {
	__u32 first, cnt;
	__u32 id; /* never given to other mappings, so what was remembered under it stays true; 0: no mappings yet */
	__u32 asked; /* exec_pages for which the kernel side has asked for new ones */
	__u64 exec_pages; /* mm_struct.exec_vm when they were read: another number, and they are out of date */
};

#endif
