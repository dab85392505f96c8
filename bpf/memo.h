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
 * Who includes this defines window_copy(), window_move() and kernel_word().
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
	MEMO_USES_LR = 1 << 4,	  /* it depends on the link register, as it is */
};
#define MEMO_FREE_SHIFT	 8
#define MEMO_EARLY_SLOTS 3

/* For the test that shows that every slot counts: is the third return address left out of the comparison? */
#ifndef MEMO_LEAVES_OUT
#define MEMO_LEAVES_OUT 0
#endif

/* Where nothing is remembered nothing has to be noted. */
#ifndef MEMO_TAKES_NOTES
#define MEMO_TAKES_NOTES 1
#endif

/* What is noted in the course of a walk. */
struct memo_notes {
	__u64 base, top;
	__u64 hash; /* of the slots and what stood in them, one after the other */
	__u32 cnt;
	__u32 flags;
	__u32 early_at; /* after so many slots the hash is kept */
	__u32 early;	/* half of it */
	__u16 slots[MEMO_MAX_SLOTS];
};

/*
 * What a walk came to. Nothing says where it is kept: wherever an entry is found, it holds or it does not.
 */
struct memo_entry {
	__u64 seal;
	__u64 id; /* of the stack */
	__u32 early; /* half the hash of the first early_at slots: tells most that differ without looking at all */
	__u16 early_at;
	__u16 cnt;
	__u16 flags;
	__u16 _pad[3];
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
/* One word of the kernel's stack at @addr, as window_read() gives it, if there is no cheaper way. */
static __always_inline bool kernel_word(struct window *w, __u64 addr, __u64 *ret);

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

/* Makes the window hold a stack from @base to the place of @slot, or as much of that as it can. False: not readable. */
static __always_inline bool window_reach(struct window *w, __u64 base, __u32 slot)
{
	__u32 bytes = ((slot & MEMO_SLOT_PLACE) + 1) * 8;

	if (bytes > WINDOW_BYTES)
		bytes = WINDOW_BYTES;
	w->addr = base;
	w->len = 0;
	if (!window_copy(w, false, bytes, base))
		return false;
	w->len = bytes;
	return true;
}

static __always_inline void memo_begin(struct memo_notes *n, __u64 base, __u64 top)
{
	n->base = base;
	n->top = top;
	n->hash = 0;
	n->cnt = 0;
	n->early = 0;
	n->early_at = MEMO_MAX_SLOTS + 1;
	/* Places count words: those of a base that is not aligned would be those of one that is. */
	n->flags = base & 7 ? MEMO_IMPOSSIBLE : 0;
}

/* Up to here stacks that are remembered in one place are alike: what comes next tells them apart. */
static __always_inline void memo_part(struct memo_notes *n)
{
	n->early_at = n->cnt + MEMO_EARLY_SLOTS;
}

/*
 * @x, of which the compiler knows nothing. A mask that changes nothing would be left out, a pointer would be stepped in the
 * place of an index, and then the verifier no longer knew where it points.
 */
static __always_inline __u32 memo_opaque(__u32 x)
{
	__asm__ volatile("" : "+r"(x));
	return x;
}

static __always_inline __u32 memo_index(__u32 i)
{
	return memo_opaque(i) & (MEMO_MAX_SLOTS - 1);
}

/* Adds a slot to the hash: which it is, and what stands there. */
static __always_inline __u64 memo_mix(__u64 hash, __u64 base, __u64 top, __u32 slot, __u64 value)
{
	if (slot & MEMO_SLOT_PLACED)
		value -= slot & MEMO_SLOT_TOP ? top : base;
	return intern_mix(hash, value + (__u64)slot * 0x2545f4914f6cdd1dull);
}

static __always_inline bool memo_fits(struct memo_notes *n, __u64 place)
{
	if (n->cnt < MEMO_MAX_SLOTS && place <= MEMO_SLOT_PLACE)
		return true;
	n->flags |= MEMO_IMPOSSIBLE;
	return false;
}

static __always_inline bool memo_leaves_out(struct memo_notes *n, __u32 how)
{
	if (!MEMO_LEAVES_OUT || how || n->cnt + 1 < n->early_at || n->flags & MEMO_LEFT_OUT)
		return false;
	n->flags |= MEMO_LEFT_OUT;
	return true;
}

static __always_inline void memo_note_slot(struct memo_notes *n, __u32 slot, __u64 value)
{
	__u32 i = n->cnt;

	n->slots[memo_index(i)] = slot;
	n->cnt = ++i;
	n->hash = memo_mix(n->hash, n->base, n->top, slot, value);
	if (i == n->early_at)
		n->early = (__u32)n->hash;
}

/* The walk read @value at @addr. @placed: it says where the stack is. */
static __always_inline void memo_note(struct memo_notes *n, __u64 addr, __u64 value, bool placed)
{
	if (MEMO_TAKES_NOTES) {
		__u64 place = (addr - n->base) >> 3;
		__u32 how = placed ? MEMO_SLOT_PLACED : 0;

		if (memo_fits(n, place) && !memo_leaves_out(n, how))
			memo_note_slot(n, (__u32)place | how, value);
	}
}

/* What a walk begins with; the registers count by their distance from the base. */
struct memo_start {
	__u64 key; /* hash of all that is compared absolutely */
	__u64 base, top;
	__u64 fp, bx;
	__u64 lr; /* as it is: a return address */
};

/* A key of this epoch, which is never 0: the lowest bit says so, and can't tell epochs apart. */
static __always_inline __u64 memo_key(__u64 key, __u64 epoch)
{
	return (key ^ epoch << 1) | 1;
}

static __always_inline __u64 memo_seal(const struct memo_start *start, __u64 hash, __u32 cnt,
				       __u32 flags, __u32 early_at, __u64 id)
{
	hash = intern_mix(hash, start->key);
	hash = intern_mix(hash, (__u64)flags << 32 | early_at << 16 | cnt);
	if (flags & MEMO_USES_FP)
		hash = intern_mix(hash, start->fp - start->base);
	if (flags & MEMO_USES_BX)
		hash = intern_mix(hash, start->bx - start->base);
	if (flags & MEMO_USES_LR)
		hash = intern_mix(hash, start->lr);
	return intern_mix(hash, id);
}

/*
 * A hash of what stands in the slots of @e now. Those that a walk to here has noted in @n, from the same start, were
 * just read: they are not read again. (If @e has others in their place, its hash is another.) 0: a slot can't be read, or
 * it can't be the right hash.
 */
static __always_inline __u64 memo_hash_slots(const struct memo_entry *e, const struct memo_notes *n,
					     struct window *w, bool kernel)
{
	__u64 base = n->base, top = n->top, hash = n->hash, value, addr;
	__u32 first = n->cnt, cnt = e->cnt, early_at = e->early_at, i, slot;

