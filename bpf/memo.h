/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Memoized walks. A walk is a function of the registers it begins with and of the stack slots it reads. An entry
 * remembers, for one walk, which slots those were, a hash of what stood in them, and the id of the stack that came
 * out. If the same slots hash to the same again, the walk would go the same way: the id is reused.
 *
 * A slot that holds a return address counts by its value; one whose value says where the stack is (a saved frame
 * pointer) by its distance from the base, so that one entry serves every thread of a process. Kernel stacks have a second
 * base, their top: between the system call's entry, up there, and what it called lies a gap of random length
 * (CONFIG_RANDOMIZE_KSTACK_OFFSET).
 *
 * An entry is certified by one 64-bit hash over everything: the key (whose stack, from which address, by which
 * mappings), slots, contents, id. Entries are written by any CPU at any time without a lock; one made of two halves
 * fails its own hash. What is believed is that 64-bit hashes don't collide, as with stack ids themselves.
 *
 * Who includes this defines window_copy().
 */
#ifndef DWELL_MEMO_H
#define DWELL_MEMO_H

#include "intern.h"

#define MEMO_MAX_SLOTS	 256
#define MEMO_SLOT_PLACE	 0x3fff /* (address - base) / 8 */
#define MEMO_SLOT_TOP	 0x4000 /* the place is (top - address) / 8; kernel stacks */
#define MEMO_SLOT_PLACED 0x8000 /* counts by its distance from the base */
#define MEMO_SLOT_BOTH \
	0xc000 /* the place is from the base, what stands there counts from the top */
#define MEMO_KERNEL_WORDS \
	512 /* of a kernel stack, from the probe outward, that are looked through */

enum memo_flags {
	MEMO_USES_FP = 1 << 0, /* where the walk goes depends on the frame pointer it begins with */
	MEMO_USES_BX = 1 << 1, /* likewise rbx */
	MEMO_IMPOSSIBLE = 1 << 2, /* it depends on something that is not noted: never remembered */
	MEMO_LEFT_OUT = 1 << 3,	  /* a slot was left out on purpose */
};
#define MEMO_FREE_SHIFT	 8
#define MEMO_EARLY_SLOTS 3

/* For the test that shows that every slot counts: is the third return address left out of the comparison? */
#ifndef MEMO_LEAVES_OUT
#define MEMO_LEAVES_OUT 0
#endif

/* What is noted in the course of a walk. */
struct memo_notes {
	__u64 base, top;
	__u64 hash; /* of the slots' contents */
	__u64 early_hash;
	__u64 last[2]; /* what the last slots but one and two added to the hash */
	__u32 cnt;
	__u32 flags;
	__u16 slots[MEMO_MAX_SLOTS];
};

struct memo_entry {
	__u64 seal;
	__u64 id; /* of the stack */
	__u32 early; /* half the hash of the first MEMO_EARLY_SLOTS: tells most that differ without looking at all */
	__u16 cnt;
	__u16 flags;
	__u16 slots[MEMO_MAX_SLOTS];
};

/*
 * A copy of a piece of stack: one long read is cheaper than a few short ones. Reading the memory of a process has a
 * price of its own, so more is read at once there.
 */
#define WINDOW_BYTES	    1024
#define WINDOW_KERNEL_BYTES 256
#define WINDOW_BEHIND_BYTES 32 /* below the word that made it move */
#define WINDOW_END_BYTES    64 /* where less is left of a stack */

struct window {
	__u64 addr;
	__u64 limit; /* nothing from here on is read, which would cost a fault; kernel stacks */
	__u32 len;
	__u32 _pad;
	__u64 words[WINDOW_BYTES / 8];
};

/* Primitive: @len bytes at @addr, of the kernel or of the walked process, to w->words. False: not readable. */
static __always_inline bool window_copy(struct window *w, bool kernel, __u32 len, __u64 addr);
/* window_move_to(), in a function of its own or not. */
static __always_inline bool window_move(struct window *w, bool kernel, __u64 addr);

