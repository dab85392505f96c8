/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Off-CPU analysis: blocking reasons, the names of stacks, rows and the profile made of them. The table of
 * rules is included as it is, so that it can be looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "analyze/offcpu.h"
#include "analyze/offcpu_rows.h"
#include "analyze/reason_rules.c"
#include "analyze/stack_names.h"
#include "base/compiler.h"
#include "fixtures/stage.h"

/* ---- reasons ---- */

static enum reason reason_of(struct wire_wait wait, const char *stack)
{
	const char *names[MAX_NAMES];
	char text[1024];

	snprintf(text, sizeof(text), "%s", stack);
	return reason_of_wait(&wait, names, cut_words(text, names));
}

#define SLEEPING                          \
	{                                 \
		.state = 1, .syscall = -1 \
	}
#define DISK_SLEEP                        \
	{                                 \
		.state = 2, .syscall = -1 \
	}
#define IOWAIT                                                    \
	{                                                         \
		.state = 2, .syscall = -1, .flags = WIRE_F_IOWAIT \
	}

struct reason_case {
	const char *stack; /* innermost first */
	enum reason reason;
	struct wire_wait wait;
};

static void check_reasons(const struct reason_case *cases, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		enum reason got = reason_of(cases[i].wait, cases[i].stack);

		if (got != cases[i].reason)
			fail_msg("%s: %s instead of %s", cases[i].stack, reason_name(got),
				 reason_name(cases[i].reason));
	}
}

/* As /proc/PID/stack showed them on Linux 6.18 (without what is in .sched.text). */
static void test_stacks_of_user_space_waits_on_a_new_kernel(void **state _unused_)
{
	static const struct reason_case cases[] = {
		{"futex_do_wait __futex_wait futex_wait do_futex __x64_sys_futex", REASON_LOCK,
		 SLEEPING},
		{"anon_pipe_read vfs_read ksys_read do_syscall_64", REASON_PIPE, SLEEPING},
		{"anon_pipe_write vfs_write ksys_write do_syscall_64", REASON_PIPE, SLEEPING},
		{"wait_for_partner fifo_open do_dentry_open vfs_open path_openat do_filp_open",
		 REASON_PIPE, SLEEPING},
		{"pipe_wait_readable ipipe_prep.part.0 do_splice __do_splice __x64_sys_splice",
		 REASON_PIPE, SLEEPING},
		{"do_wait_intr_irq eventfd_read vfs_read ksys_read", REASON_PIPE, SLEEPING},
		{"hrtimer_nanosleep common_nsleep_timens __x64_sys_clock_nanosleep", REASON_SLEEP,
		 SLEEPING},
		{"hrtimer_nanosleep __x64_sys_nanosleep do_syscall_64", REASON_SLEEP, SLEEPING},
		{"do_wait_intr_irq timerfd_read_iter vfs_read ksys_read", REASON_SLEEP, SLEEPING},
		{"do_epoll_wait __x64_sys_epoll_wait do_syscall_64", REASON_POLL, SLEEPING},
		{"poll_schedule_timeout.constprop.0 do_sys_poll __x64_sys_poll", REASON_POLL,
		 SLEEPING},
		{"poll_schedule_timeout.constprop.0 do_select core_sys_select "
		 "do_pselect.constprop.0",
		 REASON_POLL, SLEEPING},
		{"read_events do_io_getevents __x64_sys_io_getevents", REASON_POLL, SLEEPING},
		{"do_wait kernel_wait4 do_syscall_64", REASON_CHILD, SLEEPING},
		{"do_wait kernel_waitid __do_sys_waitid do_syscall_64", REASON_CHILD, SLEEPING},
		{"__do_sys_pause do_syscall_64", REASON_SIGNAL, SLEEPING},
		{"do_sigtimedwait.isra.0 __x64_sys_rt_sigtimedwait do_syscall_64", REASON_SIGNAL,
		 SLEEPING},
		{"sigsuspend.isra.0 __x64_sys_rt_sigsuspend do_syscall_64", REASON_SIGNAL,
		 SLEEPING},
		{"signalfd_read_iter vfs_read ksys_read do_syscall_64", REASON_SIGNAL, SLEEPING},
		{"locks_lock_inode_wait __do_sys_flock do_syscall_64", REASON_LOCK, SLEEPING},
		{"fcntl_setlk do_fcntl __x64_sys_fcntl", REASON_LOCK, SLEEPING},
		{"__do_semtimedop do_semtimedop do_syscall_64", REASON_LOCK, SLEEPING},
		{"io_cqring_wait __do_sys_io_uring_enter do_syscall_64", REASON_IO_URING, SLEEPING},
		{"wait_woken inotify_read vfs_read ksys_read", REASON_DEVICE, SLEEPING},
		{"wait_woken n_tty_read tty_read vfs_read ksys_read", REASON_DEVICE, SLEEPING},
		{"devkmsg_read vfs_read ksys_read do_syscall_64", REASON_DEVICE, SLEEPING},
	};

	check_reasons(cases, ARRAY_SIZE(cases));
}

static void test_stacks_of_sockets(void **state _unused_)
{
	static const struct reason_case cases[] = {
		{"unix_stream_read_generic unix_stream_recvmsg sock_recvmsg __sys_recvfrom",
		 REASON_NET, SLEEPING},
		{"unix_stream_data_wait unix_stream_read_generic unix_stream_recvmsg", REASON_NET,
		 SLEEPING},
		{"__skb_wait_for_more_packets __unix_dgram_recvmsg sock_recvmsg", REASON_NET,
		 SLEEPING},
		{"__skb_wait_for_more_packets __skb_recv_datagram skb_recv_datagram unix_accept",
		 REASON_NET, SLEEPING},
		{"sock_alloc_send_pskb unix_stream_sendmsg __sys_sendto", REASON_NET, SLEEPING},
		{"unix_wait_for_peer unix_dgram_sendmsg sock_sendmsg", REASON_NET, SLEEPING},
		{"inet_csk_accept inet_accept do_accept __sys_accept4", REASON_NET, SLEEPING},
		{"inet_csk_wait_for_connect inet_csk_accept inet_accept", REASON_NET, SLEEPING},
		{"wait_woken sk_wait_data tcp_recvmsg_locked tcp_recvmsg sock_recvmsg", REASON_NET,
		 SLEEPING},
		{"wait_woken sk_stream_wait_memory tcp_sendmsg_locked tcp_sendmsg", REASON_NET,
		 SLEEPING},
		{"wait_woken __inet_stream_connect inet_stream_connect __sys_connect", REASON_NET,
		 SLEEPING},
		{"__skb_wait_for_more_packets __skb_recv_udp udp_recvmsg", REASON_NET, SLEEPING},
		{"__skb_wait_for_more_packets __skb_recv_datagram netlink_recvmsg", REASON_NET,
		 SLEEPING},
		{"__lock_sock lock_sock_nested tcp_recvmsg", REASON_NET, SLEEPING},
		{"rpc_wait_bit_killable __rpc_execute rpc_execute nfs4_call_sync_sequence",
		 REASON_NET, DISK_SLEEP},
		{"nfs4_handle_exception nfs4_proc_getattr", REASON_NET, DISK_SLEEP},
		{"nfs_wait_bit_killable nfs_wait_on_request", REASON_NET, DISK_SLEEP},
	};

	check_reasons(cases, ARRAY_SIZE(cases));
}

static void test_stacks_of_older_kernels(void **state _unused_)
{
	static const struct reason_case cases[] = {
		/* 5.10 */
		{"futex_wait_queue_me futex_wait do_futex __x64_sys_futex", REASON_LOCK, SLEEPING},
		{"futex_lock_pi do_futex __x64_sys_futex", REASON_LOCK, SLEEPING},
		/* 5.16 to 6.14 */
		{"futex_wait_queue futex_wait do_futex __x64_sys_futex", REASON_LOCK, SLEEPING},
		{"ep_poll do_epoll_wait __x64_sys_epoll_wait", REASON_POLL, SLEEPING},
		{"schedule_hrtimeout_range_clock ep_poll do_epoll_wait", REASON_POLL, SLEEPING},
		{"do_sys_poll __x64_sys_ppoll", REASON_POLL, SLEEPING},
		{"pipe_read new_sync_read vfs_read ksys_read", REASON_PIPE, SLEEPING},
		/* 4.18 */
		{"pipe_wait pipe_read __vfs_read vfs_read", REASON_PIPE, SLEEPING},
		{"do_nanosleep hrtimer_nanosleep common_nsleep", REASON_SLEEP, SLEEPING},
		{"wait_for_completion_killable kernel_clone __do_sys_vfork", REASON_CHILD,
		 DISK_SLEEP},
		{"wait_for_vfork_done kernel_clone __x64_sys_vfork", REASON_CHILD, DISK_SLEEP},
		{"wait_for_common wait_for_vfork_done _do_fork", REASON_CHILD, DISK_SLEEP},
		{"wait_on_page_bit_common __lock_page_killable generic_file_buffered_read",
		 REASON_FS, DISK_SLEEP},
		{"wait_on_page_bit_common __lock_page_killable generic_file_buffered_read",
		 REASON_DISK, IOWAIT},
		{"sigsuspend __x64_sys_rt_sigsuspend", REASON_SIGNAL, SLEEPING},
		{"do_sigtimedwait __x64_sys_rt_sigtimedwait", REASON_SIGNAL, SLEEPING},
		{"read_events do_io_getevents", REASON_POLL, SLEEPING},
	};

	check_reasons(cases, ARRAY_SIZE(cases));
}

