/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_python.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/log.h"
#include "format/python_code.h"
#include "format/python_stack.h"
#include "model/profile.h"
#include "source/os_maps.h"
#include "source/os_python.h"
#include "source/os_threads.h"
#include "source/python_places.h"

#define PYTHONS_MAX_IMAGES (1u << 20)

/* A process with CPython. */
struct pythons_image {
	struct wire_image key;
	struct python_layout layout;
	uint64_t bias; /* was added to the layout's addresses */
	bool gone;     /* in pythons__forget() */
};

/* What is known of a module. */
struct pythons_module {
	bool asked;
	struct python_layout *layout; /* NULL: no CPython, or none that is known here */
};

struct pythons {
	struct probes *probes;
	int map_fd;
	struct module_table *modules;
	const struct image_table *images;
	struct pythons_module *known; /* by module id - 1 */
	size_t known_cnt, known_cap;
	struct pythons_image *items; /* also of processes that are gone */
	size_t cnt, cap;
	struct hash_index index;
	struct python_places places;
	uint32_t module;     /* id of the one for Python's functions; 0: not needed so far */
	uint32_t lost_place; /* of what could not be read */
	uint64_t lost_cnt, mismatch_cnt, unsupported_cnt;
};

struct pythons *pythons__new(struct probes *probes, struct module_table *modules,
			     const struct image_table *images)
{
	struct pythons *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->probes = probes;
	p->map_fd = probes ? probes__map_fd(probes, PROBES_MAP_PYTHONS) : -1;
	p->modules = modules;
	p->images = images;
	hash_index__init(&p->index);
	if (python_places__init(&p->places)) {
		pythons__free(p);
		errno = ENOMEM;
		return NULL;
	}
	return p;
}

void pythons__free(struct pythons *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->known_cnt; i++)
		free(p->known[i].layout);
	free(p->known);
	free(p->items);
	hash_index__fini(&p->index);
	python_places__fini(&p->places);
	free(p);
}

void pythons__count(const struct pythons *p, __u64 values[WIRE_COUNTER_CNT])
{
	values[WIRE_C_PYTHON_LOST] += p->lost_cnt;
	values[WIRE_C_PYTHON_MISMATCH] += p->mismatch_cnt;
	values[WIRE_C_PYTHON_UNSUPPORTED] += p->unsupported_cnt;
}

/* ---- modules ---- */

/* Reads what @m is. 0 or -ENOMEM. */
static int pythons_read_module(struct pythons *p, const struct module *m, struct pythons_module *k)
{
	struct python_layout l;
	struct elf e = {0};
	int err = m->fd >= 0 && python_is_name(module__name(m)) ? elf__open(&e, m->fd) : -ENOENT;

	if (!err)
		err = elf_python_layout(&e, &l);
	elf__close(&e);
	if (err == -ENOTSUP) {
		p->unsupported_cnt++;
		log_debug("%s: frames of %s can't be read", m->path, error_text(err));
	}
	k->asked = true;
	if (err)
		return err == -ENOMEM ? err : 0;
	k->layout = malloc(sizeof(l));
	if (!k->layout)
		return -ENOMEM;
	*k->layout = l;
	return 0;
}

static int pythons_get_module(struct pythons *p, uint32_t id, const struct python_layout **ret)
{
	const struct module *m = module_table__find(p->modules, id);
	int err;

	*ret = NULL;
	if (!m)
		return 0;
	err = array__grow((void **)&p->known, &p->known_cap, id, sizeof(*p->known), MODULE_MAX_CNT);
	if (err)
		return err;
	while (p->known_cnt < id)
		p->known[p->known_cnt++] = (struct pythons_module){0};
	if (!p->known[id - 1].asked)
		err = pythons_read_module(p, m, &p->known[id - 1]);
	*ret = p->known[id - 1].layout;
	return err;
}

/* ---- processes ---- */

