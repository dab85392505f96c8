/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/compiler.h"
#include "model/profile_append.h"
#include "model/profile_select.h"
#include "model/short_name.h"

/* ---- names ---- */

static void test_short_names(void **state _unused_)
{
	static const char *const names[][2] = {
		{"main", "main"},
		{"std::vector<int, std::allocator<int> >::push_back(int&&)",
		 "std::vector::push_back(int&&)"},
		{"void f<int>(g<long>)", "void f(g)"},
		{"std::map<std::pair<a, b>, c>::~map", "std::map::~map"},
		{"operator<", "operator<"},
		{"ns::operator<<", "ns::operator<<"},
		{"a::operator<=>", "a::operator<=>"},
		{"bool operator< <int>(int)", "bool operator< <int>(int)"},
		{"my_operator<int>", "my_operator"},
		{"operator->", "operator->"},
		{"<init>", "<init>"},
		{"<module>", "<module>"},
		{"<T as Trait>::method", "<T as Trait>::method"},
		{"core::ops::function::FnOnce::call_once::<fn()>",
		 "core::ops::function::FnOnce::call_once"},
		{"Box::<T>::new", "Box::<T>::new"},
		{"core::str::<impl str>::len", "core::str::<impl str>::len"},
		{"f<decltype(a->b)>", "f"},
		{"f<(1>2)>::g", "f::g"},
		{"f<&a::operator->>::g", "f::g"},
		{"f<{lambda(int)#1}>::operator()", "f::operator()"},
		{"f<int", "f<int"},
		{"f<g<h>", "f<g<h>"},
		{"a<b>c<d>e", "ace"},
		{"", ""},
		{"<", "<"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct buf out;

		buf__init(&out, 4096);
		short_name(names[i][0], &out);
		assert_string_equal(buf__str(&out), names[i][1]);
		buf__fini(&out);
	}
}

/* ---- a profile ---- */

static uint32_t text_of(struct profile *p, const char *text)
{
	uint32_t id;

	assert_int_equal(profile__text(p, text, &id), 0);
	return id;
}

static void add_thread(struct profile *p, uint32_t pid, uint32_t tid, const char *comm)
{
	struct profile_thread t = {.pid = pid,
				   .tid = tid,
				   .comm = text_of(p, comm),
				   .process = text_of(p, "proc"),
				   .group = text_of(p, comm)};

	assert_int_equal(profile__add_thread(p, &t), 0);
}

/* @stack: "comm;a;b" */
static void add(struct profile *p, uint32_t thread, enum reason reason, const char *stack,
		uint64_t ns)
{
	struct profile_sample s = {
		.thread = thread, .reason = (uint8_t)reason, .cnt = 1, .blocked_ns = ns};
	char *copy = strdup(stack), *at = copy, *name;
	uint32_t ids[16], cnt = 0;

	while ((name = strsep(&at, ";"))) {
		assert_int_equal(profile__frame(p, name, "lib",
						cnt ? FRAME_KIND_NATIVE : FRAME_KIND_PROCESS,
						&ids[cnt]),
				 0);
		cnt++;
	}
	assert_int_equal(profile__add_sample(p, &s, ids, cnt), 0);
	free(copy);
}

static struct profile *make(void)
{
	struct profile *p = profile__new();

	add_thread(p, 10, 10, "web");
	add_thread(p, 10, 11, "worker-1");
	add_thread(p, 20, 20, "db");
	add(p, 0, REASON_POLL, "web;main;poll", 5);
	add(p, 1, REASON_LOCK, "worker-1;run;f<int>;f<long>;lock", 100);
	add(p, 1, REASON_LOCK, "worker-1;run;f<int>;f<int>;lock", 30);
	add(p, 2, REASON_DISK, "db;main;read", 7);
	add(p, 2, REASON_LOCK, "db;run;f<int>;f<long>;lock", 1000);
	/* Each sample is one wait, named by its length; db's were ended by worker-1, web's by db. */
	for (uint32_t i = 0, at = 10; i < p->sample_cnt; i++) {
		uint64_t ns = profile_sample__total_ns(&p->samples[i]);
		struct profile_wait w = {.from_ns = at,
					 .wake_ns = at + ns,
					 .to_ns = at + ns,
					 .sample = i,
					 .waker = i > 2 ? 1
						  : i	? PROFILE_NO_THREAD
							: 2};

		assert_int_equal(profile__add_wait(p, &w), 0);
		at += 10;
	}
	return p;
}

/* All stacks in their order, "a;b 5\n". */
static const char *stacks(const struct profile *p)
{
	static char text[4096];
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < p->sample_cnt; i++) {
		const struct profile_sample *s = &p->samples[i];

		for (uint32_t f = 0; f < s->frame_cnt; f++)
			at += (size_t)snprintf(
				text + at, sizeof(text) - at, "%s%s", f ? ";" : "",
				profile__str(p, profile__sample_frame(p, s, f)->name));
		at += (size_t)snprintf(text + at, sizeof(text) - at, " %llu\n",
				       (unsigned long long)profile_sample__total_ns(s));
	}
	return text;
}

