/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Profiles made in memory, for the tests of the writers and of what they write in a browser. */
#ifndef TESTS_BROWSER_SAMPLE_PROFILE_H
#define TESTS_BROWSER_SAMPLE_PROFILE_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "model/profile.h"

#define SAMPLE_MAX_FRAMES 256

static inline void sample_check(int err)
{
	if (err) {
		fprintf(stderr, "sample profile: %s\n", strerror(-err));
		abort();
	}
}

/* The frame of "Uname": the first character is the kind. V is user code of another module. */
static inline uint32_t sample_frame(struct profile *p, const char *spec)
{
	static const struct {
		char letter;
		enum frame_kind kind;
		const char *module, *path, *build_id;
	} kinds[] = {
		{'P', FRAME_KIND_PROCESS, NULL, NULL, NULL},
		{'U', FRAME_KIND_NATIVE, "app", "/usr/bin/app", "0123456789abcdef"},
		{'V', FRAME_KIND_NATIVE, "libv.so.1", "/usr/lib/libv.so.1", NULL},
		{'K', FRAME_KIND_KERNEL, "[kernel]", NULL, NULL},
		{'D', FRAME_KIND_DELIMITER, NULL, NULL, NULL},
		{'S', FRAME_KIND_STATE, NULL, NULL, NULL},
		{'M', FRAME_KIND_MISSING, NULL, NULL, NULL},
		{'I', FRAME_KIND_INLINED, "app", "/usr/bin/app", "0123456789abcdef"},
		{'J', FRAME_KIND_JIT, "[anon]", NULL, NULL},
		{'W', FRAME_KIND_WAKER, NULL, NULL, NULL},
	};
	struct profile_place place = {0};
	uint32_t id;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].letter != spec[0])
			continue;
		place.module = kinds[i].module;
		if (kinds[i].path)
			sample_check(profile__add_binary(p, kinds[i].path, kinds[i].build_id,
							 &place.binary));
		sample_check(profile__frame_at(p, spec + 1, kinds[i].kind, &place, &id));
		return id;
	}
	abort();
}

/* Adds @s with the frames of @specs, which end with NULL. */
static inline void sample_add(struct profile *p, struct profile_sample s, const char *const *specs)
{
	uint32_t ids[SAMPLE_MAX_FRAMES], cnt = 0;

	for (; specs[cnt]; cnt++)
		ids[cnt] = sample_frame(p, specs[cnt]);
	sample_check(profile__add_sample(p, &s, ids, cnt));
}
#define SAMPLE_ADD(p, sample, ...) \
	sample_add(p, (struct profile_sample)sample, (const char *const[]){__VA_ARGS__, NULL})
#define SAMPLE(...)         \
	{                   \
		__VA_ARGS__ \
	}

static inline uint32_t sample_str(struct profile *p, const char *s)
{
	uint32_t id;

	sample_check(strtab__intern(&p->strings, s, &id));
	return id;
}

static inline void sample_thread(struct profile *p, const char *comm, struct profile_thread t)
{
	t.comm = sample_str(p, comm);
	if (!t.process)
		t.process = t.comm;
	if (!t.group)
		t.group = t.comm;
	sample_check(profile__add_thread(p, &t));
}

static inline struct profile *sample_new(const char *title, uint64_t window_ns)
{
	struct profile *p = profile__new();

	if (!p)
		abort();
	p->title = sample_str(p, title);
	p->window_ns = window_ns;
	return p;
}

/*
 * Single waits that add up to the samples: those of a thread one behind the other, each as long as its sample's others. Who
 * waited for a lock or a pipe was woken by the next thread.
 */
