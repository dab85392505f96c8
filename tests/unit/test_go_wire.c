/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Goroutines as records of the wire, and what the rest of the program makes of those. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/session.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "fixtures/mkwire.h"
#include "format/record.h"
#include "source/go_wire.h"

#define MS(n) ((n)*1000000ull)

enum { MODULE_KERNEL = 1, MODULE_APP };
enum { FN_GOEXIT, FN_MAIN, FN_WORK, FN_CHANRECV, FN_GOPARK, FN_CNT };

#define FUNCTION_BYTES 0x100
#define BASE	       0x400000ull
/* Behind a call in function @n. */
#define IN(n) (BASE + (n)*FUNCTION_BYTES + 0x11)

static const uint64_t pcs[] = {IN(FN_GOPARK), IN(FN_CHANRECV), IN(FN_WORK), IN(FN_GOEXIT)};
static const struct go_stack_view whole = {pcs, ARRAY_SIZE(pcs), true};

static struct session *session;
static unsigned int kind_cnt[WIRE_LABELS + 1];

/* Each record is one that a recording could have. */
static int take(void *arg _unused_, const struct event *e)
{
	struct event checked;

	assert_int_equal(record_decode(e->h, e->h->size, &checked), 0);
	assert_int_equal(e->h->size % 8, 0);
	kind_cnt[e->h->kind]++;
	assert_int_equal(model__apply(&session->model, e, NULL, NULL), 0);
	assert_int_equal(session->analyse(session->analyse_arg, e), 0);
	if (e->h->kind == WIRE_SYMBOL)
		assert_int_equal(recorded_symbols__add(session->recorded, e->symbol), 0);
	return 0;
}

static void replay(struct buf *b)
{
	for (size_t off = 0; off < b->len; off += mkwire_event(b, off).h->size) {
		struct event e = mkwire_event(b, off);

		take(NULL, &e);
	}
	buf__fini(b);
}

static void begin(struct go_wire *w, struct go_wire_process *p)
{
	static const char *const names[FN_CNT] = {"runtime.goexit", "main.main", "main.work",
						  "runtime.chanrecv1", "runtime.gopark"};
	struct buf b;

	session = session__new();
	assert_non_null(session);
	memset(kind_cnt, 0, sizeof(kind_cnt));
	mkwire_init(&b);
	mkwire_module(&b, MODULE_KERNEL, WIRE_MODULE_KERNEL, "[kernel]");
	mkwire_module(&b, MODULE_APP, WIRE_MODULE_ELF, "/usr/bin/shop");
	mkwire_mapping(&b, 100, BASE, BASE + 0x10000, 0, MODULE_APP);
	mkwire_window(&b, WIRE_WINDOW_START, MS(1000));
	mkwire_thread(&b, 100, 100, 0, "shop");
	for (unsigned int i = 0; i < FN_CNT; i++)
		mkwire_symbol(&b, MODULE_APP, i * FUNCTION_BYTES, FUNCTION_BYTES, names[i]);
	replay(&b);
	go_wire__init(w);
	w->fn = take;
	*p = (struct go_wire_process){.image = mkwire_image_of(100, 0), .comm = "shop"};
}

static void end(struct go_wire *w, uint64_t observed_ns, uint64_t observed_cnt)
{
	uint64_t values[WIRE_COUNTER_CNT] = {
		[WIRE_C_OBSERVED_NS] = observed_ns, [WIRE_C_OBSERVED_CNT] = observed_cnt};
	struct buf b;

	go_wire__fini(w);
	mkwire_init(&b);
	mkwire_counters(&b, values, WIRE_COUNTER_CNT);
	mkwire_window(&b, WIRE_WINDOW_END, MS(3000));
	mkwire_round(&b, MS(3000));
	replay(&b);
}

/* The profile as the view has it. To be freed. */
static struct profile *profile_of(const struct offcpu_view *view)
{
	static struct resolver recorded;
	static const struct resolver *const resolvers[] = {&recorded, NULL};
	struct profile *p;

	recorded_symbols__resolver(session->recorded, &recorded);
	p = session__profile(session, resolvers, NULL, view);
	assert_non_null(p);
	assert_int_equal(ledger__imbalance_ns(&p->ledger), 0);
	return p;
}