static uint64_t total(const struct profile *p)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < p->sample_cnt; i++)
		ns += profile_sample__total_ns(&p->samples[i]);
	return ns;
}

static bool starts_with_w(void *arg _unused_, const char *comm)
{
	return *comm == 'w';
}

static bool is_of_10(void *arg, uint32_t pid, uint32_t tid)
{
	return pid == 10 && (!arg || tid == *(uint32_t *)arg);
}

static bool is_lock(void *arg _unused_, const char *name)
{
	return !strcmp(name, "lock");
}

/* Every wait is of the sample that has its length. */
static void assert_waits(const struct profile *p)
{
	assert_int_equal(p->wait_cnt, p->sample_cnt);
	for (size_t i = 0; i < p->wait_cnt; i++) {
		const struct profile_wait *w = &p->waits[i];

		assert_true(w->sample < p->sample_cnt);
		assert_int_equal(w->to_ns - w->from_ns,
				 profile_sample__total_ns(&p->samples[w->sample]));
		assert_true(w->waker == PROFILE_NO_THREAD || w->waker < p->thread_cnt);
	}
}

static const char *waker_of(const struct profile *p, uint64_t ns)
{
	for (size_t i = 0; i < p->wait_cnt; i++)
		if (p->waits[i].to_ns - p->waits[i].from_ns == ns)
			return p->waits[i].waker == PROFILE_NO_THREAD
				       ? "nobody"
				       : profile__str(p, p->threads[p->waits[i].waker].comm);
	return "no such wait";
}

static void assert_selected(const struct profile_selection *how, const char *expected,
			    size_t threads)
{
	struct profile *p = make();
	uint64_t all = total(p);

	assert_int_equal(profile__select(p, how), 0);
	assert_string_equal(stacks(p), expected);
	assert_int_equal(p->left_out_ns + total(p), all);
	assert_int_equal(p->thread_cnt, threads);
	for (size_t i = 0; i < p->sample_cnt; i++)
		assert_true(p->samples[i].thread < p->thread_cnt);
	assert_waits(p);
	profile__free(p);
}

static bool is_not_web(void *arg _unused_, const char *comm)
{
	return strcmp(comm, "web") != 0;
}

/* A waker that is left out is nobody; one that stays has moved. */
static void test_wakers_of_waits(void **state _unused_)
{
	struct profile *p = make();

	assert_string_equal(waker_of(p, 5), "db");
	assert_string_equal(waker_of(p, 1000), "worker-1");
	assert_int_equal(profile__select(p, &(struct profile_selection){.comm = is_not_web}), 0);
	assert_string_equal(waker_of(p, 5), "no such wait");
	assert_string_equal(waker_of(p, 1000), "worker-1");
	assert_string_equal(waker_of(p, 100), "nobody");
	profile__free(p);
	p = make();
	assert_int_equal(profile__select(p, &(struct profile_selection){.comm = starts_with_w}), 0);
	assert_string_equal(waker_of(p, 5), "nobody");
	profile__free(p);
}

static void test_filters(void **state _unused_)
{
	uint32_t tid = 11;

	assert_selected(&(struct profile_selection){.comm = starts_with_w},
			"web;main;poll 5\nworker-1;run;f<int>;f<long>;lock "
			"100\nworker-1;run;f<int>;f<int>;lock 30\n",
			2);
	assert_selected(
		&(struct profile_selection){.ids = is_of_10, .arg = &tid},
		"worker-1;run;f<int>;f<long>;lock 100\nworker-1;run;f<int>;f<int>;lock 30\n", 1);
	assert_selected(
		&(struct profile_selection){.frame = is_lock, .comm = starts_with_w},
		"worker-1;run;f<int>;f<long>;lock 100\nworker-1;run;f<int>;f<int>;lock 30\n", 2);
	assert_selected(&(struct profile_selection){.min_ns = 100},
			"worker-1;run;f<int>;f<long>;lock 100\ndb;run;f<int>;f<long>;lock 1000\n",
			3);
	assert_selected(&(struct profile_selection){.min_ns = 100000}, "", 3);
}

