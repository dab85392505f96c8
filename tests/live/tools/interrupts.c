/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A library to be preloaded: a signal comes 1,000 times a second, with a handler that was set without SA_RESTART, and of the
 * calls below that the program itself makes one of two ends with EINTR before it has begun, as signal(7) allows for slow files.
 *
 *   INTERRUPTS_SAID=FILE  gets "signals N eintr N" at the end
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t signal_cnt;
static uint64_t call_cnt, eintr_cnt;
static bool active;
static uintptr_t begin = UINTPTR_MAX, end; /* of the program */

static void on_signal(int sig)
{
	(void)sig;
	signal_cnt++;
}

/* Only the first one, which is the program. */
static int find_program(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size, (void)arg;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		uintptr_t at = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;

		if (info->dlpi_phdr[i].p_type != PT_LOAD)
			continue;
		begin = at < begin ? at : begin;
		if (at + info->dlpi_phdr[i].p_memsz > end)
			end = at + info->dlpi_phdr[i].p_memsz;
	}
	return 1;
}

static __attribute__((constructor)) void interrupts_init(void)
{
	struct sigaction act = {.sa_handler = on_signal};
	struct itimerspec each = {.it_interval = {.tv_nsec = 1000000},
				  .it_value = {.tv_nsec = 1000000}};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
	timer_t timer;

	if (!getenv("INTERRUPTS_SAID"))
		return;
	dl_iterate_phdr(find_program, NULL);
	if (sigaction(SIGALRM, &act, NULL) || timer_create(CLOCK_MONOTONIC, &event, &timer) ||
	    timer_settime(timer, 0, &each, NULL))
		_exit(99);
	active = true;
}

static __attribute__((destructor)) void interrupts_fini(void)
{
	char line[96];
	int fd, len;

	if (!active)
		return;
	active = false;
	len = snprintf(line, sizeof(line), "signals %d eintr %llu\n", (int)signal_cnt,
		       (unsigned long long)eintr_cnt);
	fd = open(getenv("INTERRUPTS_SAID"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || dprintf(fd, "%.*s", len, line) != len)
		_exit(99);
}

static bool interrupted(void *caller)
{
	uint64_t nr;

	if (!active || (uintptr_t)caller < begin || (uintptr_t)caller >= end)
		return false;
	/* Half of them, in no order: of two calls that take turns neither always gets through. */
	nr = __atomic_add_fetch(&call_cnt, 1, __ATOMIC_RELAXED) * 0x9e3779b97f4a7c15ull;
	if ((nr ^ nr >> 29) >> 40 & 1)
		return false;
	__atomic_fetch_add(&eintr_cnt, 1, __ATOMIC_RELAXED);
	errno = EINTR;
	return true;
}

/* A function of the C library that returns -1 and sets errno. */
#define INTERRUPTED(ret, name, params, args)                                           \
	ret name params                                                                \
	{                                                                              \
		static ret(*next) params;                                              \
                                                                                       \
		if (!next)                                                             \
			next = (ret(*) params)dlsym(RTLD_NEXT, #name);                 \
		return interrupted(__builtin_return_address(0)) ? (ret)-1 : next args; \
	}

INTERRUPTED(ssize_t, read, (int fd, void *to, size_t len), (fd, to, len))
INTERRUPTED(ssize_t, pread, (int fd, void *to, size_t len, off_t at), (fd, to, len, at))
INTERRUPTED(ssize_t, pread64, (int fd, void *to, size_t len, off_t at), (fd, to, len, at))
INTERRUPTED(ssize_t, write, (int fd, const void *from, size_t len), (fd, from, len))
INTERRUPTED(ssize_t, recv, (int fd, void *to, size_t len, int flags), (fd, to, len, flags))
INTERRUPTED(ssize_t, send, (int fd, const void *from, size_t len, int flags),
	    (fd, from, len, flags))
INTERRUPTED(int, accept4, (int fd, struct sockaddr *from, socklen_t *len, int flags),
	    (fd, from, len, flags))
INTERRUPTED(int, poll, (struct pollfd * fds, nfds_t cnt, int timeout_ms), (fds, cnt, timeout_ms))
INTERRUPTED(int, epoll_wait, (int fd, struct epoll_event *to, int cnt, int timeout_ms),
	    (fd, to, cnt, timeout_ms))
INTERRUPTED(int, nanosleep, (const struct timespec *for_, struct timespec *left), (for_, left))
INTERRUPTED(pid_t, waitpid, (pid_t pid, int *status, int flags), (pid, status, flags))
INTERRUPTED(int, fsync, (int fd), (fd))