static void test_stacks_of_files_and_disks(void **state _unused_)
{
	static const struct reason_case cases[] = {
		{"io_schedule folio_wait_bit_common filemap_update_page filemap_get_pages",
		 REASON_DISK, IOWAIT},
		{"folio_wait_bit_common filemap_update_page filemap_get_pages", REASON_DISK,
		 IOWAIT},
		{"folio_wait_bit_common filemap_update_page filemap_get_pages", REASON_FS,
		 DISK_SLEEP},
		{"folio_wait_bit_common folio_wait_writeback __filemap_fdatawait_range", REASON_FS,
		 DISK_SLEEP},
		{"folio_wait_writeback __filemap_fdatawait_range file_write_and_wait_range",
		 REASON_DISK, DISK_SLEEP},
		{"bit_wait_io __wait_on_bit out_of_line_wait_on_bit __sync_dirty_buffer",
		 REASON_DISK, IOWAIT},
		{"__wait_on_buffer ext4_read_bh ext4_bread", REASON_FS, DISK_SLEEP},
		{"blk_io_schedule __iomap_dio_rw iomap_dio_rw ext4_file_read_iter", REASON_DISK,
		 IOWAIT},
		{"submit_bio_wait blkdev_issue_flush ext4_sync_file", REASON_DISK, DISK_SLEEP},
		{"wait_for_completion_io submit_bio_wait", REASON_DISK, IOWAIT},
		{"rq_qos_wait wbt_wait __rq_qos_throttle blk_mq_submit_bio", REASON_DISK, IOWAIT},
		{"jbd2_log_wait_commit jbd2_complete_transaction ext4_sync_file do_fsync",
		 REASON_FS, DISK_SLEEP},
		{"wait_transaction_locked add_transaction_credits start_this_handle", REASON_FS,
		 DISK_SLEEP},
		{"jbd2_journal_commit_transaction kjournald2 kthread", REASON_FS, DISK_SLEEP},
		{"kjournald2 kthread ret_from_fork", REASON_POLL, SLEEPING},
		{"xlog_wait_on_iclog xfs_log_force_seq xfs_file_fsync", REASON_FS, DISK_SLEEP},
		{"d_alloc_parallel __lookup_slow lookup_slow walk_component", REASON_FS,
		 DISK_SLEEP},
		{"request_wait_answer __fuse_simple_request fuse_lookup_name", REASON_DEVICE,
		 SLEEPING},
		{"fuse_dev_do_read fuse_dev_read vfs_read", REASON_DEVICE, SLEEPING},
		{"unknown_wait some_file_system_read vfs_read", REASON_DISK, IOWAIT},
	};

	check_reasons(cases, ARRAY_SIZE(cases));
}

static void test_stacks_of_memory_and_kernel_locks(void **state _unused_)
{
	static const struct reason_case cases[] = {
		{"folio_wait_bit_common __folio_lock_or_retry filemap_fault __do_fault do_fault "
		 "__handle_mm_fault handle_mm_fault do_user_addr_fault exc_page_fault",
		 REASON_DISK, IOWAIT},
		{"folio_wait_bit_common __folio_lock_or_retry filemap_fault __do_fault", REASON_FS,
		 DISK_SLEEP},
		{"unknown_wait __do_fault do_fault __handle_mm_fault handle_mm_fault",
		 REASON_MEMORY, DISK_SLEEP},
		{"unknown_wait handle_mm_fault", REASON_DISK, IOWAIT},
		{"migration_entry_wait_on_locked migration_entry_wait do_swap_page", REASON_MEMORY,
		 DISK_SLEEP},
		{"handle_userfault do_anonymous_page handle_mm_fault", REASON_MEMORY, SLEEPING},
		{"mem_cgroup_handle_over_high resume_user_mode_work exit_to_user_mode_loop",
		 REASON_MEMORY, SLEEPING},
		{"__mem_cgroup_handle_over_high exit_to_user_mode_loop", REASON_MEMORY, SLEEPING},
		{"reclaim_throttle shrink_node do_try_to_free_pages try_to_free_mem_cgroup_pages",
		 REASON_MEMORY, DISK_SLEEP},
		{"balance_dirty_pages balance_dirty_pages_ratelimited_flags generic_perform_write",
		 REASON_MEMORY, DISK_SLEEP},
		{"__mutex_lock.constprop.0 fdget_pos ksys_write", REASON_KERNEL_LOCK, DISK_SLEEP},
		{"mutex_lock_killable do_epoll_ctl __x64_sys_epoll_ctl", REASON_KERNEL_LOCK,
		 DISK_SLEEP},
		{"rwsem_down_write_slowpath down_write_killable vm_mmap_pgoff", REASON_KERNEL_LOCK,
		 DISK_SLEEP},
		{"rwsem_down_read_slowpath lock_mm_and_find_vma do_user_addr_fault",
		 REASON_KERNEL_LOCK, DISK_SLEEP},
		{"down_read_trylock_wait path_openat", REASON_KERNEL_LOCK, DISK_SLEEP},
		{"__down_interruptible down_interruptible", REASON_KERNEL_LOCK, SLEEPING},
		{"__wait_rcu_gp synchronize_rcu_normal", REASON_KERNEL_LOCK, DISK_SLEEP},
		{"__flush_work lru_add_drain_all", REASON_KERNEL_LOCK, DISK_SLEEP},
		{"rwsem_down_read_slowpath down_read ext4_map_blocks", REASON_DISK, IOWAIT},
	};

	check_reasons(cases, ARRAY_SIZE(cases));
}

static void test_stacks_of_kernel_threads(void **state _unused_)
{
	static const struct reason_case cases[] = {
		{"worker_thread kthread ret_from_fork ret_from_fork_asm",
		 REASON_POLL,
		 {.state = 0x402, .syscall = -1, .flags = WIRE_F_KTHREAD}},
		{"smpboot_thread_fn kthread ret_from_fork", REASON_POLL, SLEEPING},
		{"rescuer_thread kthread ret_from_fork", REASON_POLL, SLEEPING},
		{"kthread_worker_fn kthread ret_from_fork", REASON_POLL, SLEEPING},
		{"rcu_gp_fqs_loop rcu_gp_kthread kthread", REASON_POLL, SLEEPING},
		{"rcu_tasks_one_gp rcu_tasks_kthread kthread", REASON_POLL, SLEEPING},
		{"kauditd_thread kthread ret_from_fork", REASON_POLL, SLEEPING},
		{"kthreadd ret_from_fork ret_from_fork_asm", REASON_POLL, SLEEPING},
		{"kswapd kthread ret_from_fork", REASON_POLL, SLEEPING},
		{"io_wq_worker ret_from_fork", REASON_IO_URING, SLEEPING},
		{"io_sq_thread ret_from_fork", REASON_IO_URING, SLEEPING},
		{"folio_wait_bit_common write_cache_pages wb_writeback wb_workfn process_one_work "
		 "worker_thread kthread",
		 REASON_DISK, IOWAIT},
	};

	check_reasons(cases, ARRAY_SIZE(cases));
}

static void test_stopped_and_traced_threads_wait_for_a_signal(void **state _unused_)
{
	static const struct reason_case cases[] = {
		{"do_signal_stop get_signal arch_do_signal_or_restart",
		 REASON_SIGNAL,
		 {.state = 4, .syscall = 62}},
		{"ptrace_stop get_signal arch_do_signal_or_restart",
		 REASON_SIGNAL,
		 {.state = 8, .syscall = 62}},
		{"ptrace_stop.part.0 ptrace_do_notify ptrace_notify", REASON_SIGNAL, SLEEPING},
		{"seccomp_do_user_notification.constprop.0 __seccomp_filter", REASON_SIGNAL,
		 SLEEPING},
		/* whatever the stack says */
		{"futex_do_wait", REASON_SIGNAL, {.state = 4, .syscall = -1}},
		{"futex_do_wait", REASON_SIGNAL, {.state = 0x108, .syscall = -1}},
		{"", REASON_SIGNAL, {.state = 8, .syscall = -1}},
	};

	check_reasons(cases, ARRAY_SIZE(cases));
}

