/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The memory of one process, for those who may trace but not read it (process_vm_readv(2) takes CAP_SYS_PTRACE). A sleepable task
 * iterator copies it: bpf_copy_from_user_task(), Linux 5.18. Who asks writes pieces into `request`, runs the iterator, and finds them
 * in `pages`; both are mapped.
 */
#define DWELL_VARIANT_COMPAT
#include "task.bpf.h"

#include "go_request.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct go_request);
} request SEC(".maps");

struct page {
	__u8 bytes[GO_REQUEST_PAGE];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, GO_REQUEST_PIECES);
	__type(key, __u32);
	__type(value, struct page);
} pages SEC(".maps");

/* As the kernel has it, with the member that is wanted. */
struct mm_struct___auxv {
	unsigned long saved_auxv[GO_REQUEST_AUXV_WORDS];
} __attribute__((preserve_access_index));

struct copying {
	struct task_struct *task;
	struct go_request *request;
};

static long copy_piece(__u32 i, void *ctx)
{
	struct copying *c = ctx;
	struct go_request_piece *p;
	struct page *to = bpf_map_lookup_elem(&pages, &i);
	__u32 len;

	if (!to || i >= GO_REQUEST_PIECES)
		return 1;
	p = &c->request->pieces[i];
	len = p->len;
	if (len > sizeof(to->bytes))
		return 1;
	p->whole = !bpf_copy_from_user_task(to->bytes, len, (void *)p->addr, c->task, 0);
	return 0;
}

SEC("iter.s/task")
int dwell_go_memory(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct copying c = {.task = task};
	struct mm_struct___auxv *mm;
	__u32 zero = 0, tgid;

	if (!task)
		return 0;
	tgid = BPF_CORE_READ(task, tgid);
	if (BPF_CORE_READ(task, pid) != tgid)
		return 0;
	c.request = bpf_map_lookup_elem(&request, &zero);
	if (!c.request || task_visible_pid(task, tgid) != c.request->tgid)
		return 0;
	mm = (void *)BPF_CORE_READ(task, mm);
	if (!mm || bpf_probe_read_kernel(c.request->auxv, sizeof(c.request->auxv), &mm->saved_auxv))
		return 0;
	bpf_loop(c.request->cnt, copy_piece, &c, 0);
	c.request->seen++;
	return 0;
}
