/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Who ended a wait: the context by the names on the waker's kernel stack, what is shown of it, and both layouts of a profile.
 * The table of rules is included as it is, so that it can be looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/offcpu_rows.h"
#include "analyze/waker_rules.c"
#include "fixtures/stage.h"
#include "format/record.h"
#include "output/writer.h"

/* ---- contexts ---- */

/*
 * A kernel stack, innermost first: what stands before the "|" is the waker's, without one all of it. Where nothing stands
 * behind it, the way in is the outermost function that is known.
 */
struct context_case {
	const char *stack;
	enum waker_kind kind;
	bool via_softirq;
	uint32_t flags; /* beside WIRE_W_ANY */
};

static void check_context(const struct context_case *c)
{
	const struct wire_waker waker = {.flags = WIRE_W_ANY | c->flags};
	struct waker_context got;
	uint32_t cnt, own;
	const char *names[MAX_NAMES];
	char text[1024];

	snprintf(text, sizeof(text), "%s", c->stack);
	cnt = own = cut_words(text, names);
	for (uint32_t i = 0; i < cnt; i++) {
		if (strcmp(names[i], "|") != 0)
			continue;
		own = i;
		memmove(names + i, names + i + 1, (--cnt - i) * sizeof(*names));
	}
	got = waker_context_of(&waker, names, cnt);
	if (got.kind != c->kind || got.via_softirq != c->via_softirq)
		fail_msg("%s: %s%s", c->stack, waker_kind_name(got.kind),
			 got.via_softirq ? " via softirq" : "");
	if ((got.frame_cnt < cnt ? got.frame_cnt : cnt) != own)
		fail_msg("%s: %u frames are the waker's", c->stack, got.frame_cnt);
}

static void check_contexts(const struct context_case *cases, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		check_context(&cases[i]);
}

static void test_system_calls_are_the_threads_doing(void **state _unused_)
{
	static const struct context_case cases[] = {
		/* 6.18 */
		{"try_to_wake_up autoremove_wake_function __wake_up_common __wake_up_sync_key "
		 "anon_pipe_write vfs_write ksys_write do_syscall_64 "
		 "entry_SYSCALL_64_after_hwframe",
		 WAKER_THREAD, false, 0},
		{"try_to_wake_up wake_up_q futex_wake do_futex __x64_sys_futex do_syscall_64 "
		 "entry_SYSCALL_64_after_hwframe",
		 WAKER_THREAD, false, 0},
		{"try_to_wake_up complete mm_release begin_new_exec load_elf_binary bprm_execve "
		 "do_execveat_common.isra.0 __x64_sys_execve do_syscall_64 "
		 "entry_SYSCALL_64_after_hwframe",
		 WAKER_THREAD, false, 0},
		{"wake_up_new_task kernel_clone __do_sys_clone do_syscall_64 "
		 "entry_SYSCALL_64_after_hwframe",
		 WAKER_THREAD, false, 0},
		/* 5.10, arm64 */
		{"try_to_wake_up default_wake_function __wake_up_common __wake_up_common_lock "
		 "pipe_write new_sync_write vfs_write ksys_write __arm64_sys_write "
		 "el0_svc_common.constprop.0 do_el0_svc el0_svc el0_sync_handler el0_sync",
		 WAKER_THREAD, false, 0},
		/* 6.12, arm64 */
		{"try_to_wake_up pipe_write vfs_write ksys_write __arm64_sys_write "
		 "invoke_syscall el0_svc_common.constprop.0 do_el0_svc el0_svc "
		 "el0t_64_sync_handler el0t_64_sync",
		 WAKER_THREAD, false, 0},
		/* a page fault is the thread's too */
		{"try_to_wake_up wake_up_q rwsem_wake up_read do_user_addr_fault exc_page_fault "
		 "asm_exc_page_fault",
		 WAKER_THREAD, false, 0},
		{"", WAKER_THREAD, false, 0},
		{"[kernel] [kernel]", WAKER_THREAD, false, 0},
	};

	check_contexts(cases, ARRAY_SIZE(cases));
}

static void test_kernel_threads_are_threads(void **state _unused_)
{
	static const struct context_case cases[] = {
		{"try_to_wake_up autoremove_wake_function __wake_up_common __wake_up "
		 "process_one_work worker_thread kthread ret_from_fork ret_from_fork_asm",
		 WAKER_THREAD, false, WIRE_W_KTHREAD},
		{"try_to_wake_up autoremove_wake_function __wake_up "
		 "jbd2_journal_commit_transaction kjournald2 kthread ret_from_fork",
		 WAKER_THREAD, false, WIRE_W_KTHREAD},
		{"try_to_wake_up io_wq_worker ret_from_fork", WAKER_THREAD, false, WIRE_W_KTHREAD},
	};

	check_contexts(cases, ARRAY_SIZE(cases));
}

static void test_timers_of_high_resolution(void **state _unused_)
{
	static const struct context_case cases[] = {
		/* 6.18 and 7.2: it stopped a program in user space, an idle CPU, a system call */
		{"try_to_wake_up hrtimer_wakeup __hrtimer_run_queues hrtimer_interrupt "
		 "__sysvec_apic_timer_interrupt sysvec_apic_timer_interrupt "
		 "asm_sysvec_apic_timer_interrupt",
		 WAKER_TIMER, false, 0},
		{"try_to_wake_up hrtimer_wakeup __hrtimer_run_queues hrtimer_interrupt "
		 "__sysvec_apic_timer_interrupt sysvec_apic_timer_interrupt "
		 "asm_sysvec_apic_timer_interrupt | pv_native_safe_halt default_idle "
		 "default_idle_call do_idle cpu_startup_entry start_secondary",
		 WAKER_TIMER, false, WIRE_W_AWAY | WIRE_W_IDLE},
		{"try_to_wake_up hrtimer_wakeup __hrtimer_run_queues hrtimer_interrupt "
		 "__sysvec_apic_timer_interrupt sysvec_apic_timer_interrupt "
		 "asm_sysvec_apic_timer_interrupt | copy_page_to_iter anon_pipe_read vfs_read "
		 "ksys_read do_syscall_64 entry_SYSCALL_64_after_hwframe",
		 WAKER_TIMER, false, WIRE_W_AWAY},
		/* the same by FRED */
		{"try_to_wake_up hrtimer_wakeup __hrtimer_run_queues hrtimer_interrupt "
		 "__sysvec_apic_timer_interrupt fred_sysvec_apic_timer_interrupt fred_extint | "
		 "fred_entry_from_kernel asm_fred_entrypoint_kernel vfs_read",
		 WAKER_TIMER, false, WIRE_W_AWAY},
		/* 5.10 */
		{"try_to_wake_up hrtimer_wakeup __hrtimer_run_queues hrtimer_interrupt "
		 "__sysvec_apic_timer_interrupt | asm_call_irq_on_stack "
		 "sysvec_apic_timer_interrupt asm_sysvec_apic_timer_interrupt native_safe_halt",
		 WAKER_TIMER, false, WIRE_W_AWAY | WIRE_W_IDLE},
		/* arm64, 6.12 and 5.10 */
		{"try_to_wake_up hrtimer_wakeup __hrtimer_run_queues hrtimer_interrupt "
		 "arch_timer_handler_virt handle_percpu_devid_irq generic_handle_domain_irq "
		 "gic_handle_irq call_on_irq_stack do_interrupt_handler el1_interrupt "
		 "el1h_64_irq_handler el1h_64_irq | default_idle_call do_idle",
		 WAKER_TIMER, false, WIRE_W_AWAY | WIRE_W_IDLE},
		{"try_to_wake_up hrtimer_wakeup __hrtimer_run_queues hrtimer_interrupt "
		 "arch_timer_handler_virt handle_percpu_devid_irq generic_handle_domain_irq "
		 "gic_handle_irq do_interrupt_handler el0_interrupt __el0_irq_handler_common "
		 "el0t_64_irq_handler el0t_64_irq",
		 WAKER_TIMER, false, WIRE_W_AWAY},
		{"try_to_wake_up hrtimer_wakeup __hrtimer_run_queues hrtimer_interrupt "
		 "arch_timer_handler_virt handle_percpu_devid_irq generic_handle_irq "
		 "__handle_domain_irq gic_handle_irq el1_irq | arch_cpu_idle do_idle",
		 WAKER_TIMER, false, WIRE_W_AWAY | WIRE_W_IDLE},
		{"try_to_wake_up hrtimer_wakeup __hrtimer_run_queues hrtimer_interrupt "
		 "arch_timer_handler_virt gic_handle_irq el0_irq_naked",
		 WAKER_TIMER, false, WIRE_W_AWAY},
		/* timers of programs: POSIX, the interval timer, a descriptor */
		{"try_to_wake_up complete_signal send_sigqueue posix_timer_fn "
		 "__hrtimer_run_queues hrtimer_interrupt __sysvec_apic_timer_interrupt "
		 "sysvec_apic_timer_interrupt asm_sysvec_apic_timer_interrupt",
		 WAKER_TIMER, false, 0},
		{"try_to_wake_up __wake_up_locked_key timerfd_tmrproc __hrtimer_run_queues "
		 "hrtimer_interrupt __sysvec_apic_timer_interrupt | vfs_read",
		 WAKER_TIMER, false, 0},
		{"try_to_wake_up complete_signal it_real_fn __hrtimer_run_queues sysvec_x | y",
		 WAKER_TIMER, false, 0},
		/* soft ones */
		{"try_to_wake_up hrtimer_wakeup __hrtimer_run_queues hrtimer_run_softirq "
		 "handle_softirqs __irq_exit_rcu sysvec_apic_timer_interrupt "
		 "asm_sysvec_apic_timer_interrupt | vfs_read",
		 WAKER_TIMER, false, 0},
	};

	check_contexts(cases, ARRAY_SIZE(cases));
}

