/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Events that every source of a live machine delivers in the same way. All return 0, -errno, or the error of @fn. */
#ifndef SOURCE_LIVE_EVENTS_H
#define SOURCE_LIVE_EVENTS_H

#include "model/event.h"
#include "model/module.h"

/* An edge of the window at @monotonic_ns: WIRE_WINDOW_START or _END. */
int live_events_window(uint32_t edge, uint64_t monotonic_ns, event_fn fn, void *arg);
/* The module that kernel stacks lie in; *@ret_id may be NULL. */
int live_events_kernel(struct module_table *modules, event_fn fn, void *arg, uint32_t *ret_id);
/* The counters, and behind them the end of a round at @time_ns. */
int live_events_round(const uint64_t counters[WIRE_COUNTER_CNT], uint64_t time_ns, event_fn fn,
		      void *arg);

#endif
