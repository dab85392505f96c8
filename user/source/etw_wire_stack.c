/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Stacks, and the modules and methods that they are in. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"
#include "model/module.h"
#include "model/profile.h"
#include "source/etw_wire_part.h"

#define WIRE_PATH_BYTES 1024

/* ---- modules ---- */

static int wire_tell_debug_file(struct etw_wire *t, const struct etw_module *m)
{
	const char *name = strtab__get(&t->facts->strings, m->debug_name);
	_cleanup_free_ struct wire_debug_file *rec = NULL;
	struct event e;

	if (!*name)
		return 0;
	rec = etw_wire_record(WIRE_DEBUG_FILE, sizeof(*rec), name, NULL);
	if (!rec)
		return -ENOMEM;
	rec->module = m->told;
	rec->name_len = (uint32_t)strlen(name);
	e.debug_file = rec;
	return t->fn(t->arg, &e);
}

/* The id of the module, which is told. @like has no header and no id; *@ret_id is set first. */
static int wire_tell_module_record(struct etw_wire *t, const struct wire_module *like,
				   const char *path, uint32_t *ret_id)
{
	_cleanup_free_ struct wire_module *rec =
		etw_wire_record(WIRE_MODULE, sizeof(*rec), path, NULL);
	struct event e = {.module = rec};
	struct module known = {.kind = like->kind,
			       .build_id_len = (uint8_t)like->build_id_len,
			       .dev = like->dev,
			       .inode = like->inode,
			       .path = (char *)(uintptr_t)path,
			       .fd = -1};
	struct module *found;
	struct wire_header h;
	bool added;

	if (!rec)
		return -ENOMEM;
	h = rec->h;
	*rec = *like;
	rec->h = h;
	rec->path_len = (uint32_t)strlen(path);
	rec->id = ++t->module_cnt;
	if (t->modules) {
		memcpy(known.build_id, like->build_id, sizeof(known.build_id));
		found = module_table__intern(t->modules, &known, &added);
		if (!found)
			return -errno;
		rec->id = found->id;
	}
	*ret_id = rec->id;
	return t->fn(t->arg, &e);
}

static int wire_tell_module(struct etw_wire *t, uint32_t module)
{
	struct etw_module *m = &t->facts->modules[module];
	struct wire_module rec = {.kind = m->kernel ? WIRE_MODULE_DRIVER : WIRE_MODULE_PE,
				  .build_id_len = m->id_len};
	char path[WIRE_PATH_BYTES];
	int err;

	if (m->told)
		return 0;
	/* Those of one path and without an id would else be taken for one. */
	rec.inode = module + 1;
	memcpy(rec.build_id, m->id, sizeof(m->id));
	err = wire_tell_module_record(
		t, &rec, etw_facts__path(t->facts, m->path, path, sizeof(path)), &m->told);
	return err ? err : wire_tell_debug_file(t, m);
}

/* What is in no driver is in this one. */
static int wire_tell_kernel(struct etw_wire *t)
{
	struct wire_module rec = {.kind = WIRE_MODULE_KERNEL};

	if (t->kernel)
		return 0;
	return wire_tell_module_record(t, &rec, "[kernel]", &t->kernel);
}

static int wire_tell_mapping(struct etw_wire *t, const struct wire_image *image, uint64_t start,
			     uint64_t end, uint64_t file_off, uint32_t module)
{
	struct wire_mapping rec = {
		.h = {.kind = WIRE_MAPPING, .size = sizeof(rec)},
		.image = *image,
		.start = start,
		.end = end,
		.file_off = file_off,
		.module = module,
	};
	struct event e = {.mapping = &rec};

	return t->fn(t->arg, &e);
}

