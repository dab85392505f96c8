/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/reason_rules.h"

#include <stdbool.h>
#include <string.h>

#include "base/compiler.h"

#define STATE_STOPPED 0x0004 /* __TASK_STOPPED, include/linux/sched.h */
#define STATE_TRACED  0x0008 /* __TASK_TRACED */

/*
 * Kernel functions that tell what is waited for. A trailing '*' matches any rest, a leading one any start.
 * Generic ones (schedule, schedule_timeout, wait_for_completion...) are not here: their callers decide. The
 * first rule that fits a frame counts.
 */
static const struct {
	const char *function;
	enum reason reason;
} reason_rules[] = {
	/* io_uring before all: its waits set in_iowait and pass through other subsystems */
	{"io_cqring_wait*", REASON_IO_URING},
	{"io_wq_worker", REASON_IO_URING},
	{"io_sq_thread", REASON_IO_URING},
	{"*_sys_io_uring_enter", REASON_IO_URING},

	{"futex_wait*",
	 REASON_LOCK}, /* futex_wait_queue_me < 5.16, futex_wait_queue, futex_do_wait 6.15 */
	{"futex_do_wait", REASON_LOCK},
	{"futex_lock_pi*", REASON_LOCK},
	{"futex_unqueue*", REASON_LOCK},
	{"rt_mutex_wait_proxy_lock", REASON_LOCK},
	{"do_semtimedop", REASON_LOCK},
	{"__do_semtimedop", REASON_LOCK},
	{"fcntl_setlk*", REASON_LOCK},
	{"posix_lock_inode_wait*", REASON_LOCK},
	{"flock_lock_inode_wait*", REASON_LOCK},
	{"locks_lock_inode_wait", REASON_LOCK},

	{"ep_poll", REASON_POLL},
	{"do_epoll_wait", REASON_POLL},
	{"do_sys_poll", REASON_POLL},
	{"do_poll*", REASON_POLL},
	{"poll_schedule_timeout*", REASON_POLL},
	{"do_select", REASON_POLL},
	{"core_sys_select", REASON_POLL},
	{"read_events", REASON_POLL}, /* io_getevents, fs/aio.c */
	/* kernel threads without work wait for any work */
	{"worker_thread", REASON_POLL},
	{"rescuer_thread", REASON_POLL},
	{"kthread_worker_fn", REASON_POLL},
	{"smpboot_thread_fn", REASON_POLL},
	{"kthreadd", REASON_POLL},
	{"rcu_gp_kthread", REASON_POLL},
	{"rcu_gp_fqs_loop", REASON_POLL},
	{"rcu_nocb_*", REASON_POLL},
	{"rcu_tasks_*", REASON_POLL},
	{"kswapd", REASON_POLL},
	{"kcompactd", REASON_POLL},
	{"khugepaged*", REASON_POLL},
	{"ksmd*", REASON_POLL},
	{"oom_reaper", REASON_POLL},
	{"kauditd_thread", REASON_POLL},
	{"irq_thread", REASON_POLL},
	{"irq_wait_for_interrupt", REASON_POLL},
	{"scsi_error_handler", REASON_POLL},
	{"kjournald2", REASON_POLL},
	{"devtmpfsd", REASON_POLL},
	{"devtmpfs_work_loop", REASON_POLL},
	{"watchdog", REASON_POLL},
	{"kdamond_fn", REASON_POLL},
	{"kcompactd_*", REASON_POLL},
	{"balance_dirty_pages*", REASON_MEMORY},

	{"hrtimer_nanosleep*", REASON_SLEEP},
	{"common_nsleep*", REASON_SLEEP},
	{"alarm_timer_nsleep*", REASON_SLEEP},
	{"msleep*", REASON_SLEEP},
	{"usleep_range*", REASON_SLEEP},

	{"pipe_read", REASON_PIPE},
	{"pipe_write", REASON_PIPE},
	{"anon_pipe_read", REASON_PIPE}, /* since 262b2fa99cbe, 6.15 */
	{"anon_pipe_write", REASON_PIPE},
	{"fifo_pipe_read", REASON_PIPE},
	{"fifo_pipe_write", REASON_PIPE},
	{"fifo_open", REASON_PIPE},
	{"wait_for_partner", REASON_PIPE},
	{"pipe_wait*", REASON_PIPE},
	{"splice_*", REASON_PIPE},
	{"wait_for_space", REASON_PIPE},
	{"wq_sleep", REASON_PIPE}, /* POSIX message queues */
	{"do_mq_timed*", REASON_PIPE},
	{"do_msgrcv", REASON_PIPE}, /* System V message queues */
	{"do_msgsnd", REASON_PIPE},
	{"eventfd_read", REASON_PIPE},
	{"eventfd_write", REASON_PIPE},

	{"sk_wait_data", REASON_NET},
	{"sk_stream_wait_*", REASON_NET},
	{"unix_stream_data_wait", REASON_NET},
	{"unix_stream_read_*", REASON_NET},
	{"unix_wait_for_peer", REASON_NET},
	{"__skb_wait_for_more_packets", REASON_NET},
	{"__skb_recv_*", REASON_NET},
	{"inet_csk_accept*", REASON_NET},
	{"inet_csk_wait_for_connect", REASON_NET},
	{"inet_wait_for_connect", REASON_NET},
	{"__inet_stream_connect", REASON_NET},
	{"unix_accept", REASON_NET},
	{"sock_alloc_send_pskb", REASON_NET},
	{"sock_wait_for_wmem", REASON_NET},
	{"vsock_*", REASON_NET},
	{"virtio_transport_*", REASON_NET},
	{"tcp_*", REASON_NET},
	{"udp_*", REASON_NET},
	{"lock_sock_nested", REASON_NET},
	{"__lock_sock", REASON_NET},
	{"netlink_*", REASON_NET},
	{"nfs_*", REASON_NET},
	{"nfs3_*", REASON_NET},
	{"nfs4_*", REASON_NET},
	{"rpc_wait_bit_killable", REASON_NET},
	{"__sys_accept4", REASON_NET},
	{"__sys_connect", REASON_NET},
	{"__sys_recvfrom", REASON_NET},
	{"__sys_sendto", REASON_NET},
	{"___sys_recvmsg", REASON_NET},
	{"___sys_sendmsg", REASON_NET},

	{"do_wait", REASON_CHILD},
	{"__do_wait", REASON_CHILD},
	{"kernel_wait4", REASON_CHILD},
	{"kernel_waitid*", REASON_CHILD},
	{"wait_for_vfork_done", REASON_CHILD},
	{"kernel_clone", REASON_CHILD}, /* vfork, where wait_for_vfork_done() is inlined */

	{"do_sigtimedwait", REASON_SIGNAL},
	{"sigsuspend", REASON_SIGNAL},
	{"*_sys_pause", REASON_SIGNAL},
	{"do_signal_stop", REASON_SIGNAL},
	{"get_signal", REASON_SIGNAL},
	{"ptrace_stop*", REASON_SIGNAL},
	{"ptrace_do_notify", REASON_SIGNAL},
	{"signalfd_*", REASON_SIGNAL},
	{"do_freezer_trap", REASON_SIGNAL},
	{"__refrigerator", REASON_SIGNAL},
	{"seccomp_do_user_notification*", REASON_SIGNAL},

	{"n_tty_read", REASON_DEVICE},
	{"n_tty_write", REASON_DEVICE},
	{"tty_*", REASON_DEVICE},
	{"pty_*", REASON_DEVICE},
	{"fuse_*", REASON_DEVICE},
	{"request_wait_answer", REASON_DEVICE},
	{"evdev_read", REASON_DEVICE},
	{"inotify_read", REASON_DEVICE},
	{"fanotify_*", REASON_DEVICE},
	{"devkmsg_read", REASON_DEVICE},
	{"do_syslog*", REASON_DEVICE},
	{"perf_read", REASON_DEVICE},
	{"timerfd_read*", REASON_SLEEP},
	{"hvc_*", REASON_DEVICE},
	{"drm_*", REASON_DEVICE},
	{"usb_*", REASON_DEVICE},
	{"snd_*", REASON_DEVICE},

	{"blk_*", REASON_DISK},
	{"rq_qos_wait", REASON_DISK},
	{"wbt_wait", REASON_DISK},
	{"submit_bio_wait", REASON_DISK},
	{"submit_bh_wait*", REASON_DISK},
	{"__blkdev_direct_IO*", REASON_DISK},
	{"blkdev_issue_flush", REASON_DISK},
	{"iomap_dio_*", REASON_DISK},
	{"__iomap_dio_rw", REASON_DISK},
	{"folio_wait_writeback*", REASON_DISK},
	{"wait_on_page_writeback*", REASON_DISK},
	{"filemap_fdatawait*", REASON_DISK},
	{"__filemap_fdatawait*", REASON_DISK},
	{"file_write_and_wait_range", REASON_DISK},
	{"writeback_*", REASON_DISK},
	{"wb_wait_for_completion", REASON_DISK},
	{"sync_inodes_sb", REASON_DISK},
	{"bit_wait_io", REASON_DISK},
	{"bio_await*", REASON_DISK},

	{"jbd2_*", REASON_FS},
	{"wait_transaction_locked", REASON_FS},
	{"start_this_handle", REASON_FS},
	{"add_transaction_credits", REASON_FS},
	{"ext4_*", REASON_FS},
	{"xfs_*", REASON_FS},
	{"xlog_*", REASON_FS},
	{"btrfs_*", REASON_FS},
	{"f2fs_*", REASON_FS},
	{"ovl_*", REASON_FS},
	{"folio_wait_bit*", REASON_FS},
	{"folio_lock*", REASON_FS},
	{"__folio_lock*", REASON_FS},
	{"__lock_page*", REASON_FS},
	{"wait_on_page_bit*", REASON_FS},
	{"__wait_on_buffer", REASON_FS},
	{"__inode_wait_for_writeback", REASON_FS},
	{"inode_wait_for_writeback", REASON_FS},
	{"d_alloc_parallel", REASON_FS},
	{"d_wait_lookup", REASON_FS},
	{"lookup_slow", REASON_FS},
	{"path_openat", REASON_FS},
	{"filename_*", REASON_FS},
	{"vfs_fsync_range", REASON_FS},
	{"do_fsync", REASON_FS},
	{"ksys_sync", REASON_FS},

	{"handle_mm_fault", REASON_MEMORY},
	{"do_user_addr_fault", REASON_MEMORY},
	{"exc_page_fault", REASON_MEMORY},
	{"do_page_fault", REASON_MEMORY},
	{"migration_entry_wait*", REASON_MEMORY},
	{"softleaf_entry_wait*", REASON_MEMORY},
	{"shrink_*", REASON_MEMORY},
	{"try_to_free_*", REASON_MEMORY},
	{"reclaim_throttle", REASON_MEMORY},
	{"throttle_direct_reclaim", REASON_MEMORY},
	{"mem_cgroup_*", REASON_MEMORY},
	{"__mem_cgroup_*", REASON_MEMORY},
	{"try_charge_memcg", REASON_MEMORY},
	{"__alloc_pages*", REASON_MEMORY},
	{"swap_*", REASON_MEMORY},
	{"userfaultfd_*", REASON_MEMORY},
	{"handle_userfault", REASON_MEMORY},
	{"__mm_populate", REASON_MEMORY},
	{"vm_mmap_pgoff", REASON_MEMORY},
	{"__vm_munmap", REASON_MEMORY},

	{"mutex_lock*", REASON_KERNEL_LOCK},
	{"__mutex_lock*", REASON_KERNEL_LOCK},
	{"rwsem_down_*", REASON_KERNEL_LOCK},
	{"down_read*", REASON_KERNEL_LOCK},
	{"down_write*", REASON_KERNEL_LOCK},
	{"down*", REASON_KERNEL_LOCK},
	{"__down*", REASON_KERNEL_LOCK},
	{"percpu_rwsem_wait*", REASON_KERNEL_LOCK},
	{"__percpu_down_read", REASON_KERNEL_LOCK},
	{"rt_mutex_*", REASON_KERNEL_LOCK},
	{"rtlock_*", REASON_KERNEL_LOCK},
	{"synchronize_rcu*", REASON_KERNEL_LOCK},
	{"synchronize_srcu*", REASON_KERNEL_LOCK},
	{"__wait_rcu_gp", REASON_KERNEL_LOCK},
	{"stop_one_cpu*", REASON_KERNEL_LOCK},
	{"__flush_work*", REASON_KERNEL_LOCK},
	{"flush_work*", REASON_KERNEL_LOCK},
	{"*_sys_nanosleep", REASON_SLEEP},
	{"*_sys_clock_nanosleep", REASON_SLEEP},
};

