/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * calls MODE [COUNT [N]]: system calls whose numbers are known.
 *
 *   mix COUNT     a fixed mixture by three processes and a thread, with errors, signals, vfork, exec, exit, seccomp: no
 *                 call depends on how fast anything is
 *   clock COUNT   COUNT sleeps of 20 us to 5 ms, each measured from outside: "length NS" sorted by length
 *   nap MS        one nanosleep(), and a relative restart of it if it is stopped and continued: "slept NS"
 *   open          a thread in each of read(), futex(), poll(), while the main thread reads stdin
 *   files DIR     slow reads of a pipe and a socket and a locked file: "slow NAME FD"
 *   spin COUNT    COUNT times getppid()
 *   numbers COUNT US  COUNT calls that there are not, each with a number of its own, US microseconds apart
 *   exec-thread   a thread that is not the first one executes "calls spin 10"
 *   burn MS       sleeps MS ms in one call, and then spends MS ms on a CPU in another one
 */
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* ---- mix ---- */

static char thread_stack[65536] __attribute__((aligned(16)));
static volatile int thread_tid; /* the kernel clears it when the thread is gone */
static int numbers[2];

static int thread_main(void *arg)
{
	uint64_t cnt = *(uint64_t *)arg;

	for (uint64_t i = 0; i < cnt; i++)
		raw_syscall3(SYS_getuid, 0, 0, 0);
	raw_syscall3(SYS_exit, 0, 0, 0);
	return 0;
}

/* A thread without the C library, which would wait for it in a call or not as it happens. */
static void run_thread(uint64_t cnt)
{
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
		    CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;

	thread_tid = 1;
	if (clone(thread_main, thread_stack + sizeof(thread_stack), flags, &cnt, &thread_tid, NULL,
		  &thread_tid) < 0)
		die("clone");
	while (thread_tid)
		;
}

static void on_alarm(int nr)
{
	(void)nr;
}

/* A sleep that a signal ends, @restart: a read that a signal interrupts and that goes on then. */
static void interrupted(bool restart)
{
	struct sigaction act = {.sa_handler = on_alarm, .sa_flags = restart ? SA_RESTART : 0};
	struct timespec second = {.tv_sec = 20};
	timer_t timer;
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct itimerspec soon = {.it_value = {.tv_nsec = 20000000}};
	char c;
	pid_t pid;

	sigaction(SIGUSR1, &act, NULL);
	timer_create(CLOCK_MONOTONIC, &ev, &timer);
	timer_settime(timer, 0, &soon, NULL);
	if (!restart) {
		raw_syscall4(SYS_nanosleep, &second, NULL, 0, 0);
	} else {
		if (pipe(numbers))
			die("pipe");
		pid = fork();
		if (!pid) {
			struct timespec late = {.tv_nsec = 80000000};

			raw_syscall4(SYS_nanosleep, &late, NULL, 0, 0);
			_exit(write(numbers[1], "x", 1) != 1);
		}
		raw_read(numbers[0], &c);
		waitpid(pid, NULL, 0);
	}
	timer_delete(timer);
}

static void run_program(void)
{
	static char *const argv[] = {(char *)"true", NULL};
	pid_t pid = vfork();

	if (!pid) {
		execv("/nonexistent/true", argv);
		execv("/bin/true", argv);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

/* A child in which a filter answers getppid() before it begins. */
static void run_filtered(uint64_t cnt)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	static const struct sock_fprog filter = {.len = 4, .filter = code};
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter))
			die("seccomp");
		for (uint64_t i = 0; i < cnt; i++)
			if (raw_syscall3(SYS_getpgid, 0, 0, 0) != -EPERM)
				_exit(1);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static int mix(uint64_t cnt)
{
	int zero = open("/dev/zero", O_RDONLY);
	char c;

	for (uint64_t i = 0; i < cnt; i++) {
		raw_syscall3(SYS_getppid, 0, 0, 0);
		raw_read(zero, &c);
		if (i % 10 == 0)
			raw_syscall4(SYS_openat, AT_FDCWD, "/nonexistent/file", O_RDONLY, 0);
		if (i % 20 == 0)
			raw_syscall3(SYS_close, -1, 0, 0);
	}
	raw_syscall3(9999, 0, 0, 0);
	run_thread(cnt / 2);
	interrupted(false);
	interrupted(true);
	run_program();
	run_filtered(cnt / 4);
	return 0;
}

/* ---- clock ---- */

