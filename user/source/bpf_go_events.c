/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_go_events.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "format/go_probe.h"
#include "format/go_wait_stacks.h"
#include "go_events.h"
#include "source/bpf_object.h"

#define GO_EVENTS_GOROUTINES 65536u
#define GO_EVENTS_MAX_ROWS   (1u << 20)
#define GO_EVENTS_RING_BYTES (1u << 20)
#define GO_EVENTS_MIN_BYTES  4096u /* the kernel's page */

extern const char bpf_go_events_core[], bpf_go_events_core_end[];

static const struct object_variant go_events_variants[] = {
	{"core", bpf_go_events_core, bpf_go_events_core_end},
};

/* Programs by enum go_probe_kind. */
static const char *const go_events_programs[GO_PROBE_CNT] = {
	[GO_PROBE_PARK] = "dwell_go_park",
	[GO_PROBE_READY] = "dwell_go_ready",
	[GO_PROBE_RUN] = "dwell_go_run",
};

struct go_events {
	const struct os_go *process;
	struct go_events_opts opts;
	struct go_events_config cfg;
	struct go_probes probes;
	struct object object;
	struct object_kernel kernel;
	struct ring_buffer *ring;
	struct go_wait_stacks stacks;
	/* The consumer, during a poll. */
	go_wait_fn fn;
	void *arg;
	uint64_t delivered, open, unkept;
};

struct go_stack_view go_events__stack(const struct go_events *e, uint32_t number)
{
	return go_wait_stacks__get(&e->stacks, number);
}

/* ---- records ---- */

static int go_events_hand_over(struct go_events *e, const struct go_event_wait *rec)
{
	const struct go_wait wait = {
		.goid = rec->goid,
		.gopc = rec->gopc,
		.startpc = rec->startpc,
		.reason = (uint8_t)rec->reason,
		.stack = go_wait_stacks__find(&e->stacks, rec->stack),
		.park_ns = rec->park_ns,
		.ready_ns = rec->ready_ns,
		.run_ns = rec->run_ns,
	};

	if (rec->stack && wait.stack == GO_STACK_NONE)
		e->unkept++;
	return e->fn(e->arg, &wait);
}

static int go_events_take(void *ctx, void *data, size_t len)
{
	const struct go_event_stack *stack = data;
	const struct go_event_wait *wait = data;
	struct go_events *e = ctx;

	if (len >= sizeof(*wait) && wait->kind == GO_EVENT_WAIT) {
		e->delivered++;
		return go_events_hand_over(e, wait);
	}
	if (len < GO_EVENT_STACK_BYTES(1) || stack->kind != GO_EVENT_STACK || !stack->frame_cnt ||
	    stack->frame_cnt > GO_EVENTS_MAX_FRAMES || len < GO_EVENT_STACK_BYTES(stack->frame_cnt))
		return -EBADMSG;
	return go_wait_stacks__add(&e->stacks, &e->process->runtime.code, stack->id,
				   (const uint64_t *)stack->ips, stack->frame_cnt);
}

int go_events__poll(struct go_events *e, go_wait_fn fn, void *arg)
{
	int n;

	e->fn = fn;
	e->arg = arg;
	n = ring_buffer__consume(e->ring);
	return n < 0 ? n : 0;
}

/* ---- loading ---- */

static uint32_t go_events_power(uint32_t v, uint32_t min, uint32_t max)
{
	uint32_t power = min;

	while (power < v && power < max)
		power *= 2;
	return power;
}

static int go_events_configure(void *arg, struct bpf_object *obj)
{
	const struct go_events *e = arg;
	uint32_t rows = e->opts.goroutines ? e->opts.goroutines : GO_EVENTS_GOROUTINES;
	uint32_t bytes = e->opts.max_ring_bytes ? e->opts.max_ring_bytes : GO_EVENTS_RING_BYTES;
	struct bpf_map *waits = bpf_object__find_map_by_name(obj, "waits");
	struct bpf_map *ring = bpf_object__find_map_by_name(obj, "ring");
	int err;

	if (!waits || !ring)
		return -ENOENT;
	err = bpf_map__set_max_entries(waits,
				       rows < GO_EVENTS_MAX_ROWS ? rows : GO_EVENTS_MAX_ROWS);
	return err ? err
		   : bpf_map__set_max_entries(
			     ring, go_events_power(bytes, GO_EVENTS_MIN_BYTES, 1u << 30));
}

static int go_events_try(void *arg, size_t which)
{
	struct go_events *e = arg;
	const struct object_setup setup = {
		.kernel = &e->kernel,
		.config = &e->cfg,
		.config_bytes = sizeof(e->cfg),
		.possible_cpus = 1,
		.configure = go_events_configure,
		.arg = e,
	};

	return object__try(&e->object, &go_events_variants[which], &setup);
}

static int go_events_load(struct go_events *e)
{
	int err = object_try_variants(go_events_variants, ARRAY_SIZE(go_events_variants),
				      go_events_try, e);

	if (!err)
		err = object__map_control(&e->object);
	if (err)
		return object_explain(err);
	e->ring = ring_buffer__new(object__map_fd(&e->object, "ring"), go_events_take, e, NULL);
	return e->ring ? 0 : -errno;
}