/*
 * For kernels that hide their names: the calls that wait for one thing only. Numbers of
 * arch/x86/entry/syscalls/syscall_64.tbl and of include/uapi/asm-generic/unistd.h (arm64); -1: not there.
 */
static const struct {
	int x86_64, arm64;
	enum reason reason;
} reason_syscalls[] = {
	{202, 98, REASON_LOCK},	     /* futex */
	{232, -1, REASON_POLL},	     /* epoll_wait */
	{281, 22, REASON_POLL},	     /* epoll_pwait */
	{7, -1, REASON_POLL},	     /* poll */
	{271, 73, REASON_POLL},	     /* ppoll */
	{23, -1, REASON_POLL},	     /* select */
	{270, 72, REASON_POLL},	     /* pselect6 */
	{35, 101, REASON_SLEEP},     /* nanosleep */
	{230, 115, REASON_SLEEP},    /* clock_nanosleep */
	{61, 260, REASON_CHILD},     /* wait4 */
	{247, 95, REASON_CHILD},     /* waitid */
	{34, -1, REASON_SIGNAL},     /* pause */
	{128, 137, REASON_SIGNAL},   /* rt_sigtimedwait */
	{130, 133, REASON_SIGNAL},   /* rt_sigsuspend */
	{43, 202, REASON_NET},	     /* accept */
	{288, 242, REASON_NET},	     /* accept4 */
	{42, 203, REASON_NET},	     /* connect */
	{45, 207, REASON_NET},	     /* recvfrom */
	{47, 212, REASON_NET},	     /* recvmsg */
	{44, 206, REASON_NET},	     /* sendto */
	{46, 211, REASON_NET},	     /* sendmsg */
	{74, 82, REASON_DISK},	     /* fsync */
	{75, 83, REASON_DISK},	     /* fdatasync */
	{426, 426, REASON_IO_URING}, /* io_uring_enter */
};