static void test_timers_of_the_wheel(void **state _unused_)
{
	static const struct context_case cases[] = {
		/* 6.18 */
		{"try_to_wake_up process_timeout call_timer_fn __run_timers run_timer_base "
		 "run_timer_softirq handle_softirqs __irq_exit_rcu "
		 "sysvec_apic_timer_interrupt asm_sysvec_apic_timer_interrupt | default_idle",
		 WAKER_TIMER, false, WIRE_W_AWAY | WIRE_W_IDLE},
		{"try_to_wake_up process_timeout call_timer_fn __run_timers "
		 "timer_expire_remote tmigr_handle_remote_up tmigr_handle_remote "
		 "handle_softirqs __irq_exit_rcu sysvec_apic_timer_interrupt "
		 "asm_sysvec_apic_timer_interrupt",
		 WAKER_TIMER, false, 0},
		/* 6.1 */
		{"try_to_wake_up process_timeout call_timer_fn __run_timers.part.0 "
		 "run_timer_softirq __do_softirq __irq_exit_rcu irq_exit_rcu "
		 "sysvec_apic_timer_interrupt asm_sysvec_apic_timer_interrupt | vfs_read",
		 WAKER_TIMER, false, WIRE_W_AWAY},
		/* 5.10 */
		{"try_to_wake_up call_timer_fn run_timer_softirq __softirqentry_text_start "
		 "asm_call_irq_on_stack do_softirq_own_stack irq_exit_rcu "
		 "sysvec_apic_timer_interrupt asm_sysvec_apic_timer_interrupt | vfs_read",
		 WAKER_TIMER, false, WIRE_W_AWAY},
		/* on ksoftirqd */
		{"try_to_wake_up process_timeout call_timer_fn run_timer_softirq "
		 "handle_softirqs run_ksoftirqd smpboot_thread_fn kthread ret_from_fork",
		 WAKER_TIMER, false, WIRE_W_KTHREAD},
		/* what a timer does, and not the thread whose packet came by */
		{"try_to_wake_up sock_def_error_report tcp_write_err tcp_write_timer "
		 "call_timer_fn run_timer_softirq handle_softirqs do_softirq.part.0 | "
		 "__local_bh_enable_ip __dev_queue_xmit ip_output tcp_sendmsg __sys_sendto",
		 WAKER_TIMER, false, WIRE_W_AWAY},
	};

	check_contexts(cases, ARRAY_SIZE(cases));
}

/* A packet for this machine is received in a softirq that the sender's own system call runs. */
static void test_a_softirq_of_the_threads_own_is_its_doing(void **state _unused_)
{
	static const struct context_case cases[] = {
		/* 6.18 */
		{"try_to_wake_up woken_wake_function __wake_up_common __wake_up_sync_key "
		 "sock_def_readable tcp_data_queue tcp_rcv_established tcp_v4_do_rcv tcp_v4_rcv "
		 "ip_local_deliver_finish __netif_receive_skb_one_core process_backlog "
		 "__napi_poll net_rx_action handle_softirqs do_softirq __local_bh_enable_ip "
		 "__dev_queue_xmit ip_finish_output2 __tcp_transmit_skb tcp_write_xmit "
		 "tcp_sendmsg_locked tcp_sendmsg __sys_sendto do_syscall_64",
		 WAKER_THREAD, true, WIRE_W_AWAY},
		/* 6.1, 5.10 */
		{"try_to_wake_up sock_def_readable tcp_v4_rcv process_backlog __napi_poll "
		 "net_rx_action __do_softirq do_softirq.part.0 __local_bh_enable_ip "
		 "ip_finish_output2 tcp_sendmsg do_syscall_64",
		 WAKER_THREAD, true, WIRE_W_AWAY},
		{"try_to_wake_up sock_def_readable tcp_v4_rcv process_backlog net_rx_action "
		 "__softirqentry_text_start asm_call_irq_on_stack do_softirq_own_stack do_softirq "
		 "__local_bh_enable_ip ip_finish_output2 tcp_sendmsg do_syscall_64",
		 WAKER_THREAD, true, WIRE_W_AWAY},
		/* 6.12, arm64 */
		{"try_to_wake_up sock_def_readable tcp_v4_rcv process_backlog net_rx_action "
		 "handle_softirqs __do_softirq ____do_softirq call_on_irq_stack "
		 "do_softirq_own_stack do_softirq __local_bh_enable_ip __dev_queue_xmit "
		 "tcp_sendmsg __arm64_sys_sendto el0_svc el0t_64_sync",
		 WAKER_THREAD, true, WIRE_W_AWAY},
		/* by netif_rx() */
		{"try_to_wake_up sock_def_readable udp_rcv process_backlog net_rx_action "
		 "handle_softirqs netif_rx tun_get_user tun_chr_write_iter vfs_write",
		 WAKER_THREAD, true, WIRE_W_AWAY},
		{"try_to_wake_up sock_def_readable udp_rcv process_backlog net_rx_action "
		 "__softirqentry_text_start do_softirq netif_rx_ni tun_get_user vfs_write",
		 WAKER_THREAD, true, WIRE_W_AWAY},
		/* a kernel thread that sends */
		{"try_to_wake_up sock_def_readable net_rx_action handle_softirqs do_softirq "
		 "__local_bh_enable_ip wg_packet_decrypt_worker process_one_work worker_thread",
		 WAKER_THREAD, true, WIRE_W_AWAY | WIRE_W_KTHREAD},
		/* no softirq ran: just a way by the same function */
		{"try_to_wake_up __wake_up __local_bh_enable_ip lock_sock_nested tcp_recvmsg",
		 WAKER_THREAD, false, 0},
		{"try_to_wake_up netif_rx something vfs_write", WAKER_THREAD, false, 0},
	};

	check_contexts(cases, ARRAY_SIZE(cases));
}

