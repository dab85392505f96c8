/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* signals COUNT MS: waits for a timer's signals by pause, sigsuspend and sigtimedwait, COUNT times each. */
#include "work.h"

static uint64_t cnt;
static sigset_t only, none;

static void on_signal(int nr work_maybe)
{
}

#define WAITER(name, call)                           \
	static work_frame void work_##name(void)     \
	{                                            \
		struct meter m = {0};                \
                                                     \
		for (uint64_t i = 0; i < cnt; i++) { \
			uint64_t since = now_ns();   \
                                                     \
			call;                        \
			meter_add(&m, since);        \
		}                                    \
		meter_say(#name, &m);                \
	}

WAITER(sigsuspend, raw_syscall3(SYS_rt_sigsuspend, &none, 8, 0))
WAITER(sigwait, raw_syscall4(SYS_rt_sigtimedwait, &only, NULL, NULL, 8))
#ifdef SYS_pause
WAITER(pause, raw_syscall3(SYS_pause, 0, 0, 0))
#endif

int main(int argc, char **argv)
{
	uint64_t ns = arg_u64(argc, argv, 2, 10) * NS_PER_MS;
	struct timespec tick = {(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};
	struct itimerspec every = {tick, tick}, never = {{0}, {0}};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct sigaction action = {.sa_handler = on_signal};
	timer_t timer = NULL;

	cnt = arg_u64(argc, argv, 1, 50);
	sigemptyset(&none);
	sigemptyset(&only);
	sigaddset(&only, SIGUSR1);
	if (sigaction(SIGUSR1, &action, NULL) || timer_create(CLOCK_MONOTONIC, &event, &timer))
		die("timer");
	work_ready();
	sigprocmask(SIG_BLOCK, &only, NULL);
	timer_settime(timer, 0, &every, NULL);
	work_sigwait();
	work_sigsuspend();
	sigprocmask(SIG_UNBLOCK, &only, NULL);
#ifdef SYS_pause
	work_pause();
#endif
	timer_settime(timer, 0, &never, NULL);
	work_done();
	return 0;
}
