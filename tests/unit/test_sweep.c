/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What runs without an end forget: sweeps of the model's tables, and windows with more rows than they may have. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "analyze/offcpu_rows.h"
#include "analyze/windows.h"
#include "base/compiler.h"
#include "fixtures/random.h"
#include "model/model.h"
#include "symbol/symbolizer.h"

#define ROUNDS 200

/* ---- stacks ---- */

static void define(struct stack_table *t, uint64_t id)
{
	union {
		struct wire_stack rec;
		uint64_t words[sizeof(struct wire_stack) / 8 + 2];
	} u = {.rec = {.id = id, .kind = WIRE_STACK_KERNEL, .frame_cnt = 2}};

	u.rec.ips[0] = id + 1;
	u.rec.ips[1] = 1000 + id;
	assert_int_equal(stack_table__define(t, &u.rec), 0);
}

static void resolve(struct stack_table *t)
{
	struct image_table none;

	image_table__init(&none);
	assert_int_equal(stack_table__resolve(t, &none, 7, UINT64_MAX, NULL, NULL), 0);
	image_table__fini(&none);
}

/* Against a plain list: random ones come, recur, are used and swept. */
static void test_stacks(void **state _unused_)
{
	bool known[500] = {0}, used[500] = {0};
	struct stack_table t;
	size_t cnt;

	stack_table__init(&t);
	for (int round = 0; round < ROUNDS; round++) {
		t.generation++;
		memset(used, 0, sizeof(used));
		for (int i = 0; i < 100; i++) {
			uint64_t id = 1 + random_u64() % (ARRAY_SIZE(known) - 1);

			if (random_u64() % 2) {
				define(&t, id);
				known[id] = used[id] = true;
			} else {
				stack_table__use(&t, id);
				used[id] = known[id];
			}
			if (i == 50)
				resolve(&t);
		}
		assert_int_equal(stack_table__sweep(&t), 0);
		resolve(&t);
		cnt = 0;
		for (uint64_t id = 1; id < ARRAY_SIZE(known); id++) {
			const struct stack *s = stack_table__find(&t, id);

			known[id] = used[id];
			cnt += known[id];
			assert_int_equal(s != NULL, known[id]);
			if (!s)
				continue;
			assert_true(s->resolved);
			assert_int_equal(s->frames[0].offset, id);
			assert_int_equal(s->frames[1].offset, 999 + id);
		}
		assert_int_equal(t.cnt, cnt);
	}
	stack_table__fini(&t);
}

/* ---- threads ---- */

static void add_thread(struct thread_table *t, uint32_t tid)
{
	struct wire_thread rec = {.key = {.tid = tid, .start_ns = tid + 1, .comm_gen = 1}};

	rec.comm[0] = (char)('a' + tid % 26);
	assert_int_equal(thread_table__add(t, &rec), 0);
}

static void end_thread(struct thread_table *t, uint32_t tid)
{
	struct wire_summary rec = {.key = {.tid = tid, .start_ns = tid + 1, .comm_gen = 1},
				   .flags = WIRE_THREAD_EXITED};

	assert_int_equal(thread_table__add_summary(t, &rec), 0);
}

/* Who lives stays, used or not; who has ended stays while it is used. */
static void test_threads(void **state _unused_)
{
	struct thread_table t;

	thread_table__init(&t);
	for (uint32_t tid = 1; tid <= 300; tid++)
		add_thread(&t, tid);
	for (uint32_t tid = 1; tid <= 300; tid += 3)
		end_thread(&t, tid);
	t.generation++;
	for (uint32_t tid = 1; tid <= 300; tid += 2)
		thread_table__use(&t, tid, tid + 1);
	thread_table__use(&t, 4711, 1);
	assert_int_equal(thread_table__sweep(&t), 0);
	for (uint32_t tid = 1; tid <= 300; tid++) {
		uint32_t pos = thread_table__find(&t, tid, tid + 1);
		bool stays = tid % 3 != 1 || tid % 2;

		assert_int_equal(pos != HASH_INDEX_NONE, stays);
		if (stays)
			assert_int_equal(t.items[pos].names[0].comm[0], 'a' + tid % 26);
	}
	assert_int_equal(t.cnt, 250);
	t.generation++;
	assert_int_equal(thread_table__sweep(&t), 0);
	assert_int_equal(t.cnt, 200);
	thread_table__fini(&t);
}

/* ---- images ---- */

static struct wire_image image_of(uint32_t pid)
{
	return (struct wire_image){.pid = pid, .exec_id = 1, .start_ns = pid};
}

static struct image *add_image(struct image_table *t, uint32_t pid, uint64_t start, uint32_t module)
{
	struct wire_image key = image_of(pid);
	struct mapping m = {.start = start, .end = start + 0x1000, .module = module};
	struct image *img = image_table__get(t, &key);

	assert_non_null(img);
	if (module)
		assert_int_equal(image__add_mapping(img, &m), 0);
	return img;
}

static void fork_image(struct image_table *t, uint32_t parent, uint32_t child)
{
	struct wire_image a = image_of(parent), b = image_of(child);

	assert_int_equal(image_table__fork(t, &a, &b), 0);
}

