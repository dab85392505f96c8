/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* poller COUNT MS: waits COUNT times with each call of the poll family, until its time is over. */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "work.h"

static int quiet[2], epoll;
static uint64_t cnt, ms;

#define POLLER(name, call)                                                                \
	static work_frame void work_##name(void)                                          \
	{                                                                                 \
		struct meter m = {0};                                                     \
                                                                                          \
		for (uint64_t i = 0; i < cnt; i++) {                                      \
			struct pollfd fd work_maybe = {.fd = quiet[0], .events = POLLIN}; \
			struct timespec ts work_maybe = {0, (long)(ms * NS_PER_MS)};      \
			struct epoll_event event work_maybe;                              \
			fd_set fds;                                                       \
			uint64_t since;                                                   \
                                                                                          \
			FD_ZERO(&fds);                                                    \
			FD_SET(quiet[0], &fds);                                           \
			since = now_ns();                                                 \
			call;                                                             \
			meter_add(&m, since);                                             \
		}                                                                         \
		meter_say(#name, &m);                                                     \
	}

POLLER(ppoll, raw_syscall(SYS_ppoll, (long)&fd, 1, (long)&ts, 0, 8, 0))
POLLER(pselect, raw_syscall(SYS_pselect6, quiet[0] + 1, (long)&fds, 0, 0, (long)&ts, 0))
POLLER(epoll, raw_syscall(SYS_epoll_pwait, epoll, (long)&event, 1, (long)ms, 0, 8))
#ifdef SYS_poll
POLLER(poll, raw_syscall3(SYS_poll, &fd, 1, ms))
#endif

int main(int argc, char **argv)
{
	struct epoll_event event = {.events = EPOLLIN};

	cnt = arg_u64(argc, argv, 1, 20);
	ms = arg_u64(argc, argv, 2, 10);
	epoll = epoll_create1(0);
	if (pipe(quiet) || epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, quiet[0], &event))
		die("pipe or epoll");
	work_ready();
	work_ppoll();
	work_pselect();
	work_epoll();
#ifdef SYS_poll
	work_poll();
#endif
	work_done();
	return 0;
}
