/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_walk.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

#include "base/os_read.h"
#include "format/proc_task.h"
#include "unwind.h"

#define WALK_SYSCALL_BYTES 512

struct walker {
	struct unwind_walk walk;
	const struct os_walk *o;
};

static struct walker *walker_of(struct unwind_walk *w)
{
	return (struct walker *)((char *)w - offsetof(struct walker, walk));
}

/* ---- primitives of unwind.h ---- */

static __always_inline bool window_copy(struct window *w, bool kernel, __u32 len, __u64 addr)
{
	struct unwind_walk *walk = (void *)((char *)w - offsetof(struct unwind_walk, window));
	struct iovec local = {.iov_base = w->words, .iov_len = len};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)addr, .iov_len = len};
	const struct os_walk *o = walker_of(walk)->o;

	(void)kernel;
	if (!o->copy)
		return process_vm_readv((pid_t)o->tid, &local, 1, &remote, 1, 0) == (ssize_t)len;
	if (addr < o->copy_start || len > o->copy_bytes ||
	    addr - o->copy_start > o->copy_bytes - len)
		return false;
	memcpy(w->words, o->copy + (addr - o->copy_start), len);
	return true;
}

static __always_inline bool window_move(struct window *w, bool kernel, __u64 addr)
{
	return window_move_to(w, kernel, addr);
}

static __always_inline bool kernel_word(struct window *w, __u64 addr, __u64 *ret)
{
	return window_read(w, true, addr, ret);
}

static __always_inline bool unwind_find(struct unwind_walk *w, __u64 addr)
{
	const struct os_walk *o = walker_of(w)->o;
	uint32_t lo = 0, hi = o->mapping_cnt;

	if (!o->tables) {
		w->at = (struct unwind_mapping){.end = UINT64_MAX};
		return true;
	}
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (o->mappings[mid].end > addr)
			hi = mid;
		else
			lo = mid + 1;
	}
	if (lo == o->mapping_cnt || o->mappings[lo].start > addr)
		return false;
	w->at = o->mappings[lo];
	return true;
}

static __always_inline const void *unwind_block(struct unwind_walk *w, __u32 module, __u32 block)
{
	return tables__block(walker_of(w)->o->tables, module, block);
}

static __always_inline void unwind_look_up(struct unwind_walk *w, __u64 addr,
					   union unwind_rule_words *ret)
{
	unwind_find_rule(w, addr, &ret->rule);
}

static __always_inline bool unwind_entry_reg(struct unwind_walk *w, __u32 reg, __u64 *ret)
{
	if (reg >= ARRAY_SIZE(walker_of(w)->o->regs->reg))
		return false;
	*ret = walker_of(w)->o->regs->reg[reg];
	return true;
}

static __always_inline struct unwind_cached *unwind_cache(struct unwind_walk *w, __u32 hash)
{
	(void)w, (void)hash;
	return NULL;
}

/* ---- the walk ---- */

uint32_t os_walk_user(const struct os_walk *o, __u64 ret_ips[WIRE_MAX_FRAMES], uint32_t *ret_flags)
{
	struct walker w = {.o = o};
	uint32_t flags = 0;

	if (!o->regs->ip || !o->max_frames)
		return 0;
	w.walk.pc = o->regs->ip;
	w.walk.sp = o->regs->reg[UNWIND_REG_SP];
	w.walk.fp = o->regs->reg[UNWIND_REG_FP];
#if UNWIND_REG_BX < 32
	w.walk.bx = o->regs->reg[UNWIND_REG_BX];
#else
	w.walk.lr = o->regs->reg[30];
#endif
	w.walk.max_frames = o->max_frames < WIRE_MAX_FRAMES ? o->max_frames : WIRE_MAX_FRAMES;
	if (o->go)
		w.walk.go = *o->go;
	unwind_begin(&w.walk, 0, ret_ips,
		     (o->only_sp ? UNWIND_W_NO_REGS : 0) | (o->incomplete ? UNWIND_W_STALE : 0) |
			     (o->go ? UNWIND_W_GO : 0));
	while (!unwind_step(&w.walk, ret_ips))
		;
	if (w.walk.end == WIRE_END_DEPTH_LIMIT)
		flags |= WIRE_STACK_TRUNCATED;
	if (o->tables)
		flags |= w.walk.end << WIRE_STACK_END_SHIFT;
	*ret_flags = flags;
	return w.walk.frame_cnt;
}

bool os_walk_read_syscall(uint32_t pid, uint32_t tid, struct wire_regs *ret, int16_t *ret_syscall)
{
	_cleanup_buf_ struct buf text = {0};
	struct proc_syscall call;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/task/%u/syscall", pid, tid);
	if (os_read_file(path, WALK_SYSCALL_BYTES, &text) || !text.len ||
	    !proc_syscall_parse(text.data, &call))
		return false;
	if (ret_syscall && call.nr >= 0)
		*ret_syscall = call.nr;
	*ret = (struct wire_regs){.ip = call.pc};
	ret->reg[UNWIND_REG_SP] = call.sp;
	return true;
}
