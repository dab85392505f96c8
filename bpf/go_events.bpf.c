/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Each wait of the goroutines of one Go program: probes in runtime.park_m, ready and execute (format/go_probe.h says where in
 * them). A goroutine that parks is noted in map `waits` by the address of its struct; who readies it adds the time; when it is
 * executed again the wait is over, and a record goes to the ring.
 *
 * Goroutines that are woken in numbers, by the network poller or the garbage collector, don't pass through ready(): of their waits
 * it isn't known when they could have run. Nor is it where a profile made the compiler inline ready().
 *
 * Programs of several threads may run on one CPU at a time, each preempted by the next: what a CPU has of its own is taken and given
 * back, and sums are atomic.
 */
#include "go_events.h"

#include <bpf/bpf_helpers.h>

#include "config.h"
#include "intern.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct go_events_config cfg SEC(".rodata.config");
volatile struct control ctl SEC(".data.control");
struct go_events_sums sums SEC(".data.sums");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* loader */
	__type(key, __u64);	/* address of a runtime.g */
	__type(value, struct go_event_wait);
} waits SEC(".maps");

/* Ids of stacks that were sent. When it is full stacks are sent with every wait. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u8);
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* loader */
} ring SEC(".maps");

#define ROOM_CNT 4 /* threads in the middle of a stack on one CPU */

struct room {
	__u64 taken;
	struct go_event_stack rec;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ROOM_CNT);
	__type(key, __u32);
	__type(value, struct room);
} rooms SEC(".maps");

/* src/cmd/compile/abi-internal.md */
#if defined(__TARGET_ARCH_x86)
#define GO_ARG_1(ctx) ((ctx)->ax)
#elif defined(__TARGET_ARCH_arm64)
#define GO_ARG_1(ctx) ((ctx)->user_regs.regs[0])
#endif

#define COUNT(which) __sync_fetch_and_add(&sums.which, 1)

/* Is it to be looked at? *@ret_ns: now. */
static __always_inline bool take_hit(__u64 *ret_ns)
{
	__u64 now_ns = bpf_ktime_get_ns(), may;

	if (!ctl.start_ns || now_ns < ctl.start_ns || (ctl.stop_ns && now_ns >= ctl.stop_ns))
		return false;
	if (sums.over_ns)
		return false;
	/* In milliseconds: nothing overflows within an hour. */
	may = cfg.first_hits + (now_ns - ctl.start_ns) / 1000000 * cfg.hits_per_sec / 1000;
	if (sums.hits >= may) {
		sums.over_ns = now_ns;
		return false;
	}
	COUNT(hits);
	*ret_ns = now_ns;
	return true;
}

/* ---- stacks ---- */

static __always_inline struct room *room_take(void)
{
	for (__u32 i = 0; i < ROOM_CNT; i++) {
		__u32 key = i;
		struct room *room = bpf_map_lookup_elem(&rooms, &key);

		if (room && !__sync_lock_test_and_set(&room->taken, 1))
			return room;
	}
	return NULL;
}

static __always_inline void room_give_back(struct room *room)
{
	__sync_lock_test_and_set(&room->taken, 0);
}

static __always_inline __u64 stack_id(const struct go_event_stack *rec)
{
	__u64 h = 0x2545f4914f6cdd1dull;

	for (__u32 i = 0; i < GO_EVENTS_MAX_FRAMES; i++) {
		if (i >= rec->frame_cnt)
			break;
		h = intern_mix(h, rec->ips[i]);
	}
	return intern_finish(h, rec->frame_cnt, 0);
}

static __always_inline bool g_read(__u64 g, __u32 offset, __u64 *ret)
{
	return !bpf_probe_read_user(ret, sizeof(*ret), (void *)(g + offset));
}

/*
 * By frame pointers, which all code of Go keeps, from the registers that mcall() has saved: we are on the scheduler's own stack, which
 * bpf_get_stack() would walk.
 */