static void test_softirqs_of_interrupts_are_nobodys(void **state _unused_)
{
	static const struct context_case cases[] = {
		/* 6.18, a network device; 6.1; 5.10 */
		{"try_to_wake_up sock_def_readable tcp_v4_rcv __netif_receive_skb_one_core "
		 "napi_complete_done virtnet_poll __napi_poll net_rx_action handle_softirqs "
		 "__irq_exit_rcu common_interrupt asm_common_interrupt | vfs_read do_syscall_64",
		 WAKER_SOFTIRQ, false, WIRE_W_AWAY},
		{"try_to_wake_up sock_def_readable napi_poll net_rx_action __do_softirq "
		 "irq_exit_rcu common_interrupt asm_common_interrupt | tcp_sendmsg",
		 WAKER_SOFTIRQ, false, WIRE_W_AWAY},
		{"try_to_wake_up sock_def_readable net_rx_action __softirqentry_text_start "
		 "asm_call_irq_on_stack do_softirq_own_stack irq_exit_rcu common_interrupt "
		 "asm_common_interrupt | vfs_read",
		 WAKER_SOFTIRQ, false, WIRE_W_AWAY},
		/* arm64: 6.12, 5.10 */
		{"try_to_wake_up sock_def_readable net_rx_action handle_softirqs __do_softirq "
		 "____do_softirq call_on_irq_stack do_softirq_own_stack irq_exit_rcu "
		 "el1_interrupt el1h_64_irq_handler el1h_64_irq | vfs_read",
		 WAKER_SOFTIRQ, false, WIRE_W_AWAY},
		{"try_to_wake_up sock_def_readable net_rx_action __do_softirq irq_exit | "
		 "__handle_domain_irq gic_handle_irq el1_irq vfs_read",
		 WAKER_SOFTIRQ, false, WIRE_W_AWAY},
		/* 6.18: a disk's request that another CPU completed */
		{"try_to_wake_up wake_page_function __wake_up_common folio_wake_bit "
		 "__read_end_io blk_update_request blk_mq_end_request blk_done_softirq "
		 "handle_softirqs __irq_exit_rcu common_interrupt asm_common_interrupt",
		 WAKER_SOFTIRQ, false, 0},
		/* on ksoftirqd, which has no system call of its own */
		{"try_to_wake_up sock_def_readable net_rx_action handle_softirqs run_ksoftirqd "
		 "smpboot_thread_fn kthread ret_from_fork ret_from_fork_asm",
		 WAKER_SOFTIRQ, false, WIRE_W_KTHREAD},
		/* in the idle loop */
		{"try_to_wake_up sock_def_readable net_rx_action handle_softirqs do_softirq "
		 "flush_smp_call_function_queue do_idle cpu_startup_entry",
		 WAKER_SOFTIRQ, false, WIRE_W_AWAY | WIRE_W_IDLE},
	};

	check_contexts(cases, ARRAY_SIZE(cases));
}

static void test_interrupts_of_devices(void **state _unused_)
{
	static const struct context_case cases[] = {
		/* 6.18: a disk */
		{"try_to_wake_up autoremove_wake_function folio_wake_bit folio_end_read "
		 "bio_endio blk_update_request blk_mq_end_request virtblk_done vring_interrupt "
		 "__handle_irq_event_percpu handle_irq_event handle_edge_irq __common_interrupt "
		 "common_interrupt asm_common_interrupt | vfs_read ksys_read do_syscall_64",
		 WAKER_HARDIRQ, false, WIRE_W_AWAY},
		/* 5.10 */
		{"try_to_wake_up blk_mq_end_request virtblk_done vring_interrupt "
		 "__handle_irq_event_percpu handle_edge_irq asm_call_irq_on_stack "
		 "common_interrupt asm_common_interrupt | default_idle",
		 WAKER_HARDIRQ, false, WIRE_W_AWAY | WIRE_W_IDLE},
		/* it stopped a program in user space: from there it stays on the thread's stack */
		{"try_to_wake_up blk_mq_end_request virtblk_done vring_interrupt "
		 "__common_interrupt common_interrupt asm_common_interrupt",
		 WAKER_HARDIRQ, false, 0},
		/* other CPUs' and the kernel's own */
		{"try_to_wake_up irq_work_single irq_work_run __sysvec_irq_work sysvec_irq_work "
		 "asm_sysvec_irq_work | bpf_prog_1_x",
		 WAKER_HARDIRQ, false, WIRE_W_AWAY},
		{"try_to_wake_up blk_done flush_smp_call_function_queue "
		 "__sysvec_call_function_single sysvec_call_function_single "
		 "asm_sysvec_call_function_single | vfs_read",
		 WAKER_HARDIRQ, false, WIRE_W_AWAY},
		/* Xen */
		{"try_to_wake_up blkif_interrupt __xen_evtchn_do_upcall "
		 "exc_xen_hypervisor_callback asm_exc_xen_hypervisor_callback | vfs_read",
		 WAKER_HARDIRQ, false, WIRE_W_AWAY},
		/* FRED */
		{"try_to_wake_up blk_mq_end_request virtblk_done __common_interrupt "
		 "fred_extint | fred_entry_from_user asm_fred_entrypoint_user",
		 WAKER_HARDIRQ, false, 0},
		/* arm64: 6.12, 5.10; a fast interrupt */
		{"try_to_wake_up blk_mq_end_request virtblk_done vring_interrupt "
		 "generic_handle_domain_irq gic_handle_irq call_on_irq_stack "
		 "do_interrupt_handler el1_interrupt el1h_64_irq_handler el1h_64_irq | vfs_read",
		 WAKER_HARDIRQ, false, WIRE_W_AWAY},
		{"try_to_wake_up blk_mq_end_request virtblk_done __handle_domain_irq "
		 "gic_handle_irq el1_irq | vfs_read",
		 WAKER_HARDIRQ, false, WIRE_W_AWAY},
		{"try_to_wake_up blk_mq_end_request gic_handle_irq el0_irq_naked", WAKER_HARDIRQ,
		 false, WIRE_W_AWAY},
		{"try_to_wake_up x do_interrupt_handler el1_interrupt | el1h_64_fiq_handler "
		 "el1h_64_fiq y",
		 WAKER_HARDIRQ, false, WIRE_W_AWAY},
	};

	check_contexts(cases, ARRAY_SIZE(cases));
}

/* An interrupt within the softirq that a timer's interrupt left: the innermost counts. */
static void test_of_interrupts_within_interrupts_the_innermost_counts(void **state _unused_)
{
	static const struct context_case cases[] = {
		{"try_to_wake_up virtblk_done common_interrupt asm_common_interrupt | "
		 "call_timer_fn run_timer_softirq handle_softirqs __irq_exit_rcu "
		 "sysvec_apic_timer_interrupt asm_sysvec_apic_timer_interrupt",
		 WAKER_HARDIRQ, false, 0},
		{"try_to_wake_up hrtimer_wakeup hrtimer_interrupt sysvec_apic_timer_interrupt "
		 "asm_sysvec_apic_timer_interrupt | net_rx_action handle_softirqs do_softirq "
		 "__local_bh_enable_ip tcp_sendmsg",
		 WAKER_TIMER, false, 0},
	};

	check_contexts(cases, ARRAY_SIZE(cases));
}

/* The interrupt is over, and the thread does its own work before it goes on in user space: it dies of a signal. */
static void
test_what_a_thread_does_on_its_way_out_of_an_interrupt_is_its_doing(void **state _unused_)
{
	static const struct context_case cases[] = {
		/* 6.18, as seen */
		{"try_to_wake_up complete_signal __send_signal_locked do_notify_parent do_exit "
		 "do_group_exit get_signal arch_do_signal_or_restart irqentry_exit_to_user_mode "
		 "asm_sysvec_apic_timer_interrupt",
		 WAKER_THREAD, false, 0},
		{"try_to_wake_up __wake_up_parent do_exit do_group_exit get_signal "
		 "arch_do_signal_or_restart exit_to_user_mode_loop irqentry_exit_to_user_mode "
		 "asm_sysvec_reschedule_ipi",
		 WAKER_THREAD, false, 0},
		{"try_to_wake_up __wake_up_parent do_exit do_group_exit get_signal "
		 "arch_do_signal_or_restart irqentry_exit_to_user_mode fred_extint "
		 "fred_entry_from_user asm_fred_entrypoint_user",
		 WAKER_THREAD, false, 0},
		/* 6.1, 5.10 */
		{"try_to_wake_up __wake_up_parent do_exit get_signal arch_do_signal_or_restart "
		 "exit_to_user_mode_prepare irqentry_exit_to_user_mode "
		 "sysvec_apic_timer_interrupt asm_sysvec_apic_timer_interrupt",
		 WAKER_THREAD, false, 0},
		/* 7.2, as seen */
		{"try_to_wake_up complete_signal __send_signal_locked do_notify_parent do_exit "
		 "do_group_exit get_signal arch_do_signal_or_restart irqentry_exit "
		 "asm_sysvec_reschedule_ipi",
		 WAKER_THREAD, false, 0},
		/* arm64 */
		{"try_to_wake_up __wake_up_parent do_exit get_signal do_notify_resume "
		 "el0_interrupt __el0_irq_handler_common el0t_64_irq_handler el0t_64_irq",
		 WAKER_THREAD, false, 0},
		/* an interrupt in the middle of it is one */
		{"try_to_wake_up hrtimer_wakeup hrtimer_interrupt sysvec_apic_timer_interrupt "
		 "asm_sysvec_apic_timer_interrupt | do_exit get_signal "
		 "irqentry_exit_to_user_mode asm_sysvec_reschedule_ipi",
		 WAKER_TIMER, false, 0},
		/* and a packet sent there is the thread's */
		{"try_to_wake_up tcp_v4_rcv net_rx_action handle_softirqs do_softirq "
		 "__local_bh_enable_ip tcp_send_fin tcp_close __fput task_work_run "
		 "irqentry_exit_to_user_mode asm_sysvec_apic_timer_interrupt",
		 WAKER_THREAD, true, WIRE_W_AWAY},
	};

	check_contexts(cases, ARRAY_SIZE(cases));
}

