/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Live sessions of Windows, less the system: queues with limits, batches in the order of time, and the same waits as of a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "fixtures/mkshop.h"
#include "fixtures/random.h"
#include "format/record.h"
#include "source/etw_live.h"
#include "source/etw_source.h"

/* ---- queues ---- */

static void put(struct etw_queue *q, uint32_t cpu, int64_t ticks, const char *payload)
{
	const struct etl_event e = {.kind = ETL_PERFINFO,
				    .cpu = cpu,
				    .ticks = ticks,
				    .payload = (const uint8_t *)payload,
				    .payload_len = strlen(payload)};

	etw_queue__put(q, &e);
}

static void assert_order(const struct etw_batch *b, const char *payloads)
{
	char all[256] = "";

	for (size_t i = 0; i < b->cnt; i++) {
		struct etl_event e;

		etw_batch__get(b, i, &e);
		strncat(all, (const char *)e.payload, e.payload_len);
	}
	assert_string_equal(all, payloads);
}

static void test_order(void **state _unused_)
{
	struct etw_batch b = {.cnt = 0};
	struct etw_queue q;

	etw_queue__init(&q, 1 << 16);
	put(&q, 0, 10, "a");
	put(&q, 1, 5, "b");
	put(&q, 0, 20, "cc");
	put(&q, 1, 20, "d");
	assert_int_equal(etw_queue__move(&q, &b), 0);
	etw_batch__sort(&b);
	assert_order(&b, "baccd");
	assert_int_equal(etw_batch__until(&b, 4), 0);
	assert_int_equal(etw_batch__until(&b, 10), 2);
	assert_int_equal(etw_batch__until(&b, 20), 4);
	etw_batch__drop(&b, 2);
	assert_order(&b, "ccd");
	/* What comes later may be older; of equal times it is behind. */
	put(&q, 2, 20, "eee");
	put(&q, 2, 15, "f");
	assert_int_equal(etw_queue__move(&q, &b), 0);
	etw_batch__sort(&b);
	assert_order(&b, "fccdeee");
	etw_batch__drop(&b, 4);
	assert_order(&b, "");
	assert_int_equal(b.events.len, 0);
	etw_queue__fini(&q);
	etw_batch__fini(&b);
}

/* A CPU with too much leaves the room of others alone. */
static void test_room(void **state _unused_)
{
	struct etw_batch b = {.cnt = 0};
	struct etw_queue q;

	etw_queue__init(&q, 1000);
	for (int i = 0; i < 100; i++)
		put(&q, 7, i, "x");
	put(&q, ETW_QUEUE_MAX_CPUS + 5, 1, "y"); /* no CPU that can be */
	put(&q, 3, 1, "z");
	assert_true(q.dropped_cnt > 50 && q.dropped_cnt < 100);
	assert_int_equal(etw_queue__move(&q, &b), 0);
	assert_int_equal(b.cnt, 102 - q.dropped_cnt);
	/* There is room again. */
	put(&q, 7, 200, "w");
	assert_int_equal(etw_queue__move(&q, &b), 0);
	assert_int_equal(b.cnt, 103 - q.dropped_cnt);
	etw_queue__fini(&q);
	etw_batch__fini(&b);
}

/* ---- a session ---- */

struct feed {
	struct etl_reader *reader;
	struct etw_queue queue;
	int64_t now, ahead; /* events are so old when they come */
	bool stopped, closed;
	uint64_t lost;
};

static const struct etw_clock clock_of_trace = {.start_ticks = 1000000000000, .freq = 10000000};

static int feed_start(void *arg, struct etw_pipe_about *about, struct etw_clock *ret)
{
	struct feed *f = arg;

	*about = (struct etw_pipe_about){.name = "session",
					 .kernel = "Windows 10.0.19045",
					 .wide = true,
					 .cpu_cnt = 2,
					 .boot_ns = 600000000000,
					 .unix_ns = 1655526400000000000};
	*ret = clock_of_trace;
	f->now = ret->start_ticks;
	return 0;
}

