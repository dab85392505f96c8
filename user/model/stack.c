/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "model/stack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void stack_table__init(struct stack_table *t)
{
	memset(t, 0, sizeof(*t));
	hash_index__init(&t->index);
}

void stack_table__fini(struct stack_table *t)
{
	for (size_t i = 0; i < t->cnt; i++)
		free(t->items[i].ips);
	free(t->items);
	hash_index__fini(&t->index);
	memset(t, 0, sizeof(*t));
}

static bool stack_eq(const void *owner, uint32_t pos, const void *key)
{
	return ((const struct stack_table *)owner)->items[pos].id == *(const uint64_t *)key;
}

const struct stack *stack_table__find(const struct stack_table *t, uint64_t id)
{
	uint32_t pos = hash_index__find(&t->index, hash_u64(id), stack_eq, t, &id);

	return pos == HASH_INDEX_NONE ? NULL : &t->items[pos];
}

const char *frame_special_name(uint64_t which)
{
	switch (which) {
	case FRAME_EXITED:
		return "[exited]";
	case FRAME_TRUNCATED:
		return "[truncated]";
#define X(id, name, frame, help)          \
	case FRAME_ENDED + WIRE_END_##id: \
		return frame;
		WIRE_STACK_ENDS_LIST(X)
#undef X
	default:
		return "[unknown]";
	}
}

/* Older recordings, and the kernel's walks, tell of the limit in a flag of its own. */
static uint8_t stack_end(uint32_t flags)
{
	uint32_t end = flags >> WIRE_STACK_END_SHIFT & 0xff;

	return flags & WIRE_STACK_TRUNCATED ? WIRE_END_DEPTH_LIMIT
	       : end < WIRE_END_CNT	    ? (uint8_t)end
					    : WIRE_END_OUTERMOST;
}

static int stack_table_add(struct stack_table *t, const struct wire_stack *def, uint64_t *ips)
{
	int err;

	err = array__grow((void **)&t->items, &t->cap, t->cnt + 1, sizeof(*t->items),
			  STACK_MAX_CNT);
	if (!err)
		err = hash_index__add(&t->index, hash_u64(def->id), (uint32_t)t->cnt);
	if (err)
		return err;
	t->items[t->cnt++] = (struct stack){
		.id = def->id,
		.image = def->image,
		.time_ns = def->time_ns,
		.kind = def->kind,
		.frame_cnt = def->frame_cnt,
		.end = stack_end(def->flags),
		.exact = (def->flags & WIRE_STACK_EXACT) != 0,
		.go = def->flags >> WIRE_STACK_GO_SHIFT & WIRE_STACK_GO_MASK,
		.created = (def->flags & WIRE_STACK_CREATED) != 0,
		.used = t->generation,
		.ips = ips,
	};
	return 0;
}

int stack_table__define(struct stack_table *t, const struct wire_stack *def)
{
	size_t bytes = def->frame_cnt * sizeof(def->ips[0]);
	uint64_t *ips;
	int err;

	stack_table__use(t, def->id);
	/* Id 0 says "no stack" wherever a stack is referred to. */
	if (!def->id || stack_table__find(t, def->id))
		return 0;
	ips = malloc(bytes + !bytes);
	if (!ips)
		return -ENOMEM;
	memcpy(ips, def->ips, bytes);
	err = stack_table_add(t, def, ips);
	if (err)
		free(ips);
	return err;
}

void stack_table__use(struct stack_table *t, uint64_t id)
{
	uint32_t pos = hash_index__find(&t->index, hash_u64(id), stack_eq, t, &id);

	if (pos != HASH_INDEX_NONE)
		t->items[pos].used = t->generation;
}

/* An index of those that stay. 0 or -ENOMEM. */
static int stack_table_index_used(const struct stack_table *t, struct hash_index *ret)
{
	struct hash_index index;
	uint32_t kept = 0;
	int err = 0;

	hash_index__init(&index);
	for (size_t i = 0; !err && i < t->cnt; i++)
		if (t->items[i].used == t->generation)
			err = hash_index__add(&index, hash_u64(t->items[i].id), kept++);
	if (err)
		hash_index__fini(&index);
	else
		*ret = index;
	return err;
}