/* The memory in which a process's runtimes make code. */
static int wire_tell_memory(struct etw_wire *t, const struct wire_image *image, uint32_t process)
{
	struct etw_process *p = &t->facts->processes[process];
	struct wire_module rec;
	struct module like;
	int err;

	if (p->told_memory)
		return 0;
	module__set_image(&like, image);
	rec = (struct wire_module){.kind = like.kind, .dev = like.dev, .inode = like.inode};
	err = wire_tell_module_record(t, &rec, like.path, &p->told_memory);
	return err ? err
		   : wire_tell_mapping(t, image, ETW_METHODS_FROM, ETW_METHODS_TO, ETW_METHODS_FROM,
				       p->told_memory);
}

/* ---- places ---- */

/*
 * All addresses of these stacks are those of returns, so what is in a place is behind its first instruction, and may be right
 * behind its last: its symbol is that much further on.
 */
static int wire_tell_method(struct etw_wire *t, const struct etw_place *p, uint32_t module)
{
	const char *name = strtab__get(&t->facts->strings, p->name);
	_cleanup_free_ struct wire_symbol *rec =
		etw_wire_record(WIRE_SYMBOL, sizeof(*rec), name, NULL);
	struct event e = {.symbol = rec};

	if (!rec)
		return -ENOMEM;
	rec->module = module;
	rec->name_len = (uint16_t)strlen(name);
	rec->kind = FRAME_KIND_JIT;
	rec->start = p->shown + 1;
	rec->size = p->end - p->start;
	return t->fn(t->arg, &e);
}

/* Of a place that a stack goes through: its module, and where that is. */
static int wire_tell_place(struct etw_wire *t, struct etw_place *p, uint32_t process)
{
	struct wire_image image = {0};
	int err;

	if (p->told)
		return 0;
	p->told = true;
	if (process != ETW_NONE)
		image = etw_wire_image(t, process);
	if (p->module == ETW_NONE) {
		err = wire_tell_memory(t, &image, process);
		return err ? err : wire_tell_method(t, p, t->facts->processes[process].told_memory);
	}
	err = wire_tell_module(t, p->module);
	/* One more: a call may be its last instruction. */
	return err ? err
		   : wire_tell_mapping(t, &image, p->shown, p->shown + (p->end - p->start) + 1, 0,
				       t->facts->modules[p->module].told);
}

/* ---- stacks ---- */

static bool wire_part_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct etw_wire_part *a = &((const struct etw_wire *)owner)->parts[pos], *b = key;

	return a->part == b->part && a->process == b->process && a->place_cnt == b->place_cnt;
}

static bool wire_id_eq(const void *owner, uint32_t pos, const void *key)
{
	return ((const struct etw_wire *)owner)->ids[pos] == *(const uint64_t *)key;
}

/* 1: it is new; 0: it was told; -ENOMEM, -E2BIG. */
static int wire_note_id(struct etw_wire *t, uint64_t id)
{
	int err;

	if (hash_index__find(&t->by_id, id, wire_id_eq, t, &id) != HASH_INDEX_NONE)
		return 0;
	err = array__grow((void **)&t->ids, &t->id_cap, t->id_cnt + 1, sizeof(id), ETW_MAX_STACKS);
	if (!err)
		err = hash_index__add(&t->by_id, id, (uint32_t)t->id_cnt);
	if (err)
		return err;
	t->ids[t->id_cnt++] = id;
	return 1;
}

/* Where @addr is shown; what is in no code that is known: at 0, of the kernel where it is. */
static int wire_addr(struct etw_wire *t, struct etw_space *space, uint32_t process, uint64_t addr,
		     uint64_t time_ns, __u64 *ret_shown)
{
	/* An address of a return, so before it is what called. */
	struct etw_place *p = etw_space__find(space, addr - 1, time_ns);

	if (!p)
		p = etw_space__find(space, addr, time_ns);
	if (p) {
		*ret_shown = p->shown + (addr - p->start);
		return wire_tell_place(t, p, process);
	}
	*ret_shown = process == ETW_NONE ? addr : 0;
	return process == ETW_NONE ? wire_tell_kernel(t) : 0;
}