static void test_what_never_blocked_was_preempted(void **state _unused_)
{
	static const struct reason_case cases[] = {
		{"", REASON_PREEMPTED, {.syscall = -1, .flags = WIRE_F_PREEMPT}},
		{"futex_do_wait",
		 REASON_PREEMPTED,
		 {.state = 1, .syscall = SYS_futex, .flags = WIRE_F_PREEMPT}},
		{"", REASON_PREEMPTED, {.state = 4, .syscall = -1, .flags = WIRE_F_PREEMPT}},
		{"",
		 REASON_PREEMPTED,
		 {.state = 2, .syscall = -1, .flags = WIRE_F_PREEMPT | WIRE_F_IOWAIT}},
	};

	check_reasons(cases, ARRAY_SIZE(cases));
}

static void test_io_wait_changes_only_what_may_wait_for_a_disk(void **state _unused_)
{
	static const struct reason_case cases[] = {
		{"io_cqring_wait __do_sys_io_uring_enter", REASON_IO_URING, IOWAIT},
		{"futex_do_wait", REASON_LOCK, IOWAIT},
		{"sk_wait_data tcp_recvmsg", REASON_NET, IOWAIT},
		{"anon_pipe_read", REASON_PIPE, IOWAIT},
		{"msleep", REASON_SLEEP, IOWAIT},
		{"fuse_dev_do_read", REASON_DEVICE, IOWAIT},
		{"ep_poll", REASON_POLL, IOWAIT},
		{"ext4_sync_file", REASON_DISK, IOWAIT},
		{"handle_mm_fault", REASON_DISK, IOWAIT},
		{"mutex_lock", REASON_DISK, IOWAIT},
		{"", REASON_DISK, IOWAIT},
	};

	check_reasons(cases, ARRAY_SIZE(cases));
}

static void test_the_innermost_known_frame_decides(void **state _unused_)
{
	assert_int_equal(reason_of((struct wire_wait)SLEEPING, "unknown mutex_lock pipe_read"),
			 REASON_KERNEL_LOCK);
	assert_int_equal(reason_of((struct wire_wait)SLEEPING, "unknown pipe_read mutex_lock"),
			 REASON_PIPE);
	assert_int_equal(reason_of((struct wire_wait)SLEEPING, "nothing we_know"), REASON_OTHER);
}

/* A function's name is no one's business but that of its rule. */
static void test_names_that_only_look_like_a_rule_do_not_match(void **state _unused_)
{
	static const char *const names[] = {"do_waiting",    "xdo_wait", "ep_polls",  "pipe_reads",
					    "my_futex_wait", "x_tcp_y",	 "sys_pause", "kthreaddx"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(reason_of((struct wire_wait)SLEEPING, names[i]), REASON_OTHER);
}

struct syscall_case {
	int nr;
	enum reason reason;
};

static const struct syscall_case syscall_cases[] = {
	{SYS_futex, REASON_LOCK},
	{SYS_epoll_pwait, REASON_POLL},
	{SYS_ppoll, REASON_POLL},
	{SYS_pselect6, REASON_POLL},
	{SYS_nanosleep, REASON_SLEEP},
	{SYS_clock_nanosleep, REASON_SLEEP},
	{SYS_wait4, REASON_CHILD},
	{SYS_waitid, REASON_CHILD},
	{SYS_rt_sigtimedwait, REASON_SIGNAL},
	{SYS_rt_sigsuspend, REASON_SIGNAL},
	{SYS_accept, REASON_NET},
	{SYS_accept4, REASON_NET},
	{SYS_connect, REASON_NET},
	{SYS_recvfrom, REASON_NET},
	{SYS_recvmsg, REASON_NET},
	{SYS_sendto, REASON_NET},
	{SYS_sendmsg, REASON_NET},
	{SYS_fsync, REASON_DISK},
	{SYS_fdatasync, REASON_DISK},
	{SYS_io_uring_enter, REASON_IO_URING},
#ifdef __x86_64__
	{SYS_epoll_wait, REASON_POLL},
	{SYS_poll, REASON_POLL},
	{SYS_select, REASON_POLL},
	{SYS_pause, REASON_SIGNAL},
#endif
	{SYS_read, REASON_OTHER}, /* waits for anything */
	{SYS_write, REASON_OTHER},
	{SYS_openat, REASON_OTHER},
	{-1, REASON_OTHER},
};

/* Kernels that hide their symbols: each frame is "[kernel]", or there is none. */
static void test_with_names_hidden_the_system_call_decides(void **state _unused_)
{
	const char *const frames[] = {"[kernel]", NULL, "", "[kernel]"};

	for (size_t i = 0; i < ARRAY_SIZE(syscall_cases); i++) {
		struct wire_wait wait = {.state = 1, .syscall = (int16_t)syscall_cases[i].nr};

		assert_int_equal(reason_of_wait(&wait, frames, ARRAY_SIZE(frames)),
				 syscall_cases[i].reason);
		assert_int_equal(reason_of_wait(&wait, NULL, 0), syscall_cases[i].reason);
	}
}

static void test_numbers_of_32_bit_system_calls_mean_nothing_here(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_SIZE(syscall_cases); i++) {
		struct wire_wait wait = {.state = 1,
					 .syscall = (int16_t)syscall_cases[i].nr,
					 .flags = WIRE_F_COMPAT};

		assert_int_equal(reason_of_wait(&wait, NULL, 0), REASON_OTHER);
	}
}

static void test_every_system_call_of_the_table_is_checked_here(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_SIZE(reason_syscalls); i++) {
		bool found = reason_syscalls[i].REASON_SYSCALL_COLUMN == -1;

		for (size_t j = 0; !found && j < ARRAY_SIZE(syscall_cases); j++)
			found = reason_syscalls[i].REASON_SYSCALL_COLUMN == syscall_cases[j].nr;
		if (!found)
			fail_msg("system call %d", reason_syscalls[i].REASON_SYSCALL_COLUMN);
	}
}

static void test_a_rule_has_one_asterisk_at_one_end(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_SIZE(reason_rules); i++) {
		const char *rule = reason_rules[i].function, *star = strchr(rule, '*');

		if (star && (strchr(star + 1, '*') || (star != rule && star[1])))
			fail_msg("%s can never match", rule);
		assert_true(strlen(rule) > 1);
	}
}

static bool starts_with(const char *text, const char *with, size_t len)
{
	return !strncmp(text, with, len);
}

static bool ends_with(const char *text, const char *with)
{
	size_t len = strlen(text), with_len = strlen(with);

	return len >= with_len && !strcmp(text + len - with_len, with);
}

/* Does rule @a fit whatever rule @b fits? */
static bool rule_covers(const char *a, const char *b)
{
	size_t len = strlen(a);

	if (*a == '*')
		return b[strlen(b) - 1] != '*' && ends_with(b, a + 1);
	if (a[len - 1] == '*')
		return *b != '*' && starts_with(b, a, len - 1);
	return !strcmp(a, b);
}

static void test_no_rule_is_in_the_shadow_of_an_earlier_one(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_SIZE(reason_rules); i++)
		for (size_t j = 0; j < i; j++)
			if (rule_covers(reason_rules[j].function, reason_rules[i].function))
				fail_msg("%s comes before %s", reason_rules[j].function,
					 reason_rules[i].function);
}

/* A name made from the rule finds the rule's own reason: by it, or by an earlier one of the same kind. */
static void test_every_rule_gives_its_reason(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_SIZE(reason_rules); i++) {
		const char *rule = reason_rules[i].function;
		size_t len = strlen(rule);
		char name[128];

		if (*rule == '*')
			snprintf(name, sizeof(name), "__x64%s", rule + 1);
		else
			snprintf(name, sizeof(name), "%.*s", (int)(len - (rule[len - 1] == '*')),
				 rule);
		if (reason_of((struct wire_wait)SLEEPING, name) != reason_rules[i].reason)
			fail_msg("%s: %s", name,
				 reason_name(reason_of((struct wire_wait)SLEEPING, name)));
	}
}

static void check_term(struct ledger_term t, uint64_t ns, uint64_t cnt)
{
	assert_int_equal(t.ns, ns);
	assert_int_equal(t.cnt, cnt);
}

/* ---- rows ---- */

static void test_equal_intervals_become_one_row(void **state)
{
	struct stage *s = *state;

	interval(s, 42, 300, 20);
	done(s);
	interval(s, 42, 100, 70);
	done(s);
	interval(s, 42, 0, 5);
	done(s);
	assert_int_equal(s->offcpu.cnt, 1);
	assert_int_equal(s->offcpu.rows[0].max_blocked_ns, 300);
	assert_int_equal(s->offcpu.rows[0].max_runnable_ns, 70);
	assert_string_equal(profile_text(s), "app;" LOCK_STACKS " lock 400+95 x3 max 320\n");
	assert_int_equal(s->offcpu.delivered.ns, 495);
	assert_int_equal(s->offcpu.delivered.cnt, 3);
}

