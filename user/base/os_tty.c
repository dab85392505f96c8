/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_tty.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/os_clock.h"
#include "base/os_signal.h"

#define TTY_WRITE_MS 1000
#define TTY_STOP_MS  300 /* by then a process that may stop has done so */

/* The second page, no cursor, no wrapping at the right edge; and back, with the page emptied for terminals that have one only. */
#define TTY_ENTER "\033[?1049h\033[?25l\033[?7l\033[0m\033[2J"
#define TTY_LEAVE "\033[0m\033[2J\033[H\033[?7h\033[?25h\033[?1049l"

static int tty_fd = -1;
static int tty_pipe[2] = {-1, -1};
static struct termios tty_saved;
/* Of handlers and of any thread: by tty_flag_*() only. */
static int tty_entered;
static int tty_resized, tty_suspended, tty_continued;

/* ---- signals: all of this may run in a handler ---- */

static int tty_flag_get(const int *flag)
{
	return __atomic_load_n(flag, __ATOMIC_SEQ_CST);
}

/* What it was before. */
static int tty_flag_set(int *flag, int value)
{
	return __atomic_exchange_n(flag, value, __ATOMIC_SEQ_CST);
}

void os_tty_wake(void)
{
	int err = errno;
	/* A full pipe wakes as well. */
	ssize_t n = tty_pipe[1] >= 0 ? write(tty_pipe[1], "", 1) : 0;

	(void)n;
	errno = err;
}

static void tty_restore(void)
{
	ssize_t n;

	if (!tty_flag_set(&tty_entered, 0))
		return;
	n = write(tty_fd, TTY_LEAVE, sizeof(TTY_LEAVE) - 1);
	(void)n;
	tcsetattr(tty_fd, TCSANOW, &tty_saved);
}

/* Dies of @sig. After a fault the instruction is run again by returning. */
static void tty_die(int sig)
{
	tty_restore();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void tty_on_stop(int sig)
{
	if (os_signal_stop())
		tty_die(sig);
	os_signal_remember_stop(sig);
	os_tty_wake();
}

static void tty_on_resize(int sig _unused_)
{
	tty_flag_set(&tty_resized, 1);
	os_tty_wake();
}

static void tty_on_suspend(int sig _unused_)
{
	tty_flag_set(&tty_suspended, 1);
	os_tty_wake();
}

static void tty_on_continue(int sig _unused_)
{
	tty_flag_set(&tty_continued, 1);
	os_tty_wake();
}

static void tty_catch(void)
{
	static const struct {
		int sig;
		void (*handler)(int sig);
	} signals[] = {
		{SIGINT, tty_on_stop},	   {SIGTERM, tty_on_stop},    {SIGHUP, tty_on_stop},
		{SIGQUIT, tty_die},	   {SIGSEGV, tty_die},	      {SIGBUS, tty_die},
		{SIGFPE, tty_die},	   {SIGILL, tty_die},	      {SIGABRT, tty_die},
		{SIGWINCH, tty_on_resize}, {SIGTSTP, tty_on_suspend}, {SIGCONT, tty_on_continue},
	};

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct sigaction act = {.sa_handler = signals[i].handler};

		sigemptyset(&act.sa_mask);
		sigaction(signals[i].sig, &act, NULL);
	}
}

/* ---- open and close ---- */