static inline void sample_add_waits(struct profile *p)
{
	uint64_t *ends = calloc(p->thread_cnt + 1, sizeof(*ends));

	if (!ends)
		abort();
	p->untimed_cnt = 0;
	for (size_t i = 0; i < p->sample_cnt; i++) {
		const struct profile_sample *s = &p->samples[i];
		bool woken = s->reason == REASON_LOCK || s->reason == REASON_PIPE;

		if (s->thread >= p->thread_cnt) {
			p->untimed_cnt += s->cnt;
			continue;
		}
		/* Of many samples one each: as many as there is room for. */
		uint64_t cnt = p->sample_cnt > 10000 ? 1 : s->cnt;

		for (uint64_t j = 0; j < cnt; j++) {
			uint64_t blocked = s->blocked_ns / cnt + (j < s->blocked_ns % cnt);
			uint64_t runnable = s->runnable_ns / cnt + (j < s->runnable_ns % cnt);
			struct profile_wait w = {
				.from_ns = ends[s->thread] + 100 + s->thread,
				.sample = (uint32_t)i,
				.waker = woken ? (s->thread + 1) % (uint32_t)p->thread_cnt
					       : PROFILE_NO_THREAD,
			};

			w.wake_ns = w.from_ns + blocked;
			w.to_ns = ends[s->thread] = w.wake_ns + runnable;
			sample_check(profile__add_wait(p, &w));
		}
	}
	profile__sort_waits(p);
	free(ends);
}

static inline void sample_ledger_fill(struct profile *p)
{
	for (size_t i = 0; i < p->sample_cnt; i++) {
		p->ledger.delivered.ns += profile_sample__total_ns(&p->samples[i]);
		p->ledger.delivered.cnt += p->samples[i].cnt;
	}
	p->ledger.observed.ns = p->ledger.delivered.ns + p->ledger.filtered.ns +
				p->ledger.spilled.ns + ledger__lost(&p->ledger).ns;
	p->ledger.observed.cnt = p->ledger.delivered.cnt + p->ledger.filtered.cnt +
				 p->ledger.spilled.cnt + ledger__lost(&p->ledger).cnt;
}

