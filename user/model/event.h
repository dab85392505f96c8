/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Waist 1: what every source delivers and everything after it consumes.
 *
 * An event is a validated wire record (bpf/wire.h). A source that does not read wire records (ETW)
 * builds them. Only format/wire.c makes events out of bytes, so a consumer may trust sizes, counts and
 * string terminators; values are still whatever the record said.
 */
#ifndef MODEL_EVENT_H
#define MODEL_EVENT_H

#include "wire.h"

struct event {
	union { /* all the same address; which one is valid is said by h->kind */
		const struct wire_header *h;
		const struct wire_interval *interval;
		const struct wire_thread *thread;
		const struct wire_stack *stack;
		const struct wire_exec *exec;
		const struct wire_fork *fork;
		const struct wire_summary *summary;
		const struct wire_spill *spill;
		const struct wire_counters *counters;
		const struct wire_module *module;
		const struct wire_mapping *mapping;
		const struct wire_symbol *symbol;
		const struct wire_meta *meta;
		const struct wire_window *window;
		const struct wire_round *round;
	};
};

/*
 * Takes one event; the memory belongs to the caller and is gone after the return. 0 to go on, else an
 * error that ends the source's loop.
 */
typedef int (*event_fn)(void *arg, const struct event *e);

#endif
