/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Records into the ring of this CPU. Each function returns whether the record is safe. */
#ifndef DWELL_RING_BPF_H
#define DWELL_RING_BPF_H

#include "shared.bpf.h"

/*
 * Waking the reader costs about 20 times a record, so it is woken only by the record that crosses a multiple of
 * ring_wake_bytes (a power of two) in the ring; it looks by itself several times a second.
 */
#define RING_HEADER_BYTES 8 /* BPF_RINGBUF_HDR_SZ, before each record */

static __always_inline bool ring_put(void *data, __u64 size, bool now)
{
	__u32 cpu = bpf_get_smp_processor_id();
	void *ring = bpf_map_lookup_elem(&rings, &cpu);
	__u64 flags = BPF_RB_NO_WAKEUP, used;

	if (!ring)
		return false;
	((struct wire_header *)data)->cpu = cpu;
	used = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA);
	if (now || ((used ^ (used + size + RING_HEADER_BYTES)) & ~(__u64)(cfg.ring_wake_bytes - 1)))
		flags = BPF_RB_FORCE_WAKEUP;
	if (bpf_ringbuf_output(ring, data, size, flags))
		return false;
	count(WIRE_C_EVENTS, 1);
	return true;
}

static __always_inline bool ring_send(void *data, __u64 size)
{
	return ring_put(data, size, false);
}

/* For what user space should look into at once: a new image may be gone in a moment. */
static __always_inline bool ring_send_now(void *data, __u64 size)
{
	return ring_put(data, size, true);
}

#endif