/* A few stacks whose numbers can be checked by hand, all kinds of frames, a loss. */
static inline struct profile *sample_small(void)
{
	struct profile *p = sample_new("app (pid 100), 2.0 s", 2000000000);

	p->start_realtime_ns = 1700000000123456789;
	sample_thread(p, "app",
		      (struct profile_thread){.pid = 100,
					      .tid = 100,
					      .totals_known = true,
					      .open = true,
					      .begin_ns = 5000,
					      .end_ns = 2000005000,
					      .on_cpu_ns = 400000000,
					      .blocked_ns = 1500600000,
					      .runnable_ns = 400000,
					      .intervals = 15,
					      .open_blocked_ns = 98999000,
					      .open_runnable_ns = 1000,
					      .kernel_on_cpu_ns = 400001000,
					      .kernel_runnable_ns = 401000});
	sample_thread(p, "worker",
		      (struct profile_thread){.pid = 100,
					      .tid = 101,
					      .process = sample_str(p, "app"),
					      .group = sample_str(p, "batch"),
					      .totals_known = true,
					      .exited = true,
					      .begin_ns = 1005000,
					      .end_ns = 1001005000,
					      .on_cpu_ns = 500000000,
					      .blocked_ns = 499000000,
					      .runnable_ns = 1000000,
					      .intervals = 7,
					      .kernel_on_cpu_ns = 500000000,
					      .kernel_runnable_ns = 1000400,
					      .kernel_approx = true});
	sample_thread(p, "sleeper",
		      (struct profile_thread){.pid = 100,
					      .tid = 102,
					      .totals_known = true,
					      .begin_ns = 5000,
					      .end_ns = 2000005000});
	sample_thread(p, "kworker/0:1",
		      (struct profile_thread){.pid = 200,
					      .tid = 200,
					      .kthread = true,
					      .begin_ns = 5000,
					      .end_ns = 2000005000});

	SAMPLE_ADD(p,
		   SAMPLE(.thread = 0, .reason = REASON_LOCK, .cnt = 10, .blocked_ns = 1000600000,
			  .runnable_ns = 400000, .max_ns = 300000000),
		   "Papp", "Umain", "Ulock_it", "D-", "Kfutex_wait", "Kschedule");
	/* The same stack for another reason, thread and module: one row of two parts. */
	SAMPLE_ADD(p,
		   SAMPLE(.thread = 1, .reason = REASON_PREEMPTED, .cnt = 2, .blocked_ns = 0,
			  .runnable_ns = 1000000, .max_ns = 900000),
		   "Papp", "Umain", "Vlock_it", "D-", "Kfutex_wait", "Kschedule");
	SAMPLE_ADD(p,
		   SAMPLE(.thread = 0, .reason = REASON_DISK, .cnt = 5, .blocked_ns = 500000000,
			  .max_ns = 200000000),
		   "Papp", "Umain", "Uread_all", "D-", "Kvfs_read", "Kio_schedule");
	SAMPLE_ADD(p,
		   SAMPLE(.thread = 1, .reason = REASON_LOCK, .cnt = 5, .blocked_ns = 499000000,
			  .max_ns = 100000000),
		   "Papp", "Uthread_start", "Ulock_it", "D-", "Kfutex_wait", "Kschedule");
	SAMPLE_ADD(p,
		   SAMPLE(.thread = 0, .reason = REASON_SLEEP, .cnt = 1, .open = true,
			  .blocked_ns = 98999000, .runnable_ns = 1000, .max_ns = 99000000),
		   "Papp", "Umain", "M[unknown]", "Sblocked");
	/* Two halves of a microsecond make one; less than half a one is no row. */
	SAMPLE_ADD(p,
		   SAMPLE(.thread = 0, .reason = REASON_PIPE, .cnt = 1, .blocked_ns = 500,
			  .max_ns = 500),
		   "Papp", "Uhalves");
	SAMPLE_ADD(p,
		   SAMPLE(.thread = 0, .reason = REASON_NET, .cnt = 1, .blocked_ns = 500,
			  .max_ns = 500),
		   "Papp", "Uhalves");
	SAMPLE_ADD(p,
		   SAMPLE(.thread = 0, .reason = REASON_NET, .cnt = 1, .blocked_ns = 499,
			  .max_ns = 499),
		   "Papp", "Utoo_short");
	p->ledger.filtered = (struct ledger_term){3000000, 3};
	p->ledger.lost_spill_full = (struct ledger_term){2500000, 4};
	p->ledger.open = (struct ledger_term){99000000, 1};
	p->ledger.counters[WIRE_C_EVENTS] = 1234;
	p->ledger.counters[WIRE_C_NO_WAKEUP] = 1;
	p->hidden_ns = 3000000;
	sample_ledger_fill(p);
	sample_check(profile__add_note(p, "host", "build-7"));
	sample_check(profile__add_note(p, "kernel", "6.1.0"));
	return p;
}

/* Waits with who ended them: a thread, a timer, nobody. */
static inline struct profile *sample_wakers(void)
{
	struct profile *p = sample_new("app (pid 100), 1.0 s", 1000000000);

	sample_thread(p, "app", (struct profile_thread){.pid = 100, .tid = 100});
	SAMPLE_ADD(p,
		   SAMPLE(.reason = REASON_PIPE, .cnt = 4, .blocked_ns = 500000000,
			  .max_ns = 200000000, .waker = WAKER_THREAD,
			  .waker_comm = sample_str(p, "feeder"), .waker_pid = 90, .waker_tid = 91),
		   "Papp", "Umain", "Kpipe_read", "D--", "Wtry_to_wake_up", "Wpipe_write", "Wfeed",
		   "Wfeeder");
	SAMPLE_ADD(p,
		   SAMPLE(.reason = REASON_SLEEP, .cnt = 2, .blocked_ns = 300000000,
			  .max_ns = 150000000, .waker = WAKER_TIMER),
		   "Papp", "Umain", "Khrtimer_nanosleep", "D--", "Whrtimer_wakeup", "W[timer]");
	SAMPLE_ADD(p,
		   SAMPLE(.reason = REASON_PREEMPTED, .cnt = 1, .runnable_ns = 100000000,
			  .max_ns = 100000000),
		   "Papp", "Umain", "Kirqentry_exit");
	p->has_wakers = true;
	sample_ledger_fill(p);
	return p;
}

