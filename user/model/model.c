/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "model/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/log.h"

#define MODEL_MAX_STRINGS (16u << 20)

int model__init(struct model *m)
{
	memset(m, 0, sizeof(*m));
	module_table__init(&m->modules);
	image_table__init(&m->images);
	stack_table__init(&m->stacks);
	thread_table__init(&m->threads);
	lock_table__init(&m->locks);
	wait_reason_table__init(&m->wait_reasons);
	label_table__init(&m->labels);
	return strtab__init(&m->strings, MODEL_MAX_STRINGS);
}

void model__fini(struct model *m)
{
	module_table__fini(&m->modules);
	image_table__fini(&m->images);
	stack_table__fini(&m->stacks);
	thread_table__fini(&m->threads);
	lock_table__fini(&m->locks);
	wait_reason_table__fini(&m->wait_reasons);
	label_table__fini(&m->labels);
	strtab__fini(&m->strings);
	free(m->notes);
	memset(m, 0, sizeof(*m));
}

/* The live source put the module into the table itself; a recording's comes from here. */
static int model_add_module(struct model *m, const struct wire_module *rec)
{
	struct module like = {
		.kind = rec->kind,
		.build_id_len = (uint8_t)rec->build_id_len,
		.dev = rec->dev,
		.inode = rec->inode,
		.path = (char *)rec->path,
		.fd = -1,
	};
	struct module *found;
	bool added;

	memcpy(like.build_id, rec->build_id, sizeof(like.build_id));
	found = module_table__intern(&m->modules, &like, &added);
	if (!found)
		return -errno;
	if (found->id != rec->id)
		return error_set(-EBADMSG, "module %u came out of order", rec->id);
	if (rec->kind == WIRE_MODULE_KERNEL)
		m->kernel_module = rec->id;
	if (rec->kind == WIRE_MODULE_PYTHON)
		m->stacks.python_module = rec->id;
	return 0;
}

/* One of a module that is not known tells nothing. */
static int model_add_debug_file(struct model *m, const struct wire_debug_file *rec)
{
	struct module *module = module_table__find(&m->modules, rec->module);

	return module && rec->name_len ? module__set_debug_name(module, rec->text) : 0;
}

static int model_add_mapping(struct model *m, const struct wire_mapping *rec)
{
	struct mapping mapping = {
		.start = rec->start,
		.end = rec->end,
		.file_off = rec->file_off,
		.module = rec->module,
		.writable = rec->flags & WIRE_MAPPING_WRITABLE,
	};
	const struct module *module = module_table__find(&m->modules, rec->module);
	struct image *img = image_table__get(&m->images, &rec->image);

	if (!img)
		return -errno;
	if (rec->flags & WIRE_MAPPING_RESET)
		image__reset_mappings(img);
	mapping.anon = module && module->kind == WIRE_MODULE_ANON;
	if (module && module__is_jitdump(module))
		img->has_jitdump = m->has_jitdump = true;
	return rec->start < rec->end ? image__add_mapping(img, &mapping) : 0;
}

static int model_add_note(struct model *m, const struct wire_meta *rec)
{
	struct model_note note;
	int err;

	err = array__grow((void **)&m->notes, &m->note_cap, m->note_cnt + 1, sizeof(*m->notes),
			  MODEL_MAX_NOTES);
	if (!err)
		err = strtab__intern(&m->strings, rec->text, &note.key);
	if (!err)
		err = strtab__intern(&m->strings, rec->text + rec->key_len + 1, &note.value);
	if (!err)
		m->notes[m->note_cnt++] = note;
	return err;
}

/* An interval that the window's end cut: what its thread waits in to this moment. */
static int model_add_open(struct model *m, const struct wire_interval *rec)
{
	struct thread *th;

	if (!(rec->wait.flags & WIRE_F_OPEN))
		return 0;
	th = thread_table__get(&m->threads, rec->thread.tid, rec->thread.start_ns);
	if (!th)
		return -errno;
	th->open = true;
	th->open_blocked_ns = rec->wake_ns - rec->out_ns;
	th->open_runnable_ns = rec->in_ns - rec->wake_ns;
	return 0;
}

