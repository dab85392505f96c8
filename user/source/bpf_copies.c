/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_copies.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "format/go_threads.h"
#include "source/bpf_define.h"
#include "source/os_walk.h"

#define COPIES_MAX_CNT	   65536
#define COPIES_PATIENCE_NS 2000000000ull /* tables take milliseconds, unless there are hundreds */

void copies__init(struct copies *c, uint32_t max_frames)
{
	*c = (struct copies){.max_frames = max_frames};
}

void copies__fini(struct copies *c)
{
	for (size_t i = 0; i < c->cnt; i++)
		free(c->items[i].rec);
	free(c->items);
	*c = (struct copies){0};
}

/* 1: walked and defined; 0: not all is known that it takes, and @whatever is false. */
static int copies_walk_one(const struct copies *c, const struct wire_copy *rec,
			   struct unwinder *unwinder, bool whatever, event_fn fn, void *arg)
{
	uint32_t skip = (uint32_t)(rec->sp & 4095);
	struct os_walk o = {
		.regs = &rec->user,
		.copy = rec->bytes + skip,
		.copy_start = rec->sp,
		.copy_bytes = (uint32_t)(rec->h.size - sizeof(*rec)) - skip,
		.tables = unwinder__tables(unwinder),
		.incomplete = !whatever,
		.max_frames = c->max_frames,
	};
	const struct go_process *go = c->gos ? gos__find(c->gos, &rec->image) : NULL;
	__u64 ips[WIRE_MAX_FRAMES];
	struct go_stack stack;
	uint32_t n, flags = 0;
	int err;

	if (go) {
		go_any_stack(go, &stack);
		o.go = &stack;
	}
	o.mappings = unwinder__known_mappings(unwinder, &rec->image, &o.mapping_cnt);
	n = os_walk_user(&o, ips, &flags);
	if (flags >> WIRE_STACK_END_SHIFT == WIRE_END_PENDING) {
		if (!whatever)
			return 0;
		flags = WIRE_END_NO_ROWS << WIRE_STACK_END_SHIFT;
	}
	if (go)
		flags |= (uint32_t)go_process_class(go, ips, n, flags) << WIRE_STACK_GO_SHIFT;
	err = define_stack_as(rec->id, &rec->image, ips, n, flags, fn, arg);
	return err ? err : 1;
}

int copies__walk(struct copies *c, struct unwinder *unwinder, uint64_t now_ns, bool last,
		 event_fn fn, void *arg)
{
	size_t kept = 0;
	int err = 0;

	for (size_t i = 0; i < c->cnt; i++) {
		struct copy *copy = &c->items[i];
		uint64_t since_ns = copy->rec->time_ns;
		uint64_t age_ns = now_ns > since_ns ? now_ns - since_ns : 0;
		bool whatever = last || age_ns > COPIES_PATIENCE_NS || c->bytes > COPIES_MAX_BYTES;
		int ret = 0;

		if (!err && (whatever || now_ns >= copy->next_ns)) {
			ret = copies_walk_one(c, copy->rec, unwinder, whatever, fn, arg);
			/* The longer it took, the longer it may take: a dozen tries. */
			copy->next_ns = now_ns + age_ns;
		}
		if (ret <= 0) {
			err = err ? err : ret;
			c->items[kept++] = *copy;
			continue;
		}
		c->bytes -= copy->rec->h.size;
		free(copy->rec);
	}
	c->cnt = kept;
	return err;
}

int copies__add(struct copies *c, const struct wire_copy *rec, struct unwinder *unwinder,
		event_fn fn, void *arg)
{
	struct wire_copy *own;
	int err = 0;

	if (c->bytes > COPIES_MAX_BYTES || c->cnt == COPIES_MAX_CNT)
		err = copies__walk(c, unwinder, rec->time_ns, c->cnt == COPIES_MAX_CNT, fn, arg);
	if (!err)
		err = array__grow((void **)&c->items, &c->cap, c->cnt + 1, sizeof(*c->items),
				  COPIES_MAX_CNT);
	if (err)
		return err;
	own = malloc(rec->h.size);
	if (!own)
		return -ENOMEM;
	memcpy(own, rec, rec->h.size);
	c->items[c->cnt++] = (struct copy){.rec = own};
	c->bytes += rec->h.size;
	return 0;
}