/*
 * Single waits of every kind, and such that have no place in a timeline: one that begins before the thread's last one is over, one
 * that ends before it begins, one of a thread and one of a sample that are not there.
 */
static inline struct profile *sample_waits(void)
{
	static const struct profile_wait waits[] = {
		{100, 150, 160, 0, 4},
		{170, 170, 200, 1, PROFILE_NO_THREAD},
		{190, 195, 199, 0, 4},
		{200, 300, 300, 2, 0},
		{210, 220, 230, 3, 0},
		{250, 240, 260, 0, 4},
		{300, 400, 1000000, 4, PROFILE_NO_THREAD},
		{500, 1000000, 1000000, 5, PROFILE_NO_THREAD},
		{600, 600, 600, 0, PROFILE_NO_THREAD},
		{600, 601, 602, 0, 0},
		{700, 800, 900, 77, 0},
	};
	struct profile *p = sample_new("every kind of wait", 1000000);
	uint32_t server = sample_str(p, "server");

	p->start_realtime_ns = 1700000000123456789;
	p->start_boottime_ns = 5000000000;
	sample_thread(p, "first", (struct profile_thread){.pid = 7, .tid = 7, .process = server});
	sample_thread(p, "second", (struct profile_thread){.pid = 7, .tid = 7, .process = server});
	sample_thread(p, "other", (struct profile_thread){.pid = 7, .tid = 9, .process = server});
	sample_thread(p, "helper",
		      (struct profile_thread){
			      .pid = 20, .tid = 3, .process = sample_str(p, "before exec")});
	sample_thread(p, "waker", (struct profile_thread){.pid = 20, .tid = 20});
	SAMPLE_ADD(p,
		   SAMPLE(.thread = 0, .reason = REASON_LOCK, .cnt = 3, .waker = WAKER_THREAD,
			  .lock = sample_str(p, "app:queue+8"),
			  .lock_owner = sample_str(p, "other")),
		   "Pfirst", "Umain", "Ilock_it", "Jjitted", "D-", "Kfutex_wait", "D--",
		   "Wtry_to_wake_up", "Wwaker");
	SAMPLE_ADD(p, SAMPLE(.thread = 0, .reason = REASON_PREEMPTED, .cnt = 1), "Pfirst", "Umain",
		   "Srunnable");
	SAMPLE_ADD(p, SAMPLE(.thread = 1, .reason = REASON_NET, .cnt = 1), "Psecond");
	SAMPLE_ADD(p, SAMPLE(.thread = 99, .reason = REASON_DISK, .cnt = 1), "Pnobody", "Umain");
	SAMPLE_ADD(p,
		   SAMPLE(.thread = 2, .reason = REASON_PIPE, .cnt = 1, .open = true,
			  .waker = WAKER_THREAD, .via_softirq = true,
			  .waker_comm = sample_str(p, "feeder"), .waker_pid = 90, .waker_tid = 91),
		   "Pother", "M[unknown]");
	SAMPLE_ADD(p,
		   SAMPLE(.thread = 4, .reason = REASON_SLEEP, .cnt = 1, .open = true,
			  .waker = WAKER_TIMER),
		   "Pwaker", "Umain");
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++)
		sample_check(profile__add_wait(p, &waits[i]));
	p->untimed_cnt = 5;
	return p;
}

