/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the workloads of the live tests share. Each does a known amount of waiting, measures it with
 * CLOCK_MONOTONIC, and talks with its test in lines:
 *
 *   workload: "thread NAME TID" ... "ready PID"     test: a line ("go")
 *   workload: "NAME CNT NS MIN MAX" ... "done"      test: closes stdin, and the workload exits
 *
 * With WORK_ALONE in the environment it waits for nobody. Waits are system calls made from functions of
 * the program itself, which have frame pointers, so that stacks hold the function's name.
 */
#ifndef WORK_H
#define WORK_H

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define WORK_LIFE_SECONDS 300 /* whatever happens to the test */
#define NS_PER_MS	  1000000ull
#define NS_PER_S	  1000000000ull

#define work_frame __attribute__((noinline, unused))
#define work_maybe __attribute__((unused))

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* A system call in the caller's own frame. */
static inline __attribute__((always_inline)) long raw_syscall(long nr, long a, long b, long c,
							      long d, long e, long f)
{
	/* Makes the compiler set up a frame, which it leaves out of small leaf functions. */
	__asm__ volatile("" : : "r"(__builtin_frame_address(0)));
#if defined(__x86_64__)
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
#else
	return syscall(nr, a, b, c, d, e, f);
#endif
}

#define raw_syscall3(nr, a, b, c) raw_syscall(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define raw_syscall4(nr, a, b, c, d) \
	raw_syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

/* Sleeps. Always inlined: the frame is the caller's. */
static inline __attribute__((always_inline)) void nap_ns(uint64_t ns)
{
	struct timespec ts = {.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};

	raw_syscall4(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &ts, NULL);
}

struct meter {
	uint64_t cnt, ns, min_ns, max_ns;
};

static inline void meter_add(struct meter *m, uint64_t since_ns)
{
	uint64_t ns = now_ns() - since_ns;

	if (!m->cnt || ns < m->min_ns)
		m->min_ns = ns;
	if (ns > m->max_ns)
		m->max_ns = ns;
	m->ns += ns;
	m->cnt++;
}

static work_maybe __attribute__((format(printf, 1, 2))) void say(const char *fmt, ...)
{
	char line[256];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(line, sizeof(line) - 1, fmt, args);
	va_end(args);
	if (len < 0 || len > (int)sizeof(line) - 2)
		len = (int)sizeof(line) - 2;
	line[len++] = '\n';
	if (write(STDOUT_FILENO, line, (size_t)len) < 0)
		_exit(99);
}

static inline void meter_say(const char *name, const struct meter *m)
{
	say("%s %llu %llu %llu %llu", name, (unsigned long long)m->cnt, (unsigned long long)m->ns,
	    (unsigned long long)m->min_ns, (unsigned long long)m->max_ns);
}

static work_maybe void die(const char *what)
{
	perror(what);
	_exit(99);
}

static inline bool work_alone(void)
{
	return getenv("WORK_ALONE") != NULL;
}

static inline __attribute__((always_inline)) long raw_read(int fd, char *c)
{
	return raw_syscall3(SYS_read, fd, c, 1);
}

/* The last thing before the work begins. */
static work_frame void work_ready(void)
{
	char c = 0;

	alarm(WORK_LIFE_SECONDS);
	say("ready %d", getpid());
	if (work_alone())
		return;
	while (c != '\n')
		if (raw_read(STDIN_FILENO, &c) != 1)
			_exit(98);
}

/* The work is done; returns when the test has closed stdin. */
static work_frame void work_done(void)
{
	char c;

	say("done");
	if (work_alone())
		return;
	while (raw_read(STDIN_FILENO, &c) == 1)
		;
}

static inline void set_name(const char *name)
{
	prctl(PR_SET_NAME, name);
}

/* A new thread's first words. */
static inline void thread_says(const char *name)
{
	set_name(name);
	say("thread %s %ld", name, syscall(SYS_gettid));
}

static work_maybe pthread_t start_thread(void *(*fn)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 128 * 1024);
	if (pthread_create(&thread, &attr, fn, arg))
		die("pthread_create");
	pthread_attr_destroy(&attr);
	return thread;
}

/* Argument @i as a number, @fallback if there is none. */
static work_maybe uint64_t arg_u64(int argc, char **argv, int i, uint64_t fallback)
{
	return i < argc ? strtoull(argv[i], NULL, 0) : fallback;
}

#endif
