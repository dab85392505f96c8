/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_go.h"

#include <elf.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/os_file.h"
#include "base/os_privilege.h"
#include "base/os_read.h"

#define AUXV_BYTES	4096
#define MAPS_BYTES	(4u << 20)
#define TRY_CNT		5
#define TRY_EXEC_CNT	100
#define TRY_INTERVAL_NS 20000000

/* ---- memory ---- */

static bool os_go_read(void *ctx, uint64_t addr, void *to, size_t len)
{
	struct iovec local = {.iov_base = to, .iov_len = len};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)addr, .iov_len = len};
	const struct os_go *p = ctx;

	return process_vm_readv((pid_t)p->process.image.pid, &local, 1, &remote, 1, 0) ==
	       (ssize_t)len;
}

static size_t os_go_read_spans(void *ctx, const struct go_span *spans, size_t cnt, void *to)
{
	struct iovec local = {.iov_base = to}, remote[GO_MEMORY_MAX_SPANS];
	const struct os_go *p = ctx;
	size_t whole = 0, bytes = 0;
	ssize_t came;

	if (!cnt)
		return 0;
	if (cnt > GO_MEMORY_MAX_SPANS)
		cnt = GO_MEMORY_MAX_SPANS;
	for (size_t i = 0; i < cnt; i++) {
		remote[i] = (struct iovec){(void *)(uintptr_t)spans[i].addr, spans[i].len};
		local.iov_len += spans[i].len;
	}
	came = process_vm_readv((pid_t)p->process.image.pid, &local, 1, remote, cnt, 0);
	while (whole < cnt && came >= 0 && bytes + spans[whole].len <= (size_t)came)
		bytes += spans[whole++].len;
	return whole;
}

/* ---- what it runs ---- */

static int os_go_refuse_memory(uint32_t pid, int err)
{
	if (err == -ESRCH || err == -ENOENT)
		return error_set(-ESRCH, "no process %u: see dwell list, or ps", pid);
	return error_set(-EACCES,
			 "process %u may not be looked into: run dwell as root, or give it "
			 "CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, or from Linux 5.18 on CAP_BPF "
			 "and CAP_PERFMON; as the process's "
			 "user also kernel.yama.ptrace_scope has to be 0",
			 pid);
}

/* What the kernel told the program when it began: 0 or -errno. */
static int os_go_read_auxv_raw(const struct os_go *p, struct buf *ret)
{
	uint64_t words[GO_REQUEST_AUXV_WORDS];
	char path[64];
	int err;

	if (p->bpf) {
		err = bpf_memory__auxv(p->bpf, words);
		buf__init(ret, sizeof(words));
		return err ? err : buf__append(ret, words, sizeof(words));
	}
	snprintf(path, sizeof(path), "/proc/%u/auxv", p->process.image.pid);
	err = os_read_file(path, AUXV_BYTES, ret);
	return !err && !ret->len ? -ESRCH : err;
}

static int os_go_read_auxv(const struct os_go *p, uint64_t *ret_entry, uint64_t *ret_hash)
{
	_cleanup_buf_ struct buf raw = {0};
	Elf64_auxv_t v;
	int err = os_go_read_auxv_raw(p, &raw);

	if (err)
		return err;
	*ret_entry = 0;
	for (size_t at = 0; at + sizeof(v) <= raw.len; at += sizeof(v)) {
		memcpy(&v, raw.data + at, sizeof(v));
		if (v.a_type == AT_ENTRY)
			*ret_entry = v.a_un.a_val;
	}
	/* With the place of random bytes (AT_RANDOM): another one for each program that is begun. */
	*ret_hash = hash_bytes(raw.data, raw.len);
	return 0;
}

bool os_go__is_same(const struct os_go *p)
{
	uint64_t entry, hash;

	return !os_go_read_auxv(p, &entry, &hash) && hash == p->auxv_hash;
}

static int os_go_take_function(void *arg, const struct elf_function *f)
{
	const char *word = arg;

	return f->name_len >= strlen(word) && !memcmp(f->name, word, strlen(word));
}

static bool os_go_has_function(const struct elf *e, const char *begin)
{
	return elf__each_function(e, os_go_take_function, (void *)(uintptr_t)begin) == 1;
}

static bool os_go_maps(uint32_t pid, const char *word)
{
	_cleanup_buf_ struct buf maps = {0};
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	return !os_read_file(path, MAPS_BYTES, &maps) && maps.len &&
	       memmem(maps.data, maps.len, word, strlen(word));
}

static bool os_go_is_marked(const struct elf *e)
{
	return elf__find_section(e, ".go.buildinfo") || elf__find_section(e, ".note.go.buildid") ||
	       elf__find_section(e, ".gopclntab");
}