/* Some at a time; what comes is up to a second late. */
static int feed_fetch(void *arg, int timeout_ms, struct etw_batch *to)
{
	struct feed *f = arg;
	const struct etl_event *e;
	int more = 1;

	(void)timeout_ms;
	for (uint32_t n = 1 + random_below(9); n-- && more;) {
		more = etl_reader__next(f->reader, &e);
		if (more)
			etw_queue__put(&f->queue, e);
		if (more && e->ticks > f->now)
			f->now = e->ticks;
	}
	assert_int_equal(etw_queue__move(&f->queue, to), 0);
	return more;
}

static int feed_stop(void *arg)
{
	((struct feed *)arg)->stopped = true;
	return 0;
}

static int64_t feed_now(void *arg)
{
	return ((struct feed *)arg)->now + ((struct feed *)arg)->ahead;
}

static void feed_losses(void *arg, struct etw_losses *ret)
{
	*ret = (struct etw_losses){.events = ((struct feed *)arg)->lost};
}

static void feed_close(void *arg)
{
	((struct feed *)arg)->closed = true;
}

static const struct etw_feed_ops feed_ops = {.start = feed_start,
					     .fetch = feed_fetch,
					     .stop = feed_stop,
					     .now = feed_now,
					     .losses = feed_losses,
					     .close = feed_close};

/* What is told, less what says how far it is. */
struct told {
	struct buf waits; /* with names of threads */
	uint64_t ids[64];
	size_t id_cnt;
	uint64_t observed_ns, filtered_ns, lost_cnt;
	bool ended;
};

static int take(void *arg, const struct event *e)
{
	struct told *t = arg;
	struct event again;

	assert_int_equal(record_decode(e->h, e->h->size, &again), 0);
	switch (e->h->kind) {
	case WIRE_INTERVAL:
		buf__printf(&t->waits, "%u %llu %llu %llu %u %x %llx %llx\n",
			    e->interval->thread.tid, e->interval->out_ns, e->interval->wake_ns,
			    e->interval->in_ns, e->interval->wait.state, e->interval->wait.flags,
			    e->interval->kernel_stack, e->interval->user_stack);
		break;
	case WIRE_STACK:
		assert_true(t->id_cnt < ARRAY_SIZE(t->ids));
		t->ids[t->id_cnt++] = e->stack->id;
		break;
	case WIRE_COUNTERS:
		t->observed_ns = e->counters->values[WIRE_C_OBSERVED_NS];
		t->filtered_ns = e->counters->values[WIRE_C_FILTERED_NS];
		t->lost_cnt = e->counters->values[WIRE_C_TRACE_EVENTS_LOST];
		break;
	case WIRE_WINDOW:
		t->ended |= e->window->edge == WIRE_WINDOW_END;
		break;
	default:
		break;
	}
	return 0;
}

static struct etl_reader *reader_of(FILE **ret)
{
	struct mketw *m = mketw__new();
	struct etl_reader *r = etl_reader__new();
	struct file_input in;

	m->live = true;
	mkshop(m);
	mketw__finish(m);
	*ret = tmpfile();
	assert_int_equal(fwrite(m->etl.file.data, 1, m->etl.file.len, *ret), m->etl.file.len);
	assert_int_equal(fflush(*ret), 0);
	mketw__free(m);
	assert_int_equal(file_input__open_fd(&in, fileno(*ret)), 0);
	assert_int_equal(etl_reader__add(r, &in), 0);
	return r;
}

/* All that it tells, to its end. */
static struct told run(struct source *s)
{
	struct told t = {.id_cnt = 0};
	int more;

	buf__init(&t.waits, 1 << 20);
	assert_int_equal(source__start(s, take, &t), 0);
	do
		more = source__poll(s, 0, take, &t);
	while (more > 0);
	assert_int_equal(more, 0);
	assert_false(t.ended);
	assert_int_equal(source__stop(s, take, &t), 0);
	assert_true(t.ended);
	return t;
}

