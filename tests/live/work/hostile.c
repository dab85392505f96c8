/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * hostile MODE ...: a program that means harm to whoever traces it. It sleeps WAITS times for 5 ms, and meanwhile:
 *
 *   regions CNT      has CNT mappings of code, none beside its like
 *   rewrite DIR      a thread rewrites, cuts and fills its perf map and its jitdump in DIR; another maps and unmaps code
 *   names            has threads whose names are escape sequences, line breaks and lines of /proc
 *   library FILE     maps FILE as code, writes a function to it and sleeps in that; a thread makes FILE 1 TB long and short again
 *   swarm CNT EACH   CNT children one after the other, each with EACH mappings of code: they exit, exec, stop or are killed in the middle
 *
 * Regions lie in memory that costs one page, so tens of thousands are cheap for it.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "work.h"

#define WAITS	   40
#define PAGE	   4096ul
#define HUGE_BYTES (1ull << 40)

static struct meter slept;
static atomic_bool over;

static work_frame long nap(void)
{
	uint64_t since = now_ns();

	nap_ns(5 * NS_PER_MS);
	meter_add(&slept, since);
	return 1;
}

static work_frame void work_sleep(void)
{
	for (int i = 0; i < WAITS; i++)
		nap();
}

/* ---- regions ---- */

/* Neighbours don't merge: they are not of successive pages of the file. */
static void map_regions(uint64_t cnt)
{
	int fd = memfd_create("\x1b]0;regions\x07", 0);
	uint8_t *at;

	if (fd < 0 || ftruncate(fd, (off_t)(2 * PAGE)))
		die("memfd");
	at = mmap(NULL, cnt * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		die("mmap");
	for (uint64_t i = 0; i < cnt; i++)
		if (mmap(at + i * PAGE, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd,
			 (off_t)PAGE) == MAP_FAILED)
			die("mmap of a region");
	close(fd);
}

/* ---- rewriting ---- */

static void rewrite(int fd, unsigned int round)
{
	static const char *const texts[] = {"1000 7ffffffff000 \x1b[2Jstolen\n",
					    "ffffffffffffffff ffffffffffffffff x\n",
					    "0 1 \xff\xfe\r\r\n",
					    "DTiJ\1\0\0\0\x28\0\0\0\0\0\0\0",
					    "no number at all",
					    ""};
	const char *text = texts[round % (sizeof(texts) / sizeof(*texts))];

	if (ftruncate(fd, round % 7 ? (off_t)(round % 5 * 100000) : (off_t)HUGE_BYTES) ||
	    pwrite(fd, text, strlen(text), (off_t)(round % 3 * 40)) < 0)
		_exit(97);
}

static void *rewrite_files(void *dir)
{
	char map[64], dump[256];
	int fds[2];
	void *code;

	snprintf(map, sizeof(map), "/tmp/perf-%d.map", getpid());
	snprintf(dump, sizeof(dump), "%s/jit-%d.dump", (char *)dir, getpid());
	fds[0] = open(map, O_RDWR | O_CREAT, 0600);
	fds[1] = open(dump, O_RDWR | O_CREAT, 0600);
	if (fds[0] < 0 || fds[1] < 0 || ftruncate(fds[1], (off_t)PAGE))
		die("rewrite");
	code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fds[1], 0);
	if (code == MAP_FAILED)
		die("jitdump");
	for (unsigned int round = 0; !over; round++) {
		rewrite(fds[round & 1], round);
		nap_ns(NS_PER_MS / 4);
	}
	unlink(map);
	unlink(dump);
	return NULL;
}

static void *remap_code(void *unused)
{
	uint64_t cnt = 0;

	(void)unused;
	while (!over) {
		size_t bytes = (1 + cnt++ % 9) * PAGE;
		void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE | PROT_EXEC,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (at == MAP_FAILED)
			die("mmap");
		nap_ns(NS_PER_MS / 4);
		munmap(at, bytes);
	}
	return NULL;
}

/* ---- names ---- */

static void *sleep_as(void *name)
{
	set_name(name);
	for (int i = 0; i < WAITS; i++)
		nap_ns(5 * NS_PER_MS);
	return NULL;
}

static void run_names(void)
{
	static const char *const names[] = {"\x1b]0;t\x07\x1b[2J",
					    "a\r\nb\tc\x7f",
					    "x) S 1 2 (9",
					    "\nTgid:\t1\nUid:",
					    "\xc2\x9b"
					    "31mcsi",
					    "\xff\xfe\x80",
					    "\"><script>",
					    "a;b\\n\\\"{}",
					    " ",
					    "f 12"};
	enum { CNT = sizeof(names) / sizeof(*names) };
	pthread_t threads[CNT];

	for (int i = 0; i < CNT; i++)
		threads[i] = start_thread(sleep_as, (void *)(uintptr_t)names[i]);
	set_name("\x1b[31m\n\"<main>");
	work_sleep();
	for (int i = 0; i < CNT; i++)
		pthread_join(threads[i], NULL);
}

