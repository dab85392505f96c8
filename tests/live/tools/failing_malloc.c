/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A library to be preloaded: one allocation fails, as if there were no memory. A place is a chain of callers; it is named by a
 * hash of them, which is the same in each run of a program whose addresses are not randomised (setarch -R).
 *
 *   FAIL_MALLOC_LIST=FILE  writes each place, "HASH", when something is allocated there for the first time
 *   FAIL_MALLOC_AT=HASH    the first allocation there fails
 *   FAIL_MALLOC_AFTER=1    and all that come after it, in every thread
 *   FAIL_MALLOC_SAID=FILE  is made when it has failed
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unwind.h>

#define PLACE_FRAMES 7 /* of them the first two are ours */
#define PLACE_SLOTS  (1u << 16)

static struct {
	void *(*malloc)(size_t len);
	void *(*calloc)(size_t cnt, size_t len);
	void *(*realloc)(void *old, size_t len);
	void *(*reallocarray)(void *old, size_t cnt, size_t len);
	int (*posix_memalign)(void **ret, size_t align, size_t len);
} next;

static uint64_t fail_at, places[PLACE_SLOTS];
static bool active, after, failed;
static int list_fd = -1;
static const char *said;
static __thread __attribute__((tls_model("initial-exec"))) bool busy;

static void find_next(void)
{
	if (next.malloc)
		return;
	next.calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
	next.realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
	next.reallocarray = (void *(*)(void *, size_t, size_t))dlsym(RTLD_NEXT, "reallocarray");
	next.posix_memalign = (int (*)(void **, size_t, size_t))dlsym(RTLD_NEXT, "posix_memalign");
	next.malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
}

static __attribute__((constructor)) void fail_malloc_init(void)
{
	const char *at = getenv("FAIL_MALLOC_AT"), *list = getenv("FAIL_MALLOC_LIST");

	find_next();
	after = getenv("FAIL_MALLOC_AFTER") != NULL;
	said = getenv("FAIL_MALLOC_SAID");
	fail_at = at ? strtoull(at, NULL, 16) : 0;
	if (list)
		list_fd = open(list, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	active = at || list;
}

struct place {
	uint64_t hash;
	int frame_cnt;
};

static _Unwind_Reason_Code add_frame(struct _Unwind_Context *frame, void *arg)
{
	struct place *p = arg;

	if (p->frame_cnt >= 2)
		p->hash = (p->hash ^ (uint64_t)_Unwind_GetIP(frame)) * 0x9e3779b97f4a7c15ull;
	return ++p->frame_cnt < PLACE_FRAMES ? _URC_NO_REASON : _URC_END_OF_STACK;
}

/* Writes a place that was not there yet. */
static void list_place(uint64_t hash)
{
	uint64_t none = 0;
	char line[32];
	int len;

	for (uint32_t i = 0; i < PLACE_SLOTS; i++, none = 0) {
		uint64_t *slot = &places[(hash + i) % PLACE_SLOTS];

		if (__atomic_compare_exchange_n(slot, &none, hash, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			break;
		if (none == hash)
			return;
	}
	len = snprintf(line, sizeof(line), "%016llx\n", (unsigned long long)hash);
	if (write(list_fd, line, (size_t)len) != len)
		_exit(99);
}

static bool fails_here(uint64_t hash)
{
	if (hash != fail_at || __atomic_exchange_n(&failed, true, __ATOMIC_RELAXED))
		return false;
	if (said)
		close(open(said, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	return true;
}

static bool fails(void)
{
	struct place p = {.hash = 1};
	bool ret;

	find_next();
	if (!active || busy)
		return false;
	if (failed) {
		if (after)
			errno = ENOMEM;
		return after;
	}
	busy = true;
	_Unwind_Backtrace(add_frame, &p);
	ret = fail_at && fails_here(p.hash);
	if (list_fd >= 0)
		list_place(p.hash);
	busy = false;
	if (ret)
		errno = ENOMEM;
	return ret;
}

void *malloc(size_t len)
{
	return fails() ? NULL : next.malloc(len);
}

void *calloc(size_t cnt, size_t len)
{
	return fails() ? NULL : next.calloc(cnt, len);
}

void *realloc(void *old, size_t len)
{
	return fails() ? NULL : next.realloc(old, len);
}

void *reallocarray(void *old, size_t cnt, size_t len)
{
	return fails() ? NULL : next.reallocarray(old, cnt, len);
}

int posix_memalign(void **ret, size_t align, size_t len)
{
	return fails() ? ENOMEM : next.posix_memalign(ret, align, len);
}