/* All that enters the kernel comes by the same door there. */
static void test_system_calls_by_fred_are_no_interrupts(void **state _unused_)
{
	static const struct context_case cases[] = {
		{"try_to_wake_up anon_pipe_write vfs_write ksys_write do_syscall_64 "
		 "fred_entry_from_user asm_fred_entrypoint_user",
		 WAKER_THREAD, false, 0},
		{"try_to_wake_up rwsem_wake exc_page_fault fred_entry_from_user "
		 "asm_fred_entrypoint_user",
		 WAKER_THREAD, false, 0},
	};

	check_contexts(cases, ARRAY_SIZE(cases));
}

static void test_where_no_name_tells_the_stack_does(void **state _unused_)
{
	static const struct context_case cases[] = {
		{"[kernel] [kernel]", WAKER_HARDIRQ, false, WIRE_W_AWAY},
		{"try_to_wake_up something new", WAKER_HARDIRQ, false, WIRE_W_AWAY},
		{"", WAKER_HARDIRQ, false, WIRE_W_AWAY},
		{"[kernel]", WAKER_HARDIRQ, false, WIRE_W_AWAY | WIRE_W_IDLE},
		{"try_to_wake_up sched_ttwu do_idle cpu_startup_entry", WAKER_IDLE, false,
		 WIRE_W_IDLE},
		{"", WAKER_IDLE, false, WIRE_W_IDLE},
	};

	check_contexts(cases, ARRAY_SIZE(cases));
}

static void test_a_thread_that_woke_itself(void **state _unused_)
{
	const struct wire_waker self = {.flags = WIRE_W_ANY | WIRE_W_SELF};

	assert_int_equal(waker_context_of(&self, NULL, 0).kind, WAKER_SELF);
	assert_int_equal(waker_context_of(&self, NULL, 0).frame_cnt, 0);
}

static void test_nobody_noted_is_nobody(void **state _unused_)
{
	const char *const names[] = {"hrtimer_wakeup"};
	const struct wire_waker nobody = {.flags = 0}, odd = {.flags = WIRE_W_SELF};

	assert_int_equal(waker_context_of(NULL, names, 1).kind, WAKER_NONE);
	assert_int_equal(waker_context_of(&nobody, names, 1).kind, WAKER_NONE);
	assert_int_equal(waker_context_of(&odd, names, 1).kind, WAKER_NONE);
}

/* Compilers inline, and walks miss a frame: each of these is enough. */
static void test_each_of_many_names_is_enough(void **state _unused_)
{
	static const struct context_case cases[] = {
		{"a hrtimer_wakeup b", WAKER_TIMER, false, 0},
		{"a __hrtimer_run_queues.constprop.0 b", WAKER_TIMER, false, 0},
		{"a hrtimer_interrupt b", WAKER_TIMER, false, 0},
		{"a hrtimer_run_softirq b", WAKER_TIMER, false, 0},
		{"a call_timer_fn.isra.0 b", WAKER_TIMER, false, 0},
		{"a expire_timers b", WAKER_TIMER, false, 0},
		{"a __run_timers.part.0 b", WAKER_TIMER, false, 0},
		{"a run_timer_softirq b", WAKER_TIMER, false, 0},
		{"a run_timer_base b", WAKER_TIMER, false, 0},
		{"a timer_expire_remote b", WAKER_TIMER, false, 0},
		{"a process_timeout b", WAKER_TIMER, false, 0},
		{"a posix_timer_fn b", WAKER_TIMER, false, 0},
		{"a it_real_fn b", WAKER_TIMER, false, 0},
		{"a alarmtimer_fired b", WAKER_TIMER, false, 0},
		{"a timerfd_tmrproc b", WAKER_TIMER, false, 0},
		{"a run_posix_cpu_timers b", WAKER_TIMER, false, 0},
		{"a handle_softirqs run_ksoftirqd b", WAKER_SOFTIRQ, false, 0},
		{"a handle_softirqs __irq_exit_rcu | b", WAKER_SOFTIRQ, false, 0},
		{"a handle_softirqs irq_exit | b", WAKER_SOFTIRQ, false, 0},
		{"a instr_sysvec_irq_work | b", WAKER_HARDIRQ, false, 0},
		{"a asm_exc_nmi | b", WAKER_HARDIRQ, false, 0},
		{"a exc_xen_hypervisor_callback | b", WAKER_HARDIRQ, false, 0},
		{"a el0t_32_irq | b", WAKER_HARDIRQ, false, 0},
		{"a el0_interrupt | b", WAKER_HARDIRQ, false, 0},
		{"a el0_irq_naked | b", WAKER_HARDIRQ, false, 0},
		{"a irqentry_exit asm_sysvec_x", WAKER_THREAD, false, 0},
		{"a irqentry_exit_to_user_mode asm_sysvec_x", WAKER_THREAD, false, 0},
		{"a get_signal asm_sysvec_x", WAKER_THREAD, false, 0},
		{"a task_work_run asm_sysvec_x", WAKER_THREAD, false, 0},
		{"a exit_to_user_mode_loop asm_sysvec_x", WAKER_THREAD, false, 0},
		{"a exit_to_user_mode_prepare asm_sysvec_x", WAKER_THREAD, false, 0},
		{"a do_notify_resume el0_interrupt", WAKER_THREAD, false, 0},
	};

	check_contexts(cases, ARRAY_SIZE(cases));
}

/* Taken alone, with what makes it count around it, each rule does what its mark says. */
static void test_every_rule_counts(void **state _unused_)
{
	static const struct {
		const char *format;
		enum waker_kind kind;
		bool via_softirq;
	} of_mark[] = {
		[MARK_TIMER] = {"a %s b", WAKER_TIMER, false},
		[MARK_SOFTIRQ] = {"a %s b", WAKER_SOFTIRQ, false},
		[MARK_OWN] = {"a handle_softirqs %s b", WAKER_THREAD, true},
		[MARK_EXIT] = {"a handle_softirqs %s | b", WAKER_SOFTIRQ, false},
		[MARK_DAEMON] = {"a handle_softirqs %s b", WAKER_SOFTIRQ, false},
		[MARK_ENTRY] = {"a %s | b", WAKER_HARDIRQ, false},
		[MARK_BACK] = {"a %s asm_sysvec_x b", WAKER_THREAD, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(waker_rules); i++) {
		enum waker_mark mark = waker_rules[i].mark;
		char stack[256];

		snprintf(stack, sizeof(stack), of_mark[mark].format, waker_rules[i].prefix);
		check_context(&(struct context_case){stack, of_mark[mark].kind,
						     of_mark[mark].via_softirq, 0});
	}
}

static void test_no_rule_is_in_the_shadow_of_another(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_SIZE(waker_rules); i++)
		for (size_t j = 0; j < ARRAY_SIZE(waker_rules); j++)
			if (i != j && !strncmp(waker_rules[i].prefix, waker_rules[j].prefix,
					       strlen(waker_rules[j].prefix)))
				fail_msg("%s is one of %s", waker_rules[i].prefix,
					 waker_rules[j].prefix);
}

/* ---- records ---- */

