/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/live_events.h"

#include <errno.h>
#include <string.h>

#include "base/os_clock.h"
#include "source/os_maps.h"

int live_events_window(uint32_t edge, uint64_t monotonic_ns, event_fn fn, void *arg)
{
	struct wire_window rec = {
		.h = {.kind = WIRE_WINDOW, .size = sizeof(rec)},
		.monotonic_ns = monotonic_ns,
		.edge = edge,
	};
	struct event e = {.window = &rec};

	os_clock_offsets(monotonic_ns, &rec.boottime_ns, &rec.realtime_ns);
	return fn(arg, &e);
}

int live_events_kernel(struct module_table *modules, event_fn fn, void *arg, uint32_t *ret_id)
{
	struct module like = {.kind = WIRE_MODULE_KERNEL, .path = (char *)"[kernel]", .fd = -1};
	struct module *kernel;
	bool added;

	kernel = module_table__intern(modules, &like, &added);
	if (!kernel)
		return -errno;
	if (ret_id)
		*ret_id = kernel->id;
	return os_maps_announce(kernel, fn, arg);
}

int live_events_round(const uint64_t counters[WIRE_COUNTER_CNT], uint64_t time_ns, event_fn fn,
		      void *arg)
{
	union {
		struct wire_counters rec;
		uint64_t words[sizeof(struct wire_counters) / 8 + WIRE_COUNTER_CNT];
	} u = {.rec = {.h = {.kind = WIRE_COUNTERS, .size = sizeof(u)}, .cnt = WIRE_COUNTER_CNT}};
	struct wire_round round = {
		.h = {.kind = WIRE_ROUND, .size = sizeof(round)},
		.time_ns = time_ns,
	};
	struct event e = {.counters = &u.rec};
	int err;

	memcpy(u.rec.values, counters, WIRE_COUNTER_CNT * sizeof(*counters));
	err = fn(arg, &e);
	e.round = &round;
	return err ? err : fn(arg, &e);
}
