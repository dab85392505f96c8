/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * shared_lock FILE ROUNDS MS: a process and its child share a mutex in FILE, each through a mapping of its own. Each holds it
 * MS, ROUNDS times, sleeping.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "work.h"

#define LOCK_OFFSET 4160 /* in the second page */

struct shared {
	pthread_mutex_t mutex;
};

static uint64_t rounds, hold_ms;

static struct shared *map_shared(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	char *at;

	if (fd < 0 || ftruncate(fd, 8192))
		die(path);
	at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		die("mmap");
	close(fd);
	return (struct shared *)(at + LOCK_OFFSET);
}

static work_frame void work_take(struct shared *s)
{
	pthread_mutex_lock(&s->mutex);
	nap_ns(hold_ms * NS_PER_MS);
	pthread_mutex_unlock(&s->mutex);
}

static void work(struct shared *s)
{
	for (uint64_t i = 0; i < rounds; i++) {
		work_take(s);
		nap_ns(NS_PER_MS);
	}
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "/dev/shm/shared_lock";
	pthread_mutexattr_t attr;
	struct shared *s;
	int go[2];
	pid_t child;
	char c;

	rounds = arg_u64(argc, argv, 2, 50);
	hold_ms = arg_u64(argc, argv, 3, 2);
	s = map_shared(path);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&s->mutex, &attr);
	if (pipe(go))
		die("pipe");
	child = fork();
	if (!child) {
		set_name("lock-child");
		munmap((char *)s - LOCK_OFFSET, 8192);
		if (!mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
			die("mmap"); /* so that it does not come to lie where it was */
		s = map_shared(path);
		close(go[1]);
		if (read(go[0], &c, 1) != 0)
			die("read");
		work(s);
		_exit(0);
	}
	set_name("lock-parent");
	say("child %d", child);
	work_ready();
	close(go[1]);
	work(s);
	waitpid(child, NULL, 0);
	work_done();
	return 0;
}