static void test_the_size_of_a_record_says_whether_it_has_a_waker(void **state)
{
	const struct wire_waker waker = {.key = mkwire_key_of(43, 0), .flags = WIRE_W_ANY};
	struct stage *s = *state;

	for (int spilled = 0; spilled < 2; spilled++) {
		size_t off = spilled ? mkwire_spill(&s->wire, 42, 1, 10, 1)
				     : mkwire_interval(&s->wire, 42, 1000, 1010, 1011, 0, 0);
		uint32_t plain = mkwire_event(&s->wire, off).h->size;
		struct event e;

		mkwire_waker(&s->wire, off, &waker);
		for (uint32_t size = plain; size <= plain + sizeof(waker) + 8; size += 8) {
			_cleanup_free_ uint64_t *copy = malloc(size); /* its end is watched */

			memcpy(copy, s->wire.data, size);
			((struct wire_header *)copy)->size = size;
			assert_int_equal(record_decode(copy, size, &e), 0);
			if (size < plain + sizeof(waker) + 8)
				assert_null(event__waker(&e));
			else
				assert_memory_equal(event__waker(&e), &waker, sizeof(waker));
		}
		buf__reset(&s->wire);
	}
}

static void test_only_waits_have_wakers(void **state)
{
	struct stage *s = *state;
	struct event e;

	mkwire_record(&s->wire, WIRE_ROUND, 4096);
	e = mkwire_event(&s->wire, 0);
	assert_null(event__waker(&e));
	buf__reset(&s->wire);
}

/* ---- rows ---- */

enum {
	KSTACK_WRITE = 30,
	KSTACK_TIMER = 31,
	KSTACK_SOFTIRQ = 32,
	USTACK_WRITE = 40,
};

/* The stage, and stacks in which others are woken. */
static int waker_setup(void **state)
{
	struct stage *s;

	stage_setup(state);
	s = *state;
	stack(s, 0, KSTACK_WRITE, "try_to_wake_up pipe_write vfs_write");
	stack(s, 0, KSTACK_TIMER,
	      "try_to_wake_up hrtimer_wakeup hrtimer_interrupt asm_sysvec_apic_timer_interrupt "
	      "vfs_fsync do_fsync");
	stack(s, 0, KSTACK_SOFTIRQ,
	      "try_to_wake_up net_rx_action handle_softirqs do_softirq __local_bh_enable_ip "
	      "tcp_sendmsg");
	stack(s, 42, USTACK_WRITE, "write send main");
	return 0;
}

/* By the thread 43 "worker", writing to a pipe. */
static struct wire_waker by_worker(void)
{
	return (struct wire_waker){.key = mkwire_key_of(43, 0),
				   .kernel_stack = KSTACK_WRITE,
				   .user_stack = USTACK_WRITE,
				   .flags = WIRE_W_ANY};
}

static struct wire_waker by_worker_in(uint64_t kernel_stack, uint32_t flags)
{
	struct wire_waker w = by_worker();

	w.kernel_stack = kernel_stack;
	w.flags |= flags;
	return w;
}

/* Hands over an interval of the thread 42 that @waker ended. */
static void waked(struct stage *s, uint64_t blocked, uint64_t runnable, struct wire_waker waker)
{
	interval(s, 42, blocked, runnable);
	mkwire_waker(&s->wire, 0, &waker);
	done(s);
}

static void test_rows_differ_by_who_ended_the_wait(void **state)
{
	struct stage *s = *state;
	struct wire_waker others[6];

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		others[i] = by_worker();
	others[0].key.start_ns++;
	others[1].key.tid++;
	others[2].key.comm_gen++;
	others[3].kernel_stack++;
	others[4].user_stack++;
	others[5].flags |= WIRE_W_AWAY;
	for (int round = 0; round < 2; round++) {
		interval(s, 42, 10, 1); /* nobody asked */
		done(s);
		waked(s, 10, 1, (struct wire_waker){0}); /* nobody did */
		waked(s, 10, 1, by_worker());
		for (size_t i = 0; i < ARRAY_SIZE(others); i++)
			waked(s, 10, 1, others[i]);
	}
	assert_int_equal(s->offcpu.cnt, 2 + ARRAY_SIZE(others));
	assert_int_equal(s->offcpu.rows[0].cnt, 4);
	for (size_t i = 1; i < s->offcpu.cnt; i++)
		assert_int_equal(s->offcpu.rows[i].cnt, 2);
}

static void test_spilled_waits_keep_their_waker(void **state)
{
	const struct wire_waker waker = by_worker();
	struct stage *s = *state;

	spill(s, 42, 2, 400, 90);
	mkwire_waker(&s->wire, 0, &waker);
	done(s);
	spill(s, 42, 2, 400, 90);
	done(s);
	assert_int_equal(s->offcpu.cnt, 2);
	waked(s, 10, 1, waker);
	assert_int_equal(s->offcpu.cnt, 2);
	assert_int_equal(s->offcpu.rows[0].cnt, 3);
}

/* Every wait is in the profile with its time, beside the sample that it is a part of. */
static void check_times(const struct profile *p, size_t cnt)
{
	uint64_t sums[16] = {0}, cnts[16] = {0};

	assert_int_equal(p->wait_cnt, cnt);
	assert_true(p->sample_cnt < ARRAY_SIZE(sums));
	for (size_t i = 0; i < p->wait_cnt; i++) {
		assert_true(p->waits[i].sample < p->sample_cnt);
		sums[p->waits[i].sample] += p->waits[i].to_ns - p->waits[i].from_ns;
		cnts[p->waits[i].sample]++;
	}
	for (size_t i = 0; i < p->sample_cnt; i++) {
		assert_int_equal(sums[i], profile_sample__total_ns(&p->samples[i]));
		assert_int_equal(cnts[i], p->samples[i].cnt);
	}
}

/* Some are added up at once, others at the end, and rows are put together on the way: none may be lost, or go astray. */
static void test_each_wait_finds_its_sample(void **state)
{
	struct stage *s = *state;

	s->offcpu.keep_times = s->offcpu.keep_waits = true;
	interval(s, 43, 7, 0);
	done(s);
	interval(s, 43, 0, 9)->wait.flags = WIRE_F_PREEMPT;
	done(s);
	waked(s, 300, 20, by_worker_in(KSTACK_TIMER, WIRE_W_AWAY));
	interval(s, 42, 5, 0);
	done(s);
	waked(s, 100, 0, by_worker());
	waked(s, 40, 2, (struct wire_waker){0});
	waked(s, 60, 3, by_worker());
	assert_int_equal(s->offcpu.wait_cnt, 4);
	check_times(make_profile(s), 7);
	for (size_t i = 0; i < s->profile->wait_cnt; i++) {
		uint64_t ns = s->profile->waits[i].to_ns - s->profile->waits[i].from_ns;

		/* The wait of 320 was ended by a timer: who had the CPU then did nothing. */
		assert_int_equal(s->profile->waits[i].waker != PROFILE_NO_THREAD,
				 ns == 100 || ns == 63);
	}
	s->view.wakers = true;
	check_times(make_profile(s), 7);
	s->view.reasons = 1u << REASON_PREEMPTED;
	check_times(make_profile(s), 1);
	s->view.reasons = 0;
	s->view.chains = true;
	assert_int_equal(make_profile(s)->wait_cnt, 7);
}

/* ---- the wait, and on top of it the waker ---- */

#define WRITE_REVERSED "--;try_to_wake_up;pipe_write;vfs_write;write;send;main"
#define WRITE_STACKS   "main;send;write;vfs_write;pipe_write;try_to_wake_up"
#define TIMER_REVERSED                                                                       \
	"--;try_to_wake_up;hrtimer_wakeup;hrtimer_interrupt;asm_sysvec_apic_timer_interrupt" \
	";[timer]"

static void test_behind_the_wait_the_waker_stands_on_its_head(void **state)
{
	struct stage *s = *state;
	const struct profile *p;
	const struct profile_sample *sample;

	waked(s, 10, 1, by_worker());
	s->view.wakers = true;
	assert_string_equal(profile_text(s),
			    "app;" LOCK_STACKS ";" WRITE_REVERSED ";worker lock 10+1 x1 max 11\n");
	p = s->profile;
	sample = p->samples;
	for (uint32_t i = 0; i < sample->frame_cnt; i++)
		assert_int_equal(profile__sample_frame(p, sample, i)->kind,
				 i == 0	  ? FRAME_KIND_PROCESS
				 : i < 4  ? FRAME_KIND_NATIVE
				 : i < 6  ? FRAME_KIND_KERNEL
				 : i == 6 ? FRAME_KIND_DELIMITER
					  : FRAME_KIND_WAKER);
	assert_string_equal(profile__str(p, profile__sample_frame(p, sample, 8)->module),
			    "[kernel]");
	assert_true(p->has_wakers);
	assert_int_equal(sample->waker, WAKER_THREAD);
	assert_string_equal(profile__str(p, sample->waker_comm), "worker");
	assert_int_equal(sample->waker_pid, 42);
	assert_int_equal(sample->waker_tid, 43);
	assert_false(sample->via_softirq);
}

