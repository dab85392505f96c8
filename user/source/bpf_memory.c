/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_memory.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/log.h"
#include "source/bpf_object.h"
#include "source/os_target.h"

extern const char bpf_go_memory[], bpf_go_memory_end[];

static const struct object_variant memory_variant = {"go_memory", bpf_go_memory, bpf_go_memory_end};

struct bpf_memory {
	struct object object;
	struct bpf_link *link;
	struct go_request *request; /* the kernel's, mapped, as are the pages */
	size_t request_bytes;
	uint8_t (*pages)[GO_REQUEST_PAGE];
	size_t spans[GO_REQUEST_PIECES]; /* whose piece each is */
};

#define PAGES_BYTES ((size_t)GO_REQUEST_PIECES * GO_REQUEST_PAGE)

/* ---- loading ---- */

static void *memory_map(const struct object *o, const char *name, size_t bytes)
{
	void *at =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, object__map_fd(o, name), 0);

	return at == MAP_FAILED ? NULL : at;
}

static int memory_map_all(struct bpf_memory *m)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	m->request_bytes = (sizeof(*m->request) + page - 1) & ~(page - 1);
	m->request = memory_map(&m->object, "request", m->request_bytes);
	if (m->request)
		m->pages = memory_map(&m->object, "pages", PAGES_BYTES);
	return m->pages ? 0 : -errno;
}

/* Kernels from 6.1 on visit this process alone, older ones all, of which the program takes this one. */
static int memory_attach(struct bpf_memory *m, uint32_t pid)
{
	struct bpf_program *prog =
		bpf_object__find_program_by_name(m->object.obj, "dwell_go_memory");
	union bpf_iter_link_info info = {.task = {.tid = pid}};
	struct bpf_iter_attach_opts opts = {
		.sz = sizeof(opts), .link_info = &info, .link_info_len = sizeof(info)};

	m->link = prog ? bpf_program__attach_iter(prog, &opts) : NULL;
	if (!m->link && prog)
		m->link = bpf_program__attach_iter(prog, NULL);
	return m->link ? 0 : -errno;
}

/* One run: what the pieces ask for is in the pages. 0; -ESRCH: there is no such process, or it has no memory. */
static int memory_run(struct bpf_memory *m)
{
	uint64_t before = m->request->seen;
	int fd = bpf_iter_create(bpf_link__fd(m->link));
	char nothing[64];
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = read(fd, nothing, sizeof(nothing));
	while (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)));
	close(fd);
	return __atomic_load_n(&m->request->seen, __ATOMIC_ACQUIRE) == before ? -ESRCH : 0;
}

static int memory_load(struct bpf_memory *m, uint32_t pid)
{
	struct config cfg = {0};
	struct object_kernel kernel = {0};
	const struct object_setup setup = {
		.kernel = &kernel, .config = &cfg, .config_bytes = sizeof(cfg), .possible_cpus = 1};
	int err = os_target_pidns(&cfg.pidns_inum);

	object_quiet();
	if (!err)
		err = object__try(&m->object, &memory_variant, &setup);
	if (!err)
		err = memory_map_all(m);
	if (err)
		return err;
	m->request->tgid = pid;
	err = memory_attach(m, pid);
	return err ? err : memory_run(m);
}

struct bpf_memory *bpf_memory__open(uint32_t pid)
{
	struct bpf_memory *m = calloc(1, sizeof(*m));
	int err;

	if (!m)
		return NULL;
	err = memory_load(m, pid);
	if (!err)
		return m;
	log_debug("process %u: its memory can't be read by BPF: %s", pid, strerror(-err));
	bpf_memory__close(m);
	errno = -err;
	return NULL;
}

void bpf_memory__close(struct bpf_memory *m)
{
	if (!m)
		return;
	if (m->pages)
		munmap(m->pages, PAGES_BYTES);
	if (m->request)
		munmap(m->request, m->request_bytes);
	bpf_link__destroy(m->link);
	object__fini(&m->object);
	free(m);
}

/* ---- reading ---- */

/* Where in a list of spans it is. */
struct memory_place {
	size_t span, off;
};

static void memory_ask(struct bpf_memory *m, const struct go_span *spans, size_t cnt,
		       struct memory_place *at)
{
	struct go_request *r = m->request;

	r->cnt = 0;
	while (at->span < cnt && r->cnt < GO_REQUEST_PIECES) {
		const struct go_span *s = &spans[at->span];
		size_t left = s->len - at->off;
		size_t len = left < GO_REQUEST_PAGE ? left : GO_REQUEST_PAGE;

		r->pieces[r->cnt] = (struct go_request_piece){s->addr + at->off, (uint32_t)len, 0};
		m->spans[r->cnt++] = at->span;
		at->off += len;
		if (at->off == s->len)
			*at = (struct memory_place){at->span + 1, 0};
	}
}

static size_t memory_read_spans(void *ctx, const struct go_span *spans, size_t cnt, void *to)
{
	struct bpf_memory *m = ctx;
	struct memory_place next = {0};
	uint8_t *at = to;

	while (next.span < cnt) {
		memory_ask(m, spans, cnt, &next);
		if (memory_run(m))
			return m->spans[0];
		for (uint32_t i = 0; i < m->request->cnt; i++) {
			const struct go_request_piece *p = &m->request->pieces[i];

			if (!p->whole)
				return m->spans[i];
			memcpy(at, m->pages[i], p->len);
			at += p->len;
		}
	}
	return cnt;
}

static bool memory_read(void *ctx, uint64_t addr, void *to, size_t len)
{
	struct go_span span = {addr, len};

	return memory_read_spans(ctx, &span, 1, to) == 1;
}

struct go_memory bpf_memory__reader(struct bpf_memory *m)
{
	return (struct go_memory){memory_read, memory_read_spans, m};
}

int bpf_memory__auxv(struct bpf_memory *m, uint64_t ret[GO_REQUEST_AUXV_WORDS])
{
	int err;

	m->request->cnt = 0;
	err = memory_run(m);
	if (!err)
		memcpy(ret, m->request->auxv, sizeof(m->request->auxv));
	return err;
}