#if defined(__aarch64__)
#define REASON_SYSCALL_COLUMN arm64
#else
#define REASON_SYSCALL_COLUMN x86_64
#endif

/* Compilers append to the names of functions that they cut or copy: "sigsuspend.isra.0". */
static size_t reason_name_len(const char *name)
{
	return strcspn(name, ".");
}

static bool reason_matches(const char *rule, const char *name, size_t name_len)
{
	size_t len = strlen(rule);

	if (*rule == '*')
		return name_len >= len - 1 &&
		       !memcmp(name + name_len - (len - 1), rule + 1, len - 1);
	if (rule[len - 1] == '*')
		return !strncmp(name, rule, len - 1);
	return name_len == len && !memcmp(name, rule, len);
}

static bool reason_of_frame(const char *name, enum reason *ret_reason)
{
	size_t len = reason_name_len(name);

	for (size_t i = 0; i < ARRAY_SIZE(reason_rules); i++) {
		if (reason_matches(reason_rules[i].function, name, len)) {
			*ret_reason = reason_rules[i].reason;
			return true;
		}
	}
	return false;
}

static enum reason reason_of_syscall(const struct wire_wait *wait)
{
	if (wait->syscall < 0 || wait->flags & WIRE_F_COMPAT)
		return REASON_OTHER;
	for (size_t i = 0; i < ARRAY_SIZE(reason_syscalls); i++)
		if (reason_syscalls[i].REASON_SYSCALL_COLUMN == wait->syscall)
			return reason_syscalls[i].reason;
	return REASON_OTHER;
}

/* Data on its way from a device: whoever waits for it below a file or a page waits for the disk. */
static enum reason reason_with_iowait(enum reason reason)
{
	return reason == REASON_MEMORY || reason == REASON_FS || reason == REASON_OTHER ||
			       reason == REASON_KERNEL_LOCK
		       ? REASON_DISK
		       : reason;
}

enum reason reason_of_wait(const struct wire_wait *wait, const char *const *frames,
			   size_t frame_cnt)
{
	enum reason reason = REASON_OTHER;
	bool found = false;

	if (wait->flags & WIRE_F_PREEMPT)
		return REASON_PREEMPTED;
	if (wait->state & (STATE_STOPPED | STATE_TRACED))
		return REASON_SIGNAL;
	for (size_t i = 0; i < frame_cnt && !found; i++) {
		if (!frames[i] || !*frames[i] || *frames[i] == '[')
			continue;
		found = reason_of_frame(frames[i], &reason);
	}
	if (!found)
		reason = reason_of_syscall(wait);
	return wait->flags & WIRE_F_IOWAIT ? reason_with_iowait(reason) : reason;
}