static void test_the_parts_of_a_waker_are_left_out_like_those_of_the_wait(void **state)
{
	struct stage *s = *state;

	waked(s, 10, 1, by_worker());
	s->view = (struct offcpu_view){.wakers = true, .no_user_stacks = true};
	assert_string_equal(profile_text(s), "app;do_futex;futex_do_wait;--;try_to_wake_up;"
					     "pipe_write;vfs_write;worker lock 10+1 x1 max 11\n");
	s->view = (struct offcpu_view){.wakers = true, .no_kernel_stacks = true};
	assert_string_equal(profile_text(s), "app;main;work;lock;--;write;send;main;worker lock "
					     "10+1 x1 max 11\n");
	s->view = (struct offcpu_view){.wakers = true, .delimiter = true, .split = true};
	assert_string_equal(profile_text(s),
			    "app;main;work;lock;-;do_futex;futex_do_wait;" WRITE_REVERSED
			    ";worker;blocked lock 10+0 x1 max 10\n"
			    "app;main;work;lock;-;do_futex;futex_do_wait;" WRITE_REVERSED
			    ";worker;runnable lock 0+1 x0 max 1\n");
}

static void test_of_an_interrupt_only_its_own_part_is_shown(void **state)
{
	struct stage *s = *state;
	const struct profile_sample *sample;

	waked(s, 10, 1, by_worker_in(KSTACK_TIMER, WIRE_W_AWAY));
	s->view.wakers = true;
	assert_string_equal(profile_text(s),
			    "app;" LOCK_STACKS ";" TIMER_REVERSED " lock 10+1 x1 max 11\n");
	sample = s->profile->samples;
	assert_int_equal(sample->waker, WAKER_TIMER);
	assert_int_equal(sample->waker_comm, 0);
	assert_int_equal(sample->waker_pid + sample->waker_tid, 0);
	/* The context still comes from the kernel stack. */
	s->view.no_kernel_stacks = true;
	assert_string_equal(profile_text(s), "app;main;work;lock;--;[timer] lock 10+1 x1 max 11\n");
}

static void test_a_softirq_of_the_wakers_own_is_said(void **state)
{
	struct stage *s = *state;
	const struct profile *p;

	waked(s, 10, 1, by_worker_in(KSTACK_SOFTIRQ, WIRE_W_AWAY));
	s->view.wakers = true;
	assert_string_equal(profile_text(s),
			    "app;" LOCK_STACKS ";--;try_to_wake_up;net_rx_action;handle_softirqs;"
			    "do_softirq;__local_bh_enable_ip;tcp_sendmsg;write;send;main;"
			    "worker (via softirq) lock 10+1 x1 max 11\n");
	p = s->profile;
	assert_true(p->samples[0].via_softirq);
	assert_string_equal(profile__str(p, p->samples[0].waker_comm), "worker");
	s->view.by_waker = s->view.no_user_stacks = s->view.no_kernel_stacks = true;
	s->view.per_thread = true;
	assert_string_equal(profile_text(s),
			    "worker-42/43 (via softirq);app-42/42 lock 10+1 x1 max 11\n");
}

static void test_idle_and_self_are_no_threads(void **state)
{
	struct stage *s = *state;

	waked(s, 10, 1, (struct wire_waker){.flags = WIRE_W_ANY | WIRE_W_SELF});
	waked(s, 10, 1, (struct wire_waker){.flags = WIRE_W_ANY | WIRE_W_IDLE});
	s->view.wakers = true;
	assert_string_equal(profile_text(s), "app;" LOCK_STACKS ";--;[self] lock 10+1 x1 max 11\n"
					     "app;" LOCK_STACKS ";--;[idle] lock 10+1 x1 max 11\n");
	assert_int_equal(s->profile->samples[0].waker_comm, 0);
}

static void test_a_waker_has_the_name_of_its_time(void **state)
{
	struct wire_waker renamed = by_worker(), unknown = by_worker(), nameless = by_worker();
	struct stage *s = *state;

	renamed.key.comm_gen = 1;
	unknown.key = mkwire_key_of(77, 0);
	nameless.key = mkwire_key_of(44, 0);
	give(s, mkwire_thread(&s->wire, 42, 43, 1, "renamed"));
	give(s, mkwire_thread(&s->wire, 42, 44, 0, ""));
	waked(s, 10, 1, by_worker());
	waked(s, 10, 1, renamed);
	waked(s, 10, 1, unknown);
	waked(s, 10, 1, nameless);
	s->view = (struct offcpu_view){
		.wakers = true, .no_user_stacks = true, .no_kernel_stacks = true};
	assert_string_equal(profile_text(s), "app;--;worker lock 10+1 x1 max 11\n"
					     "app;--;renamed lock 10+1 x1 max 11\n"
					     "app;--;[unknown] lock 10+1 x1 max 11\n"
					     "app;--;[unknown] lock 10+1 x1 max 11\n");
	s->view.per_thread = true;
	assert_string_equal(profile_text(s), "app-42/42;--;worker-42/43 lock 10+1 x1 max 11\n"
					     "app-42/42;--;renamed-42/43 lock 10+1 x1 max 11\n"
					     "app-42/42;--;[unknown]-0/77 lock 10+1 x1 max 11\n"
					     "app-42/42;--;[unknown]-42/44 lock 10+1 x1 max 11\n");
}

static void test_a_waker_without_stacks_is_its_name(void **state)
{
	struct wire_waker waker = by_worker();
	struct stage *s = *state;

	waker.kernel_stack = waker.user_stack = 0;
	waked(s, 10, 1, waker);
	s->view.wakers = true;
	assert_string_equal(profile_text(s), "app;" LOCK_STACKS ";--;worker lock 10+1 x1 max 11\n");
}

static void test_a_wakers_stack_may_be_lost(void **state)
{
	struct stage *s = *state;

	waked(s, 10, 1, by_worker_in(998, 0));
	s->view.wakers = true;
	assert_string_equal(profile_text(s),
			    "app;" LOCK_STACKS ";--;[stack lost];write;send;main;worker lock 10+1 "
			    "x1 max 11\n");
	assert_int_equal(s->profile->ledger.counters[WIRE_C_STACK_LOST], 1);
}

static void test_the_probes_own_frames_are_cut_of_wakers_too(void **state)
{
	struct stage *s = *state;

	stack(s, 0, 50,
	      "bpf_prog_9b_dwell_waking bpf_trace_run1 __traceiter_sched_waking try_to_wake_up "
	      "pipe_write");
	waked(s, 10, 1, by_worker_in(50, 0));
	s->view = (struct offcpu_view){.wakers = true, .no_user_stacks = true};
	assert_string_equal(profile_text(s), "app;do_futex;futex_do_wait;--;try_to_wake_up;"
					     "pipe_write;worker lock 10+1 x1 max 11\n");
}

/* Programs for other tracepoints run with interrupts on: of a wait such an interrupt is cut, but here it is what is asked for. */
static void test_an_interrupt_in_a_program_of_ours_is_the_waker(void **state)
{
	struct stage *s = *state;

	stack(s, 0, 50,
	      "bpf_prog_9bb6023c9b000adb_dwell_waking bpf_trace_run1 __traceiter_sched_waking "
	      "try_to_wake_up hrtimer_wakeup hrtimer_interrupt sysvec_apic_timer_interrupt "
	      "asm_sysvec_apic_timer_interrupt bpf_prog_540c830a628611f5_dwell_leave "
	      "bpf_trace_run2 syscall_exit_work do_syscall_64");
	waked(s, 10, 1, by_worker_in(50, WIRE_W_AWAY));
	s->view.wakers = true;
	assert_string_equal(profile_text(s),
			    "app;" LOCK_STACKS ";--;try_to_wake_up;hrtimer_wakeup;"
			    "hrtimer_interrupt;sysvec_apic_timer_interrupt;"
			    "asm_sysvec_apic_timer_interrupt;[timer] lock 10+1 x1 max 11\n");
}