/* Makes the window hold @addr. */
static __always_inline bool window_move_to(struct window *w, bool kernel, __u64 addr)
{
	/* A saved frame pointer is looked at after the return address above it. */
	w->addr = kernel ? addr : addr - WINDOW_BEHIND_BYTES;
	w->len = kernel ? WINDOW_KERNEL_BYTES : WINDOW_BYTES;
	if (kernel && addr + WINDOW_KERNEL_BYTES > w->limit) {
		/* A slot of an entry that was made of a longer stack. */
		if (addr >= w->limit) {
			w->len = 0;
			return false;
		}
		w->addr = w->limit - WINDOW_KERNEL_BYTES;
	}
	if (window_copy(w, kernel, kernel ? WINDOW_KERNEL_BYTES : WINDOW_BYTES, w->addr))
		return true;
	w->addr = addr;
	w->len = WINDOW_END_BYTES;
	if (window_copy(w, kernel, WINDOW_END_BYTES, addr))
		return true;
	w->len = 8;
	if (window_copy(w, kernel, 8, addr))
		return true;
	w->len = 0;
	return false;
}

/* One word at @addr, from the window, which moves when it must. False: not readable, or not a multiple of 8. */
static __always_inline bool window_read(struct window *w, bool kernel, __u64 addr, __u64 *ret)
{
	if (addr & 7 || (addr - w->addr >= w->len && !window_move(w, kernel, addr)))
		return false;
	*ret = w->words[((addr - w->addr) >> 3) & (WINDOW_BYTES / 8 - 1)];
	return true;
}

static __always_inline void memo_begin(struct memo_notes *n, __u64 base, __u64 top)
{
	n->base = base;
	n->top = top;
	n->hash = n->early_hash = n->last[0] = n->last[1] = 0;
	n->cnt = 0;
	/* Places count words: those of a base that is not aligned would be those of one that is. */
	n->flags = base & 7 ? MEMO_IMPOSSIBLE : 0;
}

static __always_inline __u64 memo_mix(__u64 hash, __u64 base, __u64 top, __u32 slot, __u64 value)
{
	__u32 how = slot & MEMO_SLOT_BOTH;

	if (how == MEMO_SLOT_PLACED)
		value -= base;
	else if (how == MEMO_SLOT_BOTH)
		value -= top;
	/*
	 * A sum: the order does not matter, and kernel stacks are noted and compared in opposite ones. So each slot must
	 * be mixed well by itself, or two return addresses could change places.
	 */
	value = intern_mix(((__u64)slot + 1) * 0x2545f4914f6cdd1dull, value) *
		0xd6e8feb86659fd93ull;
	return hash + (value ^ value >> 32);
}

static __always_inline void memo_note_slot(struct memo_notes *n, __u64 place, __u32 how,
					   __u64 value)
{
	__u32 i = n->cnt, slot;
	__u64 before;

	if (i >= MEMO_MAX_SLOTS || place > MEMO_SLOT_PLACE) {
		n->flags |= MEMO_IMPOSSIBLE;
		return;
	}
	if (MEMO_LEAVES_OUT && !how && i >= 2 && !(n->flags & MEMO_LEFT_OUT)) {
		n->flags |= MEMO_LEFT_OUT;
		return;
	}
	slot = (__u32)place | how;
	n->slots[i] = slot;
	n->cnt = i + 1;
	before = n->hash;
	n->hash = memo_mix(before, n->base, n->top, slot, value);
	/* Those that will be compared first: from the base outward. */
	if (n->top) {
		n->early_hash = n->hash - before + n->last[0] + n->last[1];
		n->last[1] = n->last[0];
		n->last[0] = n->hash - before;
	} else if (i + 1 == MEMO_EARLY_SLOTS) {
		n->early_hash = n->hash;
	}
}

/* The walk read @value at @addr. @placed: it says where the stack is. */
static __always_inline void memo_note(struct memo_notes *n, __u64 addr, __u64 value, bool placed)
{
	memo_note_slot(n, (addr - n->base) >> 3, placed ? MEMO_SLOT_PLACED : 0, value);
}

