/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_child.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/os_windows.h"

#define CHILD_MAX_BYTES 32767 /* of a command line */

/* Of the one child: struct child has room for descriptors only. release_fd says whether it still waits. */
static HANDLE child_process, child_thread;

/* As CommandLineToArgvW() takes it apart: before a quote, backslashes are doubled, and the quote has one of its own. */
static void child_quote(struct buf *to, const char *word)
{
	if (*word && !word[strcspn(word, " \t\n\v\"")]) {
		buf__puts(to, word);
		return;
	}
	buf__putc(to, '"');
	while (*word) {
		size_t slashes = strspn(word, "\\");
		bool before_quote = word[slashes] == '"' || !word[slashes];

		for (size_t i = 0; i < slashes << before_quote; i++)
			buf__putc(to, '\\');
		word += slashes;
		if (*word == '"')
			buf__putc(to, '\\');
		if (*word)
			buf__putc(to, *word++);
	}
	buf__putc(to, '"');
}

static wchar_t *child_line(char **argv)
{
	_cleanup_buf_ struct buf b;

	buf__init(&b, CHILD_MAX_BYTES);
	for (int i = 0; argv[i]; i++) {
		if (i)
			buf__putc(&b, ' ');
		child_quote(&b, argv[i]);
	}
	return b.err ? NULL : os_windows_wide(buf__str(&b));
}

static int child_error(const char *name)
{
	DWORD code = GetLastError();

	if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND)
		return error_set(-ENOENT, "can't run %s: there is no such program", name);
	return error_set(-EACCES, "can't run %s: error %lu, of which 'net helpmsg %lu' says more",
			 name, code, code);
}

int child__spawn(struct child *c, char **argv)
{
	_cleanup_free_ wchar_t *line = child_line(argv);
	STARTUPINFOW start = {.cb = sizeof(start)};
	PROCESS_INFORMATION info;

	*c = (struct child){.release_fd = -1, .exec_error_fd = -1};
	if (!line)
		return error_set(-E2BIG, "the command is longer than Windows takes");
	if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &start,
			    &info))
		return child_error(argv[0]);
	child_process = info.hProcess;
	child_thread = info.hThread;
	*c = (struct child){.pid = info.dwProcessId, .release_fd = 0, .exec_error_fd = -1};
	return 0;
}

int child__spawn_off_screen(struct child *c, char **argv)
{
	return child__spawn(c, argv);
}

int child__release(struct child *c, const char *name)
{
	(void)name;
	c->release_fd = -1;
	ResumeThread(child_thread);
	CloseHandle(child_thread);
	return 0;
}

int child__wait(struct child *c)
{
	DWORD status = 1;

	(void)c;
	WaitForSingleObject(child_process, INFINITE);
	GetExitCodeProcess(child_process, &status);
	CloseHandle(child_process);
	return (int)status;
}

void child__abandon(struct child *c)
{
	if (!c->pid || c->release_fd < 0)
		return;
	TerminateProcess(child_process, 1);
	CloseHandle(child_thread);
	CloseHandle(child_process);
	*c = (struct child){.release_fd = -1, .exec_error_fd = -1};
}
