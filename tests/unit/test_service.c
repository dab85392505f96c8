/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The continuous mode over a source that lives by the real clock: thread 1 sleeps all the time, thread 2 has a wait of a
 * millisecond in every round. Whatever the windows are, together they must show exactly that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/service.h"
#include "base/os_clock.h"
#include "fixtures/mkwire.h"

#define ROUND_US    3000
#define WAIT_NS	    1000000
#define MAX_WINDOWS 256

struct fake {
	struct source base; /* first */
	unsigned int rounds, round_cnt;
	uint64_t start_ns, stop_ns;
	uint64_t waited_ns, wait_cnt; /* of thread 2 */
	/* Its stack, and that of who ends its waits, are defined a round after the first wait with them. */
	uint64_t late_stack, late_waker;
	unsigned int cut_cnt, stacks_forgotten, swept;
};

static int deliver(struct buf *b, event_fn fn, void *arg)
{
	int err = 0;

	for (size_t off = 0; !err && off < b->len; off += mkwire_event(b, off).h->size) {
		struct event e = mkwire_event(b, off);

		err = fn(arg, &e);
	}
	buf__fini(b);
	return err;
}

static int fake_start(struct source *s, event_fn fn, void *arg)
{
	struct fake *f = (struct fake *)s;
	struct buf b;

	mkwire_init(&b);
	mkwire_module(&b, 1, WIRE_MODULE_KERNEL, "[kernel]");
	mkwire_thread(&b, 10, 1, 1, "sleeper");
	mkwire_thread(&b, 10, 2, 1, "busy");
	f->start_ns = os_monotonic_ns();
	mkwire_window(&b, WIRE_WINDOW_START, f->start_ns);
	return deliver(&b, fn, arg);
}

static int fake_poll(struct source *s, int timeout_ms, event_fn fn, void *arg)
{
	struct fake *f = (struct fake *)s;
	uint64_t now = os_monotonic_ns();
	uint64_t ips[] = {0x1001}, timer[] = {0x2001};
	struct wire_waker waker = {.kernel_stack = f->late_waker,
				   .flags = WIRE_W_ANY | WIRE_W_AWAY};
	struct buf b;
	size_t off;

	assert_true(timeout_ms >= 0);
	usleep(ROUND_US);
	mkwire_init(&b);
	if (f->late_stack && f->rounds == 1)
		mkwire_stack(&b, 0, f->late_stack, ips, 1);
	if (f->late_waker && f->rounds == 1)
		mkwire_stack(&b, 0, f->late_waker, timer, 1);
	now = os_monotonic_ns();
	off = mkwire_interval(&b, 2, now - WAIT_NS, now - WAIT_NS / 4, now, f->late_stack, 0);
	if (f->late_waker)
		mkwire_waker(&b, off, &waker);
	f->waited_ns += WAIT_NS;
	f->wait_cnt++;
	mkwire_round(&b, os_monotonic_ns());
	f->rounds++;
	if (deliver(&b, fn, arg))
		return -EBADMSG;
	return f->rounds < f->round_cnt;
}

static void open_wait(const struct fake *f, struct buf *b, uint64_t to_ns)
{
	size_t off = mkwire_interval(b, 1, f->start_ns, to_ns, to_ns, 0, 0);
	struct wire_interval *iv = mkwire_at(b, off);

	iv->wait.flags |= WIRE_F_OPEN;
}

static int fake_cut(struct source *s, event_fn fn, void *arg, uint64_t *ret_ns)
{
	struct fake *f = (struct fake *)s;
	struct buf b;

	f->cut_cnt++;
	*ret_ns = os_monotonic_ns();
	mkwire_init(&b);
	open_wait(f, &b, *ret_ns);
	return deliver(&b, fn, arg);
}

static int fake_stop(struct source *s, event_fn fn, void *arg)
{
	struct fake *f = (struct fake *)s;
	struct buf b;

	f->stop_ns = os_monotonic_ns();
	mkwire_init(&b);
	open_wait(f, &b, f->stop_ns);
	mkwire_window(&b, WIRE_WINDOW_END, f->stop_ns);
	mkwire_round(&b, os_monotonic_ns());
	return deliver(&b, fn, arg);
}

static int fake_forget(struct source *s, const uint64_t *ids, size_t cnt)
{
	struct fake *f = (struct fake *)s;

	(void)ids;
	f->stacks_forgotten += (unsigned int)cnt;
	return 0;
}

static int fake_swept(struct source *s)
{
	((struct fake *)s)->swept++;
	return 0;
}