static void test_rows_differ_by_thread_stacks_and_kind_of_wait(void **state)
{
	static const uint16_t flags[] = {WIRE_F_PREEMPT, WIRE_F_IOWAIT,	 WIRE_F_OPEN,
					 WIRE_F_NEW,	 WIRE_F_KTHREAD, WIRE_F_COMPAT};
	struct stage *s = *state;
	size_t rows = 7;

	interval(s, 42, 10, 1);
	done(s);
	interval(s, 43, 10, 1);
	done(s);
	interval(s, 42, 10, 1)->thread.start_ns++;
	done(s);
	interval(s, 42, 10, 1)->thread.comm_gen++;
	done(s);
	interval(s, 42, 10, 1)->kernel_stack = KSTACK_PIPE;
	done(s);
	interval(s, 42, 10, 1)->user_stack = USTACK_READ;
	done(s);
	interval(s, 42, 10, 1)->wait.state = 2;
	done(s);
	assert_int_equal(s->offcpu.cnt, rows);
	interval(s, 42, 10, 1)->wait.syscall = 7;
	done(s);
	assert_int_equal(s->offcpu.cnt, ++rows);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		interval(s, 42, 10, 1)->wait.flags = flags[i];
		done(s);
		assert_int_equal(s->offcpu.cnt, ++rows);
	}
}

static void test_how_an_interval_was_measured_makes_no_row(void **state)
{
	static const uint16_t flags[] = {0, WIRE_F_SEEDED, WIRE_F_NO_WAKEUP, WIRE_F_CLAMPED,
					 WIRE_F_REBUILT};
	struct stage *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		interval(s, 42, 10, 1)->wait.flags = flags[i];
		done(s);
	}
	assert_int_equal(s->offcpu.cnt, 1);
	assert_int_equal(s->offcpu.rows[0].cnt, ARRAY_SIZE(flags));
}

static void test_spilled_time_shows_like_delivered_time(void **state)
{
	struct stage *s = *state;

	spill(s, 42, 2, 400, 90)->max_ns = 320;
	done(s);
	assert_string_equal(profile_text(s), "app;" LOCK_STACKS " lock 400+90 x2 max 320\n");
	assert_int_equal(s->profile->ledger.spilled_read.ns, 490);
	assert_int_equal(s->profile->ledger.spilled_read.cnt, 2);
	assert_int_equal(s->profile->ledger.delivered.ns, 0);
}

static void test_spill_and_intervals_share_a_row(void **state)
{
	struct stage *s = *state;

	spill(s, 42, 2, 400, 90)->max_ns = 320;
	done(s);
	interval(s, 42, 300, 40);
	done(s);
	assert_string_equal(profile_text(s), "app;" LOCK_STACKS " lock 700+130 x3 max 340\n");
	assert_int_equal(s->offcpu.rows[0].spilled.ns, 490);
	assert_int_equal(s->offcpu.rows[0].spilled.cnt, 2);
	/* The spill knows the longest interval only: its parts can't be longer than that or their sum. */
	assert_int_equal(s->offcpu.rows[0].max_blocked_ns, 320);
	assert_int_equal(s->offcpu.rows[0].max_runnable_ns, 90);
}

static void test_times_out_of_order_are_refused_and_not_booked(void **state)
{
	struct stage *s = *state;
	struct wire_interval *iv = interval(s, 42, 10, 10);
	struct event e = {.interval = iv};

	iv->wake_ns = iv->out_ns - 1;
	assert_int_equal(offcpu__add(&s->offcpu, &e), -EBADMSG);
	iv->wake_ns = iv->in_ns + 1;
	assert_int_equal(offcpu__add(&s->offcpu, &e), -EBADMSG);
	assert_int_equal(s->offcpu.cnt, 0);
	assert_int_equal(s->offcpu.delivered.ns + s->offcpu.delivered.cnt, 0);
}

static void test_many_rows_are_all_found_again(void **state)
{
	struct stage *s = *state;

	for (int round = 0; round < 2; round++)
		for (uint32_t tid = 1; tid <= 5000; tid++) {
			interval(s, tid, tid, 1);
			done(s);
		}
	assert_int_equal(s->offcpu.cnt, 5000);
	for (uint32_t i = 0; i < 5000; i++) {
		assert_int_equal(s->offcpu.rows[i].cnt, 2);
		assert_int_equal(s->offcpu.rows[i].blocked_ns, 2 * (i + 1));
	}
}

/* ---- frames ---- */

static void test_user_and_kernel_stacks_only(void **state)
{
	struct stage *s = *state;

	interval(s, 42, 10, 1);
	done(s);
	s->view.no_kernel_stacks = true;
	/* The reason still comes from the kernel stack. */
	assert_string_equal(profile_text(s), "app;main;work;lock lock 10+1 x1 max 11\n");
	s->view.delimiter = true;
	assert_string_equal(profile_text(s), "app;main;work;lock lock 10+1 x1 max 11\n");
	s->view = (struct offcpu_view){.no_user_stacks = true, .delimiter = true};
	assert_string_equal(profile_text(s), "app;do_futex;futex_do_wait lock 10+1 x1 max 11\n");
}

static void test_a_delimiter_stands_between_user_and_kernel_part(void **state)
{
	struct stage *s = *state;
	const struct profile *p;

	interval(s, 42, 10, 1);
	done(s);
	s->view.delimiter = true;
	assert_string_equal(profile_text(s),
			    "app;main;work;lock;-;do_futex;futex_do_wait lock 10+1 x1 max 11\n");
	p = s->profile;
	assert_int_equal(profile__sample_frame(p, p->samples, 0)->kind, FRAME_KIND_PROCESS);
	assert_int_equal(profile__sample_frame(p, p->samples, 3)->kind, FRAME_KIND_NATIVE);
	assert_int_equal(profile__sample_frame(p, p->samples, 4)->kind, FRAME_KIND_DELIMITER);
	assert_int_equal(profile__sample_frame(p, p->samples, 6)->kind, FRAME_KIND_KERNEL);
	assert_string_equal(profile__str(p, profile__sample_frame(p, p->samples, 1)->module),
			    "app");
	assert_string_equal(profile__str(p, profile__sample_frame(p, p->samples, 6)->module),
			    "[kernel]");
}

static void test_kernel_threads_have_no_user_part(void **state)
{
	struct stage *s = *state;
	struct wire_interval *iv = interval(s, 42, 10, 1);

	iv->wait.flags = WIRE_F_KTHREAD;
	iv->user_stack = 0;
	done(s);
	s->view.delimiter = true;
	assert_string_equal(profile_text(s), "app;do_futex;futex_do_wait lock 10+1 x1 max 11\n");
}

static void test_stacks_that_are_missing_have_a_frame_that_says_so(void **state)
{
	struct stage *s = *state;
	struct wire_interval *iv = interval(s, 42, 10, 1);
	const struct profile *p;

	iv->kernel_stack = iv->user_stack = 0;
	done(s);
	assert_string_equal(profile_text(s),
			    "app;[Missed User Stack];[Missed Kernel Stack] other 10+1 x1 max 11\n");
	p = s->profile;
	assert_int_equal(profile__sample_frame(p, p->samples, 1)->kind, FRAME_KIND_MISSING);
	s->view.no_user_stacks = true;
	assert_string_equal(profile_text(s), "app;[Missed Kernel Stack] other 10+1 x1 max 11\n");
}

static void test_a_new_threads_first_wait_has_no_stacks_to_miss(void **state)
{
	struct stage *s = *state;
	struct wire_interval *iv = interval(s, 43, 0, 11);

	iv->wait.flags = WIRE_F_NEW | WIRE_F_PREEMPT;
	iv->kernel_stack = iv->user_stack = 0;
	done(s);
	s->view.delimiter = true;
	assert_string_equal(profile_text(s), "worker;[new thread] preempted 0+11 x1 max 11\n");
}

static void test_a_stack_without_definition_is_lost_and_counted_once(void **state)
{
	struct stage *s = *state;
	const struct profile *p;

	interval(s, 42, 10, 1)->user_stack = 999;
	done(s);
	interval(s, 43, 10, 1)->user_stack = 999;
	done(s);
	interval(s, 43, 10, 1)->kernel_stack = 998;
	done(s);
	assert_string_equal(profile_text(s),
			    "app;[stack lost];do_futex;futex_do_wait lock 10+1 x1 max 11\n"
			    "worker;[stack lost];do_futex;futex_do_wait lock 10+1 x1 max 11\n"
			    "worker;main;work;lock;[stack lost] other 10+1 x1 max 11\n");
	p = s->profile;
	assert_int_equal(p->ledger.counters[WIRE_C_STACK_LOST], 2);
	assert_int_equal(s->model.ledger.counters[WIRE_C_STACK_LOST], 0);
	assert_int_equal(profile__sample_frame(p, p->samples, 1)->kind, FRAME_KIND_MISSING);
}

