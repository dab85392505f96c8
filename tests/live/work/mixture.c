/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * mixture MS [pinned]: threads of all sorts for MS milliseconds, for the two judges: a sleeper, a sleeper
 * for very short times, two that fight for a CPU, one that yields, a pair at ping-pong, a pair at a mutex,
 * one that touches new memory, one that starts threads. All wait at a gate before and after. "pinned":
 * all on one CPU, which a process of the lowest class keeps from ever being idle.
 */
#include <sched.h>
#include <sys/mman.h>

#include "gate.h"

static uint64_t end_ns;
static int home_cpu;
static int there[2], back[2];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void use_home_cpu(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(home_cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		die("sched_setaffinity");
}

/* Takes what CPU time nobody else wants. */
static pid_t start_filler(void)
{
	struct sched_param param = {0};
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || sched_setscheduler(0, SCHED_IDLE, &param))
		_exit(1);
	alarm(WORK_LIFE_SECONDS);
	for (int fd = 0; fd < 256; fd++)
		close(fd); /* a gate is open when its last writer is gone */
	for (;;)
		;
}

static bool going(void)
{
	return now_ns() < end_ns;
}

static work_frame void work_sleep(void)
{
	while (going())
		nap_ns(10 * NS_PER_MS);
}

static work_frame void work_blink(void)
{
	while (going())
		nap_ns(50000);
}

static work_frame void work_burn(void)
{
	use_home_cpu();
	while (going())
		for (volatile int i = 0; i < 1000; i++)
			;
}

static work_frame void work_yield(void)
{
	while (going()) {
		for (int i = 0; i < 100; i++)
			sched_yield();
		nap_ns(NS_PER_MS);
	}
}

static work_frame void work_ping(void)
{
	char c = 'x';

	while (going())
		if (write(there[1], &c, 1) != 1 || raw_syscall3(SYS_read, back[0], &c, 1) != 1)
			die("ping");
	c = 'q';
	if (write(there[1], &c, 1) != 1)
		die("ping");
}

static work_frame void work_pong(void)
{
	char c = 'x';

	for (;;) {
		if (raw_syscall3(SYS_read, there[0], &c, 1) != 1)
			die("pong");
		if (c == 'q')
			return;
		if (write(back[1], &c, 1) != 1)
			die("pong");
	}
}

static work_frame void work_lock(void)
{
	while (going()) {
		pthread_mutex_lock(&mutex);
		nap_ns(300000);
		pthread_mutex_unlock(&mutex);
	}
}

static work_frame void work_touch(void)
{
	const size_t bytes = 4 << 20;

	while (going()) {
		char *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				 -1, 0);

		if (mem == MAP_FAILED)
			die("mmap");
		for (size_t i = 0; i < bytes; i += 4096)
			mem[i] = 1;
		munmap(mem, bytes);
		nap_ns(5 * NS_PER_MS);
	}
}

static void *short_lived(void *arg work_maybe)
{
	set_name("mix-brief");
	nap_ns(2 * NS_PER_MS);
	return NULL;
}

static work_frame void work_spawn(void)
{
	while (going())
		pthread_join(start_thread(short_lived, NULL), NULL);
}

static struct kind {
	const char *name;
	void (*work)(void);
} kinds[] = {
	{"mix-sleep", work_sleep}, {"mix-blink", work_blink}, {"mix-burn-a", work_burn},
	{"mix-burn-b", work_burn}, {"mix-yield", work_yield}, {"mix-ping", work_ping},
	{"mix-pong", work_pong},   {"mix-lock-a", work_lock}, {"mix-lock-b", work_lock},
	{"mix-touch", work_touch}, {"mix-spawn", work_spawn},
};
#define KIND_CNT (int)(sizeof(kinds) / sizeof(*kinds))

static void *work(void *arg)
{
	struct kind *kind = arg;

	thread_says(kind->name);
	gate_pass(&start);
	kind->work();
	gate_pass(&finish);
	return NULL;
}

int main(int argc, char **argv)
{
	pid_t filler = 0;

	if (pipe(there) || pipe(back))
		die("pipe");
	home_cpu = sched_getcpu();
	if (argc > 2 && !strcmp(argv[2], "pinned")) {
		use_home_cpu();
		filler = start_filler();
	}
	for (int i = 0; i < KIND_CNT; i++)
		start_thread(work, &kinds[i]);
	gate_await(&start, KIND_CNT);
	work_ready();
	end_ns = now_ns() + arg_u64(argc, argv, 1, 1500) * NS_PER_MS;
	gate_open(&start);
	gate_await(&finish, KIND_CNT);
	work_done();
	if (filler > 0)
		kill(filler, SIGKILL);
	return 0;
}