static bool pythons_eq(const void *owner, uint32_t pos, const void *key)
{
	return !memcmp(&((const struct pythons *)owner)->items[pos].key, key,
		       sizeof(struct wire_image));
}

static struct pythons_image *pythons_find(const struct pythons *p, const struct wire_image *image)
{
	uint32_t pos = hash_index__find(&p->index, hash_bytes(image, sizeof(*image)), pythons_eq, p,
					image);

	return pos == HASH_INDEX_NONE ? NULL : &p->items[pos];
}

static int pythons_add(struct pythons *p, const struct pythons_image *item)
{
	int err = array__grow((void **)&p->items, &p->cap, p->cnt + 1, sizeof(*p->items),
			      PYTHONS_MAX_IMAGES);

	if (!err)
		err = hash_index__add(&p->index, hash_bytes(&item->key, sizeof(item->key)),
				      (uint32_t)p->cnt);
	if (!err)
		p->items[p->cnt++] = *item;
	return err == -E2BIG ? 0 : err;
}

/* Without room there the process is shown without Python's frames, but for those that slept at the start. */
static void pythons_tell(struct pythons *p, const struct pythons_image *item, uint64_t flags)
{
	struct python_process process = item->layout.process;

	process.interpreters += item->bias;
	if (p->map_fd >= 0 && !bpf_map_update_elem(p->map_fd, &item->key, &process, flags))
		probes__pythons_changed(p->probes);
}

static int pythons_learn_mapping(struct pythons *p, const struct wire_mapping *m)
{
	struct pythons_image item = {.key = m->image};
	const struct python_layout *l;
	int err;

	if (m->start == m->end || pythons_find(p, &m->image))
		return 0;
	err = pythons_get_module(p, m->module, &l);
	if (err || !l || m->file_off - l->text_off >= l->text_bytes)
		return err;
	item.layout = *l;
	item.bias = m->start - m->file_off + l->text_off - l->text_vaddr;
	err = pythons_add(p, &item);
	if (!err)
		pythons_tell(p, &item, BPF_ANY);
	return err;
}

/* The kernel side has entered the child itself, unless it learned too late of the parent. */
static int pythons_learn_fork(struct pythons *p, const struct wire_fork *f)
{
	const struct pythons_image *parent = pythons_find(p, &f->parent);
	struct pythons_image item;
	int err;

	if (!parent || pythons_find(p, &f->child))
		return 0;
	item = *parent;
	item.key = f->child;
	err = pythons_add(p, &item);
	if (!err)
		pythons_tell(p, &item, BPF_NOEXIST);
	return err;
}

static void pythons_drop(struct pythons *p, const struct wire_image *image)
{
	if (p->map_fd >= 0 && pythons_find(p, image))
		bpf_map_delete_elem(p->map_fd, image);
}

int pythons__learn(struct pythons *p, const struct event *e)
{
	struct wire_image before;

	switch (e->h->kind) {
	case WIRE_MAPPING:
		return pythons_learn_mapping(p, e->mapping);
	case WIRE_FORK:
		return pythons_learn_fork(p, e->fork);
	case WIRE_EXEC:
		before = e->exec->image;
		before.exec_id--;
		pythons_drop(p, &before);
		return 0;
	case WIRE_SUMMARY:
		if (e->summary->flags & WIRE_THREAD_GROUP_DEAD)
			pythons_drop(p, &e->summary->image);
		return 0;
	default:
		return 0;
	}
}

static void pythons_forget_modules(struct pythons *p)
{
	for (size_t i = 0; i < p->known_cnt; i++) {
		if (module_table__find(p->modules, (uint32_t)i + 1))
			continue;
		free(p->known[i].layout);
		p->known[i] = (struct pythons_module){0};
	}
}

/* One that has not waited so far may be in no table, and live. */
static bool pythons_is_gone(const struct pythons *p, const struct wire_image *image)
{
	return !image_table__find(p->images, image) && !os_maps_same_process(image);
}