static void test_with_the_kernel_stack_lost_the_system_call_gives_the_reason(void **state)
{
	struct stage *s = *state;
	struct wire_interval *iv = interval(s, 42, 10, 1);

	iv->kernel_stack = 998;
	iv->wait.syscall = SYS_futex;
	done(s);
	assert_string_equal(profile_text(s),
			    "app;main;work;lock;[stack lost] lock 10+1 x1 max 11\n");
}

static void test_an_empty_stack_shows_as_lost(void **state)
{
	struct stage *s = *state;

	stack(s, 42, 30, "");
	interval(s, 42, 10, 1)->user_stack = 30;
	done(s);
	assert_string_equal(profile_text(s),
			    "app;[stack lost];do_futex;futex_do_wait lock 10+1 x1 max 11\n");
}

static void test_frames_without_a_name_show_their_module(void **state)
{
	struct stage *s = *state;
	const uint64_t ips[] = {APP_BASE + 0xf000, 0x100000, 0x100000, APP_BASE + 0xf123};

	give(s, mkwire_stack(&s->wire, 42, 30, ips, 4));
	interval(s, 42, 10, 1)->user_stack = 30;
	done(s);
	assert_string_equal(
		profile_text(s),
		"app;app+0xf122;[unknown];app+0xf000;do_futex;futex_do_wait lock 10+1 x1 max 11\n");
}

/* ---- the tracer's own frames ---- */

static const char *trimmed(struct stage *s, const char *names)
{
	stack(s, 0, 50, names);
	interval(s, 42, 10, 1)->kernel_stack = 50;
	done(s);
	s->view.no_user_stacks = true;
	return profile_text(s);
}

static void test_the_probes_own_frames_are_cut(void **state)
{
	assert_string_equal(
		trimmed(*state,
			"bpf_prog_0a1b_dwell_switch bpf_prog_0a1b_dwell_switch bpf_trace_run4 "
			"__bpf_trace_sched_switch __traceiter_sched_switch __schedule schedule "
			"futex_do_wait do_futex"),
		"app;do_futex;futex_do_wait lock 10+1 x1 max 11\n");
}

static void test_one_unknown_frame_between_the_probes_own_is_cut_too(void **state)
{
	assert_string_equal(trimmed(*state,
				    "get_perf_callchain bpf_get_stack thunk bpf_prog_1_x strange "
				    "bpf_trampoline_6442 schedule_timeout pipe_read vfs_read"),
			    "app;vfs_read;pipe_read pipe 10+1 x1 max 11\n");
}

static void test_far_from_the_innermost_end_the_same_names_stay(void **state)
{
	assert_string_equal(
		trimmed(*state, "pipe_read one two bpf_prog_1_x schedule bpf_trace_run4 vfs_read"),
		"app;vfs_read;bpf_trace_run4;schedule;bpf_prog_1_x;two;one;pipe_read pipe 10+1 x1 "
		"max 11\n");
}

/* Where our programs run with interrupts on, a thread can lose the CPU within one. */
static void test_what_interrupts_a_probe_is_cut_with_it(void **state)
{
	assert_string_equal(
		trimmed(*state,
			"irqentry_exit asm_sysvec_apic_timer_interrupt pcpu_freelist_push "
			"htab_map_delete_elem bpf_prog_4b292cbf976580ff_dwell_exit bpf_trace_run2 "
			"do_exit do_group_exit"),
		"app;do_group_exit;do_exit other 10+1 x1 max 11\n");
}

static void test_what_interrupts_the_way_to_a_probe_is_cut_with_it(void **state)
{
	assert_string_equal(
		trimmed(*state,
			"preempt_schedule_irq irqentry_exit asm_sysvec_apic_timer_interrupt "
			"bpf_trace_run2 __bpf_trace_sched_process_fork "
			"__traceiter_sched_process_fork "
			"kernel_clone do_syscall_64"),
		"app;do_syscall_64;kernel_clone child 10+1 x1 max 11\n");
}

static void test_the_trampoline_of_an_interrupted_probe_is_cut_with_it(void **state)
{
	assert_string_equal(
		trimmed(*state, "irqentry_exit asm_sysvec_apic_timer_interrupt pcpu_freelist_push "
				"bpf_prog_4b292cbf976580ff_dwell_exit bpf_trampoline_6442 do_exit "
				"do_group_exit"),
		"app;do_group_exit;do_exit other 10+1 x1 max 11\n");
}

/* The kernel may preempt within one as well; what the probe that sees it calls is a program with a name of its own. */
static void test_a_probe_within_a_probe_is_cut_behind_the_probes_own(void **state)
{
	assert_string_equal(
		trimmed(*state, "bpf_prog_0123456789abcdef_switch_capture "
				"bpf_prog_fedcba9876543210_dwell_switch bpf_trace_run4 __schedule "
				"preempt_schedule irq_work_queue bpf_ringbuf_output "
				"bpf_prog_95d5d55422f76a63_dwell_exec bpf_trace_run3 bprm_execve "
				"do_syscall_64"),
		"app;do_syscall_64;bprm_execve other 10+1 x1 max 11\n");
}

static void test_what_interrupts_another_program_stays(void **state)
{
	assert_string_equal(
		trimmed(*state, "a b c bpf_prog_4b292cbf976580ff_not_dwell_exit do_exit"),
		"app;do_exit;bpf_prog_4b292cbf976580ff_not_dwell_exit;c;b;a other 10+1 x1 "
		"max 11\n");
}

static void test_a_name_too_short_for_a_program_stays(void **state)
{
	assert_string_equal(trimmed(*state, "a b c bpf_prog_dwell_ do_exit"),
			    "app;do_exit;bpf_prog_dwell_;c;b;a other 10+1 x1 max 11\n");
}

static void test_the_way_into_the_scheduler_is_cut(void **state)
{
	assert_string_equal(trimmed(*state, "__schedule preempt_schedule_irq __cond_resched work"),
			    "app;work other 10+1 x1 max 11\n");
}

static void test_one_frame_always_stays(void **state)
{
	assert_string_equal(trimmed(*state, "bpf_prog_1_x bpf_trace_run4 __schedule schedule"),
			    "app;schedule other 10+1 x1 max 11\n");
}

static void test_of_nothing_but_the_probes_own_frames_one_stays(void **state)
{
	assert_string_equal(trimmed(*state, "bpf_prog_1_x bpf_trace_run4"),
			    "app;bpf_trace_run4 other 10+1 x1 max 11\n");
}

static void test_sleeps_of_seeds_and_of_events_are_one_tower(void **state)
{
	struct stage *s = *state;

	stack(s, 0, 51, "hrtimer_nanosleep common_nsleep");
	interval(s, 42, 5, 0)->kernel_stack = 51;
	done(s);
	assert_string_equal(
		trimmed(s, "bpf_prog_1_x __schedule schedule do_nanosleep hrtimer_nanosleep "
			   "common_nsleep"),
		"app;common_nsleep;hrtimer_nanosleep sleep 5+0 x1 max 5\n"
		"app;common_nsleep;hrtimer_nanosleep sleep 10+1 x1 max 11\n");
}

static void test_user_functions_may_be_called_schedule(void **state)
{
	struct stage *s = *state;

	stack(s, 42, 31, "schedule bpf_prog_main main");
	interval(s, 42, 10, 1)->user_stack = 31;
	done(s);
	s->view.no_kernel_stacks = true;
	assert_string_equal(profile_text(s),
			    "app;main;bpf_prog_main;schedule lock 10+1 x1 max 11\n");
}

/* ---- threads ---- */

static void test_per_thread_the_first_frame_names_process_and_thread(void **state)
{
	struct stage *s = *state;

	interval(s, 43, 10, 1);
	done(s);
	s->view.per_thread = true;
	assert_string_equal(profile_text(s), "worker-42/43;" LOCK_STACKS " lock 10+1 x1 max 11\n");
}

static void test_intervals_keep_the_name_that_the_thread_had(void **state)
{
	struct stage *s = *state;

	give(s, mkwire_thread(&s->wire, 42, 42, 1, "renamed"));
	interval(s, 42, 10, 1);
	done(s);
	interval(s, 42, 20, 2)->thread.comm_gen = 1;
	done(s);
	assert_string_equal(profile_text(s), "app;" LOCK_STACKS " lock 10+1 x1 max 11\n"
					     "renamed;" LOCK_STACKS " lock 20+2 x1 max 22\n");
	assert_string_equal(profile__str(s->profile, s->profile->threads[0].comm), "renamed");
	assert_int_equal(s->profile->samples[1].thread, 0);
}