int stack_table__sweep(struct stack_table *t)
{
	size_t kept = 0;
	struct hash_index index;
	int err = stack_table_index_used(t, &index);

	if (err)
		return err;
	hash_index__fini(&t->index);
	t->index = index;
	for (size_t i = 0; i < t->cnt; i++) {
		if (t->items[i].used == t->generation)
			t->items[kept++] = t->items[i];
		else
			free(t->items[i].ips);
	}
	t->cnt = kept;
	t->first_pending = 0;
	while (t->first_pending < t->cnt && t->items[t->first_pending].resolved)
		t->first_pending++;
	array__shrink((void **)&t->items, &t->cap, t->cnt, sizeof(*t->items));
	return 0;
}

/* The state of one call of stack_table__resolve(). */
struct stack_resolver {
	struct image_table *images;
	uint32_t python_module;
	uint32_t kernel_module;
	const struct image *kernel; /* its memory; NULL: it is one module */
	image_refresh_fn refresh;
	void *refresh_arg;
	struct wire_image *asked; /* images whose mappings were asked for */
	size_t asked_cnt, asked_cap;
	struct hash_index asked_index;
};

static bool stack_asked_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct wire_image *asked = owner;

	return !memcmp(&asked[pos], key, sizeof(asked[pos]));
}

/* Asks for the mappings of @image unless that was done in this call. 0 or -errno. */
static int stack_resolver_ask(struct stack_resolver *r, const struct wire_image *image)
{
	uint64_t hash = hash_bytes(image, sizeof(*image));
	int err;

	if (hash_index__find(&r->asked_index, hash, stack_asked_eq, r->asked, image) !=
	    HASH_INDEX_NONE)
		return 0;
	err = array__grow((void **)&r->asked, &r->asked_cap, r->asked_cnt + 1, sizeof(*r->asked),
			  STACK_MAX_CNT);
	if (!err)
		err = hash_index__add(&r->asked_index, hash, (uint32_t)r->asked_cnt);
	if (err)
		return err;
	r->asked[r->asked_cnt++] = *image;
	err = r->refresh(r->refresh_arg, image);
	return err < 0 ? err : 0;
}

static const struct mapping *stack_resolver_find(const struct stack_resolver *r,
						 const struct wire_image *image, uint64_t addr)
{
	const struct image *img = image_table__find(r->images, image);

	return img ? image_table__resolve(r->images, img, addr) : NULL;
}

static bool stack_is_python(const struct stack *s, uint16_t i)
{
	return s->kind == WIRE_STACK_USER && !s->exact && s->ips[i] & WIRE_IP_PYTHON;
}

/* Return addresses lie behind their call: 1 is subtracted from all but what is said to be an instruction. */
static uint64_t stack_lookup_addr(const struct stack *s, uint16_t i)
{
	uint64_t ip = s->ips[i];

	if (s->exact)
		return ip;
	if (s->kind == WIRE_STACK_KERNEL)
		return ip - 1;
	return (ip & ~WIRE_IP_EXACT) - !(i == 0 || ip & WIRE_IP_EXACT);
}

/* A forked process that makes code has names of its own, unlike files, which it shares with its parent. */
static bool stack_resolver_is_inherited(const struct stack_resolver *r,
					const struct wire_image *image, const struct mapping *m)
{
	const struct image *img = m->anon ? image_table__find(r->images, image) : NULL;

	return img && !img->read_once;
}

/* Gets the mappings of the stack's image if one of its addresses is in none, or in memory that is its parent's. */
static int stack_resolver_prepare(struct stack_resolver *r, const struct stack *s)
{
	if (s->kind != WIRE_STACK_USER || !r->refresh)
		return 0;
	for (uint16_t i = 0; i < s->frame_cnt; i++) {
		const struct mapping *m;

		if (stack_is_python(s, i))
			continue;
		m = stack_resolver_find(r, &s->image, stack_lookup_addr(s, i));
		if (!m || stack_resolver_is_inherited(r, &s->image, m))
			return stack_resolver_ask(r, &s->image);
	}
	return 0;
}