static int by_length(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int measure(uint64_t cnt)
{
	uint64_t *lengths = calloc(cnt, sizeof(*lengths));

	if (!lengths)
		die("calloc");
	for (uint64_t i = 0; i < cnt; i++) {
		/* Evenly over eight powers of two. */
		uint64_t ns = (20000ull << i % 8) + i * 7919 % 20000;
		uint64_t since = now_ns();

		nap_ns(ns);
		lengths[i] = now_ns() - since;
	}
	qsort(lengths, cnt, sizeof(*lengths), by_length);
	for (uint64_t i = 0; i < cnt; i++)
		say("length %llu", (unsigned long long)lengths[i]);
	return 0;
}

/* ---- the others ---- */

static int nap(uint64_t ms)
{
	struct timespec ts = {.tv_sec = (time_t)(ms / 1000),
			      .tv_nsec = (long)(ms % 1000 * 1000000)};
	uint64_t since = now_ns();

	raw_syscall4(SYS_nanosleep, &ts, NULL, 0, 0);
	say("slept %llu", (unsigned long long)(now_ns() - since));
	return 0;
}

static void *in_read(void *arg)
{
	char c;

	(void)arg;
	thread_says("in-read");
	raw_read(numbers[0], &c);
	return NULL;
}

static void *in_futex(void *arg)
{
	static uint32_t word;

	(void)arg;
	thread_says("in-futex");
	raw_syscall4(SYS_futex, &word, FUTEX_WAIT, 0, NULL);
	return NULL;
}

static int stay_open(void)
{
	if (pipe(numbers))
		die("pipe");
	start_thread(in_read, NULL);
	start_thread(in_futex, NULL);
	return 0;
}

static void slow_read(const char *name, int fd, int peer)
{
	char c;
	pid_t pid = fork();

	if (!pid) {
		nap_ns(50 * NS_PER_MS);
		_exit(write(peer, "x", 1) != 1);
	}
	raw_read(fd, &c);
	waitpid(pid, NULL, 0);
	say("slow %s %d", name, fd);
	/* So that the tracer can still see what the descriptor was. */
	nap_ns(200 * NS_PER_MS);
}

static int connected(int *ret_peer)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0), listener = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(at);

	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&at, &len) ||
	    connect(fd, (struct sockaddr *)&at, sizeof(at)))
		die("socket");
	*ret_peer = accept(listener, NULL, NULL);
	say("port %d", ntohs(at.sin_port));
	return fd;
}

static int slow_files(void)
{
	int peer, fd;

	if (pipe(numbers))
		die("pipe");
	slow_read("pipe", numbers[0], numbers[1]);
	fd = connected(&peer);
	slow_read("tcp", fd, peer);
	return 0;
}

static int spin(uint64_t cnt)
{
	for (uint64_t i = 0; i < cnt; i++)
		raw_syscall3(SYS_getppid, 0, 0, 0);
	return 0;
}

static int numbers_of_their_own(uint64_t cnt, uint64_t us)
{
	for (uint64_t i = 0; i < cnt; i++) {
		uint64_t until = now_ns() + us * 1000;

		raw_syscall3(100000 + i, 0, 0, 0);
		while (us && now_ns() < until)
			;
	}
	return 0;
}

static void *exec_spin(void *arg)
{
	static char *const argv[] = {(char *)"calls", (char *)"spin", (char *)"10", NULL};

	setenv("WORK_ALONE", "1", 1);
	execv(arg, argv);
	die("execv");
	return NULL;
}

static int exec_by_a_thread(const char *path)
{
	start_thread(exec_spin, (void *)path);
	for (;;)
		pause();
	return 0;
}

/* A call that works: getrandom() of as much as takes about @ms. */
static int burn(uint64_t ms)
{
	static char much[1 << 20];
	uint64_t until = now_ns() + ms * NS_PER_MS;

	nap_ns(ms * NS_PER_MS);
	do
		raw_syscall3(SYS_getrandom, much, sizeof(much), 0);
	while (now_ns() < until + ms * NS_PER_MS);
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	uint64_t n = arg_u64(argc, argv, 2, 100);
	int status = 0;

	if (!strcmp(mode, "open"))
		stay_open();
	work_ready();
	if (!strcmp(mode, "mix"))
		status = mix(n);
	else if (!strcmp(mode, "clock"))
		status = measure(n);
	else if (!strcmp(mode, "nap"))
		status = nap(n);
	else if (!strcmp(mode, "files"))
		status = slow_files();
	else if (!strcmp(mode, "spin"))
		status = spin(n);
	else if (!strcmp(mode, "burn"))
		status = burn(n);
	else if (!strcmp(mode, "numbers"))
		status = numbers_of_their_own(n, arg_u64(argc, argv, 3, 0));
	else if (!strcmp(mode, "exec-thread"))
		status = exec_by_a_thread(argv[0]);
	work_done();
	return status;
}