static void test_a_thread_that_nobody_announced_is_unknown(void **state)
{
	struct stage *s = *state;

	interval(s, 77, 10, 1);
	done(s);
	assert_string_equal(profile_text(s), "[unknown];" LOCK_STACKS " lock 10+1 x1 max 11\n");
	assert_int_equal(s->profile->samples[0].thread, UINT32_MAX);
	s->view.per_thread = true;
	assert_string_equal(profile_text(s),
			    "[unknown]-0/77;" LOCK_STACKS " lock 10+1 x1 max 11\n");
}

static void test_a_thread_without_a_name_is_unknown(void **state)
{
	struct stage *s = *state;

	give(s, mkwire_thread(&s->wire, 42, 44, 0, ""));
	interval(s, 44, 10, 1);
	done(s);
	assert_string_equal(profile_text(s), "[unknown];" LOCK_STACKS " lock 10+1 x1 max 11\n");
	assert_int_equal(s->profile->samples[0].thread, 2);
}

static void test_a_reused_tid_is_another_thread(void **state)
{
	struct stage *s = *state;
	struct wire_thread *th = mkwire_at(&s->wire, mkwire_thread(&s->wire, 50, 42, 0, "later"));

	th->key.start_ns += 5;
	done(s);
	interval(s, 42, 10, 1)->thread.start_ns += 5;
	done(s);
	assert_string_equal(profile_text(s), "later;" LOCK_STACKS " lock 10+1 x1 max 11\n");
	assert_int_equal(s->profile->thread_cnt, 3);
}

static void test_threads_are_sorted_and_samples_point_at_theirs(void **state)
{
	struct stage *s = *state;
	const struct profile *p;

	give(s, mkwire_thread(&s->wire, 7, 99, 0, "early"));
	give(s, mkwire_thread(&s->wire, 7, 7, 0, "early"));
	interval(s, 43, 10, 1);
	done(s);
	interval(s, 7, 10, 1);
	done(s);
	p = make_profile(s);
	assert_int_equal(p->thread_cnt, 4);
	assert_int_equal(p->threads[0].tid, 7);
	assert_int_equal(p->threads[1].tid, 99);
	assert_int_equal(p->threads[2].tid, 42);
	assert_int_equal(p->threads[3].tid, 43);
	assert_int_equal(p->samples[0].thread, 3);
	assert_int_equal(p->samples[1].thread, 0);
}

static void test_a_threads_totals_come_from_its_summary(void **state)
{
	struct stage *s = *state;
	struct wire_summary *sum =
		mkwire_at(&s->wire, mkwire_summary(&s->wire, 42, 43, 0, "worker"));
	const struct profile_thread *th;

	sum->begin_ns = 1;
	sum->end_ns = 101;
	sum->on_cpu_ns = 50;
	sum->blocked_ns = 30;
	sum->runnable_ns = 20;
	sum->intervals = 3;
	sum->kernel_on_cpu_ns = 51;
	sum->kernel_runnable_ns = 21;
	sum->flags = WIRE_THREAD_EXITED | WIRE_THREAD_BASE_APPROX;
	done(s);
	th = make_profile(s)->threads;
	assert_false(th[0].totals_known);
	assert_false(th[0].exited);
	assert_true(th[1].totals_known);
	assert_true(th[1].exited);
	assert_true(th[1].kernel_approx);
	assert_false(th[1].open);
	assert_false(th[1].kthread);
	assert_int_equal(th[1].begin_ns, 1);
	assert_int_equal(th[1].end_ns, 101);
	assert_int_equal(th[1].on_cpu_ns, 50);
	assert_int_equal(th[1].blocked_ns, 30);
	assert_int_equal(th[1].runnable_ns, 20);
	assert_int_equal(th[1].intervals, 3);
	assert_int_equal(th[1].kernel_on_cpu_ns, 51);
	assert_int_equal(th[1].kernel_runnable_ns, 21);
}

static void test_a_thread_that_ended_before_the_window_is_not_listed(void **state)
{
	struct stage *s = *state;
	struct wire_summary *sum;

	give(s, mkwire_window(&s->wire, WIRE_WINDOW_START, 1000));
	sum = mkwire_at(&s->wire, mkwire_summary(&s->wire, 42, 43, 0, "worker"));
	sum->end_ns = 999;
	sum->flags = WIRE_THREAD_EXITED;
	done(s);
	assert_int_equal(make_profile(s)->thread_cnt, 1);
	assert_int_equal(s->profile->threads[0].tid, 42);
}

static void test_a_thread_that_ends_with_the_windows_begin_is_listed(void **state)
{
	struct stage *s = *state;
	struct wire_summary *sum;

	give(s, mkwire_window(&s->wire, WIRE_WINDOW_START, 1000));
	sum = mkwire_at(&s->wire, mkwire_summary(&s->wire, 42, 43, 0, "worker"));
	sum->end_ns = 1000;
	sum->flags = WIRE_THREAD_EXITED;
	done(s);
	assert_int_equal(make_profile(s)->thread_cnt, 2);
}

/* ---- open intervals ---- */

static void test_an_open_interval_is_marked_and_apart(void **state)
{
	struct stage *s = *state;
	const struct profile_thread *th;

	interval(s, 42, 10, 1);
	done(s);
	interval(s, 42, 500, 7)->wait.flags = WIRE_F_OPEN;
	done(s);
	assert_string_equal(profile_text(s), "app;" LOCK_STACKS " lock 10+1 x1 max 11\n"
					     "app;" LOCK_STACKS " lock 500+7 x1 max 507 open\n");
	assert_int_equal(s->profile->ledger.open.ns, 507);
	assert_int_equal(s->profile->ledger.open.cnt, 1);
	assert_int_equal(s->profile->ledger.delivered.ns, 11);
	assert_int_equal(s->profile->ledger.delivered.cnt, 1);
	th = &s->profile->threads[0];
	assert_true(th->open);
	assert_int_equal(th->open_blocked_ns, 500);
	assert_int_equal(th->open_runnable_ns, 7);
	assert_false(s->profile->threads[1].open);
}

/* The probes send it for the thread's totals only. */
static void test_an_open_interval_that_the_filters_leave_out_is_in_the_totals_only(void **state)
{
	struct stage *s = *state;

	interval(s, 42, 500, 7)->wait.flags = WIRE_F_OPEN | WIRE_F_FILTERED;
	done(s);
	assert_string_equal(profile_text(s), "");
	check_term(s->profile->ledger.open, 0, 0);
	assert_true(s->profile->threads[0].open);
	assert_int_equal(s->profile->threads[0].open_blocked_ns, 500);
	assert_int_equal(s->profile->threads[0].open_runnable_ns, 7);
}

/* ---- --split ---- */

static void test_split_makes_a_blocked_and_a_runnable_half(void **state)
{
	struct stage *s = *state;
	const struct profile *p;

	interval(s, 42, 300, 20);
	done(s);
	interval(s, 42, 100, 70);
	done(s);
	s->view.split = true;
	assert_string_equal(profile_text(s), "app;" LOCK_STACKS ";blocked lock 400+0 x2 max 300\n"
					     "app;" LOCK_STACKS ";runnable lock 0+90 x0 max 70\n");
	p = s->profile;
	assert_int_equal(profile__sample_frame(p, p->samples, 6)->kind, FRAME_KIND_STATE);
	assert_int_equal(p->samples[1].thread, 0);
}

static void test_split_leaves_out_an_empty_half_and_counts_once(void **state)
{
	struct stage *s = *state;

	interval(s, 42, 300, 0);
	done(s);
	interval(s, 43, 0, 20)->wait.flags = WIRE_F_PREEMPT;
	done(s);
	s->view.split = true;
	assert_string_equal(profile_text(s),
			    "app;" LOCK_STACKS ";blocked lock 300+0 x1 max 300\n"
			    "worker;" LOCK_STACKS ";runnable preempted 0+20 x1 max 20\n");
}

static void test_split_keeps_the_mark_of_open_intervals(void **state)
{
	struct stage *s = *state;

	interval(s, 42, 300, 20)->wait.flags = WIRE_F_OPEN;
	done(s);
	s->view.split = true;
	assert_string_equal(profile_text(s),
			    "app;" LOCK_STACKS ";blocked lock 300+0 x1 max 300 open\n"
			    "app;" LOCK_STACKS ";runnable lock 0+20 x0 max 20 open\n");
}

/* ---- --reason and the ledger ---- */