/* After the window's end nothing comes any more that a stack could still need. */
static int model_resolve(struct model *m, const struct wire_round *round, image_refresh_fn refresh,
			 void *refresh_arg)
{
	uint64_t before_ns = m->end.monotonic_ns ? UINT64_MAX : round->time_ns;

	return stack_table__resolve(&m->stacks, &m->images, m->kernel_module, before_ns, refresh,
				    refresh_arg);
}

int model__apply(struct model *m, const struct event *e, image_refresh_fn refresh,
		 void *refresh_arg)
{
	switch (e->h->kind) {
	case WIRE_INTERVAL:
		return model_add_open(m, e->interval);
	case WIRE_THREAD:
		return thread_table__add(&m->threads, e->thread);
	case WIRE_STACK:
		return stack_table__define(&m->stacks, e->stack);
	case WIRE_EXEC:
		return image_table__get(&m->images, &e->exec->image) ? 0 : -errno;
	case WIRE_FORK:
		return image_table__fork(&m->images, &e->fork->parent, &e->fork->child);
	case WIRE_SUMMARY:
		return thread_table__add_summary(&m->threads, e->summary);
	case WIRE_COUNTERS:
		ledger__set_counters(&m->ledger, (const uint64_t *)e->counters->values,
				     e->counters->cnt);
		return 0;
	case WIRE_MODULE:
		return model_add_module(m, e->module);
	case WIRE_MAPPING:
		return model_add_mapping(m, e->mapping);
	case WIRE_LOCK:
		return lock_table__add(&m->locks, e->lock);
	case WIRE_WAIT_REASON:
		return wait_reason_table__add(&m->wait_reasons, e->wait_reason);
	case WIRE_LONG_NAME:
		return thread_table__add_long_name(&m->threads, e->long_name);
	case WIRE_DEBUG_FILE:
		return model_add_debug_file(m, e->debug_file);
	case WIRE_LABELS:
		return label_table__add(&m->labels, e->labels);
	case WIRE_META:
		return model_add_note(m, e->meta);
	case WIRE_WINDOW:
		*(e->window->edge == WIRE_WINDOW_START ? &m->start : &m->end) = *e->window;
		return 0;
	case WIRE_ROUND:
		return model_resolve(m, e->round, refresh, refresh_arg);
	default:
		return 0;
	}
}

const char *model__note(const struct model *m, const char *key)
{
	for (size_t i = 0; i < m->note_cnt; i++)
		if (!strcmp(strtab__get(&m->strings, m->notes[i].key), key))
			return strtab__get(&m->strings, m->notes[i].value);
	return "";
}

const char *model__process_name(const struct model *m, const struct thread_name *name)
{
	uint32_t pos = thread_table__find(&m->threads, name->image.pid, name->image.start_ns);
	const struct thread_name *first =
		pos == HASH_INDEX_NONE
			? NULL
			: thread__find_name(&m->threads.items[pos], THREAD_NEWEST_NAME);

	return thread_name__text(first ? first : name);
}

uint64_t model__date(const struct model *m, const struct wire_interval *iv)
{
	const struct thread_name *name;
	const struct image *img;
	uint32_t pos;

	if (!m->has_jitdump || !iv->user_stack)
		return 0;
	pos = thread_table__find(&m->threads, iv->thread.tid, iv->thread.start_ns);
	name = pos == HASH_INDEX_NONE
		       ? NULL
		       : thread__find_name(&m->threads.items[pos], iv->thread.comm_gen);
	img = name ? image_table__find(&m->images, &name->image) : NULL;
	return img && img->has_jitdump ? iv->out_ns : 0;
}

uint64_t model__window_ns(const struct model *m)
{
	return m->end.monotonic_ns > m->start.monotonic_ns
		       ? m->end.monotonic_ns - m->start.monotonic_ns
		       : 0;
}