int pythons__forget(struct pythons *p)
{
	struct hash_index index;
	size_t kept = 0;
	int err = 0;

	/* They know processes by position. */
	python_places__forget_codes(&p->places);
	hash_index__init(&index);
	for (size_t i = 0; !err && i < p->cnt; i++) {
		struct pythons_image *item = &p->items[i];

		item->gone = pythons_is_gone(p, &item->key);
		if (!item->gone)
			err = hash_index__add(&index, hash_bytes(&item->key, sizeof(item->key)),
					      (uint32_t)kept++);
	}
	if (err) {
		hash_index__fini(&index);
		return err;
	}
	hash_index__fini(&p->index);
	p->index = index;
	kept = 0;
	for (size_t i = 0; i < p->cnt; i++)
		if (!p->items[i].gone)
			p->items[kept++] = p->items[i];
	p->cnt = kept;
	array__shrink((void **)&p->items, &p->cap, p->cnt, sizeof(*p->items));
	pythons_forget_modules(p);
	return 0;
}

bool pythons__walk(struct pythons *p, const struct wire_image *image, uint32_t tid, uint32_t max,
		   struct python_frames *ret)
{
	const struct pythons_image *item = pythons_find(p, image);
	struct python_process process;

	if (!item)
		return false;
	process = item->layout.process;
	process.interpreters += item->bias;
	return os_python_walk(image->pid, os_thread_own_tid(image->pid, tid), &process,
			      max < PYTHON_MAX_FRAMES ? max : PYTHON_MAX_FRAMES, ret);
}

/* ---- stacks ---- */

/* The delivery of one stack. */
struct pythons_delivery {
	struct pythons *p;
	const struct pythons_image *item;
	event_fn fn;
	void *arg;
};

static int pythons_announce(struct pythons *p, event_fn fn, void *arg)
{
	struct module like = {.kind = WIRE_MODULE_PYTHON, .path = (char *)"[python]", .fd = -1};
	struct module *m;
	bool added;
	int err;

	if (p->module)
		return 0;
	m = module_table__intern(p->modules, &like, &added);
	if (!m)
		return -errno;
	err = os_maps_announce(m, fn, arg);
	if (!err)
		err = python_places__get(&p->places, "[python]", "", 0, m->id, FRAME_KIND_MISSING,
					 fn, arg, &p->lost_place);
	p->module = m->id;
	return err;
}

/* Once the process has exec'd, its memory is another one. */
static bool pythons_readable(const struct pythons *p, const struct wire_image *image)
{
	struct wire_image next = *image;

	next.exec_id++;
	return !image_table__find(p->images, &next);
}

/*
 * A call of a class leaves a frame without code of its own below __init__ (_Py_InitCleanup, Python/specialize.c): the
 * only code object whose file is called as it is, and without lines.
 */
static bool pythons_is_internal(const struct python_place *place)
{
	return !place->line && !strcmp(buf__str(&place->name), buf__str(&place->file));
}

/* The place of a code object that was not seen before, 0: none to be shown. */
static int pythons_read_place(struct pythons_delivery *d, uint64_t word, uint32_t *ret)
{
	struct pythons *p = d->p;
	uint32_t pid = d->item->key.pid;
	struct python_memory memory = {os_python_read, &pid};
	struct python_place place = {0};
	int err = -EFAULT;

	if (PYTHON_CODE(word) && pythons_readable(p, &d->item->key))
		err = python_code_read(&d->item->layout, d->item->bias, &memory, PYTHON_CODE(word),
				       PYTHON_INSTR(word), &place);
	if (err) {
		*ret = p->lost_place;
		return err == -ENOMEM ? err : 0;
	}
	*ret = 0;
	if (!pythons_is_internal(&place))
		err = python_places__get(&p->places, buf__str(&place.name), buf__str(&place.file),
					 place.line, p->module, FRAME_KIND_PYTHON, d->fn, d->arg,
					 ret);
	python_place__fini(&place);
	/* A program may make functions without end: those beyond the tables are lost by name, not the run. */
	if (err == -E2BIG) {
		*ret = p->lost_place;
		err = 0;
	}
	return err;
}