static void use_image(struct image_table *t, uint32_t pid)
{
	struct wire_image key = image_of(pid);

	image_table__use(t, &key);
}

static const struct image *find_image(const struct image_table *t, uint32_t pid)
{
	struct wire_image key = image_of(pid);

	return image_table__find(t, &key);
}

/* A child that has no mappings of its own needs its ancestors, which move; one that has doesn't. */
static void test_images_and_their_parents(void **state _unused_)
{
	const struct mapping *m;
	struct image_table t;

	image_table__init(&t);
	add_image(&t, 1, 0x1000, 0);
	add_image(&t, 2, 0x2000, 22);
	add_image(&t, 3, 0x3000, 33);
	fork_image(&t, 2, 4);
	fork_image(&t, 4, 5);
	fork_image(&t, 3, 6);
	add_image(&t, 6, 0x6000, 66);
	t.generation++;
	use_image(&t, 5);
	use_image(&t, 6);
	assert_int_equal(image_table__sweep(&t), 0);
	assert_int_equal(t.cnt, 4);
	assert_null(find_image(&t, 1));
	assert_null(find_image(&t, 3));
	m = image_table__resolve(&t, find_image(&t, 5), 0x2010);
	assert_non_null(m);
	assert_int_equal(m->module, 22);
	assert_int_equal(find_image(&t, 6)->parent, 0);
	assert_int_equal(image_table__resolve(&t, find_image(&t, 6), 0x6010)->module, 66);
	/* The child has read its own now: only it is needed. */
	add_image(&t, 5, 0x5000, 55);
	t.generation++;
	use_image(&t, 5);
	assert_int_equal(image_table__sweep(&t), 0);
	assert_int_equal(t.cnt, 1);
	assert_int_equal(image_table__resolve(&t, find_image(&t, 5), 0x5010)->module, 55);
	image_table__fini(&t);
}

/* ---- modules ---- */

static struct module *add_module(struct module_table *t, uint64_t inode, int fd, bool *ret_added)
{
	struct module like = {
		.kind = WIRE_MODULE_ELF, .inode = inode, .path = (char *)"/lib", .fd = fd};
	struct module *m = module_table__intern(t, &like, ret_added);

	assert_non_null(m);
	return m;
}

/* Files are closed, others keep their ids, and the ids of those that went are given again. */
static void test_modules(void **state _unused_)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct module_table t;
	struct module *m;
	bool added;

	module_table__init(&t);
	for (uint64_t i = 1; i <= 10; i++)
		assert_int_equal(add_module(&t, i, i == 4 ? fd : -1, &added)->id, i);
	t.generation++;
	for (uint32_t id = 1; id <= 10; id++)
		if (id != 4 && id != 7)
			module_table__use(&t, id);
	module_table__use(&t, 4711);
	assert_int_equal(module_table__sweep(&t), 0);
	assert_null(module_table__find(&t, 4));
	assert_null(module_table__find(&t, 7));
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	m = add_module(&t, 5, -1, &added);
	assert_false(added);
	assert_int_equal(m->id, 5);
	/* It comes back, and gets another id. */
	m = add_module(&t, 7, -1, &added);
	assert_true(added);
	assert_int_equal(m->id, 4);
	assert_int_equal(add_module(&t, 4, -1, &added)->id, 7);
	assert_int_equal(add_module(&t, 11, -1, &added)->id, 11);
	for (uint32_t id = 1; id <= 11; id++)
		assert_int_equal(module_table__find(&t, id)->id, id);
	module_table__fini(&t);
}

/* However long it runs: no more ids than there were modules at a time. */
static void test_module_ids_do_not_run_out(void **state _unused_)
{
	struct module_table t;
	uint64_t inode = 0;
	bool added;

	module_table__init(&t);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < 50; i++)
			add_module(&t, ++inode, -1, &added);
		t.generation++;
		assert_int_equal(module_table__sweep(&t), 0);
	}
	assert_int_equal(t.cnt, 50);
	module_table__fini(&t);
}

/* ---- locks ---- */

static void add_lock(struct lock_table *t, uint32_t pid, uint64_t addr)
{
	union {
		struct wire_lock rec;
		char bytes[sizeof(struct wire_lock) + 8];
	} u = {.rec = {.image = image_of(pid), .addr = addr}};

	assert_int_equal(lock_table__add(t, &u.rec), 0);
}

static void test_locks(void **state _unused_)
{
	struct wire_image one = image_of(1), two = image_of(2);
	struct image_table images;
	struct lock_table t;

	image_table__init(&images);
	lock_table__init(&t);
	assert_non_null(image_table__get(&images, &two));
	for (uint64_t addr = 1; addr <= 100; addr++)
		add_lock(&t, 1 + addr % 2, addr);
	assert_int_equal(lock_table__sweep(&t, &images), 0);
	assert_int_equal(t.cnt, 50);
	for (uint64_t addr = 1; addr <= 100; addr++) {
		assert_null(lock_table__find(&t, &one, addr));
		assert_int_equal(lock_table__find(&t, &two, addr) != NULL, addr % 2);
	}
	lock_table__fini(&t);
	image_table__fini(&images);
}