	/* Of a counter that begins at a number it knows the verifier sees the end. */
	for (__u32 k = 0; k < MEMO_MAX_SLOTS; k++) {
		i = memo_opaque(first) + k;
		if (i >= cnt)
			break;
		slot = e->slots[memo_index(i)];
		addr = (__u64)(slot & MEMO_SLOT_PLACE) << 3;
		addr = kernel && (slot & MEMO_SLOT_BOTH) == MEMO_SLOT_TOP ? top - addr
									  : base + addr;
		if (!(kernel ? kernel_word(w, addr, &value) : window_read(w, false, addr, &value)))
			return 0;
		hash = memo_mix(hash, base, top, slot, value);
		if (i + 1 == early_at && (__u32)hash != e->early)
			return 0;
	}
	return hash;
}

/*
 * The id that a walk from @start would come to, if @e knows it; 0: it does not. @hash is from memo_hash_slots(),
 * *@ret_flags are those of memo_store().
 */
static __always_inline __u64 memo_recall(const struct memo_entry *e, const struct memo_start *start,
					 __u64 hash, __u32 *ret_flags)
{
	/* Read once: what is certified is what is returned, whoever writes to the entry meanwhile. */
	__u64 id = *(const volatile __u64 *)&e->id;
	__u32 flags = *(const volatile __u16 *)&e->flags;

	*ret_flags = flags;
	return hash && memo_seal(start, hash, e->cnt, flags, e->early_at, id) == e->seal ? id : 0;
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
	e->early_at = n->early_at;
	e->early = n->early;
	e->id = id;
	e->seal = memo_seal(start, n->hash, cnt, flags, n->early_at, id);
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
	struct memo_notes notes; /* its slots from the last one back, until memo_scan_end() */
	struct window window;
	__u64 values[MEMO_MAX_SLOTS];	   /* of the slots, likewise */
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
	memo_part(&s->notes);
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

/* From the top down: from the base up they will be compared. */
static __always_inline void memo_scan_note(struct memo_scan *s, __u64 place, __u32 how, __u64 value)
{
	__u32 i = MEMO_MAX_SLOTS - 1 - s->notes.cnt;

	if (!memo_fits(&s->notes, place) || memo_leaves_out(&s->notes, how))
		return;
	s->notes.slots[memo_index(i)] = (__u32)place | how;
	s->values[memo_index(i)] = value;
	s->notes.cnt++;
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
		memo_scan_note(s, (addr - base) >> 3, how, word);
		return;
	}
	if (frame < s->inner)
		s->inner = frame;
	/* A walk that came to its end came to the entry, up there; one that lost its way may lose another one next time. */
	if (frame == s->last && top - addr > MEMO_ENTRY_BYTES)
		s->notes.flags |= MEMO_IMPOSSIBLE;
	if (frame == s->last)
		memo_scan_note(s, (top - addr) >> 3, MEMO_SLOT_TOP, value);
	else
		memo_scan_note(s, (addr - base) >> 3, 0, value);
}

/* After the last word: puts the slots in their order. May the stack be remembered? If each address had a slot. */
static __always_inline bool memo_scan_end(struct memo_scan *s)
{
	__u32 cnt = s->notes.cnt, i;

	s->notes.cnt = 0;
	for (__u32 k = 0; k < MEMO_MAX_SLOTS && k < cnt; k++) {
		i = memo_index(MEMO_MAX_SLOTS - cnt + k);
		memo_note_slot(&s->notes, s->notes.slots[i], s->values[i]);
	}
	return !(s->notes.flags & MEMO_IMPOSSIBLE) && s->inner <= MEMO_OWN_FRAMES &&
	       s->last >= MEMO_OWN_FRAMES && s->last < MEMO_MAX_KERNEL_FRAMES;
}

#endif