/* Names from hell, once through the sanitiser as frames and once raw as title and comm. */
static inline struct profile *sample_hostile(void)
{
	static const char *const names[] = {
		"Utext with spaces",
		"U</script><script>alert(1)</script>",
		"U<!-- & \"quotes\" 'too' ]]>",
		"U<[u8; 16] as core::fmt::Debug>::fmt",
		"Ubad \xff\xfe utf-8 \xc3( \xed\xa0\x80",
		"Ucontrol \001\t\n\x1b[31m\x7f\xc2\x9b",
		"UThread 7 12",
		"U\342\200\256reversed \xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80",
		"U",
		"U   ",
		"Uback\\slash \\u003c ${x} %s%n",
		"U\xef\xbf\xbf\xef\xbf\xbe end",
	};
	struct profile *p = sample_new("<b>&\"'\xff\x01 ]]> </script>\xe2\x80\xae", 1000000);
	char longest[6002];

	memset(longest, 'x', sizeof(longest));
	longest[0] = 'U';
	longest[sizeof(longest) - 1] = '\0';
	sample_thread(p, "a\"b\\<\xff\x1b[2J>",
		      (struct profile_thread){.pid = 1, .tid = 2, .totals_known = true});
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		SAMPLE_ADD(p,
			   SAMPLE(.reason = i % REASON_CNT, .cnt = 1, .blocked_ns = 1000 * (i + 1),
				  .max_ns = 1000 * (i + 1)),
			   "P</title><svg onload=alert(1)>", names[i], "K__x64_sys <&>");
	SAMPLE_ADD(p, SAMPLE(.reason = 200, .thread = 77, .cnt = 1, .blocked_ns = 1000), "Px",
		   longest);
	sample_ledger_fill(p);
	p->ledger.observed.ns -= 7; /* out of balance, negative */
	sample_check(profile__add_note(p, "command <line>", "a && b > 'c' \"d\" \xff\x02"));
	return p;
}

static inline uint32_t sample_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* @cnt distinct stacks of 10 to 40 frames under @roots threads. */
static inline struct profile *sample_big(uint32_t cnt, uint32_t roots)
{
	struct profile *p = sample_new("a big one, 60.0 s", 60000000000);
	uint32_t seed = 1, ids[SAMPLE_MAX_FRAMES];
	char name[64];

	for (uint32_t i = 0; i < roots; i++) {
		snprintf(name, sizeof(name), "thread-%u", i % 23);
		sample_thread(p, name,
			      (struct profile_thread){.pid = 1000 + i / 50,
						      .tid = 1000 + i,
						      .totals_known = true,
						      .on_cpu_ns = sample_random(&seed) * 10ull,
						      .blocked_ns = sample_random(&seed) * 1000ull,
						      .intervals = sample_random(&seed) % 1000});
	}
	for (uint32_t i = 0; i < cnt; i++) {
		uint32_t depth = 10 + sample_random(&seed) % 31, n = 0, thread = i % roots;
		struct profile_sample s = {
			.thread = thread,
			.reason = (uint8_t)(sample_random(&seed) % REASON_CNT),
			.cnt = 1 + sample_random(&seed) % 100,
			.blocked_ns = 1000 + sample_random(&seed) % 5000000 * 1000ull,
			.runnable_ns = sample_random(&seed) % 1000000,
		};

		s.max_ns = profile_sample__total_ns(&s) / 2;
		snprintf(name, sizeof(name), "Pthread-%u", thread % 23);
		ids[n++] = sample_frame(p, name);
		for (uint32_t d = 0; d < depth; d++) {
			/* Few names near the root, which stacks share; leaves are distinct. */
			uint32_t pick = sample_random(&seed) % (d < 6 ? 3 : 40);

			snprintf(name, sizeof(name), "%c%s_%u_%u", d * 3 < depth * 2 ? 'U' : 'K',
				 d * 3 < depth * 2 ? "namespace::function" : "kernel_function", d,
				 pick);
			ids[n++] = sample_frame(p, name);
		}
		snprintf(name, sizeof(name), "Kleaf_%u", i);
		ids[n++] = sample_frame(p, name);
		sample_check(profile__add_sample(p, &s, ids, n));
	}
	sample_ledger_fill(p);
	return p;
}