static const struct source_ops fake_ops = {
	.name = "fake",
	.start = fake_start,
	.poll = fake_poll,
	.stop = fake_stop,
	.cut = fake_cut,
	.forget = fake_forget,
	.swept = fake_swept,
};

/* ---- what comes out ---- */

struct seen {
	uint64_t sleeper_ns, busy_ns, busy_cnt;
	struct {
		uint64_t start_ns, length_ns;
	} windows[MAX_WINDOWS];
	size_t window_cnt;
};

static void take_window(void *arg, struct profile *p)
{
	struct seen *seen = arg;

	for (size_t i = 0; i < p->sample_cnt; i++) {
		const struct profile_sample *s = &p->samples[i];
		uint64_t ns = profile_sample__total_ns(s);

		assert_true(s->thread < p->thread_cnt);
		if (p->threads[s->thread].tid == 1) {
			/* It sleeps: the window's length, exactly. */
			assert_int_equal(ns, p->window_ns);
			seen->sleeper_ns += ns;
			continue;
		}
		seen->busy_ns += ns;
		seen->busy_cnt += s->cnt;
	}
	assert_true(seen->window_cnt < MAX_WINDOWS);
	seen->windows[seen->window_cnt].start_ns = p->start_realtime_ns;
	seen->windows[seen->window_cnt++].length_ns = p->window_ns;
	profile__free(p);
}

static int name_kernel(void *ctx, const struct module *m, struct symtab *t, uint64_t *ret_limit)
{
	(void)ctx, (void)m, (void)ret_limit;
	return symtab__add(t, "hrtimer_wakeup", 0x2000, 0x100, 1) ? -ENOMEM : 1;
}

struct rig {
	struct fake fake;
	struct session *session;
	struct service *service;
	struct seen seen;
};

static void rig_init(struct rig *r, uint64_t every_ns, unsigned int round_cnt)
{
	static const struct resolver kernel = {.name = "kernel", .fill = name_kernel};
	static const struct resolver *const resolvers[] = {&kernel, NULL};
	struct service_opts opts = {
		.every_ns = every_ns,
		.rotated = take_window,
		.rotated_arg = &r->seen,
		.naming = {.resolvers = resolvers},
		.group_by = GROUP_BY_COMM,
	};

	memset(r, 0, sizeof(*r));
	r->fake.base.ops = &fake_ops;
	r->fake.round_cnt = round_cnt;
	r->session = session__new();
	assert_non_null(r->session);
	r->service = service__new(r->session, &opts);
	assert_non_null(r->service);
}

static void rig_fini(struct rig *r)
{
	service__free(r->service);
	session__free(r->session);
}

static void test_windows_tile(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 40000000, 100);
	assert_int_equal(service__run(r.service, &r.fake.base), 0);
	assert_in_range(r.seen.window_cnt, 3, MAX_WINDOWS);
	assert_int_equal(r.seen.sleeper_ns, r.fake.stop_ns - r.fake.start_ns);
	assert_int_equal(r.seen.busy_ns, r.fake.waited_ns);
	/* Where one ends the next begins; the two clocks are read apart. */
	for (size_t i = 1; i < r.seen.window_cnt; i++) {
		uint64_t end = r.seen.windows[i - 1].start_ns + r.seen.windows[i - 1].length_ns;
		uint64_t begin = r.seen.windows[i].start_ns;

		assert_true(begin > end - 5000000 && begin < end + 5000000);
	}
	rig_fini(&r);
}

/* ---- for who shows windows at once ---- */

struct shown {
	const struct fake *fake;
	unsigned int started_at, tick_cnt, stop_after;
	uint64_t max_ns, windows_ns;
	size_t window_cnt;
};

static int note_start(void *arg)
{
	struct shown *s = arg;

	assert_true(s->fake->start_ns > 0);
	assert_int_equal(s->fake->rounds, 0);
	s->started_at++;
	return 0;
}

static int count_tick(void *arg, uint64_t now_ns)
{
	struct shown *s = arg;

	(void)now_ns;
	return ++s->tick_cnt == s->stop_after;
}

