/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os_read.h"
#include "base/os_signal.h"
#include "base/os_temp.h"

/* In the child. */
static void child_leave_screen(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (null >= 0 && isatty(fd))
			dup2(null, fd);
}

/* In the child: waits for the release, then becomes the command. */
static void child_run(int release_fd, int error_fd, bool off_screen, char **argv)
{
	char go;
	int err;

	if (off_screen)
		child_leave_screen();
	if (os_read_some(release_fd, &go, 1) != 1)
		_exit(0);
	execvp(argv[0], argv);
	err = errno;
	if (os_write_all(error_fd, &err, sizeof(err)))
		_exit(126);
	_exit(err == ENOENT ? 127 : 126);
}

static int child_spawn(struct child *c, bool off_screen, char **argv)
{
	int release[2], error[2];
	pid_t pid;

	*c = (struct child){.release_fd = -1, .exec_error_fd = -1};
	if (pipe2(release, O_CLOEXEC))
		return -errno;
	if (pipe2(error, O_CLOEXEC)) {
		close(release[0]);
		close(release[1]);
		return -errno;
	}
	pid = fork();
	if (!pid) {
		/* Else the child holds its own release pipe open, and never learns that we died. */
		close(release[1]);
		close(error[0]);
		child_run(release[0], error[1], off_screen, argv);
	}
	close(release[0]);
	close(error[1]);
	c->release_fd = release[1];
	c->exec_error_fd = error[0];
	if (pid < 0) {
		int err = -errno;

		child__abandon(c);
		return error_set(err, "can't start a process: %s", strerror(-err));
	}
	c->pid = (uint32_t)pid;
	return 0;
}

int child__spawn(struct child *c, char **argv)
{
	return child_spawn(c, false, argv);
}

int child__spawn_off_screen(struct child *c, char **argv)
{
	return child_spawn(c, true, argv);
}

static void child_close(struct child *c)
{
	if (c->release_fd >= 0)
		close(c->release_fd);
	if (c->exec_error_fd >= 0)
		close(c->exec_error_fd);
	c->release_fd = c->exec_error_fd = -1;
}

static void child_reap(struct child *c)
{
	pid_t got;

	do
		got = waitpid((pid_t)c->pid, NULL, 0);
	while (got < 0 && errno == EINTR);
	c->pid = 0;
}

int child__release(struct child *c, const char *name)
{
	int err = os_write_all(c->release_fd, "", 1);
	ssize_t n;

	if (err)
		return err;
	/* The pipe closes with a successful exec. */
	n = os_read_some(c->exec_error_fd, &err, sizeof(err));
	child_close(c);
	if (n != sizeof(err))
		return 0;
	child_reap(c);
	return error_set(-err, "can't run '%s': %s", name, strerror(err));
}

int child__wait(struct child *c)
{
	bool passed_on = false;
	int status;
	pid_t got;

	if (!c->pid)
		return 0;
	for (;;) {
		/* Ctrl-C reaches the whole foreground group by itself, a SIGTERM only us. */
		if (os_signal_stop() == SIGTERM && !passed_on) {
			kill((pid_t)c->pid, SIGTERM);
			passed_on = true;
		}
		got = waitpid((pid_t)c->pid, &status, 0);
		if (got >= 0 || errno != EINTR)
			break;
	}
	c->pid = 0;
	if (got < 0)
		return 1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void child__abandon(struct child *c)
{
	child_close(c);
	if (c->pid)
		child_reap(c);
}