static struct told run_live(const struct etw_targets *targets, uint64_t seed)
{
	FILE *file;
	struct feed f = {.reader = reader_of(&file), .lost = 3};
	struct source *s;
	struct told t;

	random_seed(seed);
	etw_queue__init(&f.queue, 1 << 20);
	s = etw_live_new(&feed_ops, &f, targets, NULL);
	assert_non_null(s);
	t = run(s);
	assert_true(f.stopped);
	source__close(s);
	assert_true(f.closed);
	etw_queue__fini(&f.queue);
	etl_reader__free(f.reader);
	fclose(file);
	return t;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In the order of the alphabet: waits come out when their stacks are there. */
static char *sorted(struct buf *b)
{
	char *lines[32], *rest, *out = calloc(1, b->len + 2);
	size_t n = 0;

	for (char *l = strtok_r(b->data, "\n", &rest); l; l = strtok_r(NULL, "\n", &rest)) {
		assert_true(n < ARRAY_SIZE(lines));
		lines[n++] = l;
	}
	qsort(lines, n, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < n; i++)
		strcat(strcat(out, lines[i]), "\n");
	return out;
}

static void test_a_session_is_like_a_file(void **state _unused_)
{
	static const struct etw_targets all;
	FILE *file;
	struct etl_reader *r = reader_of(&file);
	struct source *s = etw_source_new(r, "file");
	struct told want = run(s);
	_cleanup_free_ char *wanted = sorted(&want.waits);

	source__close(s);
	etl_reader__free(r);
	fclose(file);
	for (uint64_t seed = 1; seed < 30; seed++) {
		struct told got = run_live(&all, seed);
		_cleanup_free_ char *found = sorted(&got.waits);

		assert_string_equal(found, wanted);
		assert_int_equal(got.observed_ns, want.observed_ns);
		assert_int_equal(got.lost_cnt, 3);
		/* Stacks with the same addresses have the same ids. */
		assert_int_equal(got.id_cnt, want.id_cnt);
		buf__fini(&got.waits);
	}
	buf__fini(&want.waits);
}

static size_t lines_of(const struct told *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->waits.len; i++)
		n += t->waits.data[i] == '\n';
	return n;
}

/* @observed_ms, @filtered_ms: of waits that ended. */
static void assert_told(struct etw_targets targets, size_t cnt, uint64_t observed_ms,
			uint64_t filtered_ms)
{
	struct told t = run_live(&targets, 5);

	assert_int_equal(lines_of(&t), cnt);
	assert_int_equal(t.observed_ns, observed_ms * 1000000);
	assert_int_equal(t.filtered_ns, filtered_ms * 1000000);
	buf__fini(&t.waits);
}

static void test_targets(void **state _unused_)
{
	static const uint32_t db[] = {200}, shop[] = {100}, cart[] = {104}, nobody[] = {7},
			      system_id[] = {4};

	assert_told((struct etw_targets){.pids = db, .pid_cnt = 1}, 2, 29, 0);
	assert_told((struct etw_targets){.pids = shop, .pid_cnt = 1}, 6, 220, 0);
	assert_told((struct etw_targets){.tids = cart, .tid_cnt = 1}, 3, 140, 0);
	assert_told((struct etw_targets){.pids = nobody, .pid_cnt = 1}, 0, 0, 0);
	assert_told((struct etw_targets){.comm = "db*"}, 2, 29, 0);
	assert_told((struct etw_targets){.comm = "checkout*"}, 3, 140, 0);
	/* All were started by the system's process. */
	assert_told((struct etw_targets){.pids = system_id, .pid_cnt = 1}, 0, 0, 0);
	assert_told((struct etw_targets){.pids = system_id, .pid_cnt = 1, .children = true}, 0, 0,
		    0);
	/* The one that traces. */
	assert_told((struct etw_targets){.not_pid = 200}, 7, 220, 0);
	assert_told((struct etw_targets){.user_only = true}, 8, 249, 0);
	assert_told((struct etw_targets){.kernel_only = true}, 0, 0, 0);
	/* Open ones are as long as the window lets them be. */
	assert_told((struct etw_targets){.min_ns = 40000000, .pids = shop, .pid_cnt = 1}, 5, 220,
		    30);
	assert_told((struct etw_targets){.max_ns = 30000000}, 3, 249, 190);
}