/* In no mapping: because nothing was ever known of the process, or because the address is wrong. */
static struct frame stack_resolver_missing(const struct stack_resolver *r,
					   const struct wire_image *image)
{
	const struct image *img = image_table__find(r->images, image);

	return (struct frame){0, img && img->mapping_cnt ? FRAME_UNKNOWN : FRAME_EXITED};
}

/* Appends a frame; a run of equal special frames says no more than one of them. */
static uint16_t stack_push(struct frame *frames, uint16_t cnt, struct frame f)
{
	if (cnt && !f.module && !frames[cnt - 1].module && frames[cnt - 1].offset == f.offset)
		return cnt;
	frames[cnt] = f;
	return cnt + 1;
}

static struct frame stack_resolver_frame(const struct stack_resolver *r, const struct stack *s,
					 uint16_t i)
{
	uint64_t addr = stack_lookup_addr(s, i);
	const struct mapping *m;

	if (s->kind == WIRE_STACK_KERNEL) {
		m = r->kernel ? image__find_mapping(r->kernel, addr) : NULL;
		return m ? (struct frame){m->module, addr - m->start + m->file_off}
			 : (struct frame){r->kernel_module, addr};
	}
	if (stack_is_python(s, i) && !r->python_module)
		return (struct frame){0, FRAME_UNKNOWN};
	if (stack_is_python(s, i))
		return (struct frame){r->python_module, s->ips[i] & ~WIRE_IP_PYTHON};
	m = stack_resolver_find(r, &s->image, addr);
	return m ? (struct frame){m->module, addr - m->start + m->file_off}
		 : stack_resolver_missing(r, &s->image);
}

static int stack_resolver_stack(struct stack_resolver *r, struct stack *s)
{
	struct frame *frames = malloc((s->frame_cnt + 1u) * sizeof(*frames));
	uint16_t cnt = 0;

	if (!frames)
		return -ENOMEM;
	for (uint16_t i = 0; i < s->frame_cnt; i++)
		cnt = stack_push(frames, cnt, stack_resolver_frame(r, s, i));
	if (s->created && cnt)
		s->creator = cnt;
	if (s->end == WIRE_END_DEPTH_LIMIT)
		cnt = stack_push(frames, cnt, (struct frame){0, FRAME_TRUNCATED});
	else if (s->end)
		cnt = stack_push(frames, cnt, (struct frame){0, FRAME_ENDED + s->end});
	free(s->ips);
	s->frames = frames;
	s->frame_cnt = cnt;
	s->resolved = 1;
	return 0;
}

int stack_table__resolve(struct stack_table *t, struct image_table *images, uint32_t kernel_module,
			 uint64_t before_ns, image_refresh_fn refresh, void *refresh_arg)
{
	struct stack_resolver r = {
		.images = images,
		.python_module = t->python_module,
		.kernel_module = kernel_module,
		.refresh = refresh,
		.refresh_arg = refresh_arg,
	};
	const struct wire_image kernel_image = {0};
	int err = 0;

	hash_index__init(&r.asked_index);
	/*
	 * First all that is to be learned is learned, then all is resolved: so the result depends only on the
	 * events up to this round, and a recording gives the same.
	 */
	for (size_t i = t->first_pending; !err && i < t->cnt; i++)
		if (!t->items[i].resolved)
			err = stack_resolver_prepare(&r, &t->items[i]);
	r.kernel = image_table__find(images, &kernel_image);
	for (size_t i = t->first_pending; !err && i < t->cnt; i++)
		if (!t->items[i].resolved && t->items[i].time_ns < before_ns)
			err = stack_resolver_stack(&r, &t->items[i]);
	while (t->first_pending < t->cnt && t->items[t->first_pending].resolved)
		t->first_pending++;
	free(r.asked);
	hash_index__fini(&r.asked_index);
	return err;
}