/* ---- windows with too many rows ---- */

static struct wire_interval wait_of(uint32_t tid, uint64_t user_stack, uint64_t kernel_stack,
				    uint64_t out_ns)
{
	return (struct wire_interval){
		.h = {.kind = WIRE_INTERVAL, .size = sizeof(struct wire_interval)},
		.thread = {.start_ns = 1, .tid = tid, .comm_gen = 1},
		.out_ns = out_ns,
		.wake_ns = out_ns + 5,
		.in_ns = out_ns + 7,
		.user_stack = user_stack,
		.kernel_stack = kernel_stack,
		.wait = {.state = 1, .syscall = 35},
	};
}

static void add_wait(struct offcpu *o, uint64_t number, uint64_t kernel_stack)
{
	struct wire_interval iv =
		wait_of(1 + (uint32_t)number % 50, 1 + number, kernel_stack, 10 * number);
	struct event e = {.interval = &iv};

	assert_int_equal(offcpu__add(o, &e), 0);
}

/* The profile: all time, and by one kernel stack what was merged, under its frame. */
static void check_profile(const struct offcpu *o, uint64_t wait_cnt, uint64_t merged_cnt)
{
	static const struct resolver *const no_resolvers[] = {NULL};
	struct symbolizer_opts opts = {.resolvers = no_resolvers};
	struct offcpu_view view = {0};
	uint64_t ns = 0, cnt = 0, merged = 0;
	struct symbolizer *symbols;
	struct profile *p;
	struct model m;

	assert_int_equal(model__init(&m), 0);
	opts.images = &m.images;
	symbols = symbolizer__new(&m.modules, &opts);
	assert_non_null(symbols);
	p = offcpu__profile(o, &m, symbols, &view);
	assert_non_null(p);
	for (size_t i = 0; i < p->sample_cnt; i++) {
		const struct profile_sample *s = &p->samples[i];
		uint32_t root = p->frame_ids[s->first_frame];

		ns += profile_sample__total_ns(s);
		cnt += s->cnt;
		if (!strcmp(profile__str(p, p->frames[root].name), "[merged: too many stacks]"))
			merged += s->cnt;
	}
	assert_int_equal(ns, 7 * wait_cnt);
	assert_int_equal(cnt, wait_cnt);
	assert_int_equal(merged, merged_cnt);
	profile__free(p);
	symbolizer__free(symbols);
	model__fini(&m);
}

static void test_rows_beyond_the_cap_are_merged(void **state _unused_)
{
	struct offcpu o;

	offcpu__init(&o);
	o.max_rows = 100;
	for (uint64_t i = 0; i < 1000; i++)
		add_wait(&o, i, 1 + i % 3);
	/* 100 of their own, and one for each of three kernel stacks. */
	assert_int_equal(o.cnt, 103);
	assert_int_equal(o.merged.cnt, 900);
	assert_int_equal(o.merged.ns, 900 * 7);
	assert_int_equal(o.delivered.ns, 1000 * 7);
	/* One that has a row is added to it. */
	add_wait(&o, 0, 1);
	assert_int_equal(o.merged.cnt, 900);
	assert_int_equal(o.rows[0].cnt, 2);
	check_profile(&o, 1001, 900);
	offcpu__fini(&o);
}

/* Not even by kernel stacks without end. */
static void test_kernel_stacks_beyond_the_cap_go_too(void **state _unused_)
{
	struct offcpu o;

	offcpu__init(&o);
	o.max_rows = 100;
	for (uint64_t i = 0; i < 5000; i++)
		add_wait(&o, i, 1 + i);
	assert_in_range(o.cnt, 101, 120);
	assert_int_equal(o.merged.cnt, 4900);
	check_profile(&o, 5000, 4900);
	offcpu__fini(&o);
}

static void test_windows_have_the_cap(void **state _unused_)
{
	struct windows w;
	struct window *win;

	windows__init(&w);
	win = windows__open(&w);
	assert_non_null(win);
	assert_int_equal(win->offcpu.max_rows, WINDOWS_MAX_ROWS);
	windows__begin(&w, 1);
	for (uint64_t i = 1; i <= WINDOWS_MAX_ROWS + 10; i++) {
		struct wire_interval iv = wait_of(1, i, 1, 10 * i);
		struct event e = {.interval = &iv};

		assert_int_equal(windows__add(&w, &e), 0);
	}
	assert_int_equal(win->offcpu.cnt, WINDOWS_MAX_ROWS + 1);
	assert_int_equal(win->offcpu.merged.cnt, 10);
	windows__fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stacks),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_images_and_their_parents),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_module_ids_do_not_run_out),
		cmocka_unit_test(test_locks),
		cmocka_unit_test(test_rows_beyond_the_cap_are_merged),
		cmocka_unit_test(test_kernel_stacks_beyond_the_cap_go_too),
		cmocka_unit_test(test_windows_have_the_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