/* ---- without an end ---- */

/* What the consumer has; all that an event needs has to be there. */
struct kept {
	uint64_t stacks[64];
	size_t stack_cnt;
	uint32_t tids[32], modules[32];
	size_t tid_cnt, module_cnt;
	size_t mapping_cnt;
	uint64_t closed_ns, open_cnt, cut_ns;
	bool cutting;
};

static bool has64(const uint64_t *ids, size_t cnt, uint64_t id)
{
	for (size_t i = 0; i < cnt; i++)
		if (ids[i] == id)
			return true;
	return !id;
}

static bool has32(const uint32_t *ids, size_t cnt, uint32_t id)
{
	for (size_t i = 0; i < cnt; i++)
		if (ids[i] == id)
			return true;
	return false;
}

static void keep_interval(struct kept *k, const struct wire_interval *iv)
{
	assert_true(has32(k->tids, k->tid_cnt, iv->thread.tid));
	assert_true(has64(k->stacks, k->stack_cnt, iv->kernel_stack));
	assert_true(has64(k->stacks, k->stack_cnt, iv->user_stack));
	if (k->cutting) {
		assert_true(iv->wait.flags & WIRE_F_OPEN);
		assert_true(iv->out_ns < iv->in_ns);
		k->open_cnt++;
	} else if (!(iv->wait.flags & WIRE_F_OPEN)) {
		k->closed_ns += iv->in_ns - iv->out_ns;
	}
}

static int keep(void *arg, const struct event *e)
{
	struct kept *k = arg;
	struct event again;

	assert_int_equal(record_decode(e->h, e->h->size, &again), 0);
	switch (e->h->kind) {
	case WIRE_INTERVAL:
		keep_interval(k, e->interval);
		break;
	case WIRE_STACK:
		assert_true(k->stack_cnt < ARRAY_SIZE(k->stacks));
		k->stacks[k->stack_cnt++] = e->stack->id;
		assert_true(e->stack->kind == WIRE_STACK_KERNEL || k->mapping_cnt);
		break;
	case WIRE_THREAD:
		assert_true(k->tid_cnt < ARRAY_SIZE(k->tids));
		k->tids[k->tid_cnt++] = e->thread->key.tid;
		break;
	case WIRE_MODULE:
		assert_true(k->module_cnt < ARRAY_SIZE(k->modules));
		k->modules[k->module_cnt++] = e->module->id;
		break;
	case WIRE_MAPPING:
		assert_true(has32(k->modules, k->module_cnt, e->mapping->module));
		k->mapping_cnt++;
		break;
	default:
		break;
	}
	return 0;
}

/* Cuts between polls, and forgets all that was told. */
static void cut_and_forget(struct source *s, struct kept *k)
{
	uint64_t before_ns = k->cut_ns;

	k->cutting = true;
	assert_int_equal(s->ops->cut(s, keep, k, &k->cut_ns), 0);
	k->cutting = false;
	assert_true(k->cut_ns >= before_ns);
	if (random_below(2))
		return;
	assert_int_equal(s->ops->forget(s, k->stacks, k->stack_cnt), 0);
	k->stack_cnt = 0;
	if (random_below(2))
		return;
	assert_int_equal(s->ops->swept(s), 0);
	k->tid_cnt = k->module_cnt = k->mapping_cnt = 0;
}