/* The sleeper's longest wait is as old as the run, in each window; its time is that of the window. */
static void take_shown(void *arg, struct profile *p)
{
	struct shown *s = arg;

	s->windows_ns += p->window_ns;
	s->window_cnt++;
	for (size_t i = 0; i < p->sample_cnt; i++) {
		const struct profile_sample *sample = &p->samples[i];

		if (p->threads[sample->thread].tid != 1) {
			assert_true(sample->max_ns <= WAIT_NS);
			continue;
		}
		assert_int_equal(profile_sample__total_ns(sample), p->window_ns);
		assert_int_equal(sample->max_ns, s->windows_ns);
		assert_int_equal(sample->syscall, profile_syscall(-1, false));
	}
	profile__free(p);
}

static void test_windows_with_whole_waits(void **state)
{
	struct shown shown = {.stop_after = 60};
	struct service_opts opts = {
		.every_ns = 40000000,
		.rotated = take_shown,
		.rotated_arg = &shown,
		.whole_max = true,
		.started = note_start,
		.started_arg = &shown,
		.tick = count_tick,
		.tick_arg = &shown,
	};
	struct rig r;

	(void)state;
	rig_init(&r, 0, UINT32_MAX);
	service__free(r.service);
	r.service = service__new(r.session, &opts);
	assert_non_null(r.service);
	shown.fake = &r.fake;
	/* The source would go on for ever: the tick ends it. */
	assert_int_equal(service__run(r.service, &r.fake.base), 0);
	assert_int_equal(shown.tick_cnt, 60);
	assert_int_equal(shown.started_at, 1);
	assert_true(shown.window_cnt >= 3);
	assert_int_equal(shown.windows_ns, r.fake.stop_ns - r.fake.start_ns);
	rig_fini(&r);
}

static int refuse_start(void *arg)
{
	(void)arg;
	return -EPERM;
}

static void test_start_refused(void **state)
{
	struct service_opts opts = {.started = refuse_start};
	struct rig r;

	(void)state;
	rig_init(&r, 0, 5);
	service__free(r.service);
	r.service = service__new(r.session, &opts);
	assert_non_null(r.service);
	assert_int_equal(service__run(r.service, &r.fake.base), -EPERM);
	assert_int_equal(r.fake.rounds, 0);
	rig_fini(&r);
}

static void test_no_rotation(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 0, 10);
	assert_int_equal(service__run(r.service, &r.fake.base), 0);
	assert_int_equal(r.seen.window_cnt, 0);
	/* Nobody asked, so nothing was cut. */
	assert_int_equal(r.fake.cut_cnt, 0);
	rig_fini(&r);
}

/* ---- questions ---- */

struct answer {
	struct service_request ask; /* first */
	int err;
	unsigned int done_cnt;
	unsigned int at_round;
	const struct fake *fake;
};

static void note_answer(struct service_request *ask, int err)
{
	struct answer *a = (struct answer *)ask;

	a->err = err;
	a->done_cnt++;
	a->at_round = a->fake->rounds;
}

static void ask(struct rig *r, struct answer *a, enum service_want want, uint64_t duration_ns)
{
	*a = (struct answer){
		.ask = {.want = want, .duration_ns = duration_ns, .done = note_answer},
		.fake = &r->fake,
	};
	service__ask(r->service, &a->ask);
}

static void test_counts(void **state)
{
	struct answer a, b;
	struct rig r;

	(void)state;
	rig_init(&r, 0, 30);
	ask(&r, &a, SERVICE_COUNTS, 0);
	ask(&r, &b, SERVICE_COUNTS, 0);
	assert_int_equal(service__run(r.service, &r.fake.base), 0);
	assert_int_equal(a.done_cnt, 1);
	assert_int_equal(b.done_cnt, 1);
	assert_int_equal(a.err, 0);
	assert_int_equal(b.err, 0);
	/* One cut for both. */
	assert_int_equal(r.fake.cut_cnt, 1);
	assert_true(a.at_round < 10);
	assert_int_equal(a.ask.counts->open.blocked_cnt[REASON_OTHER], 1);
	assert_true(a.ask.counts->open.longest_ns > 0);
	assert_true(a.ask.counts->metrics.delivered.cnt > 0);
	assert_true(a.ask.counts->event_realtime_ns > 0);
	service_counts__free(a.ask.counts);
	service_counts__free(b.ask.counts);
	rig_fini(&r);
}

static void test_window_on_request(void **state)
{
	struct answer a;
	struct rig r;
	struct seen seen = {0};

	(void)state;
	rig_init(&r, 0, 60);
	ask(&r, &a, SERVICE_WINDOW, 50000000);
	assert_int_equal(service__run(r.service, &r.fake.base), 0);
	assert_int_equal(a.done_cnt, 1);
	assert_int_equal(a.err, 0);
	take_window(&seen, a.ask.profile);
	/* How much longer is the machine's business. */
	assert_in_range(seen.windows[0].length_ns, 50000000, r.fake.stop_ns - r.fake.start_ns);
	assert_int_equal(seen.sleeper_ns, seen.windows[0].length_ns);
	assert_true(seen.busy_cnt >= 1);
	assert_true(seen.busy_ns < r.fake.waited_ns);
	rig_fini(&r);
}