/* The registers that a walk begins with, by their distance from the base. */
struct memo_start {
	__u64 key; /* hash of all that is compared absolutely */
	__u64 base, top;
	__u64 fp, bx;
};

static __always_inline __u64 memo_seal(const struct memo_start *start, __u64 hash, __u32 cnt,
				       __u32 flags, __u64 id)
{
	hash = intern_mix(hash, start->key);
	hash = intern_mix(hash, (__u64)flags << 32 | cnt);
	if (flags & MEMO_USES_FP)
		hash = intern_mix(hash, start->fp - start->base);
	if (flags & MEMO_USES_BX)
		hash = intern_mix(hash, start->bx - start->base);
	return intern_mix(hash, id);
}

/* A hash of what stands in the slots of @e now. 0: one can't be read, or it can't be the right one. */
static __always_inline __u64 memo_hash_slots(const struct memo_entry *e, __u64 base, __u64 top,
					     struct window *w, bool kernel)
{
	__u64 hash = 0, value, place;
	__u32 cnt = e->cnt;

	for (__u32 i = 0; i < MEMO_MAX_SLOTS && i < cnt; i++) {
		/* Upward, as the window moves. Kernel stacks were noted from the top down. */
		__u32 slot = e->slots[(kernel ? cnt - 1 - i : i) & (MEMO_MAX_SLOTS - 1)];

		place = (__u64)(slot & MEMO_SLOT_PLACE) << 3;
		place = kernel && (slot & MEMO_SLOT_BOTH) == MEMO_SLOT_TOP ? top - place
									   : base + place;
		if (!window_read(w, kernel, place, &value))
			return 0;
		hash = memo_mix(hash, base, top, slot, value);
		if (i + 1 == MEMO_EARLY_SLOTS && (__u32)hash != e->early)
			return 0;
	}
	return hash;
}

/* Does @e say what a walk from @start would come to? @hash is from memo_hash_slots(). */
static __always_inline bool memo_holds(const struct memo_entry *e, const struct memo_start *start,
				       __u64 hash)
{
	return hash && memo_seal(start, hash, e->cnt, e->flags, e->id) == e->seal;
}

/*
 * Remembers that the walk noted in @n came to @id. @flags is kept with it: bits from MEMO_FREE_SHIFT
 * on are the caller's.
 */
static __always_inline void memo_store(struct memo_entry *e, const struct memo_start *start,
				       const struct memo_notes *n, __u32 flags, __u64 id)
{
	__u32 cnt = n->cnt;

	flags |= n->flags;
	if (flags & MEMO_IMPOSSIBLE || cnt > MEMO_MAX_SLOTS)
		return;
	/* By words, four slots each; what lies behind the last slot is not looked at. */
	for (__u32 i = 0; i < MEMO_MAX_SLOTS / 4 && i * 4 < cnt; i++)
		((__u64 *)e->slots)[i] = ((const __u64 *)n->slots)[i];
	e->cnt = cnt;
	e->flags = flags;
	e->id = id;
	e->early = (__u32)n->early_hash;
	e->seal = memo_seal(start, n->hash, cnt, flags, id);
}

/* ---- kernel stacks ---- */

/*
 * The kernel walks its stacks itself, so which slots it read is not known, only what it found: each word that equals
 * one of the addresses found is a candidate for the slot, and the true ones are among them. They lie in the order of the
 * frames, so a word can't be the slot of a frame before the slots of all outer frames, looking inward from the top,
 * have been passed. Where a frame was found by a frame pointer, that points just below the return address: words that
 * point there are noted too. That is more than needed, so never too little.
 */
#define MEMO_MAX_KERNEL_FRAMES 40
/* The innermost addresses found are in the probe itself and the tracepoint's call of it, with slots below the base. */
#define MEMO_OWN_FRAMES 3
/* From the top: the registers of the entry, and what it calls first. */
#ifndef MEMO_ENTRY_BYTES
#define MEMO_ENTRY_BYTES 512
#endif
#define MEMO_NO_IP 1