/* What is the same at last counts together: 100 + 30 + 1000 are one stack, in three samples. */
static void test_shapes(void **state _unused_)
{
	assert_selected(&(struct profile_selection){.short_names = true,
						    .fold_recursion = true,
						    .by = PROFILE_BY_NONE,
						    .min_ns = 1130},
			"run;f;lock 100\nrun;f;lock 30\nrun;f;lock 1000\n", 3);
	assert_selected(&(struct profile_selection){.short_names = true,
						    .fold_recursion = true,
						    .by = PROFILE_BY_NONE,
						    .min_ns = 1131},
			"", 3);
	assert_selected(&(struct profile_selection){.fold_recursion = true,
						    .frame = is_lock,
						    .comm = starts_with_w},
			"worker-1;run;f<int>;f<long>;lock 100\nworker-1;run;f<int>;lock 30\n", 2);
	assert_selected(&(struct profile_selection){.by = PROFILE_BY_REASON, .min_ns = 7},
			"lock;run;f<int>;f<long>;lock 100\nlock;run;f<int>;f<int>;lock "
			"30\ndisk;main;read 7\n"
			"lock;run;f<int>;f<long>;lock 1000\n",
			3);
	assert_selected(&(struct profile_selection){.by = PROFILE_BY_PROCESS,
						    .ids = is_of_10,
						    .min_ns = 50},
			"proc-10;run;f<int>;f<long>;lock 100\n", 2);
	assert_selected(
		&(struct profile_selection){.by = PROFILE_BY_THREAD, .ids = is_of_10, .min_ns = 50},
		"worker-1-10/11;run;f<int>;f<long>;lock 100\n", 2);
	assert_selected(&(struct profile_selection){.by = PROFILE_BY_COMM, .min_ns = 1000},
			"db;run;f<int>;f<long>;lock 1000\n", 3);
}

static void test_text_has_no_threads(void **state _unused_)
{
	struct profile *p = profile__new();

	add(p, UINT32_MAX, REASON_LOCK, "web;a", 1);
	add(p, UINT32_MAX, REASON_LOCK, "db;a", 2);
	assert_int_equal(profile__select(p, &(struct profile_selection){.ids = is_of_10}), -EINVAL);
	assert_int_equal(profile__select(p, &(struct profile_selection){.by = PROFILE_BY_THREAD}),
			 -EINVAL);
	/* The first frame is a name, too. */
	assert_int_equal(profile__select(p, &(struct profile_selection){.comm = starts_with_w}), 0);
	assert_string_equal(stacks(p), "web;a 1\n");
	profile__free(p);
}

/* ---- several ---- */

static void test_merge(void **state _unused_)
{
	struct profile *all = profile__new(), *a = make(), *b = make();

	a->start_realtime_ns = 1000;
	a->window_ns = 100;
	b->start_realtime_ns = 1050;
	b->window_ns = 100;
	a->ledger.observed.ns = 5;
	b->ledger.observed.ns = 6;
	b->ledger.counters[1] = 3;
	b->hidden_ns = 9;
	b->samples[0].waker_comm = text_of(b, "the waker");
	assert_int_equal(profile__add_note(a, "kernel", "6.1"), 0);
	assert_int_equal(profile__add_note(b, "kernel", "6.1"), 0);
	assert_int_equal(profile__add_note(a, "host", "x"), 0);
	assert_int_equal(profile__add_note(b, "host", "y"), 0);
	assert_int_equal(profile__merge(all, a), 0);
	assert_int_equal(profile__merge(all, b), 0);
	assert_int_equal(profile__finish_merge(all), 0);
	assert_int_equal(total(all), 2 * total(a));
	assert_int_equal(all->start_realtime_ns, 1000);
	assert_int_equal(all->window_ns, 150);
	assert_int_equal(all->ledger.observed.ns, 11);
	assert_int_equal(all->ledger.counters[1], 3);
	assert_int_equal(all->hidden_ns, 9);
	assert_int_equal(all->note_cnt, 1);
	assert_int_equal(all->thread_cnt, 6);
	for (size_t i = 1; i < all->thread_cnt; i++)
		assert_true(all->threads[i - 1].tid <= all->threads[i].tid);
	for (size_t i = 0; i < all->sample_cnt; i++) {
		const struct profile_sample *s = &all->samples[i];
		const struct profile_thread *t = &all->threads[s->thread];

		assert_string_equal(profile__str(all, t->comm),
				    profile__str(all, profile__sample_frame(all, s, 0)->name));
	}
	assert_string_equal(profile__str(all, all->samples[a->sample_cnt].waker_comm), "the waker");
	assert_waits(all);
	assert_string_equal(waker_of(all, 5), "db");
	profile__free(all);
	profile__free(a);
	profile__free(b);
}