static void give_counters(struct stage *s, uint64_t observed_ns, uint64_t observed_cnt,
			  uint64_t spilled_ns, uint64_t spilled_cnt)
{
	uint64_t values[WIRE_COUNTER_CNT] = {
		[WIRE_C_OBSERVED_NS] = observed_ns, [WIRE_C_OBSERVED_CNT] = observed_cnt,
		[WIRE_C_FILTERED_NS] = 5000,	    [WIRE_C_FILTERED_CNT] = 5,
		[WIRE_C_SPILLED_NS] = spilled_ns,   [WIRE_C_SPILLED_CNT] = spilled_cnt,
		[WIRE_C_LOST_SPILL_FULL_NS] = 70,   [WIRE_C_LOST_SPILL_FULL_CNT] = 1,
	};

	give(s, mkwire_counters(&s->wire, values, WIRE_COUNTER_CNT));
}

/*
 * Delivered: lock 11 in 1, pipe 22 in 1; spilled: lock 490 in 2, pipe 100 in 1; open: lock 1000,
 * pipe 2000; besides that filtered 5000 in 5, lost 70 in 1.
 */
static void give_mixture(struct stage *s)
{
	interval(s, 42, 10, 1);
	done(s);
	interval(s, 42, 20, 2)->kernel_stack = KSTACK_PIPE;
	done(s);
	spill(s, 42, 2, 400, 90);
	done(s);
	spill(s, 42, 1, 60, 40)->kernel_stack = KSTACK_PIPE;
	done(s);
	interval(s, 42, 1000, 0)->wait.flags = WIRE_F_OPEN;
	done(s);
	interval(s, 43, 2000, 0)->wait.flags = WIRE_F_OPEN;
	((struct wire_interval *)mkwire_at(&s->wire, 0))->kernel_stack = KSTACK_PIPE;
	done(s);
	give_counters(s, 11 + 22 + 490 + 100 + 5000 + 70, 1 + 1 + 2 + 1 + 5 + 1, 590, 3);
}

static void test_the_ledger_has_both_counts_side_by_side(void **state)
{
	struct stage *s = *state;
	const struct ledger *l;

	give_mixture(s);
	l = &make_profile(s)->ledger;
	check_balance(l);
	check_term(l->delivered, 33, 2);
	check_term(l->spilled_read, 590, 3);
	check_term(l->filtered, 5000, 5);
	check_term(l->open, 3000, 2);
	assert_int_equal(s->profile->hidden_ns, 0);
}

static void test_hidden_reasons_move_in_the_ledger_and_it_still_balances(void **state)
{
	struct stage *s = *state;
	const struct ledger *l;

	give_mixture(s);
	s->view.reasons = 1u << REASON_LOCK;
	/* The spill shares its row with the interval. */
	assert_string_equal(profile_text(s), "app;" LOCK_STACKS " lock 410+91 x3 max 490\n"
					     "app;" LOCK_STACKS " lock 1000+0 x1 max 1000 open\n");
	l = &s->profile->ledger;
	check_balance(l);
	check_term(l->delivered, 11, 1);
	check_term(l->spilled, 490, 2);
	check_term(l->filtered, 5000 + 22 + 100, 5 + 1 + 1);
	check_term(l->open, 1000, 1); /* on both sides: it just leaves */
	assert_int_equal(s->profile->hidden_ns, 22 + 100 + 2000);
}

static void test_all_reasons_hidden_leave_nothing_but_the_balance(void **state)
{
	struct stage *s = *state;

	give_mixture(s);
	s->view.reasons = 1u << REASON_DISK;
	assert_string_equal(profile_text(s), "");
	check_balance(&s->profile->ledger);
	check_term(s->profile->ledger.delivered, 0, 0);
	check_term(s->profile->ledger.spilled, 0, 0);
	check_term(s->profile->ledger.open, 0, 0);
	assert_int_equal(s->profile->hidden_ns, 33 + 590 + 3000);
	assert_int_equal(s->profile->thread_cnt, 2);
}

static void test_several_reasons_may_be_shown(void **state)
{
	struct stage *s = *state;

	give_mixture(s);
	s->view.reasons = 1u << REASON_LOCK | 1u << REASON_PIPE;
	make_profile(s);
	assert_int_equal(s->profile->sample_cnt, 4);
	assert_int_equal(s->profile->hidden_ns, 0);
	check_term(s->profile->ledger.filtered, 5000, 5);
}

static void test_making_a_profile_changes_nothing_for_the_next(void **state)
{
	struct stage *s = *state;
	char *first;

	give_mixture(s);
	first = strdup(profile_text(s));
	s->view.reasons = 1u << REASON_DISK;
	s->view.split = true;
	profile_text(s);
	s->view = (struct offcpu_view){0};
	assert_string_equal(profile_text(s), first);
	check_term(s->profile->ledger.filtered, 5000, 5);
	free(first);
}

/* ---- what else is in a profile ---- */

static void test_notes_of_the_view_are_no_facts(void **state)
{
	struct stage *s = *state;
	const struct profile *p;

	give(s, mkwire_meta(&s->wire, "host", "example"));
	give(s, mkwire_meta(&s->wire, "view.split", "1"));
	give(s, mkwire_meta(&s->wire, "viewer", "x"));
	p = make_profile(s);
	assert_int_equal(p->note_cnt, 2);
	assert_string_equal(profile__str(p, p->notes[0].key), "host");
	assert_string_equal(profile__str(p, p->notes[0].value), "example");
	assert_string_equal(profile__str(p, p->notes[1].key), "viewer");
}

static void test_frames_know_the_build_id_of_their_module(void **state)
{
	static const uint8_t build_id[] = {0x00, 0x1f, 0xab};
	struct stage *s = *state;
	struct wire_module *m =
		mkwire_at(&s->wire, mkwire_module(&s->wire, 3, WIRE_MODULE_ELF, "/lib/b.so"));
	const struct profile_binary *b;
	const struct profile_frame *f;
	uint64_t ips[] = {APP_BASE + 0x20000, APP_BASE + 0x100, APP_BASE + 0x20010};

	m->build_id_len = sizeof(build_id);
	memcpy(m->build_id, build_id, sizeof(build_id));
	done(s);
	give(s, mkwire_mapping(&s->wire, 42, APP_BASE + 0x20000, APP_BASE + 0x30000, 0, 3));
	give(s, mkwire_stack(&s->wire, 42, 99, ips, 3));
	interval(s, 43, 5, 0)->user_stack = 99;
	done(s);
	make_profile(s);
	f = profile__sample_frame(s->profile, &s->profile->samples[0], 3);
	b = profile__binary(s->profile, f->binary);
	assert_string_equal(profile__str(s->profile, f->module), "b.so");
	assert_string_equal(profile__str(s->profile, b->path), "/lib/b.so");
	assert_string_equal(profile__str(s->profile, b->build_id), "001fab");
	f = profile__sample_frame(s->profile, &s->profile->samples[0], 2);
	b = profile__binary(s->profile, f->binary);
	assert_string_equal(profile__str(s->profile, b->path), "/usr/bin/app");
	assert_int_equal(b->build_id, 0);
	/* The comm and the kernel are no files. */
	assert_int_equal(profile__sample_frame(s->profile, &s->profile->samples[0], 0)->binary, 0);
	assert_int_equal(profile__sample_frame(s->profile, &s->profile->samples[0], 4)->binary, 0);
	assert_int_equal(s->profile->binary_cnt, 2);
}

/* By tid, which the model's thread has. */
static const char *group_of(void *arg, uint32_t thread_pos)
{
	struct stage *s = arg;

	return s->model.threads.items[thread_pos].tid == 43 ? "web\n" : NULL;
}

static void test_groups_are_comms_unless_the_view_says_otherwise(void **state)
{
	struct stage *s = *state;
	const struct profile *p;

	interval(s, 43, 5, 0);
	done(s);
	p = make_profile(s);
	assert_string_equal(profile__str(p, p->threads[0].group), "app");
	assert_string_equal(profile__str(p, p->threads[1].group), "worker");
	assert_string_equal(profile__str(p, p->threads[1].comm), "worker");
	assert_string_equal(profile__str(p, p->threads[1].process), "app");
	s->view.group = group_of;
	s->view.group_arg = s;
	p = make_profile(s);
	assert_string_equal(profile__str(p, p->threads[0].group), "app");
	assert_string_equal(profile__str(p, p->threads[1].group), "web\xef\xbf\xbd");
}

static void test_the_title_tells_target_and_window(void **state)
{
	struct stage *s = *state;

	give(s, mkwire_window(&s->wire, WIRE_WINDOW_START, 1000000000));
	give(s, mkwire_window(&s->wire, WIRE_WINDOW_END, 3500000000));
	make_profile(s);
	assert_int_equal(s->profile->window_ns, 2500000000);
	assert_int_equal(s->profile->start_realtime_ns, 1000000000);
	assert_string_equal(profile__str(s->profile, s->profile->title),
			    "Off-CPU time: the whole system, 2.5 s");
	give(s, mkwire_meta(&s->wire, "target", "pid 42"));
	make_profile(s);
	assert_string_equal(profile__str(s->profile, s->profile->title),
			    "Off-CPU time: pid 42, 2.5 s");
}