static void assert_frames(const struct profile *p, size_t sample, const char *const *names)
{
	const struct profile_sample *s = &p->samples[sample];
	uint32_t n = 0;

	while (names[n])
		n++;
	assert_true(sample < p->sample_cnt);
	assert_int_equal(s->frame_cnt, n);
	for (uint32_t i = 0; i < n; i++)
		assert_string_equal(profile__str(p, profile__sample_frame(p, s, i)->name),
				    names[i]);
}

#define FRAMES(p, sample, ...) assert_frames(p, sample, (const char *const[]){__VA_ARGS__, NULL})

static struct go_wire_wait wait_of(uint64_t goid, uint64_t stack)
{
	return (struct go_wire_wait){
		.goid = goid,
		.stack = stack,
		.reason = "chan receive",
		.status = GO_WAITING,
		.out_ns = MS(1100),
		.wake_ns = MS(1140),
		.in_ns = MS(1140),
		.cnt = 3,
	};
}

static uint64_t stack_of(struct go_wire *w, const struct go_wire_process *p,
			 struct go_stack_view stack, uint64_t gopc, enum wire_go_class whose)
{
	uint64_t id = 0;

	assert_int_equal(go_wire__stack(w, p, stack, gopc, whose, MS(1050), &id), 0);
	return id;
}

/* What waits, in whose name, how often and where: without the runtime's own way there. */
static void test_wait(void **state _unused_)
{
	struct offcpu_view view = {.created_by = true};
	struct go_wire_process process;
	struct go_wire_wait wait;
	struct profile *p;
	struct go_wire w;

	begin(&w, &process);
	wait = wait_of(7, stack_of(&w, &process, whole, IN(FN_MAIN), WIRE_GO_PARKED));
	assert_int_equal(go_wire__wait(&w, &process, &wait), 0);
	end(&w, MS(40), 3);
	p = profile_of(&view);
	assert_int_equal(p->sample_cnt, 1);
	FRAMES(p, 0, "shop", "created by main.main", "runtime.goexit", "main.work",
	       "[chan receive]");
	assert_int_equal(p->samples[0].cnt, 3);
	assert_int_equal(p->samples[0].blocked_ns, MS(40));
	assert_int_equal(p->samples[0].runnable_ns, 0);
	assert_int_equal(p->samples[0].reason, REASON_LOCK);
	assert_string_equal(profile__str(p, p->samples[0].wait_name), "chan receive");
	assert_true(p->threads[p->samples[0].thread].goroutine);
	assert_int_equal(p->threads[p->samples[0].thread].tid, 7);
	assert_string_equal(profile__str(p, p->threads[p->samples[0].thread].comm), "goroutine-7");
	profile__free(p);
	view.created_by = false;
	p = profile_of(&view);
	FRAMES(p, 0, "shop", "runtime.goexit", "main.work", "[chan receive]");
	profile__free(p);
	view.per_thread = true;
	p = profile_of(&view);
	FRAMES(p, 0, "shop-100/goroutine-7", "runtime.goexit", "main.work", "[chan receive]");
	profile__free(p);
	session__free(session);
}

/* Waits for a processor; and one without a stack. */
static void test_runnable(void **state _unused_)
{
	struct offcpu_view view = {.created_by = false};
	struct go_wire_process process;
	struct go_wire_wait wait;
	struct profile *p;
	struct go_wire w;

	begin(&w, &process);
	wait = wait_of(
		7, stack_of(&w, &process, (struct go_stack_view){0}, IN(FN_MAIN), WIRE_GO_PARKED));
	wait.status = GO_RUNNABLE;
	wait.wake_ns = wait.out_ns;
	assert_int_equal(go_wire__wait(&w, &process, &wait), 0);
	end(&w, MS(40), 3);
	p = profile_of(&view);
	assert_int_equal(p->sample_cnt, 1);
	FRAMES(p, 0, "shop", "[unwind: stack not in memory]", "[runnable]");
	assert_int_equal(p->samples[0].runnable_ns, MS(40));
	assert_int_equal(p->samples[0].reason, REASON_PREEMPTED);
	profile__free(p);
	session__free(session);
}