/* ---- a library ---- */

typedef long function(void);

static size_t put_function(uint8_t *at)
{
	uint64_t to = (uintptr_t)nap;
#if defined(__x86_64__)
	/* push %rbp; mov %rsp,%rbp; movabs $nap,%rax; call *%rax; pop %rbp; ret */
	static const uint8_t begin[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0xb8};
	static const uint8_t end[] = {0xff, 0xd0, 0x5d, 0xc3};

	memcpy(at, begin, sizeof(begin));
	memcpy(at + sizeof(begin), &to, sizeof(to));
	memcpy(at + sizeof(begin) + sizeof(to), end, sizeof(end));
	return sizeof(begin) + sizeof(to) + sizeof(end);
#else
	/* movz/movk x16; br x16 */
	uint32_t words[] = {0xd2800010 | (uint32_t)(to & 0xffff) << 5,
			    0xf2a00010 | (uint32_t)(to >> 16 & 0xffff) << 5,
			    0xf2c00010 | (uint32_t)(to >> 32 & 0xffff) << 5,
			    0xf2e00010 | (uint32_t)(to >> 48 & 0xffff) << 5, 0xd61f0200};

	memcpy(at, words, sizeof(words));
	return sizeof(words);
#endif
}

static void *resize(void *file)
{
	int fd = *(int *)file;

	for (unsigned int round = 0; !over; round++) {
		if (ftruncate(fd, round & 1 ? (off_t)HUGE_BYTES : (off_t)(2 * PAGE)))
			die("ftruncate");
		nap_ns(NS_PER_MS / 8);
	}
	return NULL;
}

/* The code is the file's second page. */
static void run_library(const char *path)
{
	int fd = open(path, O_RDWR);
	uint8_t bytes[64];
	size_t len = put_function(bytes);
	pthread_t resizer;
	function *in_it;

	if (fd < 0 || pwrite(fd, bytes, len, (off_t)PAGE) != (ssize_t)len)
		die(path);
	in_it = (function *)mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, (off_t)PAGE);
	if ((void *)in_it == MAP_FAILED)
		die(path);
	resizer = start_thread(resize, &fd);
	for (int i = 0; i < WAITS; i++)
		if (in_it() != 1)
			_exit(97);
	over = true;
	pthread_join(resizer, NULL);
}

/* ---- a swarm ---- */

static _Noreturn void be_one(uint64_t number, uint64_t regions)
{
	char *const argv[] = {(char *)"/bin/true", NULL};

	map_regions(regions);
	nap_ns(number % 4 * NS_PER_MS);
	if (number % 4 == 1)
		execv(argv[0], argv);
	if (number % 4 == 2)
		raise(SIGSTOP);
	_exit(0);
}

static void run_swarm(uint64_t cnt, uint64_t regions)
{
	for (uint64_t i = 0; i < cnt; i++) {
		pid_t pid = fork();
		int status;

		if (!pid)
			be_one(i, regions);
		if (pid < 0)
			die("fork");
		/* In the middle of its mappings, while it is stopped, or never. */
		if (i % 4 == 3)
			nap_ns(NS_PER_MS);
		else if (waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status))
			nap_ns(2 * NS_PER_MS);
		else
			continue;
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "", *file = argc > 2 ? argv[2] : "";
	pthread_t threads[2];

	if (!strcmp(mode, "regions"))
		map_regions(arg_u64(argc, argv, 2, 1000));
	work_ready();
	if (!strcmp(mode, "names")) {
		run_names();
	} else if (!strcmp(mode, "library")) {
		run_library(file);
	} else if (!strcmp(mode, "swarm")) {
		run_swarm(arg_u64(argc, argv, 2, 100), arg_u64(argc, argv, 3, 1000));
	} else if (!strcmp(mode, "rewrite")) {
		threads[0] = start_thread(rewrite_files, argv[2]);
		threads[1] = start_thread(remap_code, NULL);
		work_sleep();
		over = true;
		pthread_join(threads[0], NULL);
		pthread_join(threads[1], NULL);
	} else {
		work_sleep();
	}
	if (strcmp(mode, "swarm") != 0)
		meter_say("sleep", &slept);
	work_done();
	return 0;
}