static void test_too_many_windows(void **state)
{
	struct answer answers[WINDOWS_MAX + 1];
	unsigned int busy = 0, good = 0;
	struct rig r;

	(void)state;
	rig_init(&r, 1000000000, 30);
	for (size_t i = 0; i <= WINDOWS_MAX; i++)
		ask(&r, &answers[i], SERVICE_WINDOW, 10000000);
	assert_int_equal(service__run(r.service, &r.fake.base), 0);
	for (size_t i = 0; i <= WINDOWS_MAX; i++) {
		assert_int_equal(answers[i].done_cnt, 1);
		busy += answers[i].err == -EBUSY;
		good += answers[i].err == 0;
		if (!answers[i].err)
			profile__free(answers[i].ask.profile);
	}
	assert_int_equal(busy + good, WINDOWS_MAX + 1);
	/* Rotation keeps its place, and that of the next window. */
	assert_int_equal(good, WINDOWS_MAX - 2);
	assert_true(r.seen.window_cnt >= 1);
	rig_fini(&r);
}

/* A window that is open when the run ends is answered with what there is; later questions are refused. */
static void test_shutdown(void **state)
{
	struct answer a, late;
	struct rig r;

	(void)state;
	rig_init(&r, 0, 10);
	ask(&r, &a, SERVICE_WINDOW, 3600000000000ull);
	assert_int_equal(service__run(r.service, &r.fake.base), 0);
	assert_int_equal(a.done_cnt, 1);
	assert_int_equal(a.err, 0);
	profile__free(a.ask.profile);
	ask(&r, &late, SERVICE_COUNTS, 0);
	assert_int_equal(late.done_cnt, 1);
	assert_int_equal(late.err, -ESHUTDOWN);
	rig_fini(&r);
}

/* ---- counting ---- */

static void test_ledger(void **state)
{
	struct ledger l;
	struct rig r;

	(void)state;
	rig_init(&r, 0, 20);
	assert_int_equal(service__run(r.service, &r.fake.base), 0);
	service__ledger(r.service, &l);
	assert_int_equal(l.delivered.ns, r.fake.waited_ns);
	assert_int_equal(l.delivered.cnt, r.fake.wait_cnt);
	assert_int_equal(l.open.ns, r.fake.stop_ns - r.fake.start_ns);
	assert_int_equal(l.open.cnt, 1);
	rig_fini(&r);
}

/* The definition of a stack may be in a ring that is read later: the waits count then, none is left out. */
static void test_late_stack(void **state)
{
	struct rig r;
	uint64_t cnt = 0, ns = 0;

	(void)state;
	rig_init(&r, 0, 10);
	r.fake.late_stack = 77;
	assert_int_equal(service__run(r.service, &r.fake.base), 0);
	for (int i = 0; i < REASON_CNT; i++) {
		cnt += r.service->metrics.block[i].cnt;
		ns += (uint64_t)r.service->metrics.block[i].sum;
	}
	assert_int_equal(cnt, r.fake.wait_cnt);
	assert_int_equal(ns, r.fake.wait_cnt * (WAIT_NS - WAIT_NS / 4));
	/* Those with the stack have its one frame. */
	assert_int_equal(r.service->metrics.kernel_frames.cnt, r.fake.wait_cnt);
	rig_fini(&r);
}

/* Likewise of who ended it: a timer, by the name of its function. */
static void test_late_waker(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 0, 10);
	r.fake.late_waker = 78;
	assert_int_equal(service__run(r.service, &r.fake.base), 0);
	assert_int_equal(r.service->metrics.waker_cnt[WAKER_TIMER], r.fake.wait_cnt);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_windows_tile),
		cmocka_unit_test(test_windows_with_whole_waits),
		cmocka_unit_test(test_start_refused),
		cmocka_unit_test(test_no_rotation),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_window_on_request),
		cmocka_unit_test(test_too_many_windows),
		cmocka_unit_test(test_shutdown),
		cmocka_unit_test(test_ledger),
		cmocka_unit_test(test_late_stack),
		cmocka_unit_test(test_late_waker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
