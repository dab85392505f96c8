/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The walk of a user stack by unwind tables (unwind_table.h), frame by frame. The same lines run in the kernel at
 * switch-out, in user space for threads that sleep, and in tests over recorded memory.
 *
 *   fill struct unwind_walk (registers, max_frames, set) -> unwind_begin -> unwind_step ... until it returns
 *   non-zero -> ips, frame_cnt, end
 *
 * Who includes this defines the primitives that are declared below, and window_copy() of memo.h.
 * Nothing is read but through them, and each read is bounded: a table or a stack may hold anything.
 */
#ifndef DWELL_UNWIND_H
#define DWELL_UNWIND_H

#include "go_frames.h"
#include "intern.h"
#include "memo.h"
#include "unwind_sets.h"
#include "unwind_table.h"

#if defined(__aarch64__) || defined(__TARGET_ARCH_arm64)
#define UNWIND_REG_SP	31
#define UNWIND_REG_FP	29
#define UNWIND_REG_BX	255 /* none */
#define UNWIND_PAC_MASK ((1ull << 48) - 1)
#else
#define UNWIND_REG_SP	7
#define UNWIND_REG_FP	6
#define UNWIND_REG_BX	3
#define UNWIND_PAC_MASK (~0ull)
#endif

/*
 * A rule remembered for an address, so that the table need not be searched again. Written by any CPU at any time
 * without a lock: the key is stored mixed with the rule, so that an entry of two halves matches nothing.
 */
struct unwind_cached {
	__u64 addr, set; /* each ^ unwind_seal() */
	__u64 rule[2];	 /* struct unwind_rule */
};

union unwind_rule_words {
	struct unwind_rule rule;
	__u64 words[2];
};

/* Beside enum unwind_cfa, for what is in no table. */
enum unwind_cfa_extra {
	UNWIND_CFA_FRAME = 16,	  /* no CFI here: by the frame pointer */
	UNWIND_CFA_UNMAPPED = 17, /* in no mapping */
	UNWIND_CFA_PENDING = 18,  /* the table is not there yet */
	UNWIND_CFA_REFUSED = 19,  /* nor will it be */
};

enum unwind_walk_flags {
	UNWIND_W_EXACT = 1 << 0,   /* pc is an instruction, not a return address */
	UNWIND_W_ENTRY = 1 << 1,   /* all registers are those of the entry */
	UNWIND_W_STALE = 1 << 2,   /* the set is known to be out of date */
	UNWIND_W_NO_REGS = 1 << 3, /* only pc and sp are known (and what was loaded since) */
	UNWIND_W_DONE = 1 << 4,	   /* the walk has ended */
	UNWIND_W_GO = 1 << 5,	   /* on a stack that w->go tells about */
};

/* Does anybody tell of the stacks of Go (w->go)? */
#ifndef UNWIND_HAS_GO
#define UNWIND_HAS_GO 1
#endif

#define UNWIND_END_OUTERMOST 256 /* inside of a step, where 0 means that it goes on */

struct unwind_walk {
	__u64 pc, sp, fp, bx; /* of the frame to be left */
	__u64 fp_at, bx_at;   /* where fp and bx were loaded from; 0: they are as on entry */
	__u64 lr;	      /* arm64: on entry */
	__u64 hash;	      /* of the frames so far, see intern.h */
	struct unwind_set set;
	struct unwind_mapping at; /* of the last address looked up */
	__u32 frame_cnt, max_frames;
	__u32 flags; /* enum unwind_walk_flags */
	__u32 end;   /* enum wire_stack_end, once unwind_step() has returned non-zero */
	__u32 zero;  /* 0, which the verifier does not know: see unwind_search() */
	__u32 _pad;
	struct go_stack go; /* with UNWIND_W_GO */
	struct memo_notes notes;
	struct window window;
};

/* ---- primitives ---- */

/* Makes w->at the mapping of @addr; false: there is none. */
static __always_inline bool unwind_find(struct unwind_walk *w, __u64 addr);
/* A block of a table; NULL: not there. */
static __always_inline const void *unwind_block(struct unwind_walk *w, __u32 module, __u32 block);
/* A register of the innermost frame, by its DWARF number. */
static __always_inline bool unwind_entry_reg(struct unwind_walk *w, __u32 reg, __u64 *ret);
/* unwind_find_rule(), in a function of its own or not. */
static __always_inline void unwind_look_up(struct unwind_walk *w, __u64 addr,
					   union unwind_rule_words *ret);
/* A place to remember a rule; NULL: none. */
static __always_inline struct unwind_cached *unwind_cache(struct unwind_walk *w, __u32 hash);