/* Who was preempted, or still waits, was woken by nobody. */
static void test_what_nobody_ended_has_no_waker_part(void **state)
{
	struct stage *s = *state;
	const struct wire_waker nobody = {0};

	interval(s, 42, 0, 11)->wait.flags = WIRE_F_PREEMPT;
	mkwire_waker(&s->wire, 0, &nobody);
	done(s);
	interval(s, 42, 500, 0)->wait.flags = WIRE_F_OPEN;
	mkwire_waker(&s->wire, 0, &nobody);
	done(s);
	s->view.wakers = true;
	assert_string_equal(profile_text(s), "app;" LOCK_STACKS " preempted 0+11 x1 max 11\n"
					     "app;" LOCK_STACKS " lock 500+0 x1 max 500 open\n");
	assert_false(s->profile->has_wakers);
	assert_int_equal(s->profile->samples[0].waker, WAKER_NONE);
}

/* Not asked for, it is in no stack; but the samples know. */
static void test_without_the_view_stacks_are_as_ever(void **state)
{
	struct stage *s = *state;

	waked(s, 10, 1, by_worker());
	waked(s, 20, 1, by_worker_in(KSTACK_TIMER, 0));
	assert_string_equal(profile_text(s), "app;" LOCK_STACKS " lock 10+1 x1 max 11\n"
					     "app;" LOCK_STACKS " lock 20+1 x1 max 21\n");
	assert_true(s->profile->has_wakers);
	assert_int_equal(s->profile->samples[1].waker, WAKER_TIMER);
}

/* All that fit of both, at its deepest, with the marks that each was cut. */
static void test_the_deepest_wakers_fit(void **state)
{
	struct wire_waker waker = by_worker_in(61, 0);
	uint64_t ips[WIRE_MAX_FRAMES];
	struct stage *s = *state;
	size_t off;

	for (int kernel = 0; kernel < 2; kernel++) {
		for (int i = 0; i < WIRE_MAX_FRAMES; i++)
			ips[i] = (kernel ? KERNEL_BASE : APP_BASE) + 0x20;
		off = mkwire_stack(&s->wire, kernel ? 0 : 42, 60 + (uint64_t)kernel, ips,
				   WIRE_MAX_FRAMES);
		((struct wire_stack *)mkwire_at(&s->wire, off))->flags = WIRE_STACK_TRUNCATED;
		done(s);
	}
	waker.user_stack = 60;
	interval(s, 42, 10, 1)->user_stack = 60;
	((struct wire_interval *)mkwire_at(&s->wire, 0))->kernel_stack = 61;
	mkwire_waker(&s->wire, 0, &waker);
	done(s);
	s->view.wakers = s->view.delimiter = s->view.split = true;
	make_profile(s);
	assert_int_equal(s->profile->samples[0].frame_cnt, 1 + 257 + 1 + 257 + 1 + 514 + 1 + 1);
	s->view.by_waker = true;
	make_profile(s);
	assert_int_equal(s->profile->samples[0].frame_cnt, 1 + 514 + 1 + 1);
}

/* ---- by waker ---- */

static const char *written(struct stage *s, const char *format, bool kinds)
{
	const struct writer_opts opts = {.kinds = kinds};
	_cleanup_free_ char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	assert_int_equal(writer_find(format)->write(make_profile(s), &opts, to), 0);
	assert_int_equal(fclose(to), 0);
	buf__reset(&s->text);
	buf__append(&s->text, text, len);
	return buf__str(&s->text);
}

static void test_by_waker_the_stack_is_its_and_the_leaf_who_waited(void **state)
{
	struct stage *s = *state;
	const struct profile *p;

	waked(s, 10, 1, by_worker());
	waked(s, 20, 2, by_worker_in(KSTACK_TIMER, 0));
	s->view.by_waker = true;
	assert_string_equal(
		profile_text(s),
		"worker;" WRITE_STACKS ";app lock 10+1 x1 max 11\n"
		"[timer];asm_sysvec_apic_timer_interrupt;hrtimer_interrupt;hrtimer_wakeup;"
		"try_to_wake_up;app lock 20+2 x1 max 22\n");
	p = s->profile;
	assert_int_equal(profile__sample_frame(p, p->samples, 0)->kind, FRAME_KIND_WAKER);
	assert_int_equal(profile__sample_frame(p, p->samples, 7)->kind, FRAME_KIND_PROCESS);
	s->view.per_thread = s->view.split = true;
	s->view.no_user_stacks = s->view.no_kernel_stacks = true;
	assert_string_equal(profile_text(s), "worker-42/43;app-42/42;blocked lock 10+0 x1 max 10\n"
					     "worker-42/43;app-42/42;runnable lock 0+1 x0 max 1\n"
					     "[timer];app-42/42;blocked lock 20+0 x1 max 20\n"
					     "[timer];app-42/42;runnable lock 0+2 x0 max 2\n");
}

static void test_by_waker_what_nobody_ended_is_filtered(void **state)
{
	uint64_t values[WIRE_COUNTER_CNT] = {
		[WIRE_C_OBSERVED_NS] = 11 + 22 + 490,
		[WIRE_C_OBSERVED_CNT] = 1 + 1 + 2,
		[WIRE_C_SPILLED_NS] = 490,
		[WIRE_C_SPILLED_CNT] = 2,
	};
	const struct wire_waker nobody = {0};
	struct stage *s = *state;
	const struct ledger *l;

	waked(s, 10, 1, by_worker());
	interval(s, 42, 0, 22)->wait.flags = WIRE_F_PREEMPT;
	mkwire_waker(&s->wire, 0, &nobody);
	done(s);
	spill(s, 42, 2, 400, 90);
	mkwire_waker(&s->wire, 0, &nobody);
	done(s);
	interval(s, 42, 1000, 0)->wait.flags = WIRE_F_OPEN;
	mkwire_waker(&s->wire, 0, &nobody);
	done(s);
	give(s, mkwire_counters(&s->wire, values, WIRE_COUNTER_CNT));
	s->view.by_waker = true;
	assert_string_equal(profile_text(s), "worker;" WRITE_STACKS ";app lock 10+1 x1 max 11\n");
	l = &s->profile->ledger;
	check_balance(l);
	assert_int_equal(l->delivered.ns, 11);
	assert_int_equal(l->delivered.cnt, 1);
	assert_int_equal(l->filtered.ns, 22 + 490);
	assert_int_equal(l->filtered.cnt, 1 + 2);
	assert_int_equal(l->open.ns, 0);
	assert_int_equal(s->profile->hidden_ns, 22 + 490 + 1000);
	s->view = (struct offcpu_view){.wakers = true};
	make_profile(s);
	check_balance(&s->profile->ledger);
	assert_int_equal(s->profile->ledger.filtered.ns, 0);
}

static void test_tables_say_that_nobody_ended_the_rest(void **state)
{
	struct stage *s = *state;

	waked(s, 10000, 1000, by_worker());
	interval(s, 42, 0, 2000)->wait.flags = WIRE_F_PREEMPT;
	done(s);
	s->view.by_waker = true;
	assert_non_null(
		strstr(written(s, "table", false),
		       "  ... ended by nobody, or hidden by --reason or --no-idle, 2.000 us"));
	assert_non_null(strstr(written(s, "html", false),
			       ">ended by nobody, or hidden by --reason or --no-idle<"));
	assert_non_null(strstr(written(s, "svg", false),
			       ", ended by nobody, or hidden by --reason or --no-idle 2.000 us"));
	s->view.reasons = 1u << REASON_DISK;
	assert_non_null(strstr(written(s, "table", false),
			       "seen: nobody ended a wait, or --reason or --no-idle hid it, 13.0"));
	assert_non_null(strstr(written(s, "html", false),
			       "seen: nobody ended a wait, or --reason or --no-idle hid it.<"));
	s->view.by_waker = false;
	assert_non_null(
		strstr(written(s, "html", false), "seen: --reason or --no-idle hid all of it.<"));
}

static void test_the_title_says_by_whom(void **state)
{
	struct stage *s = *state;

	s->view.by_waker = true;
	make_profile(s);
	assert_string_equal(profile__str(s->profile, s->profile->title),
			    "Off-CPU time by waker: the whole system, 0.0 s");
}

/* ---- threads ---- */