/* Waits keep their moment on the wall clock, whichever recording comes first. */
static void test_merge_waits(void **state _unused_)
{
	for (int later = 0; later < 2; later++) {
		struct profile *all = profile__new(), *a = make(), *b = make();

		a->start_realtime_ns = later ? 7000 : 5000;
		b->start_realtime_ns = later ? 5000 : 7000;
		a->start_boottime_ns = a->start_realtime_ns - 4000;
		b->start_boottime_ns = b->start_realtime_ns - 4000;
		a->untimed_cnt = 2;
		b->untimed_cnt = 3;
		assert_int_equal(profile__merge(all, a), 0);
		assert_int_equal(profile__merge(all, b), 0);
		assert_int_equal(profile__finish_merge(all), 0);
		assert_int_equal(all->start_realtime_ns, 5000);
		assert_int_equal(all->start_boottime_ns, 1000);
		assert_int_equal(all->untimed_cnt, 5);
		assert_int_equal(all->wait_cnt, 10);
		for (uint32_t i = 0; i < 10; i++)
			assert_int_equal(all->waits[i].from_ns,
					 i < 5 ? 10 + 10 * i : 2010 + 10 * (i - 5));
		profile__free(all);
		profile__free(a);
		profile__free(b);
	}
}

static void add_waits(struct profile *p, const uint64_t *lengths, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		assert_int_equal(
			profile__add_wait(p, &(struct profile_wait){.from_ns = i,
								    .wake_ns = i + lengths[i],
								    .to_ns = i + lengths[i],
								    .waker = PROFILE_NO_THREAD}),
			0);
}

/* The longest stay, in their order; of equal ones no more than fit, and none of them in the place of a longer one. */
static void test_thin_waits(void **state _unused_)
{
	static const uint64_t lengths[] = {5, 7, 7, 1, 7, 9, 7, 2, 8};
	static const uint64_t stay[] = {7, 7, 9, 8};
	struct profile *p = profile__new();

	add_waits(p, lengths, ARRAY_SIZE(lengths));
	assert_int_equal(profile__thin_waits(p, ARRAY_SIZE(lengths)), 0);
	assert_int_equal(p->wait_cnt, ARRAY_SIZE(lengths));
	assert_int_equal(profile__thin_waits(p, ARRAY_SIZE(stay)), 0);
	assert_int_equal(p->wait_cnt, ARRAY_SIZE(stay));
	assert_int_equal(p->untimed_cnt, ARRAY_SIZE(lengths) - ARRAY_SIZE(stay));
	for (size_t i = 0; i < ARRAY_SIZE(stay); i++)
		assert_int_equal(p->waits[i].to_ns - p->waits[i].from_ns, stay[i]);
	profile__free(p);
}

/* Recordings that have more waits than there is room for are merged all the same. */
static void test_merge_too_many_waits(void **state _unused_)
{
	struct profile *all = profile__new(), *a = profile__new(), *b = make();
	struct profile_wait w = {.wake_ns = 1, .to_ns = 1, .waker = PROFILE_NO_THREAD};

	add(a, UINT32_MAX, REASON_LOCK, "a", 1);
	for (size_t i = 0; i < PROFILE_MAX_WAITS; i++)
		assert_int_equal(profile__add_wait(a, &w), 0);
	assert_int_equal(profile__merge(all, a), 0);
	assert_int_equal(profile__merge(all, b), 0);
	assert_int_equal(all->wait_cnt, PROFILE_MAX_WAITS / 2 + b->wait_cnt);
	assert_int_equal(all->wait_cnt + all->untimed_cnt, PROFILE_MAX_WAITS + b->wait_cnt);
	profile__free(all);
	profile__free(a);
	profile__free(b);
}

/* Of two machines nothing but the wall clock is common. */
static void test_merge_of_two_boots(void **state _unused_)
{
	struct profile *all = profile__new(), *a = make(), *b = make();

	a->start_realtime_ns = b->start_realtime_ns = 5000;
	a->start_boottime_ns = 1000;
	b->start_boottime_ns = 9000000000;
	assert_int_equal(profile__merge(all, a), 0);
	assert_int_equal(all->start_boottime_ns, 1000);
	assert_int_equal(profile__merge(all, b), 0);
	assert_int_equal(all->start_boottime_ns, 0);
	profile__free(all);
	profile__free(a);
	profile__free(b);
}

/* One after the other: what lies between them is in no window. */
static void test_merge_windows_apart(void **state _unused_)
{
	struct profile *all = profile__new(), *a = make(), *b = make();

	a->start_realtime_ns = 5000;
	b->start_realtime_ns = 1000;
	a->window_ns = b->window_ns = 100;
	assert_int_equal(profile__merge(all, a), 0);
	assert_int_equal(profile__merge(all, b), 0);
	assert_int_equal(all->window_ns, 200);
	assert_int_equal(all->start_realtime_ns, 1000);
	profile__free(all);
	profile__free(a);
	profile__free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_names),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_text_has_no_threads),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_merge_windows_apart),
		cmocka_unit_test(test_wakers_of_waits),
		cmocka_unit_test(test_merge_waits),
		cmocka_unit_test(test_merge_of_two_boots),
		cmocka_unit_test(test_thin_waits),
		cmocka_unit_test(test_merge_too_many_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
