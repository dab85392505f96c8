/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Any bytes as a run of wire records: decoded ones must be usable by the models without a second look. */
#include <stdlib.h>
#include <string.h>

#include "analyze/offcpu.h"
#include "base/compiler.h"
#include "format/record.h"
#include "model/image.h"
#include "model/labels.h"
#include "model/ledger.h"
#include "model/stack.h"
#include "model/thread.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct models {
	struct stack_table stacks;
	struct image_table images;
	struct thread_table threads;
	struct label_table labels;
	struct ledger ledger;
	struct offcpu offcpu;
};

static void take_mapping(struct models *m, const struct wire_mapping *rec)
{
	struct image *img = image_table__get(&m->images, &rec->image);
	struct mapping map = {rec->start, rec->end, rec->file_off, rec->module, false, false};

	if (img && rec->flags & WIRE_MAPPING_RESET)
		image__reset_mappings(img);
	if (img)
		image__add_mapping(img, &map);
}

static void take(struct models *m, const struct event *e)
{
	switch (e->h->kind) {
	case WIRE_THREAD:
		thread_table__add(&m->threads, e->thread);
		break;
	case WIRE_SUMMARY:
		thread_table__add_summary(&m->threads, e->summary);
		break;
	case WIRE_STACK:
		stack_table__define(&m->stacks, e->stack);
		break;
	case WIRE_LABELS:
		label_table__add(&m->labels, e->labels);
		break;
	case WIRE_FORK:
		image_table__fork(&m->images, &e->fork->parent, &e->fork->child);
		break;
	case WIRE_MAPPING:
		take_mapping(m, e->mapping);
		break;
	case WIRE_COUNTERS:
		ledger__set_counters(&m->ledger, (const uint64_t *)e->counters->values,
				     e->counters->cnt);
		break;
	case WIRE_INTERVAL:
	case WIRE_SPILL:
		offcpu__add(&m->offcpu, e);
		break;
	case WIRE_ROUND:
		stack_table__resolve(&m->stacks, &m->images, 1, UINT64_MAX, NULL, NULL);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ uint8_t *copy = malloc(size + !size); /* aligned, and its end is watched */
	_cleanup_buf_ struct buf text;
	struct models m = {0};
	struct event e;

	offcpu__init(&m.offcpu);
	memcpy(copy, data, size);
	for (size_t off = 0; record_decode(copy + off, size - off, &e) >= 0; off += e.h->size)
		take(&m, &e);
	buf__init(&text, 1 << 16);
	ledger__print(&m.ledger, &text);
	stack_table__fini(&m.stacks);
	image_table__fini(&m.images);
	thread_table__fini(&m.threads);
	label_table__fini(&m.labels);
	offcpu__fini(&m.offcpu);
	return 0;
}
