/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * empty: a BPF program at sched_switch that does nothing, as long as this process lives: what a context switch
 * costs for having any program there. Attached as a typed tracepoint (tp_btf), by bpf(2) alone. Says
 * "ready PID" when it is attached. It sees every switch of the system, as such programs do, and keeps nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define VMLINUX_BTF   "/sys/kernel/btf/vmlinux"
#define MAX_BTF_BYTES (64 << 20)

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "empty: %s: %s\n", what, strerror(errno));
	exit(1);
}

static _Noreturn void die_of(int error, const char *what)
{
	errno = error;
	die(what);
}

/* ---- BTF: linux/btf.h is its specification ---- */

struct btf {
	const char *data;
	size_t size;
	const struct btf_header *header;
};

static struct btf btf_load(void)
{
	struct btf btf = {};
	char *data = malloc(MAX_BTF_BYTES);
	int fd = open(VMLINUX_BTF, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0 || !data)
		die(VMLINUX_BTF);
	while ((got = read(fd, data + btf.size, MAX_BTF_BYTES - btf.size)) > 0)
		btf.size += got;
	if (got < 0)
		die(VMLINUX_BTF);
	close(fd);
	btf.data = data;
	btf.header = (const struct btf_header *)data;
	if (btf.size < sizeof(*btf.header) || btf.header->magic != BTF_MAGIC ||
	    (uint64_t)btf.header->hdr_len + btf.header->type_off + btf.header->type_len >
		    btf.size ||
	    (uint64_t)btf.header->hdr_len + btf.header->str_off + btf.header->str_len > btf.size)
		die_of(EINVAL, VMLINUX_BTF);
	return btf;
}

/* What follows a struct btf_type, in bytes; -1 for a kind that we don't know. */
static long btf_tail(const struct btf_type *type)
{
	unsigned int cnt = BTF_INFO_VLEN(type->info);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return cnt * (long)sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return cnt * (long)sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO:
		return cnt * (long)sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return cnt * (long)sizeof(struct btf_var_secinfo);
	case BTF_KIND_ENUM64:
		return cnt * 12L;
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	}
	return -1;
}

static int btf_has_name(const struct btf *btf, const struct btf_type *type, const char *name)
{
	const struct btf_header *h = btf->header;
	size_t size = strlen(name) + 1;

	return type->name_off <= h->str_len && size <= h->str_len - type->name_off &&
	       !memcmp(btf->data + h->hdr_len + h->str_off + type->name_off, name, size);
}

/* The id of a typedef, 0 if there is none. */
static unsigned int btf_find_typedef(const struct btf *btf, const char *name)
{
	const char *at = btf->data + btf->header->hdr_len + btf->header->type_off;
	const char *end = at + btf->header->type_len;

	for (unsigned int id = 1; end - at >= (long)sizeof(struct btf_type); id++) {
		const struct btf_type *type = (const struct btf_type *)at;
		long tail = btf_tail(type);

		if (tail < 0)
			return 0;
		if (BTF_INFO_KIND(type->info) == BTF_KIND_TYPEDEF && btf_has_name(btf, type, name))
			return id;
		at += sizeof(*type);
		if (tail > end - at)
			return 0;
		at += tail;
	}
	return 0;
}

/* ---- the program ---- */

static int bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int load(unsigned int tracepoint)
{
	static const struct bpf_insn return_0[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_TRACING,
		.expected_attach_type = BPF_TRACE_RAW_TP,
		.attach_btf_id = tracepoint,
		.insns = (uintptr_t)return_0,
		.insn_cnt = sizeof(return_0) / sizeof(*return_0),
		.license = (uintptr_t) "GPL",
		.prog_name = "bench_empty",
	};

	return bpf(BPF_PROG_LOAD, &attr);
}

static int attach(int prog)
{
	union bpf_attr attr = {.raw_tracepoint.prog_fd = prog};

	return bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
}

int main(void)
{
	struct btf btf = btf_load();
	unsigned int id = btf_find_typedef(&btf, "btf_trace_sched_switch");
	int prog;

	if (!id)
		die_of(ENOENT, "btf_trace_sched_switch in " VMLINUX_BTF);
	prog = load(id);
	if (prog < 0)
		die("load the program");
	if (attach(prog) < 0)
		die("attach the program");
	free((void *)btf.data);
	printf("ready %d\n", getpid());
	fflush(stdout);
	pause();
	return 0;
}