/* A round: all frames that fit and a truncation mark on both sides. */
static void test_the_deepest_stacks_fit(void **state)
{
	struct stage *s = *state;
	uint64_t ips[WIRE_MAX_FRAMES];
	size_t off;

	for (int kernel = 0; kernel < 2; kernel++) {
		for (int i = 0; i < WIRE_MAX_FRAMES; i++)
			ips[i] = (kernel ? KERNEL_BASE : APP_BASE) + 0x20;
		off = mkwire_stack(&s->wire, kernel ? 0 : 42, 60 + (uint64_t)kernel, ips,
				   WIRE_MAX_FRAMES);
		((struct wire_stack *)mkwire_at(&s->wire, off))->flags = WIRE_STACK_TRUNCATED;
		done(s);
	}
	interval(s, 42, 10, 1)->user_stack = 60;
	((struct wire_interval *)mkwire_at(&s->wire, 0))->kernel_stack = 61;
	done(s);
	s->view.delimiter = s->view.split = true;
	make_profile(s);
	assert_int_equal(s->profile->samples[0].frame_cnt, 1 + 257 + 1 + 257 + 1);
	assert_string_equal(
		profile__str(s->profile,
			     profile__sample_frame(s->profile, s->profile->samples, 1)->name),
		"[truncated]");
}

static void test_stack_names_are_made_once(void **state)
{
	struct stage *s = *state;
	struct profile *p = make_profile(s);
	const struct named_stack *st;
	struct stack_names n;

	stack_names__init(&n, &s->model, s->symbols, p, false);
	st = stack_names__get(&n, USTACK_LOCK, 0);
	assert_non_null(st);
	assert_int_equal(st->cnt, 3);
	assert_false(st->lost);
	st = stack_names__get(&n, 4711, 0);
	assert_true(st->lost);
	assert_int_equal(st->cnt, 1);
	stack_names__get(&n, 4711, 0);
	stack_names__get(&n, USTACK_LOCK, 0);
	assert_int_equal(n.cnt, 2);
	assert_int_equal(n.lost_cnt, 1);
	stack_names__fini(&n);
}

/* A stack that came after the last round has no names yet. */
static void test_a_stack_that_was_never_resolved_is_lost(void **state)
{
	struct stage *s = *state;
	struct stack_names n;

	make_profile(s);
	stack(s, 42, 33, "late main");
	stack_names__init(&n, &s->model, s->symbols, s->profile, false);
	assert_true(stack_names__get(&n, 33, 0)->lost);
	stack_names__fini(&n);
}

#define STAGE_TEST(f) cmocka_unit_test_setup_teardown(f, stage_setup, stage_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stacks_of_user_space_waits_on_a_new_kernel),
		cmocka_unit_test(test_stacks_of_sockets),
		cmocka_unit_test(test_stacks_of_older_kernels),
		cmocka_unit_test(test_stacks_of_files_and_disks),
		cmocka_unit_test(test_stacks_of_memory_and_kernel_locks),
		cmocka_unit_test(test_stacks_of_kernel_threads),
		cmocka_unit_test(test_stopped_and_traced_threads_wait_for_a_signal),
		cmocka_unit_test(test_what_never_blocked_was_preempted),
		cmocka_unit_test(test_io_wait_changes_only_what_may_wait_for_a_disk),
		cmocka_unit_test(test_the_innermost_known_frame_decides),
		cmocka_unit_test(test_names_that_only_look_like_a_rule_do_not_match),
		cmocka_unit_test(test_with_names_hidden_the_system_call_decides),
		cmocka_unit_test(test_numbers_of_32_bit_system_calls_mean_nothing_here),
		cmocka_unit_test(test_every_system_call_of_the_table_is_checked_here),
		cmocka_unit_test(test_a_rule_has_one_asterisk_at_one_end),
		cmocka_unit_test(test_no_rule_is_in_the_shadow_of_an_earlier_one),
		cmocka_unit_test(test_every_rule_gives_its_reason),
		STAGE_TEST(test_equal_intervals_become_one_row),
		STAGE_TEST(test_rows_differ_by_thread_stacks_and_kind_of_wait),
		STAGE_TEST(test_how_an_interval_was_measured_makes_no_row),
		STAGE_TEST(test_spilled_time_shows_like_delivered_time),
		STAGE_TEST(test_spill_and_intervals_share_a_row),
		STAGE_TEST(test_times_out_of_order_are_refused_and_not_booked),
		STAGE_TEST(test_many_rows_are_all_found_again),
		STAGE_TEST(test_user_and_kernel_stacks_only),
		STAGE_TEST(test_a_delimiter_stands_between_user_and_kernel_part),
		STAGE_TEST(test_kernel_threads_have_no_user_part),
		STAGE_TEST(test_stacks_that_are_missing_have_a_frame_that_says_so),
		STAGE_TEST(test_a_new_threads_first_wait_has_no_stacks_to_miss),
		STAGE_TEST(test_a_stack_without_definition_is_lost_and_counted_once),
		STAGE_TEST(test_with_the_kernel_stack_lost_the_system_call_gives_the_reason),
		STAGE_TEST(test_an_empty_stack_shows_as_lost),
		STAGE_TEST(test_frames_without_a_name_show_their_module),
		STAGE_TEST(test_the_probes_own_frames_are_cut),
		STAGE_TEST(test_one_unknown_frame_between_the_probes_own_is_cut_too),
		STAGE_TEST(test_far_from_the_innermost_end_the_same_names_stay),
		STAGE_TEST(test_what_interrupts_a_probe_is_cut_with_it),
		STAGE_TEST(test_what_interrupts_the_way_to_a_probe_is_cut_with_it),
		STAGE_TEST(test_the_trampoline_of_an_interrupted_probe_is_cut_with_it),
		STAGE_TEST(test_a_probe_within_a_probe_is_cut_behind_the_probes_own),
		STAGE_TEST(test_what_interrupts_another_program_stays),
		STAGE_TEST(test_a_name_too_short_for_a_program_stays),
		STAGE_TEST(test_the_way_into_the_scheduler_is_cut),
		STAGE_TEST(test_one_frame_always_stays),
		STAGE_TEST(test_of_nothing_but_the_probes_own_frames_one_stays),
		STAGE_TEST(test_sleeps_of_seeds_and_of_events_are_one_tower),
		STAGE_TEST(test_user_functions_may_be_called_schedule),
		STAGE_TEST(test_per_thread_the_first_frame_names_process_and_thread),
		STAGE_TEST(test_intervals_keep_the_name_that_the_thread_had),
		STAGE_TEST(test_a_thread_that_nobody_announced_is_unknown),
		STAGE_TEST(test_a_thread_without_a_name_is_unknown),
		STAGE_TEST(test_a_reused_tid_is_another_thread),
		STAGE_TEST(test_threads_are_sorted_and_samples_point_at_theirs),
		STAGE_TEST(test_a_threads_totals_come_from_its_summary),
		STAGE_TEST(test_a_thread_that_ended_before_the_window_is_not_listed),
		STAGE_TEST(test_a_thread_that_ends_with_the_windows_begin_is_listed),
		STAGE_TEST(test_an_open_interval_is_marked_and_apart),
		STAGE_TEST(test_an_open_interval_that_the_filters_leave_out_is_in_the_totals_only),
		STAGE_TEST(test_split_makes_a_blocked_and_a_runnable_half),
		STAGE_TEST(test_split_leaves_out_an_empty_half_and_counts_once),
		STAGE_TEST(test_split_keeps_the_mark_of_open_intervals),
		STAGE_TEST(test_the_ledger_has_both_counts_side_by_side),
		STAGE_TEST(test_hidden_reasons_move_in_the_ledger_and_it_still_balances),
		STAGE_TEST(test_all_reasons_hidden_leave_nothing_but_the_balance),
		STAGE_TEST(test_several_reasons_may_be_shown),
		STAGE_TEST(test_making_a_profile_changes_nothing_for_the_next),
		STAGE_TEST(test_notes_of_the_view_are_no_facts),
		STAGE_TEST(test_frames_know_the_build_id_of_their_module),
		STAGE_TEST(test_groups_are_comms_unless_the_view_says_otherwise),
		STAGE_TEST(test_the_title_tells_target_and_window),
		STAGE_TEST(test_the_deepest_stacks_fit),
		STAGE_TEST(test_stack_names_are_made_once),
		STAGE_TEST(test_a_stack_that_was_never_resolved_is_lost),
	};

	return cmocka_run_group_tests_name("analyze", tests, NULL, NULL);
}
