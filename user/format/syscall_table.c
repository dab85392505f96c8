/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/syscall_table.h"

#include <stddef.h>
#include <string.h>

#include "base/compiler.h"

struct syscall_error {
	const char *name;
	uint32_t number;
};

#include "syscall_tables.inc"

/* The kernel's own (include/linux/errno.h): a tracer sees them where a signal comes in between. */
static const struct syscall_error syscall_restarts[] = {
	{"ERESTARTSYS", 512}, {"ERESTARTNOINTR", 513},	      {"ERESTARTNOHAND", 514},
	{"ENOIOCTLCMD", 515}, {"ERESTART_RESTARTBLOCK", 516},
};

/* The calls whose first argument is one, by their names in either table. */
static const char *const syscall_fd_calls[] = {
	"_llseek",
	"accept",
	"accept4",
	"bind",
	"close",
	"connect",
	"dup",
	"dup2",
	"dup3",
	"epoll_ctl",
	"epoll_pwait",
	"epoll_pwait2",
	"epoll_wait",
	"fadvise64",
	"fadvise64_64",
	"fallocate",
	"fchdir",
	"fchmod",
	"fchown",
	"fcntl",
	"fcntl64",
	"fdatasync",
	"fgetxattr",
	"finit_module",
	"flistxattr",
	"flock",
	"fremovexattr",
	"fsetxattr",
	"fstat",
	"fstat64",
	"fstatfs",
	"fstatfs64",
	"fsync",
	"ftruncate",
	"ftruncate64",
	"getdents",
	"getdents64",
	"getpeername",
	"getsockname",
	"getsockopt",
	"io_uring_enter",
	"ioctl",
	"listen",
	"lseek",
	"pread64",
	"preadv",
	"preadv2",
	"pwrite64",
	"pwritev",
	"pwritev2",
	"read",
	"readahead",
	"readv",
	"recv",
	"recvfrom",
	"recvmmsg",
	"recvmsg",
	"send",
	"sendfile",
	"sendfile64",
	"sendmmsg",
	"sendmsg",
	"sendto",
	"setsockopt",
	"shutdown",
	"splice",
	"sync_file_range",
	"syncfs",
	"tee",
	"timerfd_gettime",
	"timerfd_settime",
	"vmsplice",
	"write",
	"writev",
};

const char *syscall_name(uint32_t nr, bool compat)
{
	const char *const *table = compat ? syscall_compat : syscall_native;
	size_t cnt = compat ? ARRAY_SIZE(syscall_compat) : ARRAY_SIZE(syscall_native);

	return nr < cnt ? table[nr] : NULL;
}

const char *syscall_nth_name(size_t i)
{
	for (size_t nr = 0; nr < ARRAY_SIZE(syscall_native); nr++)
		if (syscall_native[nr] && !i--)
			return syscall_native[nr];
	return NULL;
}

uint32_t syscall_find(const char *name, bool compat)
{
	const char *const *table = compat ? syscall_compat : syscall_native;
	size_t cnt = compat ? ARRAY_SIZE(syscall_compat) : ARRAY_SIZE(syscall_native);

	for (size_t i = 0; i < cnt; i++)
		if (table[i] && !strcmp(table[i], name))
			return (uint32_t)i;
	return SYSCALL_NONE;
}

bool syscall_takes_fd(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(syscall_fd_calls); i++)
		if (!strcmp(syscall_fd_calls[i], name))
			return true;
	return false;
}

static const struct syscall_error *syscall_error_at(size_t i)
{
	if (i < ARRAY_SIZE(syscall_errors))
		return &syscall_errors[i];
	i -= ARRAY_SIZE(syscall_errors);
	return i < ARRAY_SIZE(syscall_restarts) ? &syscall_restarts[i] : NULL;
}

const char *syscall_error_name(uint32_t error)
{
	const struct syscall_error *e;

	for (size_t i = 0; (e = syscall_error_at(i)); i++)
		if (e->number == error)
			return e->name;
	return NULL;
}

const char *syscall_nth_error(size_t i)
{
	const struct syscall_error *e = syscall_error_at(i);

	return e ? e->name : NULL;
}

uint32_t syscall_find_error(const char *name)
{
	const struct syscall_error *e;

	for (size_t i = 0; (e = syscall_error_at(i)); i++)
		if (!strcmp(e->name, name))
			return e->number;
	return 0;
}