/* One word of the walked process at @addr. */
static __always_inline bool unwind_read(struct unwind_walk *w, __u64 addr, __u64 *ret)
{
	return window_read(&w->window, false, addr, ret);
}

/* ---- rules ---- */

/*
 * The last row of a page at or before @off (an offset inside the page): its rule, else that of the page. @rows is a
 * block; the rows of a page do not leave it. @zero is 0, read from memory: from a position that it knows the verifier
 * would follow all ways through the search, one by one; of an unknown one it sees that all are alike.
 */
static __always_inline __u32 unwind_search(const __u32 *rows, const struct unwind_page *page,
					   __u32 off, __u32 zero)
{
	__u32 first = page->row & (UNWIND_BLOCK_BYTES / 4 - 1), cnt = page->row_cnt, pos = zero;

	for (__u32 step = 1024; step; step >>= 1) {
		__u32 next = pos + step;

		if (next <= cnt &&
		    UNWIND_ROW_OFF(rows[(first + next - 1) & (UNWIND_BLOCK_BYTES / 4 - 1)]) <= off)
			pos = next;
		pos &= 2047;
	}
	return pos ? UNWIND_ROW_RULE(rows[(first + pos - 1) & (UNWIND_BLOCK_BYTES / 4 - 1)])
		   : page->rule;
}

/* The bytes at @off of a table, @size of them, which must not straddle a block (a power of two, aligned). */
static __always_inline const void *unwind_at(struct unwind_walk *w, __u32 module, __u64 off,
					     __u32 size)
{
	const char *block = unwind_block(w, module, (__u32)(off / UNWIND_BLOCK_BYTES));

	return block ? block + (off & (UNWIND_BLOCK_BYTES - size)) : NULL;
}

/* Looks @off, an offset in the module's file, up in its table. */
static __always_inline void unwind_table_rule(struct unwind_walk *w, __u32 module, __u64 off,
					      struct unwind_rule *ret)
{
	const struct unwind_header *h = unwind_block(w, module, 0);
	const struct unwind_rule *rule;
	const struct unwind_page *page;
	struct unwind_page copy;
	const __u32 *rows;
	__u64 nr;
	__u32 i;

	if (!h) {
		ret->cfa = UNWIND_CFA_PENDING;
		return;
	}
	ret->cfa = h->flags & UNWIND_TABLE_REFUSED ? UNWIND_CFA_REFUSED : UNWIND_CFA_FRAME;
	nr = (off >> UNWIND_PAGE_SHIFT) - h->first_page;
	if (nr >= h->page_cnt)
		return;
	page = unwind_at(w, module, sizeof(*h) + nr * sizeof(*page), sizeof(*page));
	if (!page)
		return;
	copy = *page;
	i = copy.rule;
	if (copy.row_cnt) {
		rows = unwind_block(w, module, copy.row / (UNWIND_BLOCK_BYTES / 4));
		if (!rows)
			return;
		i = unwind_search(rows, &copy, (__u32)off & (UNWIND_PAGE_BYTES - 1), w->zero);
	}
	if (!i || i >= h->rule_cnt)
		return;
	rule = unwind_at(w, module, (__u64)h->rule_off + i * sizeof(*rule), sizeof(*rule));
	if (rule)
		*ret = *rule;
}

static __always_inline void unwind_find_rule(struct unwind_walk *w, __u64 addr,
					     struct unwind_rule *ret)
{
	if (addr - w->at.start >= w->at.end - w->at.start && !unwind_find(w, addr)) {
		/* A set that is out of date may lack memory that a just-in-time compiler made since. */
		ret->cfa = w->flags & UNWIND_W_STALE ? UNWIND_CFA_PENDING : UNWIND_CFA_UNMAPPED;
		return;
	}
	ret->cfa = UNWIND_CFA_FRAME;
	if (w->at.module)
		unwind_table_rule(w, w->at.module,
				  addr - w->at.start + ((__u64)w->at.file_page << 12), ret);
}

/* The set is part of it: many addresses share a rule, and an address may mean another in another set. */
static __always_inline __u64 unwind_seal(const __u64 rule[2], __u32 set)
{
	return ((rule[0] ^ (rule[1] * 0x9fb21c651e98df25ull)) + set) * 0x2545f4914f6cdd1dull;
}

/* The rule for @addr: remembered, or searched and remembered. */
static __always_inline void unwind_rule_for(struct unwind_walk *w, __u64 addr,
					    union unwind_rule_words *ret)
{
	__u64 hash = (addr ^ ((__u64)w->set.id << 40)) * 0x9fb21c651e98df25ull;
	struct unwind_cached *c = unwind_cache(w, (__u32)(hash >> 32));
	__u64 seal;