static __always_inline bool stack_walk(__u64 g, struct go_event_stack *rec)
{
	__u64 sp, hi, frame[2]; /* the caller's frame pointer, and where it goes on */
	__u32 cnt = 0;

	if (!g_read(g, cfg.pc, &frame[1]) || !g_read(g, cfg.sp, &sp) ||
	    !g_read(g, cfg.bp, &frame[0]) || !g_read(g, cfg.stack_hi, &hi))
		return false;
	for (__u32 i = 0; i < GO_EVENTS_MAX_FRAMES; i++) {
		__u64 bp = frame[0];

		rec->ips[i] = frame[1];
		cnt = i + 1;
		/* A frame that is not above the last one is none; the outermost has 0. */
		if (cnt >= cfg.max_frames || bp < sp || bp >= hi ||
		    bpf_probe_read_user(frame, sizeof(frame), (void *)bp))
			break;
		sp = bp + sizeof(frame);
	}
	rec->kind = GO_EVENT_STACK;
	rec->frame_cnt = cnt;
	return true;
}

/* The id of a stack that user space knows; 0: none. */
static __always_inline __u64 stack_send(struct go_event_stack *rec)
{
	__u64 id = stack_id(rec), bytes = GO_EVENT_STACK_BYTES(rec->frame_cnt);
	__u8 one = 1;

	if (bpf_map_lookup_elem(&stacks, &id))
		return id;
	rec->id = id;
	/* For the verifier, in the register that is used. */
	asm volatile("%0 &= 0x7ff" : "+r"(bytes));
	if (bytes > sizeof(*rec) || bpf_ringbuf_output(&ring, rec, bytes, BPF_RB_NO_WAKEUP))
		return 0;
	/* After it was sent: whoever sees it here sends a wait that comes later. */
	bpf_map_update_elem(&stacks, &id, &one, BPF_ANY);
	return id;
}

static __always_inline __u64 stack_get(__u64 g)
{
	struct room *room;
	__u64 id = 0;

	if (!cfg.max_frames)
		return 0;
	room = room_take();
	if (room) {
		if (stack_walk(g, &room->rec))
			id = stack_send(&room->rec);
		room_give_back(room);
	}
	if (!id)
		COUNT(stacks_lost);
	return id;
}

/* ---- waits ---- */

static __always_inline bool wait_read(__u64 g, struct go_event_wait *wait)
{
	__u8 reason = 0;

	if (!g_read(g, cfg.goid, &wait->goid) || !g_read(g, cfg.gopc, &wait->gopc) ||
	    !g_read(g, cfg.startpc, &wait->startpc) ||
	    bpf_probe_read_user(&reason, sizeof(reason), (void *)(g + cfg.wait_reason)))
		return false;
	wait->reason = reason;
	wait->stack = stack_get(g);
	return true;
}

SEC("uprobe")
int dwell_go_park(struct pt_regs *ctx)
{
	struct go_event_wait wait = {.kind = GO_EVENT_WAIT};
	__u64 g = GO_ARG_1(ctx);

	if (!take_hit(&wait.park_ns))
		return 0;
	COUNT(parks);
	/* It can't park twice: that it ran in between was not seen. */
	if (!bpf_map_delete_elem(&waits, &g))
		COUNT(mixed_up);
	if (!wait_read(g, &wait))
		COUNT(unreadable);
	else if (bpf_map_update_elem(&waits, &g, &wait, BPF_ANY))
		COUNT(map_full);
	return 0;
}

SEC("uprobe")
int dwell_go_ready(struct pt_regs *ctx)
{
	struct go_event_wait *wait;
	__u64 g = GO_ARG_1(ctx), now_ns;

	if (!take_hit(&now_ns))
		return 0;
	wait = bpf_map_lookup_elem(&waits, &g);
	if (wait && !wait->ready_ns)
		wait->ready_ns = now_ns;
	return 0;
}

SEC("uprobe")
int dwell_go_run(struct pt_regs *ctx)
{
	struct go_event_wait *wait, *rec;
	__u64 g = GO_ARG_1(ctx), goid = 0, now_ns;

	if (!take_hit(&now_ns))
		return 0;
	wait = bpf_map_lookup_elem(&waits, &g);
	if (!wait)
		return 0;
	if (!g_read(g, cfg.goid, &goid) || goid != wait->goid) {
		COUNT(mixed_up);
	} else {
		rec = bpf_ringbuf_reserve(&ring, sizeof(*rec), 0);
		if (rec) {
			*rec = *wait;
			rec->run_ns = now_ns;
			bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
			COUNT(sent);
		} else {
			COUNT(ring_full);
		}
	}
	bpf_map_delete_elem(&waits, &g);
	return 0;
}
