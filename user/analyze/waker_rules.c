/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/waker_rules.h"

#include <string.h>

#include "base/compiler.h"

/* What a function on a kernel stack says of the context. */
enum waker_mark {
	MARK_TIMER,   /* runs timers */
	MARK_SOFTIRQ, /* runs softirqs, for somebody further out */
	MARK_OWN,     /* who runs them is the thread's own system call */
	MARK_EXIT,    /* who runs them is the exit of an interrupt */
	MARK_DAEMON,  /* or the thread that is there for it */
	MARK_ENTRY,   /* an interrupt came in */
	MARK_BACK, /* it is over, and the thread does its own work before it goes on in user space */
};

/* By the begin of the name: compilers and versions append to it. One line per rule. */
static const struct waker_rule {
	const char *prefix;
	enum waker_mark mark;
} waker_rules[] = {
	{"hrtimer_wakeup", MARK_TIMER},
	{"__hrtimer_run_queues", MARK_TIMER},
	{"hrtimer_interrupt", MARK_TIMER},
	{"hrtimer_run_softirq", MARK_TIMER},
	{"call_timer_fn", MARK_TIMER},
	{"expire_timers", MARK_TIMER},
	{"__run_timers", MARK_TIMER},
	{"run_timer_softirq", MARK_TIMER},
	{"run_timer_base", MARK_TIMER},
	{"timer_expire_remote", MARK_TIMER},
	{"process_timeout", MARK_TIMER},
	{"posix_timer_fn", MARK_TIMER},
	{"it_real_fn", MARK_TIMER},
	{"alarmtimer_fired", MARK_TIMER},
	{"timerfd_tmrproc", MARK_TIMER},
	{"run_posix_cpu_timers", MARK_TIMER},
	{"handle_softirqs", MARK_SOFTIRQ},
	{"__do_softirq", MARK_SOFTIRQ},
	{"__softirqentry_text_start", MARK_SOFTIRQ},
	{"__local_bh_enable_ip", MARK_OWN},
	{"netif_rx", MARK_OWN}, /* its do_softirq() is a tail call */
	{"irq_exit", MARK_EXIT},
	{"__irq_exit", MARK_EXIT},
	{"run_ksoftirqd", MARK_DAEMON},
	{"asm_common_interrupt", MARK_ENTRY},
	{"common_interrupt", MARK_ENTRY},
	{"asm_sysvec_", MARK_ENTRY},
	{"sysvec_", MARK_ENTRY},
	{"__sysvec_", MARK_ENTRY},
	{"fred_sysvec_", MARK_ENTRY},
	{"instr_sysvec_", MARK_ENTRY},
	{"fred_extint", MARK_ENTRY}, /* what calls it calls system calls too */
	{"asm_exc_nmi", MARK_ENTRY},
	{"exc_xen_hypervisor_callback", MARK_ENTRY},
	{"asm_exc_xen_hypervisor_callback", MARK_ENTRY},
	{"el1h_64_irq", MARK_ENTRY},
	{"el0t_64_irq", MARK_ENTRY},
	{"el0t_32_irq", MARK_ENTRY},
	{"el1_interrupt", MARK_ENTRY},
	{"el0_interrupt", MARK_ENTRY},
	{"el1_irq", MARK_ENTRY}, /* before 5.14 */
	{"el0_irq", MARK_ENTRY},
	{"__el0_irq_handler", MARK_ENTRY},
	{"irqentry_exit", MARK_BACK}, /* 7.2 inlines what it calls */
	{"get_signal", MARK_BACK},
	{"task_work_run", MARK_BACK},
	{"exit_to_user_mode_loop", MARK_BACK},
	{"exit_to_user_mode_prepare", MARK_BACK},
	{"do_notify_resume", MARK_BACK},
};

static const struct waker_rule *waker_rule_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(waker_rules); i++)
		if (!strncmp(name, waker_rules[i].prefix, strlen(waker_rules[i].prefix)))
			return &waker_rules[i];
	return NULL;
}

/* Where the way in is one of several functions, all of them are the interrupt's. */
static uint32_t waker_entry_end(const char *const *names, uint32_t cnt, uint32_t i)
{
	const struct waker_rule *r;

	for (i++; i < cnt; i++) {
		r = waker_rule_of(names[i]);
		if (!r || (r->mark != MARK_ENTRY && r->mark != MARK_EXIT))
			break;
	}
	return i;
}

/* A softirq's, that no frame beyond @frame_cnt has anything to do with. */
static struct waker_context waker_deferred(bool timer, uint32_t frame_cnt)
{
	return (struct waker_context){.kind = timer ? WAKER_TIMER : WAKER_SOFTIRQ,
				      .frame_cnt = frame_cnt};
}

/* What the names say; from the innermost outward, up to what the thread itself did. */
static struct waker_context waker_read(const char *const *names, uint32_t cnt)
{
	struct waker_context c = {.kind = WAKER_THREAD, .frame_cnt = UINT32_MAX};
	bool timer = false, softirq = false;

	for (uint32_t i = 0; i < cnt; i++) {
		const struct waker_rule *r = waker_rule_of(names[i]);

		if (!r)
			continue;
		switch (r->mark) {
		case MARK_TIMER:
			timer = true;
			break;
		case MARK_SOFTIRQ:
			softirq = true;
			break;
		case MARK_OWN:
			if (!softirq)
				break;
			if (timer)
				return waker_deferred(timer, i);
			c.via_softirq = true;
			return c;
		case MARK_BACK:
			return timer || softirq ? waker_deferred(timer, i) : c;
		case MARK_DAEMON:
			c.kind = timer ? WAKER_TIMER : WAKER_SOFTIRQ;
			return c;
		case MARK_EXIT:
		case MARK_ENTRY:
			c.kind = timer ? WAKER_TIMER : softirq ? WAKER_SOFTIRQ : WAKER_HARDIRQ;
			c.frame_cnt = waker_entry_end(names, cnt, i);
			return c;
		}
	}
	/* The way in is not on the stack; what is, is the waker's. */
	return timer || softirq ? waker_deferred(timer, cnt) : c;
}

struct waker_context waker_context_of(const struct wire_waker *waker, const char *const *names,
				      uint32_t cnt)
{
	struct waker_context c = {.kind = WAKER_NONE};

	if (!waker || !(waker->flags & WIRE_W_ANY))
		return c;
	if (waker->flags & WIRE_W_SELF) {
		c.kind = WAKER_SELF;
		return c;
	}
	c = waker_read(names, cnt);
	if (c.kind != WAKER_THREAD)
		return c;
	/* Another stack than the thread's and no name that explains it: an interrupt of an unknown kind. */
	if (waker->flags & WIRE_W_AWAY && !c.via_softirq)
		return (struct waker_context){.kind = WAKER_HARDIRQ, .frame_cnt = cnt};
	if (waker->flags & WIRE_W_IDLE)
		c.kind = WAKER_IDLE;
	return c;
}