/* Not shown unless asked for, and then as one frame; the ledger has it in any case. */
static void test_idle(void **state _unused_)
{
	struct offcpu_view view = {.go_idle = false};
	struct go_wire_process process;
	struct go_wire_wait wait;
	struct profile *p;
	struct go_wire w;

	begin(&w, &process);
	wait = wait_of(2, stack_of(&w, &process, whole, 0, WIRE_GO_IDLE));
	assert_int_equal(go_wire__wait(&w, &process, &wait), 0);
	end(&w, MS(40), 3);
	p = profile_of(&view);
	assert_int_equal(p->sample_cnt, 0);
	assert_int_equal(p->hidden_ns, MS(40));
	assert_int_equal(p->go_idle_ns, MS(40));
	assert_int_equal(p->ledger.filtered.ns, MS(40));
	assert_non_null(strstr(profile__hidden_all(p), "--go-idle"));
	profile__free(p);
	view.go_idle = true;
	p = profile_of(&view);
	assert_int_equal(p->hidden_ns, 0);
	FRAMES(p, 0, "shop", "[go idle]");
	profile__free(p);
	session__free(session);
}

/* Threads, stacks and words are told once; a stack is another one if it was created elsewhere, or is another's. */
static void test_told_once(void **state _unused_)
{
	struct go_wire_process process, other;
	struct go_wire_wait wait;
	struct go_wire w;
	uint64_t id;

	begin(&w, &process);
	other = process;
	other.image = mkwire_image_of(200, 0);
	kind_cnt[WIRE_THREAD] = 0;
	id = stack_of(&w, &process, whole, IN(FN_MAIN), WIRE_GO_PARKED);
	assert_true(id == stack_of(&w, &process, whole, IN(FN_MAIN), WIRE_GO_PARKED));
	assert_int_equal(kind_cnt[WIRE_STACK], 1);
	assert_true(id != stack_of(&w, &process, whole, IN(FN_WORK), WIRE_GO_PARKED));
	assert_true(id != stack_of(&w, &process, whole, IN(FN_MAIN), WIRE_GO_IDLE));
	assert_true(id != stack_of(&w, &other, whole, IN(FN_MAIN), WIRE_GO_PARKED));
	assert_int_equal(kind_cnt[WIRE_STACK], 4);
	wait = wait_of(7, id);
	for (int i = 0; i < 2; i++)
		assert_int_equal(go_wire__wait(&w, &process, &wait), 0);
	assert_int_equal(kind_cnt[WIRE_THREAD], 1);
	assert_int_equal(kind_cnt[WIRE_WAIT_REASON], 1);
	/* Of the same number in another process, and of one whose lower half is the same. */
	assert_int_equal(go_wire__wait(&w, &other, &wait), 0);
	wait.goid = 7 + (1ull << 32);
	wait.reason = "select";
	assert_int_equal(go_wire__wait(&w, &process, &wait), 0);
	assert_int_equal(kind_cnt[WIRE_THREAD], 3);
	assert_int_equal(kind_cnt[WIRE_WAIT_REASON], 2);
	assert_int_equal(session->model.threads.cnt, 4);
	end(&w, 4 * MS(40), 12);
	session__free(session);
}

static void assert_label(const char **at, const char *key, const char *value)
{
	struct label l;

	assert_true(labels_next(at, &l));
	assert_int_equal(l.key_len, strlen(key));
	assert_memory_equal(l.key, key, l.key_len);
	assert_int_equal(l.value_len, strlen(value));
	assert_memory_equal(l.value, value, l.value_len);
}

/* They are the sample's, clean, and told once; waits with others are other samples. */
static void test_labels(void **state _unused_)
{
	static const struct go_label items[] = {{"a\x1e"
						 "b",
						 "\x1f"},
						{"trace_id", "4bf9"}};
	const struct go_label_view labels = {items, 2, true}, first = {items, 1, true};
	struct offcpu_view view = {.go_idle = false};
	struct go_wire_process process;
	struct go_wire_wait wait;
	struct profile *p;
	struct go_wire w;
	const char *at;

	begin(&w, &process);
	wait = wait_of(7, stack_of(&w, &process, whole, 0, WIRE_GO_PARKED));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(go_wire__labels(&w, &labels, &wait.labels), 0);
		assert_int_equal(go_wire__wait(&w, &process, &wait), 0);
	}
	assert_int_equal(kind_cnt[WIRE_LABELS], 1);
	assert_int_equal(go_wire__labels(&w, &first, &wait.labels), 0);
	assert_int_equal(go_wire__wait(&w, &process, &wait), 0);
	assert_int_equal(kind_cnt[WIRE_LABELS], 2);
	assert_int_equal(go_wire__labels(&w, &(struct go_label_view){0}, &wait.labels), 0);
	assert_int_equal(wait.labels, 0);
	end(&w, 3 * MS(40), 9);
	p = profile_of(&view);
	assert_int_equal(p->sample_cnt, 2);
	assert_int_equal(p->samples[0].cnt, 6);
	at = profile__str(p, p->samples[0].labels);
	assert_label(&at,
		     "a\xef\xbf\xbd"
		     "b",
		     "\xef\xbf\xbd");
	assert_label(&at, "trace_id", "4bf9");
	assert_int_equal(*at, '\0');
	profile__free(p);
	session__free(session);
}