static int wire_tell_stack(struct etw_wire *t, struct wire_stack *rec, __u64 *ret_id)
{
	struct event e = {.stack = rec};
	uint64_t id = hash_bytes(rec->ips, rec->frame_cnt * sizeof(*rec->ips));
	int fresh;

	id = hash_mix(hash_mix(id, rec->image.pid), rec->image.start_ns);
	id = hash_mix(id, rec->kind);
	*ret_id = rec->id = id ? id : 1;
	fresh = wire_note_id(t, rec->id);
	return fresh > 0 ? t->fn(t->arg, &e) : fresh;
}

static int wire_part(struct etw_wire *t, struct etw_space *space, const struct etw_wire_part *key,
		     uint64_t time_ns, __u64 *ret_id)
{
	union {
		struct wire_stack rec;
		uint64_t words[sizeof(struct wire_stack) / 8 + ETW_MAX_ADDRS_EACH];
	} u = {.rec = {.h = {.kind = WIRE_STACK},
		       .kind = key->process == ETW_NONE ? WIRE_STACK_KERNEL : WIRE_STACK_USER,
		       .flags = WIRE_STACK_EXACT}};
	uint32_t cnt;
	const uint64_t *addrs = etw_stacks__addrs(t->stacks, key->part, &cnt);
	int err = 0;

	if (key->process != ETW_NONE)
		u.rec.image = etw_wire_image(t, key->process);
	for (uint32_t i = 0; !err && i < cnt; i++)
		err = wire_addr(t, space, key->process, addrs[i], time_ns, &u.rec.ips[i]);
	if (err)
		return err;
	u.rec.h.size = (uint32_t)(sizeof(u.rec) + cnt * sizeof(*addrs));
	u.rec.frame_cnt = (uint16_t)cnt;
	u.rec.time_ns = t->offset_ns;
	return wire_tell_stack(t, &u.rec, ret_id);
}

int etw_wire_stack(struct etw_wire *t, uint32_t part, uint32_t process, uint64_t time_ns,
		   __u64 *ret_id)
{
	struct etw_space *space =
		process == ETW_NONE ? &t->facts->kernel : &t->facts->processes[process].space;
	struct etw_wire_part told = {.part = part,
				     .process = process,
				     .place_cnt = space->cnt,
				     .change_cnt = etw_space__changes(space, time_ns)};
	uint64_t hash = hash_mix(hash_mix(hash_u64(part), process), space->cnt);
	uint32_t at;
	int err;

	*ret_id = 0;
	if (!part)
		return 0;
	at = hash_index__find(&t->by_part, hash, wire_part_eq, t, &told);
	if (at != HASH_INDEX_NONE && t->parts[at].change_cnt == told.change_cnt) {
		*ret_id = t->parts[at].id;
		return 0;
	}
	err = wire_part(t, space, &told, time_ns, &told.id);
	*ret_id = told.id;
	if (err)
		return err;
	/* Time goes on: what was before the change is hardly asked for again. */
	if (at != HASH_INDEX_NONE) {
		t->parts[at] = told;
		return 0;
	}
	err = array__grow((void **)&t->parts, &t->part_cap, t->part_cnt + 1, sizeof(*t->parts),
			  ETW_MAX_STACKS);
	if (!err)
		err = hash_index__add(&t->by_part, hash, (uint32_t)t->part_cnt);
	if (!err)
		t->parts[t->part_cnt++] = told;
	return err;
}

int etw_wire_routine(struct etw_wire *t, uint64_t addr, uint64_t time_ns, __u64 *ret_id)
{
	union {
		struct wire_stack rec;
		uint64_t words[sizeof(struct wire_stack) / 8 + 1];
	} u = {.rec = {.h = {.kind = WIRE_STACK, .size = sizeof(u)},
		       .kind = WIRE_STACK_KERNEL,
		       .flags = WIRE_STACK_EXACT,
		       .frame_cnt = 1,
		       .time_ns = t->offset_ns}};
	/* As if it had called from its beginning: see wire_tell_method(). */
	int err = wire_addr(t, &t->facts->kernel, ETW_NONE, addr + 1, time_ns, &u.rec.ips[0]);

	return err ? err : wire_tell_stack(t, &u.rec, ret_id);
}
