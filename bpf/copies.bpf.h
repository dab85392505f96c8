/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Copies of stacks. The first waits of each program come before user space could give us its mappings and the unwind
 * tables of its code; short-lived ones have no others. There the memory of the stack is sent, with the registers, and user
 * space walks it when it knows how: by then the thread may be anywhere, or gone.
 */
#ifndef DWELL_COPIES_BPF_H
#define DWELL_COPIES_BPF_H

#include "life.bpf.h"

#define COPY_PAGE_BYTES 4096 /* memory is there or not by the page; those of arm64 may be larger */

/* Room for a struct wire_copy and its bytes. */
struct copy_scratch {
	__u64 words[sizeof(struct wire_copy) / 8 + WIRE_COPY_BYTES / 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct copy_scratch);
} copy_scratches SEC(".maps");

/*
 * Copies the stack from @sp on, up to the first page that can't be read. Where a byte lies in its page it lies in
 * @rec->bytes: the ones before @sp are left over from earlier. How many bytes there are, those included.
 */
static __always_inline __u32 copy_memory(struct wire_copy *rec, __u64 sp)
{
	__u32 skip = sp & (COPY_PAGE_BYTES - 1), len = COPY_PAGE_BYTES;

	if (bpf_probe_read_user(rec->bytes + skip, COPY_PAGE_BYTES - skip, (void *)sp))
		return 0;
	for (; len < WIRE_COPY_BYTES; len += COPY_PAGE_BYTES)
		if (bpf_probe_read_user(rec->bytes + len, COPY_PAGE_BYTES,
					(void *)(sp - skip + len)))
			break;
	return len;
}

/* Copies must not crowd out what the rings are there for. */
static __always_inline bool copy_fits(void)
{
	__u32 cpu = bpf_get_smp_processor_id();
	void *ring = bpf_map_lookup_elem(&rings, &cpu);

	return ring && bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) <
			       bpf_ringbuf_query(ring, BPF_RB_RING_SIZE) / 2;
}

/*
 * Sends the user stack of the current thread as it is. Its id, by which user space will define the stack; 0: there is no
 * room, or nothing to read.
 */
static __noinline __u64 send_copy(struct pt_regs *regs, struct task_state *st, __u64 ts)
{
	struct copy_scratch *scratch;
	struct wire_copy *rec;
	__u32 zero = 0, len;
	__u64 id;

	scratch = bpf_map_lookup_elem(&copy_scratches, &zero);
	if (!scratch || !regs || !st || !copy_fits())
		return 0;
	rec = (struct wire_copy *)scratch->words;
	task_user_regs_all(regs, &rec->user);
	if (!rec->user.ip)
		return 0;
	rec->sp = task_user_sp(regs);
	len = copy_memory(rec, rec->sp);
	if (!len || len > WIRE_COPY_BYTES)
		return 0;
	rec->h.kind = WIRE_COPY;
	rec->h.size = sizeof(*rec) + len;
	rec->image = st->image;
	rec->time_ns = ts;
	/* No two waits share one: a thread waits once at a time. */
	id = intern_finish(
		intern_mix(intern_mix(intern_seed(WIRE_STACK_USER, &st->image), ts), st->tid), 0,
		0);
	rec->id = id;
	return ring_put(rec, sizeof(*rec) + len, true) ? id : 0;
}

/*
 * What becomes of a user stack that can't be walked yet. Before the window begins the tables come, and then the iterator looks where this
 * thread sleeps: 0, as it is when there is no room for a copy; *@ret_is_seed tells them apart.
 */
static __always_inline __u64 copy_or_seed(const struct pt_regs *regs, struct task_state *st,
					  __u64 ts, bool *ret_is_seed)
{
	__u64 id;

	*ret_is_seed = !ctl.start_ns;
	if (*ret_is_seed) {
		st->flags |= TASK_F_SEED;
		return 0;
	}
	id = send_copy((struct pt_regs *)regs, st, ts);
	if (id)
		count(WIRE_C_COPIED, 1);
	return id;
}

#endif