/* The shape of a real server, for pictures in which a person looks for mistakes. */
static inline struct profile *sample_server(void)
{
	static const struct {
		const char *comm, *user;
		const char *kernel;
		enum reason reason;
		uint32_t ms, cnt;
	} waits[] = {
		{"postgres",
		 "main;PostmasterMain;ServerLoop;BackendStartup;PostgresMain;ReadCommand;"
		 "secure_read;WaitEventSetWait;epoll_wait",
		 "do_syscall_64;__x64_sys_epoll_wait;do_epoll_wait;ep_poll;schedule_hrtimeout_"
		 "range",
		 REASON_POLL, 5210, 412},
		{"postgres",
		 "main;PostmasterMain;ServerLoop;BackendStartup;PostgresMain;exec_simple_query;"
		 "PortalRun;ExecutorRun;ExecSeqScan;heap_getnextslot;ReadBufferExtended;"
		 "mdread;FileRead;pread64",
		 "do_syscall_64;__x64_sys_pread64;vfs_read;ext4_file_read_iter;filemap_read;"
		 "folio_wait_bit_common;io_schedule",
		 REASON_DISK, 2730, 1820},
		{"postgres",
		 "main;PostmasterMain;ServerLoop;BackendStartup;PostgresMain;exec_simple_query;"
		 "finish_xact_command;CommitTransaction;XLogFlush;issue_xlog_fsync;fdatasync",
		 "do_syscall_64;__x64_sys_fdatasync;do_fsync;ext4_sync_file;jbd2_log_wait_commit",
		 REASON_FS, 1460, 655},
		{"postgres",
		 "main;PostmasterMain;ServerLoop;BackendStartup;PostgresMain;exec_simple_query;"
		 "PortalRun;ExecutorRun;ExecModifyTable;heap_update;LWLockAcquire;"
		 "PGSemaphoreLock;futex",
		 "do_syscall_64;__x64_sys_futex;do_futex;futex_wait;futex_wait_queue", REASON_LOCK,
		 940, 3011},
		{"walwriter",
		 "main;PostmasterMain;WalWriterMain;WaitLatch;WaitEventSetWait;epoll_wait",
		 "do_syscall_64;__x64_sys_epoll_wait;do_epoll_wait;ep_poll;schedule_hrtimeout_"
		 "range",
		 REASON_POLL, 4880, 25},
		{"checkpointer",
		 "main;PostmasterMain;CheckpointerMain;CreateCheckPoint;BufferSync;"
		 "FlushBuffer;mdwrite;FileWrite;pwrite64",
		 "do_syscall_64;__x64_sys_pwrite64;vfs_write;ext4_buffered_write_iter;"
		 "balance_dirty_pages;io_schedule_timeout",
		 REASON_DISK, 610, 88},
		{"redis-server", "main;aeMain;aeProcessEvents;aeApiPoll;epoll_wait",
		 "do_syscall_64;__x64_sys_epoll_wait;do_epoll_wait;ep_poll;schedule_hrtimeout_"
		 "range",
		 REASON_POLL, 4100, 9034},
		{"redis-server",
		 "main;aeMain;aeProcessEvents;readQueryFromClient;processCommand;call;"
		 "setCommand;flushAppendOnlyFile;write",
		 "do_syscall_64;ksys_write;vfs_write;ext4_file_write_iter;down_write;"
		 "rwsem_down_write_slowpath",
		 REASON_KERNEL_LOCK, 320, 140},
		{"redis-server",
		 "main;aeMain;aeProcessEvents;readQueryFromClient;processCommand;call;"
		 "dictExpand;zmalloc;[unknown]",
		 "asm_exc_page_fault;do_user_addr_fault;handle_mm_fault;do_anonymous_page;"
		 "__alloc_pages;try_to_free_pages",
		 REASON_MEMORY, 180, 77},
		{"redis-server",
		 "main;aeMain;aeProcessEvents;readQueryFromClient;processCommand;call;"
		 "lrangeCommand",
		 "irqentry_exit_to_user_mode;schedule", REASON_PREEMPTED, 260, 2210},
		{"bio_close_file", "bioProcessBackgroundJobs;pthread_cond_wait;futex",
		 "do_syscall_64;__x64_sys_futex;do_futex;futex_wait;futex_wait_queue", REASON_LOCK,
		 4990, 1},
		{"nginx",
		 "main;ngx_master_process_cycle;ngx_worker_process_cycle;"
		 "ngx_process_events_and_timers;ngx_epoll_process_events;epoll_wait",
		 "do_syscall_64;__x64_sys_epoll_wait;do_epoll_wait;ep_poll;schedule_hrtimeout_"
		 "range",
		 REASON_POLL, 3600, 15021},
		{"nginx",
		 "main;ngx_master_process_cycle;ngx_worker_process_cycle;"
		 "ngx_process_events_and_timers;ngx_http_write_filter;writev",
		 "do_syscall_64;do_writev;sock_write_iter;tcp_sendmsg;sk_stream_wait_memory",
		 REASON_NET, 830, 410},
		{"kworker/u8:2", "", "ret_from_fork;kthread;worker_thread;schedule", REASON_OTHER,
		 700, 320},
	};
	struct profile *p =
		sample_new("postgres, redis-server, nginx (14 threads), 5.0 s", 5000000000);

	for (uint32_t i = 0; i < ARRAY_SIZE(waits); i++) {
		uint64_t ns = waits[i].ms * 1000000ull;
		uint32_t ids[SAMPLE_MAX_FRAMES], n = 0;
		char text[1024], *save = NULL;

		sample_thread(p, waits[i].comm,
			      (struct profile_thread){.pid = 900 + i / 4 * 10,
						      .tid = 900 + i * 3,
						      .totals_known = true,
						      .open = i % 5 == 0,
						      .exited = i == 9,
						      .kthread = !*waits[i].user,
						      .on_cpu_ns = ns / 7,
						      .blocked_ns = ns / 20 * 19,
						      .runnable_ns = ns / 20,
						      .intervals = waits[i].cnt,
						      .open_blocked_ns = i % 5 ? 0 : ns / 9});
		snprintf(text, sizeof(text), "P%s", waits[i].comm);
		ids[n++] = sample_frame(p, text);
		for (int kernel = 0; kernel < 2; kernel++) {
			char list[1024];

			snprintf(list, sizeof(list), "%s",
				 kernel ? waits[i].kernel : waits[i].user);
			if (kernel && *waits[i].user)
				ids[n++] = sample_frame(p, "D-");
			for (char *name = strtok_r(list, ";", &save); name;
			     name = strtok_r(NULL, ";", &save)) {
				snprintf(text, sizeof(text), "%c%s",
					 *name == '[' ? 'M'
					 : kernel     ? 'K'
						      : 'U',
					 name);
				ids[n++] = sample_frame(p, text);
			}
		}
		bool preempted = waits[i].reason == REASON_PREEMPTED;
		struct profile_sample s = {.thread = i,
					   .reason = waits[i].reason,
					   .cnt = waits[i].cnt,
					   .blocked_ns = preempted ? 0 : ns / 20 * 19,
					   .runnable_ns = preempted ? ns : ns / 20,
					   .max_ns = ns / (waits[i].cnt < 9 ? waits[i].cnt : 9)};

		sample_check(profile__add_sample(p, &s, ids, n));
	}
	p->ledger.lost_spill_full = (struct ledger_term){12300000, 17};
	sample_ledger_fill(p);
	sample_check(
		profile__add_note(p, "command", "dwell offcpu -p 900,930 -d 5 -o report.html"));
	sample_check(profile__add_note(p, "host", "db-3.example"));
	sample_check(profile__add_note(p, "kernel", "6.1.0-28-amd64"));
	return p;
}

#endif