static void only_wakes(struct stage *s, uint32_t tid)
{
	size_t off = mkwire_thread(&s->wire, 7, tid, 0, "other");

	((struct wire_thread *)mkwire_at(&s->wire, off))->flags = WIRE_THREAD_WAKER;
	done(s);
}

/* 7 and 8 come before the others. */
static void test_a_thread_that_only_wakes_is_not_in_the_table(void **state)
{
	struct wire_waker other = by_worker();
	struct stage *s = *state;
	const struct profile *p;

	other.key = mkwire_key_of(8, 0);
	only_wakes(s, 8);
	waked(s, 10, 1, other);
	interval(s, 43, 20, 2);
	done(s);
	p = make_profile(s);
	assert_int_equal(p->thread_cnt, 2);
	assert_int_equal(p->threads[0].tid, 42);
	assert_int_equal(p->samples[0].thread, 0);
	assert_int_equal(p->samples[1].thread, 1);
	assert_int_equal(p->samples[0].waker_pid, 7);
	assert_int_equal(p->samples[0].waker_tid, 8);
	assert_string_equal(profile__str(p, p->samples[0].waker_comm), "other");
	/* It became a target, and is summed up. */
	give(s, mkwire_summary(&s->wire, 7, 8, 0, "other"));
	p = make_profile(s);
	assert_int_equal(p->thread_cnt, 3);
	assert_int_equal(p->threads[0].tid, 8);
	assert_int_equal(p->samples[0].thread, 1);
}

/* It became a target, but the recording ends before its sums. */
static void test_a_thread_that_wakes_and_waits_is_in_the_table(void **state)
{
	struct stage *s = *state;
	const struct profile *p;

	only_wakes(s, 7);
	only_wakes(s, 8);
	interval(s, 8, 20, 2);
	done(s);
	p = make_profile(s);
	assert_int_equal(p->thread_cnt, 3);
	assert_int_equal(p->threads[0].tid, 8);
	assert_int_equal(p->samples[0].thread, 0);
	only_wakes(s, 9);
	interval(s, 9, 500, 7)->wait.flags = WIRE_F_OPEN;
	done(s);
	p = make_profile(s);
	assert_int_equal(p->thread_cnt, 4);
	assert_int_equal(p->samples[1].thread, 1);
}

/* ---- writers ---- */

static void test_folded_kinds_mark_wakers(void **state)
{
	struct stage *s = *state;

	waked(s, 10000, 1000, by_worker());
	s->view.wakers = true;
	assert_string_equal(written(s, "folded", true),
			    "app;main;work;lock;do_futex_[k];futex_do_wait_[k];--;"
			    "try_to_wake_up_[w];pipe_write_[w];vfs_write_[w];write_[w];send_[w];"
			    "main_[w];worker_[w] 11\n");
	s->view = (struct offcpu_view){.by_waker = true, .no_kernel_stacks = true};
	assert_string_equal(written(s, "folded", true),
			    "worker_[w];main_[w];send_[w];write_[w];app 11\n");
}

static void test_wakers_that_are_not_shown_share_a_folded_line(void **state)
{
	struct stage *s = *state;

	waked(s, 10000, 1000, by_worker());
	waked(s, 20000, 2000, by_worker_in(KSTACK_TIMER, 0));
	assert_string_equal(written(s, "folded", false), "app;" LOCK_STACKS " 33\n");
}

static void test_json_tells_the_waker(void **state)
{
	struct stage *s = *state;
	const char *text;

	waked(s, 10, 1, by_worker_in(KSTACK_SOFTIRQ, WIRE_W_AWAY));
	waked(s, 10, 1, by_worker_in(KSTACK_TIMER, 0));
	interval(s, 42, 0, 7)->wait.flags = WIRE_F_PREEMPT;
	done(s);
	text = written(s, "json", false);
	assert_non_null(strstr(text, "\"max_ns\":11,\"waker\":{\"context\":\"thread\",\"comm\":"
				     "\"worker\",\"pid\":42,\"tid\":43,\"via_softirq\":true}}"));
	assert_non_null(strstr(text, "\"max_ns\":11,\"waker\":{\"context\":\"timer\"}}"));
	assert_non_null(strstr(text, "\"max_ns\":7,\"waker\":{\"context\":\"none\"}}"));
	s->view.wakers = true;
	text = written(s, "json", false);
	assert_non_null(strstr(text, "\"name\":\"pipe_write\"") ? NULL : text);
	assert_non_null(strstr(text, "{\"name\":\"tcp_sendmsg\",\"module\":\"[kernel]\","
				     "\"kind\":\"waker\"}"));
}

static void test_json_is_silent_where_nobody_asked(void **state)
{
	struct stage *s = *state;

	interval(s, 42, 10, 1);
	done(s);
	s->view.wakers = true;
	assert_null(strstr(written(s, "json", false), "\"waker\":"));
}

#define STAGE_TEST(f) cmocka_unit_test_setup_teardown(f, waker_setup, stage_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_system_calls_are_the_threads_doing),
		cmocka_unit_test(test_kernel_threads_are_threads),
		cmocka_unit_test(test_timers_of_high_resolution),
		cmocka_unit_test(test_timers_of_the_wheel),
		cmocka_unit_test(test_a_softirq_of_the_threads_own_is_its_doing),
		cmocka_unit_test(test_softirqs_of_interrupts_are_nobodys),
		cmocka_unit_test(test_interrupts_of_devices),
		cmocka_unit_test(test_of_interrupts_within_interrupts_the_innermost_counts),
		cmocka_unit_test(
			test_what_a_thread_does_on_its_way_out_of_an_interrupt_is_its_doing),
		cmocka_unit_test(test_system_calls_by_fred_are_no_interrupts),
		cmocka_unit_test(test_where_no_name_tells_the_stack_does),
		cmocka_unit_test(test_a_thread_that_woke_itself),
		cmocka_unit_test(test_nobody_noted_is_nobody),
		cmocka_unit_test(test_each_of_many_names_is_enough),
		cmocka_unit_test(test_every_rule_counts),
		cmocka_unit_test(test_no_rule_is_in_the_shadow_of_another),
		STAGE_TEST(test_the_size_of_a_record_says_whether_it_has_a_waker),
		STAGE_TEST(test_only_waits_have_wakers),
		STAGE_TEST(test_rows_differ_by_who_ended_the_wait),
		STAGE_TEST(test_spilled_waits_keep_their_waker),
		STAGE_TEST(test_each_wait_finds_its_sample),
		STAGE_TEST(test_behind_the_wait_the_waker_stands_on_its_head),
		STAGE_TEST(test_the_parts_of_a_waker_are_left_out_like_those_of_the_wait),
		STAGE_TEST(test_of_an_interrupt_only_its_own_part_is_shown),
		STAGE_TEST(test_a_softirq_of_the_wakers_own_is_said),
		STAGE_TEST(test_idle_and_self_are_no_threads),
		STAGE_TEST(test_a_waker_has_the_name_of_its_time),
		STAGE_TEST(test_a_waker_without_stacks_is_its_name),
		STAGE_TEST(test_a_wakers_stack_may_be_lost),
		STAGE_TEST(test_the_probes_own_frames_are_cut_of_wakers_too),
		STAGE_TEST(test_an_interrupt_in_a_program_of_ours_is_the_waker),
		STAGE_TEST(test_what_nobody_ended_has_no_waker_part),
		STAGE_TEST(test_without_the_view_stacks_are_as_ever),
		STAGE_TEST(test_the_deepest_wakers_fit),
		STAGE_TEST(test_by_waker_the_stack_is_its_and_the_leaf_who_waited),
		STAGE_TEST(test_by_waker_what_nobody_ended_is_filtered),
		STAGE_TEST(test_tables_say_that_nobody_ended_the_rest),
		STAGE_TEST(test_the_title_says_by_whom),
		STAGE_TEST(test_a_thread_that_only_wakes_is_not_in_the_table),
		STAGE_TEST(test_a_thread_that_wakes_and_waits_is_in_the_table),
		STAGE_TEST(test_folded_kinds_mark_wakers),
		STAGE_TEST(test_wakers_that_are_not_shown_share_a_folded_line),
		STAGE_TEST(test_json_tells_the_waker),
		STAGE_TEST(test_json_is_silent_where_nobody_asked),
	};

	return cmocka_run_group_tests_name("wakers", tests, NULL, NULL);
}