/* Records that are no pairs of texts are refused. */
static void test_bad_labels(void **state _unused_)
{
	static const struct {
		const char *pairs;
		size_t len;
		bool good;
	} cases[] = {
		{"k\0v\0", 4, true}, {"", 0, true},	{"k\0v\0k\0", 6, false},
		{"k\0v", 3, false},  {"\0\0", 2, true}, {"k\0v\0x", 5, false},
	};
	struct event e;
	struct buf b;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		mkwire_init(&b);
		mkwire_labels(&b, 1, cases[i].pairs, cases[i].len);
		assert_int_equal(record_decode(b.data, b.len, &e), cases[i].good ? 0 : -EBADMSG);
		buf__fini(&b);
	}
	mkwire_init(&b);
	mkwire_labels(&b, 1, "k\0v\0", 4);
	((struct wire_labels *)mkwire_at(&b, 0))->text_len = 4000;
	assert_int_equal(record_decode(b.data, b.len, &e), -EBADMSG);
	buf__fini(&b);
}

/* As many frames as a record may have, with the place of creation. */
static void test_deep(void **state _unused_)
{
	uint64_t deep[GO_STACK_MAX_FRAMES];
	struct go_wire_process process;
	const struct stack *s;
	struct go_wire w;
	uint64_t id;

	for (size_t i = 0; i < ARRAY_SIZE(deep); i++)
		deep[i] = IN(FN_WORK) + i;
	begin(&w, &process);
	id = stack_of(&w, &process, (struct go_stack_view){deep, ARRAY_SIZE(deep), false},
		      IN(FN_MAIN), WIRE_GO_PARKED);
	s = stack_table__find(&session->model.stacks, id);
	assert_non_null(s);
	assert_int_equal(s->frame_cnt, WIRE_MAX_FRAMES);
	assert_int_equal(s->end, WIRE_END_DEPTH_LIMIT);
	assert_int_equal(s->ips[WIRE_MAX_FRAMES - 1], IN(FN_MAIN));
	assert_int_equal(s->go, WIRE_GO_PARKED);
	end(&w, 0, 0);
	session__free(session);
}

/* How often it has stopped is what its number has grown by, and is told with the next wait that is seen. */
static void test_stops(void **state _unused_)
{
	struct goroutine items[2][3] = {
		{{.addr = 8, .goid = 1, .status = GO_WAITING, .seq = 250},
		 {.addr = 16, .goid = 2, .status = GO_RUNNING, .seq = 10, .stops = 5},
		 {.addr = 24, .goid = 3, .status = GO_WAITING, .seq = 7}},
		{{.addr = 8, .goid = 1, .status = GO_WAITING, .seq = 4},
		 {.addr = 16, .goid = 2, .status = GO_WAITING, .seq = 12},
		 {.addr = 24, .goid = 3, .status = GO_WAITING, .seq = 7}},
	};
	struct goroutines before = {.items = items[0], .cnt = 3, .now_ns = MS(10)};
	struct goroutines now = {.items = items[1], .cnt = 3};

	items[0][2].from_ns = 77;
	items[0][2].tag = 99;
	goroutines__age(&now, &before, MS(20));
	assert_int_equal(items[1][0].stops, 10);
	assert_int_equal(items[1][0].from_ns, MS(10));
	assert_int_equal(items[1][1].stops, 7);
	assert_int_equal(items[1][2].from_ns, 77);
	assert_int_equal(items[1][2].tag, 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wait),   cmocka_unit_test(test_runnable),
		cmocka_unit_test(test_idle),   cmocka_unit_test(test_told_once),
		cmocka_unit_test(test_deep),   cmocka_unit_test(test_stops),
		cmocka_unit_test(test_labels), cmocka_unit_test(test_bad_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