	if (c) {
		ret->words[0] = c->rule[0];
		ret->words[1] = c->rule[1];
		seal = unwind_seal(ret->words, w->set.id);
		if ((c->addr ^ seal) == addr && (c->set ^ seal) == w->set.id)
			return;
	}
	ret->words[0] = ret->words[1] = 0;
	unwind_look_up(w, addr, ret);
	/* Also what is unmapped may be pending when it is asked again. */
	if (!c || ret->rule.cfa == UNWIND_CFA_PENDING || ret->rule.cfa == UNWIND_CFA_UNMAPPED)
		return;
	seal = unwind_seal(ret->words, w->set.id);
	c->addr = addr ^ seal;
	c->set = w->set.id ^ seal;
	c->rule[0] = ret->words[0];
	c->rule[1] = ret->words[1];
}

/* ---- a frame ---- */

/* fp or bx decides where the walk goes: what follows depends on where it came from. */
static __always_inline __u64 unwind_use_fp(struct unwind_walk *w)
{
	if (w->fp_at)
		memo_note(&w->notes, w->fp_at, w->fp, true);
	else
		w->notes.flags |= MEMO_USES_FP;
	return w->fp;
}

static __always_inline __u64 unwind_use_bx(struct unwind_walk *w)
{
	if (w->bx_at)
		memo_note(&w->notes, w->bx_at, w->bx, true);
	else
		w->notes.flags |= MEMO_USES_BX;
	return w->bx;
}

/* The value of the register that a rule starts from. False: it is not known in this frame. */
static __always_inline bool unwind_base(struct unwind_walk *w, __u32 reg, __u64 *ret)
{
	if (reg == UNWIND_REG_SP) {
		*ret = w->sp;
		return true;
	}
	if (reg == UNWIND_REG_FP) {
		*ret = unwind_use_fp(w);
		return w->fp_at || !(w->flags & UNWIND_W_NO_REGS);
	}
	if (reg == UNWIND_REG_BX) {
		*ret = unwind_use_bx(w);
		return w->bx_at || !(w->flags & UNWIND_W_NO_REGS);
	}
	/* The others are not followed from frame to frame. */
	if (!(w->flags & UNWIND_W_ENTRY) || w->flags & UNWIND_W_NO_REGS)
		return false;
	w->notes.flags |= MEMO_IMPOSSIBLE;
	return unwind_entry_reg(w, reg, ret);
}

/* 0 and *@ret_cfa, or how the walk ends. */
static __always_inline __u32 unwind_cfa(struct unwind_walk *w, const struct unwind_rule *rule,
					__u64 *ret_cfa)
{
	__u64 base, at;

	switch (rule->cfa) {
	case UNWIND_CFA_REG:
	case UNWIND_CFA_DEREF:
	case UNWIND_CFA_PLT:
		break;
	case UNWIND_CFA_UNMAPPED:
		return WIRE_END_PC_UNMAPPED;
	case UNWIND_CFA_UNSUPPORTED:
		return WIRE_END_UNSUPPORTED;
	case UNWIND_CFA_REFUSED:
		return WIRE_END_TABLE_FULL;
	default:
		return WIRE_END_PENDING;
	}
	if (!unwind_base(w, rule->reg, &base))
		return WIRE_END_NO_REGISTERS;
	base += (__s64)rule->off;
	if (rule->cfa == UNWIND_CFA_DEREF) {
		at = base;
		if (!unwind_read(w, at, &base))
			return WIRE_END_FAULT;
		memo_note(&w->notes, at, base, true);
		base += (__s64)rule->add;
	} else if (rule->cfa == UNWIND_CFA_PLT && (w->pc & 15) >= (__u64)rule->add) {
		base += 8;
	}
	*ret_cfa = base;
	return 0;
}

/* No CFI: the frame that the frame pointer points to, as compilers make it: saved pointer, return address. */
static __always_inline __u32 unwind_frame_rule(struct unwind_walk *w, struct unwind_rule *rule)
{
	if (!w->fp_at && w->flags & UNWIND_W_NO_REGS)
		return WIRE_END_NO_REGISTERS;
	if (!w->fp) {
		unwind_use_fp(w);
		return UNWIND_END_OUTERMOST;
	}
	if (w->fp < w->sp || w->fp & 7) {
		w->notes.flags |= MEMO_IMPOSSIBLE; /* not by how far it misses: by any value */
		return WIRE_END_NO_ROWS;
	}
	rule->cfa = UNWIND_CFA_REG;
	rule->reg = UNWIND_REG_FP;
	rule->off = 16;
	rule->ra = -1;
	rule->fp = -2;
	rule->flags = UNWIND_FP_SAVED | UNWIND_RA_SIGNED;
	return 0;
}