struct memo_scan {
	struct memo_notes notes;
	struct window window;
	__u64 ips[MEMO_MAX_KERNEL_FRAMES]; /* what was found; MEMO_NO_IP behind the last */
	__u64 text;  /* the outermost: the kernel's code and that of modules share 2 GiB */
	__u32 last;  /* position of the outermost */
	__u32 inner; /* the innermost one a slot for which was passed; last + 1: none yet */
	__u32 hit;
	__u32 _pad;
};

static __always_inline void memo_scan_begin(struct memo_scan *s, __u64 base, __u64 top,
					    const __u64 *ips, __u32 ip_cnt)
{
	memo_begin(&s->notes, base, top);
	s->window.len = 0;
	s->window.limit = top;
	s->inner = ip_cnt;
	s->last = ip_cnt - 1;
	for (__u32 i = 0; i < MEMO_MAX_KERNEL_FRAMES; i++)
		s->ips[i] = i < ip_cnt ? ips[i] : MEMO_NO_IP;
	s->text = ip_cnt && ip_cnt <= MEMO_MAX_KERNEL_FRAMES ? ips[ip_cnt - 1] : 0;
}

#define MEMO_NO_FRAME	MEMO_MAX_KERNEL_FRAMES
#define MEMO_TEXT_SHIFT 31

/* Which address found is @value, if its frame may have its slot here: the outermost of equal ones, or MEMO_NO_FRAME. */
static __always_inline __u32 memo_scan_frame(struct memo_scan *s, __u64 value)
{
	volatile __u32 *hit = &s->hit; /* in memory the verifier does not follow each case */
	__u32 found;

	*hit = MEMO_NO_FRAME;
	for (__u32 i = 0; i < MEMO_MAX_KERNEL_FRAMES; i++)
		if (s->ips[i] == value)
			*hit = i;
	found = *hit;
	return found + 1 >= s->inner ? found : MEMO_NO_FRAME;
}

/* Looks at one word; to be called from the top inward. @above: what lies above the place that @value points to. */
static __always_inline void memo_scan_word(struct memo_scan *s, __u64 addr, __u64 value,
					   __u64 above)
{
	__u64 base = s->notes.base, top = s->notes.top;
	__u64 word = value;
	bool points = value - base < top - base;
	__u32 frame, how;

	if (points)
		value = above;
	if (value >> MEMO_TEXT_SHIFT != s->text >> MEMO_TEXT_SHIFT)
		return;
	frame = memo_scan_frame(s, value);
	if (frame >= MEMO_NO_FRAME)
		return;
	if (points) {
		/* A function's frame pointer is saved by those it calls: below the return address into it. */
		if (frame <= s->inner)
			return;
		how = frame == s->last ? MEMO_SLOT_BOTH : MEMO_SLOT_PLACED;
		memo_note_slot(&s->notes, (addr - base) >> 3, how, word);
		return;
	}
	if (frame < s->inner)
		s->inner = frame;
	/* A walk that came to its end came to the entry, up there; one that lost its way may lose another one next time. */
	if (frame == s->last && top - addr > MEMO_ENTRY_BYTES)
		s->notes.flags |= MEMO_IMPOSSIBLE;
	if (frame == s->last)
		memo_note_slot(&s->notes, (top - addr) >> 3, MEMO_SLOT_TOP, value);
	else
		memo_note_slot(&s->notes, (addr - base) >> 3, 0, value);
}

/* May the stack be remembered? If each address had a slot. */
static __always_inline bool memo_scan_complete(const struct memo_scan *s)
{
	return !(s->notes.flags & MEMO_IMPOSSIBLE) && s->inner <= MEMO_OWN_FRAMES &&
	       s->last >= MEMO_OWN_FRAMES && s->last < MEMO_MAX_KERNEL_FRAMES;
}

#endif
