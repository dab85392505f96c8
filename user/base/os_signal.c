/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_signal.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t signal_seen;
static volatile sig_atomic_t signal_reload;

void os_signal_remember_stop(int sig)
{
	signal_seen = sig;
}

void os_signal_catch_stop(void)
{
	/* SA_RESETHAND: the second one finds the default action. No SA_RESTART: waits end early. */
	struct sigaction act = {.sa_handler = os_signal_remember_stop,
				.sa_flags = (int)SA_RESETHAND};

	sigemptyset(&act.sa_mask);
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
}

int os_signal_stop(void)
{
	return signal_seen;
}

static void signal_remember_reload(int sig)
{
	(void)sig;
	signal_reload = 1;
}

void os_signal_catch_reload(void)
{
	struct sigaction act = {.sa_handler = signal_remember_reload};

	sigemptyset(&act.sa_mask);
	sigaction(SIGHUP, &act, NULL);
}

bool os_signal_take_reload(void)
{
	bool came = signal_reload;

	/* One that comes in between is about the same files, which are read after this. */
	signal_reload = 0;
	return came;
}