/* Loads what the rule says was saved. 0 or how the walk ends. */
static __always_inline __u32 unwind_load(struct unwind_walk *w, const struct unwind_rule *rule,
					 __u64 cfa, __u64 *ret_ra)
{
	__u64 base = rule->flags & UNWIND_AT_SP ? w->sp : cfa, at;

	if (rule->flags & UNWIND_RA_IN_REG) {
		/* Only a leaf, and only the innermost frame's register is known. */
		if (!(w->flags & UNWIND_W_ENTRY))
			return WIRE_END_NO_REGISTERS;
		w->notes.flags |= UNWIND_REG_BX < 32 ? MEMO_IMPOSSIBLE : MEMO_USES_LR;
		*ret_ra = w->lr;
		if (UNWIND_REG_BX < 32 && (w->flags & UNWIND_W_NO_REGS ||
					   !unwind_entry_reg(w, (__u32)rule->ra & 31, ret_ra)))
			return WIRE_END_NO_REGISTERS;
	} else {
		at = base + (__s64)rule->ra * 8;
		if (!unwind_read(w, at, ret_ra))
			return WIRE_END_FAULT;
		memo_note(&w->notes, at, *ret_ra, false);
	}
	if (rule->flags & UNWIND_AT_FP)
		base = unwind_use_fp(w);
	if (rule->flags & UNWIND_FP_SAVED) {
		at = base + (__s64)rule->fp * 8;
		if (!unwind_read(w, at, &w->fp))
			return WIRE_END_FAULT;
		w->fp_at = at;
	}
	if (rule->flags & UNWIND_BX_SAVED) {
		at = base + (__s64)rule->bx * 8;
		if (!unwind_read(w, at, &w->bx))
			return WIRE_END_FAULT;
		w->bx_at = at;
	}
	if (rule->flags & UNWIND_RA_SIGNED)
		*ret_ra &= UNWIND_PAC_MASK;
	return 0;
}

static __always_inline __u32 unwind_leave_frame(struct unwind_walk *w)
{
	union unwind_rule_words rule;
	__u64 cfa = 0, ra = 0;
	__u32 end = 0;

	unwind_rule_for(w, w->pc - !(w->flags & UNWIND_W_EXACT), &rule);
	if (rule.rule.cfa == UNWIND_CFA_END)
		return UNWIND_END_OUTERMOST;
	if (w->frame_cnt >= w->max_frames)
		return WIRE_END_DEPTH_LIMIT;
	if (rule.rule.cfa == UNWIND_CFA_FRAME)
		end = unwind_frame_rule(w, &rule.rule);
	if (!end)
		end = unwind_cfa(w, &rule.rule, &cfa);
	if (end)
		return end;
	/* A stack grows down: each frame lies above the one it called, but for handlers on a stack of their own. */
	if (cfa & 7 || (cfa <= w->sp && !(rule.rule.flags & (UNWIND_SIGNAL | UNWIND_RA_IN_REG))))
		return WIRE_END_BAD_CFA;
	end = unwind_load(w, &rule.rule, cfa, &ra);
	if (end)
		return end;
	if (!ra)
		return UNWIND_END_OUTERMOST;
	w->sp = cfa;
	w->pc = ra;
	w->flags &= ~(UNWIND_W_EXACT | UNWIND_W_ENTRY);
	if (rule.rule.flags & UNWIND_SIGNAL)
		w->flags |= UNWIND_W_EXACT;
	return 0;
}

/* ---- Go ---- */

/* Is the frame one of those in which the stack of g0 ends? */
static __always_inline bool unwind_go_ends(const struct unwind_walk *w)
{
	__u64 addr = w->pc - !(w->flags & UNWIND_W_EXACT);
	bool ends = false;

	for (__u32 i = 0; i < GO_MAX_CUTS; i++) {
		ends |= go_range_has(&w->go.cuts[i], addr);
		/* One by one: a compiler would load them all before it compares any, and a BPF program's stack is small. */
		asm volatile("" ::: "memory");
	}
	return ends;
}

/*
 * From the stack of g0 to that of the goroutine. Where a function changed stacks for it, that one is the last of g0's
 * already, or only seems to run (gosave_systemstack_switch() in src/runtime/asm_amd64.s): its caller is next.
 */