/* What the frame @word is to be shown as, an ip; 0: nothing. */
static int pythons_place(struct pythons_delivery *d, uint64_t word, __u64 *ret_ip)
{
	struct pythons *p = d->p;
	uint32_t process = (uint32_t)(d->item - p->items), place;
	int err = 0;

	*ret_ip = 0;
	if (word == PYTHON_ENTRY)
		return 0;
	word &= ~PYTHON_ENTRY;
	place = python_places__find_code(&p->places, process, PYTHON_CODE(word),
					 PYTHON_INSTR(word));
	if (place == PYTHON_PLACE_UNKNOWN) {
		err = pythons_read_place(d, word, &place);
		if (!err)
			err = python_places__add_code(&p->places, process, PYTHON_CODE(word),
						      PYTHON_INSTR(word), place);
	}
	if (err)
		return err;
	if (place == p->lost_place)
		p->lost_cnt++;
	*ret_ip = place ? WIRE_IP_PYTHON | place : 0;
	return 0;
}

int pythons__deliver(struct pythons *p, const struct wire_stack *rec, event_fn fn, void *arg)
{
	union {
		struct wire_stack rec;
		uint64_t words[sizeof(struct wire_stack) / 8 + WIRE_MAX_FRAMES];
	} u = {.rec = *rec};
	struct pythons_delivery d = {p, pythons_find(p, &rec->image), fn, arg};
	uint32_t words = rec->flags >> WIRE_STACK_PYTHON_SHIFT & 0xff, cnt;
	const __u64 *of_python;
	__u64 created;
	__u64 places[UINT8_MAX];
	struct event e = {.stack = &u.rec};
	int err = pythons_announce(p, fn, arg);

	words = words < rec->frame_cnt ? words : rec->frame_cnt;
	cnt = rec->frame_cnt - words;
	/* Of a goroutine: the last one is no frame. */
	created = cnt && rec->flags & WIRE_STACK_CREATED ? rec->ips[--cnt] : 0;
	of_python = rec->ips + (rec->frame_cnt - words);
	for (uint32_t i = 0; !err && d.item && i < words; i++)
		err = pythons_place(&d, of_python[i], &places[i]);
	if (err)
		return err;
	if (d.item) {
		struct python_stack s = {
			.ips = rec->ips,
			.ip_cnt = cnt,
			.ips_cut = rec->flags & (0xffu << WIRE_STACK_END_SHIFT |
						 WIRE_STACK_TRUNCATED | WIRE_STACK_BY_FP),
			.words = of_python,
			.places = places,
			.word_cnt = words,
			.words_cut = rec->flags & WIRE_STACK_PYTHON_CUT,
		};

		for (int i = 0; i < PYTHON_LOOP_PARTS; i++) {
			s.loop[i].start = d.item->layout.loop[i].start + d.item->bias;
			s.loop[i].end = d.item->layout.loop[i].end + d.item->bias;
		}
		p->mismatch_cnt += !python_stack_merge(&s, u.rec.ips, &cnt);
	} else {
		memcpy(u.rec.ips, rec->ips, cnt * sizeof(*rec->ips));
	}
	if (created && cnt == WIRE_MAX_FRAMES)
		cnt--;
	if (created)
		u.rec.ips[cnt++] = created;
	u.rec.flags &= ~(0xffu << WIRE_STACK_PYTHON_SHIFT | WIRE_STACK_PYTHON_CUT);
	u.rec.frame_cnt = (uint16_t)cnt;
	u.rec.h.size = (uint32_t)(sizeof(u.rec) + cnt * sizeof(uint64_t));
	return fn(arg, &e);
}