bool os_go_is_likely(uint32_t pid)
{
	struct elf e;
	char path[64];
	bool likely;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	fd = os_open_regular(path);
	if (fd < 0)
		return false;
	likely = !elf__open(&e, fd);
	if (likely) {
		likely = os_go_is_marked(&e);
		elf__close(&e);
	}
	os_close(fd);
	return likely;
}

/* Why there is no table of functions. */
static int os_go_refuse_program(const struct os_go *p, int err)
{
	uint32_t pid = p->process.image.pid;
	const char *comm = p->process.comm;

	if (os_go_has_function(&p->elf, "tinygo_"))
		return error_set(
			-ENOTSUP,
			"process %u (%s) was made by TinyGo, whose goroutines can't be read: "
			"build it with Go's own compiler, or use dwell dump",
			pid, comm);
	if (os_go_maps(pid, "/libgo.so") || os_go_has_function(&p->elf, "__go_"))
		return error_set(
			-ENOTSUP,
			"process %u (%s) was made by gccgo, whose goroutines can't be read: "
			"build it with Go's own compiler, or use dwell dump",
			pid, comm);
	if (err == -EBADMSG || os_go_is_marked(&p->elf))
		return error_set(-ENOTSUP,
				 "the table of functions of process %u (%s) was altered, as garble "
				 "does: build it without, or use dwell dump",
				 pid, comm);
	return error_set(-ENOTSUP,
			 "process %u (%s) is no Go program, or a packed one: dwell dump shows the "
			 "threads of any process",
			 pid, comm);
}

static int os_go_check_machine(const struct os_go *p)
{
	if (p->elf.is_64 && p->elf.machine == EM_X86_64)
		return 0;
	return error_set(
		-ENOTSUP,
		"process %u (%s) is a program for %s: goroutines can be read of programs for "
		"x86-64 only; use dwell dump",
		p->process.image.pid, p->process.comm,
		p->elf.is_64 ? "another kind of processor" : "32 bit");
}

/* Its file, if that and its memory may be read. 0 or -errno. */
static int os_go_try_file(struct os_go *p, uint64_t *ret_entry)
{
	uint32_t pid = p->process.image.pid;
	char path[64];
	int err = os_go_read_auxv(p, ret_entry, &p->auxv_hash);

	if (err)
		return err;
	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	p->fd = os_open_regular(path);
	if (p->fd < 0)
		return p->fd;
	err = os_process_try_memory(pid, *ret_entry);
	return err == -EPERM || err == -EACCES || err == -ESRCH ? err : 0;
}

/* What the file has, out of memory. 0; -ENOEXEC; -ENOMEM. */
static int os_go_open_image(struct os_go *p, const uint64_t *auxv, bool code)
{
	int err;

	gopclntab__close(&p->table);
	elf__close(&p->elf);
	os_go_image__free(&p->image);
	err = os_go_image__read(&p->image, &p->memory, auxv, GO_REQUEST_AUXV_WORDS, code);
	return err ? err : elf__open_memory(&p->elf, p->image.data, p->image.len);
}

/* By BPF. 0, or as os_go_open() has it. */
static int os_go_open_memory(struct os_go *p, int why, uint64_t *ret_entry)
{
	uint64_t auxv[GO_REQUEST_AUXV_WORDS];
	uint32_t pid = p->process.image.pid;
	int err;

	p->bpf = bpf_memory__open(pid);
	if (!p->bpf)
		return os_go_refuse_memory(pid, why);
	p->memory = bpf_memory__reader(p->bpf);
	err = bpf_memory__auxv(p->bpf, auxv);
	if (!err)
		err = os_go_read_auxv(p, ret_entry, &p->auxv_hash);
	if (err)
		return os_go_refuse_memory(pid, err);
	err = os_go_open_image(p, auxv, false);
	/* A linker may put the tables beside code. */
	if (!err && gopclntab__open(&p->table, &p->elf) == -ENOENT)
		err = os_go_open_image(p, auxv, true);
	*ret_entry = p->elf.entry;
	return err && err != -ENOMEM ? os_go_refuse_program(p, -ENOENT) : err;
}

/* For tests. */
static bool os_go_wants_bpf(void)
{
	const char *how = getenv("DWELL_GO_MEMORY");

	return how && !strcmp(how, "bpf");
}

/* Documentation/admin-guide/LSM/Yama.rst: 3 can't be taken back. */
static bool os_go_nobody_may_attach(void)
{
	_cleanup_buf_ struct buf text = {0};

	return !os_read_file("/proc/sys/kernel/yama/ptrace_scope", AUXV_BYTES, &text) && text.len &&
	       text.data[0] == '3';
}