static void test_cuts(void **state _unused_)
{
	static const struct etw_targets all;
	uint64_t open_cnt = 0;

	for (uint64_t seed = 1; seed < 40; seed++) {
		FILE *file;
		struct feed f = {.reader = reader_of(&file), .ahead = 15000000};
		struct kept k = {.closed_ns = 0};
		struct module_table modules;
		struct source *s;

		random_seed(seed);
		module_table__init(&modules);
		etw_queue__init(&f.queue, 1 << 20);
		s = etw_live_new(&feed_ops, &f, &all, &modules);
		assert_int_equal(source__start(s, keep, &k), 0);
		while (source__poll(s, 0, keep, &k) > 0)
			if (!random_below(4))
				cut_and_forget(s, &k);
		assert_int_equal(source__stop(s, keep, &k), 0);
		/* Each is told once as ended, whatever was cut. */
		assert_int_equal(k.closed_ns, 249000000);
		open_cnt += k.open_cnt;
		source__close(s);
		module_table__fini(&modules);
		etw_queue__fini(&f.queue);
		etl_reader__free(f.reader);
		fclose(file);
	}
	assert_true(open_cnt > 50);
}

static void put_fact(struct etw_facts *f, struct etw_event e, const char *name, uint64_t ns)
{
	snprintf(e.name, sizeof(e.name), "%s", name);
	assert_int_equal(etw_facts__add(f, &e, ns), 0);
}

/* A thousand short processes leave nothing behind, and who lives on keeps what it has. */
static void test_the_dead_are_forgotten(void **state _unused_)
{
	const struct etw_event lives = {
		.type = ETW_PROCESS, .edge = ETW_EDGE_RUNDOWN, .process = {.pid = 8}};
	const struct etw_event image = {.type = ETW_IMAGE,
					.edge = ETW_EDGE_RUNDOWN,
					.image = {.pid = 8, .base = 0x4000, .size = 0x1000}};
	struct etw_facts f;
	uint32_t at;

	assert_int_equal(etw_facts__init(&f, true), 0);
	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t pid = 100 + 4 * i;
		struct etw_event e = {.type = ETW_PROCESS, .process = {.pid = pid}};
		struct etw_event th = {.type = ETW_THREAD, .thread = {pid, pid + 1}};
		struct etw_event im = {.type = ETW_IMAGE,
				       .image = {.pid = pid, .base = 0x4000, .size = 0x1000}};

		if (i == 500) {
			put_fact(&f, lives, "service.exe", 1);
			put_fact(&f, image, "service.exe", 1);
		}
		for (int edge = ETW_EDGE_START; edge <= ETW_EDGE_END; edge++) {
			e.edge = th.edge = im.edge = (enum etw_edge)edge;
			put_fact(&f, e, "brief.exe", i * 1000);
			put_fact(&f, th, "", i * 1000);
			put_fact(&f, im, "brief.exe", i * 1000);
		}
	}
	assert_int_equal(etw_facts__finish(&f), 0);
	assert_int_equal(f.process_cnt, 1001);
	assert_int_equal(etw_facts__forget(&f, 999000), 0);
	assert_int_equal(f.process_cnt, 2);
	assert_int_equal(f.thread_cnt, 1);
	assert_int_equal(f.place_cnt, 2);
	at = etw_facts__process(&f, 8, 5000);
	assert_int_equal(f.processes[at].pid, 8);
	assert_non_null(etw_space__find(&f.processes[at].space, 0x4800, 5000));
	assert_int_equal(etw_facts__process(&f, 100, 5000), ETW_NONE);
	assert_int_not_equal(etw_facts__process(&f, 100 + 4 * 999, 999000), ETW_NONE);
	/* The image's end is that of the one that is there. */
	put_fact(&f,
		 (struct etw_event){.type = ETW_IMAGE, .edge = ETW_EDGE_END, .image = image.image},
		 "service.exe", 2000000);
	assert_int_equal(f.place_cnt, 2);
	assert_true(f.processes[at].space.places[0].unload_ns == 2000000);
	etw_facts__fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_a_session_is_like_a_file),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_the_dead_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
