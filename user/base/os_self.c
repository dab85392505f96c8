/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_self.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/os_clock.h"
#include "base/os_read.h"

#define SELF_MAX_BYTES 4096

static uint64_t timeval_ns(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_usec * 1000;
}

uint64_t os_self_cpu_ns(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage))
		return 0;
	return timeval_ns(usage.ru_utime) + timeval_ns(usage.ru_stime);
}

uint64_t os_self_thread_cpu_ns(void)
{
	struct timespec ts = {0};

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

int os_self_path(char *to, size_t cap)
{
	ssize_t len = readlink("/proc/self/exe", to, cap);

	if (len < 0)
		return -errno;
	if ((size_t)len >= cap)
		return -ENAMETOOLONG;
	to[len] = '\0';
	return 0;
}

uint32_t os_online_cpus(void)
{
	long cnt = sysconf(_SC_NPROCESSORS_ONLN);

	return cnt > 0 ? (uint32_t)cnt : 1;
}

/* Since Linux 6.2 the directory's size tells how many there are; before, it is 0 and they are counted. */
static int read_fds(uint64_t *ret_cnt)
{
	uint64_t cnt = 0;
	struct stat st;
	DIR *dir;

	if (!stat("/proc/self/fd", &st) && st.st_size > 0) {
		*ret_cnt = (uint64_t)st.st_size;
		return 0;
	}
	dir = opendir("/proc/self/fd");
	if (!dir)
		return -errno;
	for (struct dirent *e = readdir(dir); e; e = readdir(dir))
		cnt += e->d_name[0] != '.';
	closedir(dir);
	*ret_cnt = cnt - 1; /* less this one */
	return 0;
}

static int read_memory(struct os_self *self)
{
	_cleanup_buf_ struct buf text = {0};
	unsigned long long virtual, resident;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	int err = os_read_file("/proc/self/statm", SELF_MAX_BYTES, &text);

	if (err)
		return err;
	if (sscanf(buf__str(&text), "%llu %llu", &virtual, &resident) != 2)
		return -EBADMSG;
	self->virtual_bytes = virtual * page;
	self->rss_bytes = resident * page;
	return 0;
}

/* The kernel tells it in ticks of CLOCK_BOOTTIME. Found once, so that it stays when the clock is set. */
static uint64_t start_realtime_ns(uint64_t start_ticks)
{
	static uint64_t start_ns;
	unsigned long long boottime_ns, realtime_ns;
	uint64_t found = __atomic_load_n(&start_ns, __ATOMIC_RELAXED);

	if (found)
		return found;
	os_clock_offsets(os_monotonic_ns(), &boottime_ns, &realtime_ns);
	found = realtime_ns - (boottime_ns - start_ticks * os_tick_ns());
	__atomic_store_n(&start_ns, found, __ATOMIC_RELAXED);
	return found;
}

/* Fields 20 and 22 of /proc/self/stat; the name, field 2, may hold anything but ends with the last ')'. */
static int read_stat(struct os_self *self)
{
	_cleanup_buf_ struct buf text = {0};
	unsigned long long start_ticks;
	const char *rest;
	unsigned int threads;
	int err = os_read_file("/proc/self/stat", SELF_MAX_BYTES, &text);

	if (err)
		return err;
	rest = strrchr(buf__str(&text), ')');
	if (!rest || sscanf(rest,
			    ") %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			    "%u %*s %llu",
			    &threads, &start_ticks) != 2)
		return -EBADMSG;
	self->threads = threads;
	self->start_realtime_ns = start_realtime_ns(start_ticks);
	return 0;
}

int os_self_read(struct os_self *ret)
{
	struct os_self self = {.cpu_ns = os_self_cpu_ns()};
	struct rlimit lim;
	int err = read_memory(&self);

	if (!err)
		err = read_stat(&self);
	if (!err)
		err = read_fds(&self.open_fds);
	if (!err && !getrlimit(RLIMIT_NOFILE, &lim))
		self.max_fds = lim.rlim_cur;
	if (!err)
		*ret = self;
	return err;
}