uint64_t os_go_capabilities(void)
{
	const uint64_t by_bpf = OS_CAP(CAP_BPF) | OS_CAP(CAP_PERFMON);

	if (os_go_wants_bpf() || os_go_nobody_may_attach())
		return by_bpf;
	if (os_privilege_effective() & OS_CAP(CAP_SYS_PTRACE))
		return OS_CAP(CAP_SYS_PTRACE) | OS_CAP(CAP_DAC_READ_SEARCH);
	return by_bpf;
}

static int os_go_open_file(struct os_go *p, uint64_t *ret_entry)
{
	uint32_t pid = p->process.image.pid;
	int err = os_go_wants_bpf() ? -EPERM : os_go_try_file(p, ret_entry);

	if (err == -EPERM || err == -EACCES)
		err = os_go_open_memory(p, err, ret_entry);
	else if (err)
		err = os_go_refuse_memory(pid, err);
	else if (elf__open(&p->elf, p->fd))
		err = os_go_refuse_program(p, -ENOENT);
	if (err)
		return err;
	log_debug("process %u: its memory is read by %s", pid,
		  p->bpf ? "BPF (bpf_copy_from_user_task)" : "process_vm_readv");
	gopclntab__close(&p->table);
	err = gopclntab__open(&p->table, &p->elf);
	if (err == -ENOMEM)
		return err;
	return err ? os_go_refuse_program(p, err) : os_go_check_machine(p);
}

/* Structs change while they are looked at, and a program that just begins has few: a few tries. */
static int os_go_open_runtime(struct os_go *p, const struct go_code *code, enum go_layout_from from,
			      int tries)
{
	struct timespec wait = {.tv_nsec = TRY_INTERVAL_NS};
	int err = go_runtime__open(&p->runtime, code, from);

	for (int i = 1; i < tries && (err == -ENOENT || err == -ENOTSUP); i++) {
		nanosleep(&wait, NULL);
		err = go_runtime__open(&p->runtime, code, from);
	}
	return err;
}

static int os_go_init(struct os_go *p, uint32_t pid, enum go_layout_from from, int tries)
{
	struct go_code code = {&p->elf, &p->table, &p->memory, 0};
	uint64_t entry = 0;
	int err = os_process_read(pid, &p->process);
	char text[512];

	if (err)
		return os_go_refuse_memory(pid, err);
	if (p->process.kthread)
		return error_set(-ENOTSUP, "process %u (%s) is a part of the kernel, no Go program",
				 pid, p->process.comm);
	p->memory = (struct go_memory){os_go_read, os_go_read_spans, p};
	err = os_go_open_file(p, &entry);
	if (err)
		return err;
	code.bias = entry - p->elf.entry;
	err = os_go_open_runtime(p, &code, from, tries);
	if (!err || err == -ENOMEM)
		return err;
	snprintf(text, sizeof(text), "%s", error_text(err));
	return error_set(err, "process %u (%s): %s", pid, p->process.comm, text);
}

static struct os_go *os_go_open_once(uint32_t pid, enum go_layout_from from, int tries)
{
	struct os_go *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return NULL;
	p->fd = -1;
	err = os_go_init(p, pid, from, tries);
	if (!err)
		return p;
	os_go__close(p);
	errno = -err;
	return NULL;
}

struct os_go *os_go_open(uint32_t pid, enum go_layout_from from)
{
	struct timespec wait = {.tv_nsec = TRY_INTERVAL_NS};
	struct os_process process;
	struct os_go *p = os_go_open_once(pid, from, TRY_CNT);
	int err = errno;

	/* In the middle of an exec() a process has no memory for a moment. */
	for (int i = 1; i < TRY_EXEC_CNT && !p && err == ESRCH && !os_process_read(pid, &process);
	     i++) {
		nanosleep(&wait, NULL);
		p = os_go_open_once(pid, from, TRY_CNT);
		err = errno;
	}
	errno = err;
	return p;
}

int os_go_read_layout(uint32_t pid, enum go_layout_from from, struct go_layout *ret)
{
	struct os_go *p = os_go_open_once(pid, from, 1);

	if (!p)
		return -errno;
	*ret = p->runtime.layout;
	os_go__close(p);
	return 0;
}

void os_go__close(struct os_go *p)
{
	if (!p)
		return;
	gopclntab__close(&p->table);
	elf__close(&p->elf);
	os_go_image__free(&p->image);
	bpf_memory__close(p->bpf);
	os_close(p->fd);
	free(p);
}
