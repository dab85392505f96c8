/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * In what context a thread was woken. The kernel side tells which thread had the CPU; but an interrupt may have taken the CPU
 * from it, and then the thread has nothing to do with the wake-up. The names on the kernel stack tell.
 */
#ifndef ANALYZE_WAKER_RULES_H
#define ANALYZE_WAKER_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "model/waker.h"
#include "wire.h"

struct waker_context {
	enum waker_kind kind;
	bool via_softirq; /* THREAD: in a softirq that its own system call ran */
	/*
	 * How many innermost kernel frames are the waker's; the rest, and the user stack, belong to a thread that was
	 * interrupted. UINT32_MAX: all.
	 */
	uint32_t frame_cnt;
};

/*
 * The context of @waker (NULL: nobody noted one), whose kernel stack has the functions @names, innermost first. Entry symbols:
 * arch/x86/entry/entry_64.S (asm_common_interrupt, asm_sysvec_*), arch/arm64/kernel/entry-common.c (el1_interrupt,
 * el0_interrupt); softirqs: kernel/softirq.c (handle_softirqs, before 6.10 __do_softirq).
 */
struct waker_context waker_context_of(const struct wire_waker *waker, const char *const *names,
				      uint32_t cnt);

#endif
