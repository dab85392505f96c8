/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* faults COUNT MS: page faults one after the other, each of which a userfaultfd answers MS later. */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "work.h"

static int uffd;
static long page_bytes;
static uint64_t answer_ms;

/* Waits in poll(), so that this thread's own waits have another reason. */
static void *answer(void *arg work_maybe)
{
	struct pollfd fd = {.fd = uffd, .events = POLLIN};
	struct uffdio_zeropage zero = {.mode = 0};
	struct uffd_msg msg;

	set_name("answerer");
	for (;;) {
		if (poll(&fd, 1, -1) != 1 || read(uffd, &msg, sizeof(msg)) != sizeof(msg))
			continue;
		nap_ns(answer_ms * NS_PER_MS);
		zero.range.start = msg.arg.pagefault.address & ~((uint64_t)page_bytes - 1);
		zero.range.len = (uint64_t)page_bytes;
		if (ioctl(uffd, UFFDIO_ZEROPAGE, &zero))
			die("UFFDIO_ZEROPAGE");
	}
	return NULL;
}

static work_frame void work_fault(volatile char *page, struct meter *m)
{
	uint64_t since = now_ns();

	*page;
	meter_add(m, since);
}

static char *watched_pages(uint64_t cnt)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {.mode = UFFDIO_REGISTER_MODE_MISSING};
	char *pages = mmap(NULL, cnt * (uint64_t)page_bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* Faults of the kernel are left out: those need a right. */
	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
	if (pages == MAP_FAILED || uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		die("userfaultfd");
	range.range.start = (uintptr_t)pages;
	range.range.len = cnt * (uint64_t)page_bytes;
	if (ioctl(uffd, UFFDIO_REGISTER, &range))
		die("UFFDIO_REGISTER");
	return pages;
}

int main(int argc, char **argv)
{
	uint64_t cnt = arg_u64(argc, argv, 1, 10);
	struct meter m = {0};
	char *pages;

	answer_ms = arg_u64(argc, argv, 2, 10);
	page_bytes = sysconf(_SC_PAGESIZE);
	pages = watched_pages(cnt);
	start_thread(answer, NULL);
	work_ready();
	for (uint64_t i = 0; i < cnt; i++)
		work_fault(pages + i * (uint64_t)page_bytes, &m);
	meter_say("fault", &m);
	work_done();
	return 0;
}