int os_tty_open(void)
{
	if (!isatty(STDOUT_FILENO))
		return -ENOTTY;
	/* A file description of our own: that it does not block must not be seen by those who share the other one. */
	tty_fd = open("/proc/self/fd/1", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (tty_fd < 0)
		tty_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (tty_fd < 0 || pipe2(tty_pipe, O_NONBLOCK | O_CLOEXEC)) {
		int err = -errno;

		os_tty_close();
		return err;
	}
	return 0;
}

void os_tty_close(void)
{
	os_tty_leave();
	for (size_t i = 0; i < ARRAY_SIZE(tty_pipe); i++) {
		int fd = tty_pipe[i];

		/* A handler may still want to write there. */
		tty_pipe[i] = -1;
		if (fd >= 0)
			close(fd);
	}
	if (tty_fd >= 0)
		close(tty_fd);
	tty_fd = -1;
}

void os_tty_catch_faults(void)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		sigaddset(&set, faults[i]);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int os_tty_enter(void)
{
	struct termios raw;
	int err = 0;

	/* After a stop that nobody asked about, what is to be given back is still known. */
	if (!tty_flag_get(&tty_entered) && tcgetattr(tty_fd, &tty_saved))
		return -errno;
	raw = tty_saved;
	/* Ctrl-C, Ctrl-\ and Ctrl-Z stay signals; Ctrl-S must not stop the output. */
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
	raw.c_iflag &= ~(tcflag_t)(IXON | INLCR);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tty_catch();
	tty_flag_set(&tty_entered, 1);
	if (tcsetattr(tty_fd, TCSANOW, &raw))
		err = -errno;
	if (!err)
		err = os_tty_write(TTY_ENTER, sizeof(TTY_ENTER) - 1);
	if (err)
		tty_restore();
	return err;
}

void os_tty_leave(void)
{
	if (!tty_flag_get(&tty_entered))
		return;
	/* Patiently, which a handler can't be. */
	os_tty_write(TTY_LEAVE, sizeof(TTY_LEAVE) - 1);
	tty_flag_set(&tty_entered, 0);
	tcsetattr(tty_fd, TCSANOW, &tty_saved);
	signal(SIGTSTP, SIG_DFL);
}

/* Waits for the SIGCONT that ends the stop; one that can't stop (no job control) goes on after a moment. */
static void tty_await_continue(void)
{
	uint64_t end_ns = os_monotonic_ns() + TTY_STOP_MS * 1000000ull;
	struct pollfd fd = {.fd = tty_pipe[0], .events = POLLIN};
	char bytes[64];

	while (!tty_flag_get(&tty_continued) && os_monotonic_ns() < end_ns)
		if (poll(&fd, 1, 10) > 0 && read(tty_pipe[0], bytes, sizeof(bytes)) < 0)
			return;
}

static void tty_stop(int sig)
{
	tty_flag_set(&tty_continued, 0);
	signal(sig, SIG_DFL);
	kill(getpid(), sig);
	tty_await_continue();
	tty_flag_set(&tty_continued, 0);
	tty_flag_set(&tty_suspended, 0);
}

/* Is another job in front? Where there are no jobs nobody is. */
static bool tty_in_background(void)
{
	pid_t front = tcgetpgrp(tty_fd);

	return front > 0 && front != getpgrp();
}

int os_tty_resume(void)
{
	/* As the kernel does for who writes from there; not by it, as this thread may have that signal blocked. */
	if (tty_in_background())
		tty_stop(SIGTTOU);
	return tty_in_background() ? -EAGAIN : os_tty_enter();
}

int os_tty_suspend(void)
{
	os_tty_leave();
	tty_stop(SIGTSTP);
	return os_tty_resume();
}

/* ---- use ---- */

void os_tty_size(int *ret_cols, int *ret_rows)
{
	struct winsize size;

	*ret_cols = 80;
	*ret_rows = 24;
	if (ioctl(tty_fd, TIOCGWINSZ, &size) || !size.ws_col || !size.ws_row)
		return;
	*ret_cols = size.ws_col;
	*ret_rows = size.ws_row;
}

static unsigned int tty_take(int *flag, unsigned int event)
{
	return tty_flag_set(flag, 0) ? event : 0;
}

unsigned int os_tty_wait(int timeout_ms)
{
	struct pollfd fds[] = {{.fd = tty_fd, .events = POLLIN},
			       {.fd = tty_pipe[0], .events = POLLIN}};
	unsigned int events = 0;
	char bytes[64];

	if (poll(fds, ARRAY_SIZE(fds), timeout_ms) > 0) {
		if (fds[0].revents & (POLLERR | POLLHUP | POLLNVAL))
			events |= OS_TTY_GONE;
		else if (fds[0].revents)
			events |= OS_TTY_INPUT;
		while (fds[1].revents && read(tty_pipe[0], bytes, sizeof(bytes)) > 0)
			;
	}
	events |= tty_take(&tty_resized, OS_TTY_RESIZED);
	events |= tty_take(&tty_suspended, OS_TTY_SUSPEND);
	events |= tty_take(&tty_continued, OS_TTY_RESUMED);
	return events;
}

size_t os_tty_read(char *to, size_t size)
{
	ssize_t n = read(tty_fd, to, size);

	return n > 0 ? (size_t)n : 0;
}

int os_tty_write(const char *data, size_t len)
{
	struct pollfd fd = {.fd = tty_fd, .events = POLLOUT};

	while (len) {
		ssize_t n = write(tty_fd, data, len);

		if (n > 0) {
			data += n;
			len -= (size_t)n;
		} else if (n < 0 && errno == EAGAIN) {
			if (poll(&fd, 1, TTY_WRITE_MS) == 0)
				return -ETIMEDOUT;
		} else if (n < 0 && errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

bool os_tty_utf8(void)
{
	/* Not for the whole program: numbers in its output know no locale. */
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8;

	if (!locale)
		return false;
	utf8 = !strcmp(nl_langinfo_l(CODESET, locale), "UTF-8");
	freelocale(locale);
	return utf8;
}