static int go_events_prepare(struct go_events *e)
{
	const struct go_runtime *r = &e->process->runtime;
	const struct os_process *process = &e->process->process;
	char text[512];
	int err = go_probes__find(&e->probes, &r->code, r->minor);

	e->cfg = (struct go_events_config){
		.goid = r->layout.goid,
		.gopc = r->layout.gopc,
		.startpc = r->layout.startpc,
		.wait_reason = r->layout.wait_reason,
		.stack_hi = GO_G_STACK_HI,
		.sp = GO_G_SP,
		.pc = GO_G_PC,
		.bp = r->layout.bp,
		.max_frames = r->layout.bp ? e->opts.max_frames : 0,
		.first_hits = e->opts.hits_per_sec / 4 + 1,
		.hits_per_sec = e->opts.hits_per_sec,
	};
	if (!err)
		return 0;
	snprintf(text, sizeof(text), "%s", error_text(err));
	return error_set(err, "process %u (%s): %s", process->image.pid, process->comm, text);
}

struct go_events *go_events_open(const struct os_go *p, const struct go_events_opts *opts)
{
	struct go_events *e = calloc(1, sizeof(*e));
	int err;

	if (!e)
		return NULL;
	e->process = p;
	e->opts = *opts;
	err = go_events_prepare(e);
	if (!err)
		err = go_events_load(e);
	if (!err)
		return e;
	go_events__close(e);
	errno = -err;
	return NULL;
}

void go_events__close(struct go_events *e)
{
	if (!e)
		return;
	object__detach(&e->object);
	ring_buffer__free(e->ring);
	object__fini(&e->object);
	go_wait_stacks__fini(&e->stacks);
	free(e);
}

/* ---- running ---- */

static int go_events_refuse_attach(const struct go_events *e, const struct go_probe *probe, int err)
{
	uint32_t pid = e->process->process.image.pid;

	if (err == -EPERM || err == -EACCES)
		return error_set(err,
				 "process %u: probes in its code need root, or the capabilities "
				 "CAP_SYS_ADMIN, "
				 "CAP_BPF and CAP_PERFMON: run it with sudo",
				 pid);
	if (err == -ESRCH)
		return error_set(err, "process %u has ended", pid);
	return error_set(err,
			 "process %u: the kernel refused a probe in %s: %s; look without "
			 "--go-events",
			 pid, probe->function, strerror(-err));
}

/* By the open file, so that it is the right one also in a container, and when another one has its name by now. */
static int go_events_attach(struct go_events *e, enum go_probe_kind kind)
{
	const struct go_probe *probe = &e->probes.at[kind];
	struct bpf_program *prog =
		bpf_object__find_program_by_name(e->object.obj, go_events_programs[kind]);
	struct bpf_link *link;
	char path[64];

	if (!prog)
		return -ENOENT;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", e->process->fd);
	link = bpf_program__attach_uprobe(prog, false, (pid_t)e->process->process.image.pid, path,
					  probe->off);
	if (!link)
		return go_events_refuse_attach(e, probe, -errno);
	e->object.links[e->object.link_cnt++] = link;
	return 0;
}

int go_events__start(struct go_events *e, uint64_t *ret_ns)
{
	int err = 0;

	for (int i = 0; !err && i < GO_PROBE_CNT; i++)
		err = go_events_attach(e, (enum go_probe_kind)i);
	if (err)
		object__detach(&e->object);
	else
		*ret_ns = object__start(&e->object);
	return err;
}

static int go_events_sums(const struct go_events *e, struct go_events_sums *ret)
{
	uint32_t zero = 0;

	return bpf_map_lookup_elem(object__map_fd(&e->object, ".data.sums"), &zero, ret) ? -errno
											 : 0;
}

bool go_events__is_over(const struct go_events *e)
{
	struct go_events_sums sums;

	return !go_events_sums(e, &sums) && sums.over_ns;
}

/* Counts the waits that are not over, and hands them over if @hand_over. */
static int go_events_each_open(struct go_events *e, bool hand_over)
{
	int fd = object__map_fd(&e->object, "waits"), err = 0;
	struct go_event_wait wait;
	uint64_t key, *last = NULL;

	while (!err && !bpf_map_get_next_key(fd, last, &key)) {
		last = &key;
		if (bpf_map_lookup_elem(fd, &key, &wait))
			continue;
		e->open++;
		if (hand_over)
			err = go_events_hand_over(e, &wait);
	}
	return err;
}

int go_events__stop(struct go_events *e, go_wait_fn fn, void *arg, bool open, uint64_t *ret_ns)
{
	uint64_t end_ns = object__stop(&e->object);
	struct go_events_sums sums;
	int err;

	object__detach(&e->object);
	err = go_events_sums(e, &sums);
	if (!err)
		err = go_events__poll(e, fn, arg);
	if (!err)
		err = go_events_each_open(e, open);
	if (!err)
		*ret_ns = sums.over_ns ? sums.over_ns : end_ns;
	return err;
}

int go_events__ledger(const struct go_events *e, struct go_events_ledger *ret)
{
	struct go_events_sums sums;
	int err = go_events_sums(e, &sums);

	if (err)
		return err;
	*ret = (struct go_events_ledger){
		.observed = sums.parks,
		.delivered = e->delivered,
		.open = e->open,
		.ring_full = sums.ring_full,
		.map_full = sums.map_full,
		.unreadable = sums.unreadable,
		.mixed_up = sums.mixed_up,
		.stacks_lost = sums.stacks_lost,
		.stacks_unkept = e->unkept,
		.hits = sums.hits,
		.over_ns = sums.over_ns,
	};
	return 0;
}