static __always_inline __u32 unwind_go_on(struct unwind_walk *w)
{
	w->notes.flags |= MEMO_IMPOSSIBLE; /* which stack comes next no slot says */
	w->flags &= ~(UNWIND_W_GO | UNWIND_W_EXACT | UNWIND_W_ENTRY);
	w->flags |= UNWIND_W_NO_REGS;
	w->pc = w->go.pc;
	w->sp = w->go.sp;
	w->fp = w->go.fp;
	w->fp_at = w->go.fp_at;
	w->bx_at = 0;
	if (w->frame_cnt >= w->max_frames)
		return WIRE_END_DEPTH_LIMIT;
	if (!go_range_has(&w->go.marker, w->pc) && !unwind_go_ends(w))
		return 0;
	/* From 1.21 on such functions save the frame pointer, and the place lies behind that. */
	if (w->pc - w->go.marker.start - 1 < w->go.marker.end - w->go.marker.start - 1) {
		w->fp_at = w->sp;
		if (!unwind_read(w, w->sp, &w->fp))
			return WIRE_END_FAULT;
		w->sp += 8;
	}
	if (!unwind_read(w, w->sp, &w->pc))
		return WIRE_END_FAULT;
	w->sp += 8;
	return 0;
}

/* Of a thread that C made Go takes a place in mstart0()'s frame for the end of the stack (src/runtime/proc.go). */
#define UNWIND_GO_SLACK 512

static __always_inline bool unwind_go_inside(const struct unwind_walk *w, __u64 sp)
{
	return sp - w->go.lo <= w->go.hi - w->go.lo + UNWIND_GO_SLACK;
}

/*
 * The frame at @sp was left, which ended the walk of g0's stack as @end says, or did not (0). The same of the whole walk. Before
 * that stack there may be one for signals.
 */
static __always_inline __u32 unwind_go_left(struct unwind_walk *w, __u64 sp, __u32 end)
{
	if (end == WIRE_END_PENDING || end == WIRE_END_DEPTH_LIMIT)
		return end;
	if (!end && unwind_go_inside(w, w->sp))
		return 0;
	w->notes.flags |= MEMO_IMPOSSIBLE; /* no slot says where it ends */
	if (!end && !unwind_go_inside(w, sp))
		return 0;
	if (w->go.pc)
		return unwind_go_on(w);
	return end ? end : UNWIND_END_OUTERMOST;
}

static __always_inline __u32 unwind_leave(struct unwind_walk *w)
{
	bool go = UNWIND_HAS_GO && w->flags & UNWIND_W_GO;
	__u64 sp = w->sp;
	__u32 end;

	if (go && unwind_go_ends(w))
		return w->go.pc ? unwind_go_on(w) : UNWIND_END_OUTERMOST;
	end = unwind_leave_frame(w);
	return go ? unwind_go_left(w, sp, end) : end;
}

static __always_inline void unwind_push(struct unwind_walk *w, __u64 ips[WIRE_MAX_FRAMES])
{
	__u64 exact = w->flags & UNWIND_W_EXACT ? WIRE_IP_EXACT : 0;
	__u32 i = w->frame_cnt;

	if (i >= WIRE_MAX_FRAMES)
		return;
	ips[i] = w->pc | exact;
	/* The handler's return address is where the signal frame begins, too. */
	if (exact)
		ips[(i - 1) & (WIRE_MAX_FRAMES - 1)] |= exact;
	w->frame_cnt = i + 1;
}

/* Leaves one frame and writes the caller's pc to @ips. 0: there is more; else w->end says how the walk ended. */
static __always_inline int unwind_step(struct unwind_walk *w, __u64 ips[WIRE_MAX_FRAMES])
{
	__u32 end = unwind_leave(w);

	if (!end) {
		unwind_push(w, ips);
		w->hash = intern_mix(w->hash, w->pc);
		return 0;
	}
	w->end = end == UNWIND_END_OUTERMOST ? WIRE_END_OUTERMOST : end;
	w->flags |= UNWIND_W_DONE;
	return 1;
}

/* The innermost frame. The registers, lr, set and max_frames are filled in; @hash is from intern_seed(). */
static __always_inline void unwind_begin(struct unwind_walk *w, __u64 hash,
					 __u64 ips[WIRE_MAX_FRAMES], __u32 flags)
{
	w->fp_at = w->bx_at = 0;
	w->at.start = w->at.end = 0;
	w->flags = flags | UNWIND_W_EXACT | UNWIND_W_ENTRY;
	w->end = 0;
	w->zero = 0;
	w->window.len = 0;
	ips[0] = w->pc;
	w->frame_cnt = 1;
	w->hash = intern_mix(hash, w->pc);
	memo_begin(&w->notes, w->sp, 0);
}

#endif
