/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The one loop, over a source that plays a script: what it asks of the source, what it records, how it
 * ends; and that a recording replays to the profile that the run gave.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/session.h"
#include "base/compiler.h"
#include "base/log.h"
#include "base/os_clock.h"
#include "fixtures/mkwire.h"
#include "format/recording.h"
#include "output/writer.h"
#include "source/recording.h"

/* ---- a source that plays a script ---- */

#define FAKE_MAX_POLLS 8
#define FAKE_MAX_ASKED 64

struct asked {
	struct wire_image image;
	unsigned int poll; /* during which; 0: start */
	bool in_round;	   /* at the round's end, not before */
};

struct fake {
	struct source base;			       /* first */
	struct buf start, polls[FAKE_MAX_POLLS], stop; /* records, delivered then */
	unsigned int poll_cnt;
	bool endless;			   /* goes on after the last poll */
	int start_err, poll_err, stop_err; /* poll_err: of the last poll, after its events */
	/* Delivers an image's mappings as they are at this poll; NULL: it is gone. */
	int (*refresh)(struct fake *f, const struct wire_image *image, event_fn fn, void *arg);
	int refresh_err;
	/* What happened. */
	unsigned int started, polled, stopped;
	int longest_timeout_ms;
	struct asked asked[FAKE_MAX_ASKED];
	unsigned int asked_cnt;
	bool in_round;
};

static int fake_play(struct fake *f, const struct buf *b, event_fn fn, void *arg)
{
	for (size_t off = 0; off < b->len; off += mkwire_event(b, off).h->size) {
		struct event e = mkwire_event(b, off);
		int err;

		f->in_round = e.h->kind == WIRE_ROUND;
		err = fn(arg, &e);
		f->in_round = false;
		if (err)
			return err;
	}
	return 0;
}

static int fake_start(struct source *s, event_fn fn, void *arg)
{
	struct fake *f = (struct fake *)s;

	f->started++;
	return f->start_err ? f->start_err : fake_play(f, &f->start, fn, arg);
}

static int fake_poll(struct source *s, int timeout_ms, event_fn fn, void *arg)
{
	struct fake *f = (struct fake *)s;
	int err = 0;

	if (timeout_ms > f->longest_timeout_ms)
		f->longest_timeout_ms = timeout_ms;
	if (f->polled < f->poll_cnt) {
		f->polled++;
		err = fake_play(f, &f->polls[f->polled - 1], fn, arg);
	} else {
		f->polled++;
		usleep(1000);
	}
	if (err)
		return err;
	if (f->polled < f->poll_cnt || f->endless)
		return 1;
	return f->poll_err;
}

static int fake_stop(struct source *s, event_fn fn, void *arg)
{
	struct fake *f = (struct fake *)s;

	f->stopped++;
	return f->stop_err ? f->stop_err : fake_play(f, &f->stop, fn, arg);
}

static int fake_refresh(struct source *s, const struct wire_image *image, event_fn fn, void *arg)
{
	struct fake *f = (struct fake *)s;

	assert_true(f->asked_cnt < FAKE_MAX_ASKED);
	f->asked[f->asked_cnt++] = (struct asked){*image, f->polled, f->in_round};
	if (f->refresh_err)
		return f->refresh_err;
	return f->refresh ? f->refresh(f, image, fn, arg) : 0;
}

static void fake_close(struct source *s)
{
	struct fake *f = (struct fake *)s;

	buf__fini(&f->start);
	buf__fini(&f->stop);
	for (int i = 0; i < FAKE_MAX_POLLS; i++)
		buf__fini(&f->polls[i]);
	free(f);
}

static const struct source_ops fake_ops = {
	.name = "fake",
	.start = fake_start,
	.poll = fake_poll,
	.stop = fake_stop,
	.refresh = fake_refresh,
	.close = fake_close,
};

static struct fake *fake_new(void)
{
	struct fake *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->base.ops = &fake_ops;
	mkwire_init(&f->start);
	mkwire_init(&f->stop);
	for (int i = 0; i < FAKE_MAX_POLLS; i++)
		mkwire_init(&f->polls[i]);
	return f;
}

/* ---- names, as they are while the program runs ---- */

static int live_fill(void *ctx _unused_, const struct module *m, struct symtab *t,
		     uint64_t *ret_limit _unused_)
{
	char name[64];
	int err = 0;

	/* One function each 256 bytes: "app_3" is at 0x300. */
	for (uint64_t i = 0; !err && i < 16; i++) {
		uint64_t base = m->kind == WIRE_MODULE_KERNEL ? 0xffffffff81000000 : 0;

		snprintf(name, sizeof(name), "%s_%u", module__name(m), (unsigned int)i);
		/* So that the reason is known. */
		if (m->kind == WIRE_MODULE_KERNEL && i == 1)
			snprintf(name, sizeof(name), "futex_do_wait");
		err = symtab__add(t, name, base + i * 0x100, 0x100, 1);
	}
	return err ? err : 1;
}

static const struct resolver live_resolver = {.name = "live", .fill = live_fill};
static const struct resolver *const live_resolvers[] = {&live_resolver, NULL};

/* ---- the script of a run with everything in it ---- */

#define KERNEL_1 0xffffffff81000111
#define KERNEL_2 0xffffffff81000222
#define APP(n)	 (0x400000 + (n)*0x100 + 0x20)
#define LIB(n)	 (0x700000 + (n)*0x100 + 0x20)

static const struct offcpu_view plain_view;

static void add_stack(struct buf *b, uint32_t pid, uint32_t exec_id, uint64_t id, uint64_t inner,
		      uint64_t outer)
{
	const uint64_t ips[] = {inner, outer};
	struct wire_stack *s = mkwire_at(b, mkwire_stack(b, pid, id, ips, 2));

	s->image.exec_id = exec_id;
}

static struct wire_mapping *add_mapping(struct buf *b, const struct wire_image *image,
					uint64_t start, uint32_t module)
{
	struct wire_mapping *m =
		mkwire_at(b, mkwire_mapping(b, image->pid, start, start + 0x10000, 0, module));

	m->image = *image;
	return m;
}

/*
 * The mappings of process 42: the app, and from poll 3 on a library. A process that exec'd is the tool.
 */
static int story_refresh(struct fake *f, const struct wire_image *image, event_fn fn, void *arg)
{
	_cleanup_buf_ struct buf b;
	int err;

	mkwire_init(&b);
	if (image->exec_id) {
		mkwire_module(&b, 3, WIRE_MODULE_ELF, "/bin/tool");
		add_mapping(&b, image, 0x400000, 3)->flags = WIRE_MAPPING_RESET;
	} else {
		add_mapping(&b, image, 0x400000, 2)->flags = WIRE_MAPPING_RESET;
		if (f->polled >= 3) {
			mkwire_module(&b, 4, WIRE_MODULE_ELF, "/lib/lib.so");
			add_mapping(&b, image, 0x700000, 4);
		}
	}
	err = fake_play(f, &b, fn, arg);
	return err < 0 ? err : 1;
}

static void story_start(struct buf *b)
{
	mkwire_module(b, 1, WIRE_MODULE_KERNEL, "[kernel]");
	mkwire_module(b, 2, WIRE_MODULE_ELF, "/usr/bin/app");
	mkwire_window(b, WIRE_WINDOW_START, 1000);
	mkwire_thread(b, 42, 42, 0, "app");
	add_stack(b, 0, 0, 10, KERNEL_1, KERNEL_2);
}

static void story_polls(struct fake *f)
{
	struct buf *b = &f->polls[0];
	size_t off;

	/* Two stacks of an image without mappings, and a stack id that is defined later. */
	add_stack(b, 42, 0, 20, APP(1), APP(2));
	add_stack(b, 42, 0, 21, APP(3), 0x900000);
	mkwire_interval(b, 42, 2000000, 2500000, 2600000, 10, 20);
	mkwire_interval(b, 42, 3000000, 3500000, 3600000, 10, 21);
	mkwire_interval(b, 42, 4000000, 4500000, 4600000, 10, 30);
	mkwire_round(b, 5000000);

	/* A child that runs its parent's code, then its own. */
	b = &f->polls[1];
	add_stack(b, 42, 0, 30, APP(4), APP(2));
	mkwire_fork(b, 42, 43);
	mkwire_thread(b, 43, 43, 0, "app");
	add_stack(b, 43, 0, 22, APP(5), APP(2));
	mkwire_interval(b, 43, 5000000, 5500000, 5600000, 10, 22);
	mkwire_exec(b, 43, 1, "tool");
	mkwire_thread(b, 43, 43, 1, "tool");
	add_stack(b, 43, 1, 23, APP(5), APP(2));
	off = mkwire_interval(b, 43, 6000000, 6500000, 6600000, 10, 23);
	((struct wire_interval *)mkwire_at(b, off))->thread.comm_gen = 1;
	mkwire_spill(b, 42, 3, 900000, 60000);
	mkwire_round(b, 7000000);

	/* 42 has a library by now. */
	b = &f->polls[2];
	add_stack(b, 42, 0, 24, LIB(1), APP(2));
	mkwire_interval(b, 42, 7000000, 7500000, 7600000, 10, 24);
	mkwire_round(b, 8000000);
	f->poll_cnt = 3;
}

static void story_stop(struct buf *b)
{
	uint64_t values[WIRE_COUNTER_CNT] = {
		[WIRE_C_OBSERVED_NS] = 6 * 600000 + 960000,
		[WIRE_C_OBSERVED_CNT] = 6 + 3,
		[WIRE_C_SPILLED_NS] = 960000,
		[WIRE_C_SPILLED_CNT] = 3,
	};
	struct wire_interval *open =
		mkwire_at(b, mkwire_interval(b, 42, 7600000, 9000000, 9000000, 10, 20));

	open->wait.flags = WIRE_F_OPEN;
	mkwire_summary(b, 42, 42, 0, "app");
	mkwire_summary(b, 43, 43, 1, "tool");
	mkwire_counters(b, values, WIRE_COUNTER_CNT);
	mkwire_window(b, WIRE_WINDOW_END, 9000000);
	mkwire_round(b, 9000000);
}

static struct fake *fake_story(void)
{
	struct fake *f = fake_new();

	story_start(&f->start);
	story_polls(f);
	story_stop(&f->stop);
	f->refresh = story_refresh;
	return f;
}

/* All of one interval of 0.6 ms. */
static void add_small_counters(struct buf *b)
{
	const uint64_t values[] = {
		[WIRE_C_OBSERVED_NS] = 600000,
		[WIRE_C_OBSERVED_CNT] = 1,
	};

	mkwire_counters(b, values, ARRAY_SIZE(values));
}

static const char story_folded[] = "app;[Missed User Stack];[Missed Kernel Stack] 960\n"
				   "app;[unknown];app_3;[kernel]_2;futex_do_wait 600\n"
				   "app;app_2;app_1;[kernel]_2;futex_do_wait 2000\n"
				   "app;app_2;app_4;[kernel]_2;futex_do_wait 600\n"
				   "app;app_2;app_5;[kernel]_2;futex_do_wait 600\n"
				   "app;app_2;lib.so_1;[kernel]_2;futex_do_wait 600\n"
				   "tool;tool_2;tool_5;[kernel]_2;futex_do_wait 600\n";

/* ---- sessions ---- */

static int run(struct session *s, struct source *source)
{
	struct session_limits limits = {0};

	return session__run(s, source, &limits);
}

/* What a writer makes of the session; to be freed. */
static char *render(const struct profile *p, const struct writer *w)
{
	struct writer_opts opts = {0};
	char *text = NULL;
	size_t len;
	FILE *fp = open_memstream(&text, &len);

	assert_int_equal(w->write(p, &opts, fp), 0);
	fclose(fp);
	return text;
}

struct rendered {
	char *folded, *json;
};

static struct rendered render_session(struct session *s, const struct resolver *const *resolvers,
				      const struct offcpu_view *view)
{
	struct profile *p = session__profile(s, resolvers, NULL, view);
	struct rendered r;

	assert_non_null(p);
	r.folded = render(p, &folded_writer);
	r.json = render(p, &json_writer);
	assert_int_equal(ledger__imbalance_ns(&p->ledger), 0);
	profile__free(p);
	return r;
}

static void rendered_free(struct rendered *r)
{
	free(r->folded);
	free(r->json);
}

/* Runs a script without a recording. */
static struct rendered run_script(struct fake *f)
{
	struct session *s = session__new();
	struct rendered r;

	assert_non_null(s);
	assert_int_equal(run(s, &f->base), 0);
	r = render_session(s, live_resolvers, &plain_view);
	session__free(s);
	return r;
}

/* Runs @source, recording to @path, with names of @resolvers or, if NULL, of the recording that is read. */
static struct rendered run_recorded(struct source *source, const struct resolver *const *resolvers,
				    const char *path)
{
	FILE *fp = fopen(path, "wb");
	struct session *s = session__new();
	const struct resolver *own[2] = {NULL, NULL};
	struct resolver recorded;
	struct rendered r;

	assert_non_null(fp);
	recorded_symbols__resolver(s->recorded, &recorded);
	own[0] = &recorded;
	s->save = recording_writer__new(fp);
	assert_int_equal(run(s, source), 0);
	r = render_session(s, resolvers ? resolvers : own, &plain_view);
	assert_int_equal(session__save_symbols(s), 0);
	assert_int_equal(recording_writer__finish(s->save), 0);
	recording_writer__free(s->save);
	fclose(fp);
	session__free(s);
	return r;
}

static char recording_path[] = "/tmp/test_session.XXXXXX";

static int path_setup(void **state _unused_)
{
	strcpy(recording_path, "/tmp/test_session.XXXXXX");
	return close(mkstemp(recording_path));
}

static int path_teardown(void **state _unused_)
{
	return unlink(recording_path);
}

/* ---- what a run shows ---- */

static void test_a_run_shows_each_stack_under_the_mappings_of_its_time(void **state _unused_)
{
	struct fake *f = fake_story();
	struct rendered r = run_script(f);

	assert_string_equal(r.folded, story_folded);
	assert_int_equal(f->started, 1);
	assert_int_equal(f->polled, 3);
	assert_int_equal(f->stopped, 1);
	rendered_free(&r);
	source__close(&f->base);
}

static void check_asked(const struct asked *a, uint32_t pid, uint32_t exec_id, unsigned int poll,
			bool in_round)
{
	assert_int_equal(a->image.pid, pid);
	assert_int_equal(a->image.exec_id, exec_id);
	assert_int_equal(a->image.start_ns, 1000ull * pid);
	assert_int_equal(a->poll, poll);
	assert_int_equal(a->in_round, in_round);
}

static void test_mappings_are_asked_for_once_per_image_and_round(void **state _unused_)
{
	struct fake *f = fake_story();
	struct rendered r = run_script(f);

	assert_int_equal(f->asked_cnt, 3);
	/* Two stacks needed them. */
	check_asked(&f->asked[0], 42, 0, 1, true);
	/* An exec asks at once; the forked child has its parent's. */
	check_asked(&f->asked[1], 43, 1, 2, false);
	check_asked(&f->asked[2], 42, 0, 3, true);
	rendered_free(&r);
	source__close(&f->base);
}

/* What it needs may still lie in a ring that was read before: it is resolved a round later. */
static void test_a_stack_younger_than_its_round_waits_for_the_next(void **state _unused_)
{
	struct fake *f = fake_new();
	struct rendered r;
	size_t off;

	story_start(&f->start);
	add_stack(&f->polls[0], 43, 0, 20, APP(1), APP(2));
	off = f->polls[0].len - (sizeof(struct wire_stack) + 16);
	((struct wire_stack *)mkwire_at(&f->polls[0], off))->time_ns = 2500;
	mkwire_thread(&f->polls[0], 43, 43, 0, "child");
	mkwire_interval(&f->polls[0], 43, 2000000, 2500000, 2600000, 10, 20);
	mkwire_round(&f->polls[0], 2500);
	mkwire_mapping(&f->polls[1], 42, 0x400000, 0x410000, 0, 2);
	mkwire_fork(&f->polls[1], 42, 43);
	mkwire_round(&f->polls[1], 2600);
	f->poll_cnt = 2;
	add_small_counters(&f->stop);
	mkwire_window(&f->stop, WIRE_WINDOW_END, 3000);
	r = run_script(f);
	assert_string_equal(r.folded, "child;app_2;app_1;[kernel]_2;futex_do_wait 600\n");
	/* Asked for in vain in the first round, not needed in the second. */
	assert_int_equal(f->asked_cnt, 1);
	rendered_free(&r);
	source__close(&f->base);
}

static void test_after_the_windows_end_no_stack_waits(void **state _unused_)
{
	struct fake *f = fake_new();
	struct rendered r;

	story_start(&f->start);
	mkwire_mapping(&f->start, 42, 0x400000, 0x410000, 0, 2);
	f->poll_cnt = 1;
	mkwire_round(&f->polls[0], 2000);
	add_stack(&f->stop, 42, 0, 20, APP(1), APP(2));
	((struct wire_stack *)mkwire_at(&f->stop, 0))->time_ns = 9999;
	mkwire_interval(&f->stop, 42, 2000000, 2500000, 2600000, 10, 20);
	add_small_counters(&f->stop);
	mkwire_window(&f->stop, WIRE_WINDOW_END, 3000);
	mkwire_round(&f->stop, 3000);
	r = run_script(f);
	assert_string_equal(r.folded, "app;app_2;app_1;[kernel]_2;futex_do_wait 600\n");
	rendered_free(&r);
	source__close(&f->base);
}

static void test_of_an_image_that_is_gone_the_frames_say_so(void **state _unused_)
{
	struct fake *f = fake_story();
	struct rendered r;

	f->refresh = NULL;
	r = run_script(f);
	assert_non_null(strstr(r.folded, "app;[exited];[kernel]_2;futex_do_wait "));
	assert_null(strstr(r.folded, "app_"));
	rendered_free(&r);
	source__close(&f->base);
}

/* /proc shows the mappings of the program that the process is by now: wrong names for the one before. */
static void test_after_an_exec_the_image_before_is_not_asked_for(void **state _unused_)
{
	struct fake *f = fake_new();
	struct rendered r;

	story_start(&f->start);
	f->poll_cnt = 1;
	f->refresh = story_refresh;
	add_stack(&f->polls[0], 42, 0, 20, APP(1), APP(2));
	mkwire_exec(&f->polls[0], 42, 1, "tool");
	mkwire_round(&f->polls[0], 2000);
	mkwire_interval(&f->stop, 42, 2000000, 2500000, 2600000, 10, 20);
	add_small_counters(&f->stop);
	mkwire_window(&f->stop, WIRE_WINDOW_END, 3000);
	mkwire_round(&f->stop, 3000);
	r = run_script(f);
	assert_int_equal(f->asked_cnt, 1); /* for the new one, at its exec */
	assert_int_equal(f->asked[0].image.exec_id, 1);
	assert_non_null(strstr(r.folded, "[exited]"));
	rendered_free(&r);
	source__close(&f->base);
}

static void test_a_source_that_can_not_refresh_is_not_asked(void **state _unused_)
{
	static struct source_ops ops;
	struct fake *f = fake_story();
	struct rendered r;

	ops = fake_ops;
	ops.refresh = NULL;
	f->base.ops = &ops;
	r = run_script(f);
	assert_int_equal(f->asked_cnt, 0);
	assert_non_null(strstr(r.folded, "app;[exited];"));
	rendered_free(&r);
	source__close(&f->base);
}

/* ---- recordings ---- */

static void check_equal(const struct rendered *a, const struct rendered *b)
{
	assert_string_equal(a->folded, b->folded);
	assert_string_equal(a->json, b->json);
}

/* Reads the recording and makes the profile with nothing but what is in it. */
static struct rendered replay(const char *path)
{
	struct source *source = recording_source_open(path);
	struct session *s = session__new();
	const struct resolver *resolvers[2] = {NULL, NULL};
	struct resolver recorded;
	struct rendered r;

	assert_non_null(source);
	assert_int_equal(run(s, source), 0);
	recorded_symbols__resolver(s->recorded, &recorded);
	resolvers[0] = &recorded;
	r = render_session(s, resolvers, &plain_view);
	session__free(s);
	source__close(source);
	return r;
}

static void test_recording_does_not_change_the_run(void **state _unused_)
{
	struct fake *f = fake_story(), *g = fake_story();
	struct rendered with = run_recorded(&f->base, live_resolvers, recording_path),
			without = run_script(g);

	check_equal(&with, &without);
	rendered_free(&with);
	rendered_free(&without);
	source__close(&f->base);
	source__close(&g->base);
}

static void test_a_recording_replays_to_the_same_profile(void **state _unused_)
{
	struct fake *f = fake_story();
	struct rendered live = run_recorded(&f->base, live_resolvers, recording_path),
			replayed = replay(recording_path);

	assert_string_equal(live.folded, story_folded);
	check_equal(&live, &replayed);
	rendered_free(&live);
	rendered_free(&replayed);
	source__close(&f->base);
}

static void test_a_recording_of_a_replay_is_as_good(void **state _unused_)
{
	char second_path[] = "/tmp/test_session.XXXXXX";
	struct fake *f = fake_story();
	struct rendered live = run_recorded(&f->base, live_resolvers, recording_path), replayed,
			again;
	struct source *source = recording_source_open(recording_path);

	close(mkstemp(second_path));
	again = run_recorded(source, NULL, second_path);
	replayed = replay(second_path);
	unlink(second_path);
	check_equal(&live, &again);
	check_equal(&live, &replayed);
	rendered_free(&live);
	rendered_free(&again);
	rendered_free(&replayed);
	source__close(source);
	source__close(&f->base);
}

/* Reads all symbols of the recording; each must be as the live resolver knows it. Their number. */
static unsigned int check_recorded_symbols(void)
{
	FILE *fp = fopen(recording_path, "rb");
	struct recording_reader *r = recording_reader__new(fp);
	unsigned int cnt = 0;
	struct event e;
	int n;

	assert_non_null(r);
	while ((n = recording_reader__next(r, &e)) > 0) {
		if (e.h->kind != WIRE_SYMBOL)
			continue;
		assert_int_equal(e.symbol->start % 0x100, 0);
		assert_int_equal(e.symbol->size, 0x100);
		cnt++;
	}
	assert_int_equal(n, 0);
	recording_reader__free(r);
	fclose(fp);
	return cnt;
}

static void test_each_symbol_is_recorded_once_and_whole(void **state _unused_)
{
	struct fake *f = fake_story();
	struct rendered r = run_recorded(&f->base, live_resolvers, recording_path);

	/* kernel 2; app 1, 2, 3, 4, 5; tool 2, 5; lib 1 */
	assert_int_equal(check_recorded_symbols(), 2 + 5 + 2 + 1);
	rendered_free(&r);
	source__close(&f->base);
}

static void test_mappings_are_recorded_before_the_round_that_needed_them(void **state _unused_)
{
	struct fake *f = fake_story();
	struct rendered r = run_recorded(&f->base, live_resolvers, recording_path);
	FILE *fp = fopen(recording_path, "rb");
	struct recording_reader *reader = recording_reader__new(fp);
	unsigned int rounds = 0, mappings[4] = {0};
	struct event e;

	while (recording_reader__next(reader, &e) > 0) {
		if (e.h->kind == WIRE_ROUND)
			rounds++;
		if (e.h->kind == WIRE_MAPPING)
			mappings[rounds]++;
	}
	assert_int_equal(rounds, 4);
	assert_int_equal(mappings[0], 1);
	assert_int_equal(mappings[1], 1);
	assert_int_equal(mappings[2], 2);
	recording_reader__free(reader);
	fclose(fp);
	rendered_free(&r);
	source__close(&f->base);
}

/* A file that takes @cookie bytes, then is full. */
static ssize_t write_until_full(void *cookie, const char *data _unused_, size_t len)
{
	size_t *room = cookie;

	if (len > *room) {
		errno = ENOSPC;
		return 0;
	}
	*room -= len;
	return (ssize_t)len;
}

static FILE *open_small_disk(size_t *room)
{
	cookie_io_functions_t io = {.write = write_until_full};
	FILE *fp = fopencookie(room, "w", io);

	assert_non_null(fp);
	setvbuf(fp, NULL, _IONBF, 0);
	return fp;
}

/* More than the 1 MiB that is written at once. */
static void add_many_intervals(struct buf *b)
{
	for (uint64_t i = 0; i < 40000; i++)
		mkwire_interval(b, 42, 1000 * i, 1000 * i + 500, 1000 * i + 1000, 10, 20);
}

static struct fake *fake_long_story(void)
{
	uint64_t values[WIRE_COUNTER_CNT] = {
		[WIRE_C_OBSERVED_NS] = 6 * 600000 + 960000 + 40000000,
		[WIRE_C_OBSERVED_CNT] = 6 + 3 + 40000,
		[WIRE_C_SPILLED_NS] = 960000,
		[WIRE_C_SPILLED_CNT] = 3,
	};
	struct fake *f = fake_story();

	add_many_intervals(&f->polls[3]);
	mkwire_round(&f->polls[3], 8500000);
	f->poll_cnt = 4;
	mkwire_counters(&f->stop, values, WIRE_COUNTER_CNT);
	return f;
}

static void test_a_full_disk_ends_the_recording_not_the_run(void **state _unused_)
{
	struct fake *f = fake_long_story(), *g = fake_long_story();
	struct session *s = session__new();
	struct rendered full, without;
	size_t room = 1000;
	FILE *fp = open_small_disk(&room);

	s->save = recording_writer__new(fp);
	assert_non_null(s->save);
	assert_int_equal(run(s, &f->base), 0);
	assert_int_equal(s->save_err, -ENOSPC);
	assert_int_equal(f->polled, 4);
	assert_int_equal(f->stopped, 1);
	full = render_session(s, live_resolvers, &plain_view);
	assert_int_equal(session__save_symbols(s), -ENOSPC);
	assert_int_equal(recording_writer__finish(s->save), -ENOSPC);
	without = run_script(g);
	check_equal(&full, &without);
	recording_writer__free(s->save);
	session__free(s);
	fclose(fp);
	rendered_free(&full);
	rendered_free(&without);
	source__close(&f->base);
	source__close(&g->base);
}

/* Larger than a block can be: what follows would fit, but the recording would not be whole. */
static void test_the_first_error_of_a_recording_stays(void **state _unused_)
{
	struct fake *f = fake_story();
	struct session *s = session__new();
	char *text = calloc(1, (2 << 20) + 1);
	FILE *fp = fopen(recording_path, "wb");
	struct rendered r;

	memset(text, 'x', 2 << 20);
	mkwire_meta(&f->start, "long", text);
	s->save = recording_writer__new(fp);
	assert_int_equal(run(s, &f->base), 0);
	assert_int_equal(s->save_err, -EINVAL);
	r = render_session(s, live_resolvers, &plain_view);
	assert_int_equal(session__save_symbols(s), -EINVAL);
	rendered_free(&r);
	recording_writer__free(s->save);
	session__free(s);
	fclose(fp);
	free(text);
	source__close(&f->base);
}

/* ---- how runs end ---- */

/* The result of running @f, which it closes. */
static int result_of(struct fake *f, unsigned int *ret_polled, unsigned int *ret_stopped)
{
	struct session *s = session__new();
	int err = run(s, &f->base);

	*ret_polled = f->polled;
	*ret_stopped = f->stopped;
	session__free(s);
	source__close(&f->base);
	return err;
}

static void test_an_error_of_the_source_is_the_runs(void **state _unused_)
{
	unsigned int polled, stopped;
	struct fake *f = fake_story();

	f->start_err = -EPERM;
	assert_int_equal(result_of(f, &polled, &stopped), -EPERM);
	assert_int_equal(polled, 0);
	f = fake_story();
	f->poll_err = -EIO;
	assert_int_equal(result_of(f, &polled, &stopped), -EIO);
	assert_int_equal(polled, 3);
	f = fake_story();
	f->stop_err = -ENODEV;
	assert_int_equal(result_of(f, &polled, &stopped), -ENODEV);
	assert_int_equal(stopped, 1);
}

static void test_an_error_of_refresh_ends_the_run(void **state _unused_)
{
	unsigned int polled, stopped;
	struct fake *f = fake_story();

	f->refresh_err = -ENOMEM;
	assert_int_equal(result_of(f, &polled, &stopped), -ENOMEM);
	assert_int_equal(polled, 1);
}

static void test_an_error_of_the_refresh_after_an_exec_ends_the_run(void **state _unused_)
{
	unsigned int polled, stopped;
	struct fake *f = fake_new();

	mkwire_exec(&f->start, 43, 1, "tool");
	f->refresh_err = -ENOMEM;
	f->poll_cnt = 1;
	assert_int_equal(result_of(f, &polled, &stopped), -ENOMEM);
	assert_int_equal(polled, 0);
}

static void test_an_event_that_contradicts_the_others_ends_the_run(void **state _unused_)
{
	unsigned int polled, stopped;
	struct fake *f = fake_new();

	mkwire_module(&f->polls[0], 7, WIRE_MODULE_ELF, "/first");
	f->poll_cnt = 2;
	assert_int_equal(result_of(f, &polled, &stopped), -EBADMSG);
	assert_int_equal(polled, 1);
	assert_non_null(strstr(error_text(-EBADMSG), "module 7"));
}

static void test_an_interval_with_times_out_of_order_ends_the_run(void **state _unused_)
{
	unsigned int polled, stopped;
	struct fake *f = fake_new();

	mkwire_interval(&f->polls[0], 42, 3000, 2000, 4000, 0, 0);
	f->poll_cnt = 2;
	assert_int_equal(result_of(f, &polled, &stopped), -EBADMSG);
	assert_int_equal(polled, 1);
}

struct starting {
	struct fake *fake;
	unsigned int calls, polled_then;
	int answer;
};

static int on_started(void *arg)
{
	struct starting *st = arg;

	st->calls++;
	st->polled_then = st->fake->polled;
	assert_int_equal(st->fake->started, 1);
	return st->answer;
}

static void test_the_command_starts_when_the_window_has_begun(void **state _unused_)
{
	struct starting st = {.fake = fake_story()};
	struct session_limits limits = {.started = on_started, .started_arg = &st};
	struct session *s = session__new();

	assert_int_equal(session__run(s, &st.fake->base, &limits), 0);
	assert_int_equal(st.calls, 1);
	assert_int_equal(st.polled_then, 0);
	session__free(s);
	source__close(&st.fake->base);
}

static void test_a_command_that_does_not_start_ends_the_run(void **state _unused_)
{
	struct starting st = {.fake = fake_story(), .answer = -ENOEXEC};
	struct session_limits limits = {.started = on_started, .started_arg = &st};
	struct session *s = session__new();

	assert_int_equal(session__run(s, &st.fake->base, &limits), -ENOEXEC);
	assert_int_equal(st.fake->polled, 0);
	session__free(s);
	source__close(&st.fake->base);
}

static void test_a_source_that_does_not_start_starts_no_command(void **state _unused_)
{
	struct starting st = {.fake = fake_story()};
	struct session_limits limits = {.started = on_started, .started_arg = &st};
	struct session *s = session__new();

	st.fake->start_err = -EPERM;
	assert_int_equal(session__run(s, &st.fake->base, &limits), -EPERM);
	assert_int_equal(st.calls, 0);
	session__free(s);
	source__close(&st.fake->base);
}

static void test_the_duration_ends_a_source_that_goes_on(void **state _unused_)
{
	struct session_limits limits = {.duration_ns = 30000000};
	uint64_t begin_ns = os_monotonic_ns();
	struct session *s = session__new();
	struct fake *f = fake_story();

	f->endless = true;
	assert_int_equal(session__run(s, &f->base, &limits), 0);
	assert_true(os_monotonic_ns() - begin_ns >= 30000000);
	assert_true(f->polled > 3);
	assert_int_equal(f->stopped, 1);
	assert_true(f->longest_timeout_ms >= 1 && f->longest_timeout_ms <= 30);
	session__free(s);
	source__close(&f->base);
}

static void test_a_round_is_at_most_a_tenth_of_a_second(void **state _unused_)
{
	struct session_limits limits = {.duration_ns = 3600ull * 1000000000};
	struct session *s = session__new();
	struct fake *f = fake_story();

	assert_int_equal(session__run(s, &f->base, &limits), 0);
	assert_int_equal(f->longest_timeout_ms, 100);
	session__free(s);
	source__close(&f->base);
}

static void test_a_session_without_a_run_has_an_empty_profile(void **state _unused_)
{
	struct session *s = session__new();
	struct rendered r = render_session(s, live_resolvers, &plain_view);

	assert_string_equal(r.folded, "");
	rendered_free(&r);
	session__free(s);
}

/* ---- notes ---- */

static void test_notes_are_kept_in_the_recording(void **state _unused_)
{
	FILE *fp = fopen(recording_path, "wb");
	struct session *s = session__new();
	struct rendered r;

	s->save = recording_writer__new(fp);
	assert_int_equal(session__note(s, "host", "example"), 0);
	assert_int_equal(session__note(s, "", ""), 0);
	assert_int_equal(recording_writer__finish(s->save), 0);
	recording_writer__free(s->save);
	fclose(fp);
	assert_string_equal(model__note(&s->model, "host"), "example");
	session__free(s);
	r = replay(recording_path);
	assert_non_null(strstr(r.json, "\"host\":\"example\""));
	rendered_free(&r);
}

static void test_a_note_that_is_too_long_is_refused(void **state _unused_)
{
	struct session *s = session__new();
	char *text = calloc(1, 70000);

	memset(text, 'x', 69999);
	assert_int_equal(session__note(s, "key", text), -E2BIG);
	assert_int_equal(session__note(s, text, ""), -E2BIG);
	text[60000] = '\0';
	assert_int_equal(session__note(s, "key", text), 0);
	assert_string_equal(model__note(&s->model, "key"), text);
	free(text);
	session__free(s);
}

static void check_view(const struct offcpu_view *view)
{
	struct offcpu_view back = {.reasons = 4711, .split = !view->split};
	struct session *s = session__new();

	assert_int_equal(session__note_view(s, view), 0);
	session__recorded_view(s, &back);
	assert_int_equal(back.per_thread, view->per_thread);
	assert_int_equal(back.split, view->split);
	assert_int_equal(back.no_user_stacks, view->no_user_stacks);
	assert_int_equal(back.no_kernel_stacks, view->no_kernel_stacks);
	assert_int_equal(back.delimiter, view->delimiter);
	assert_int_equal(back.inlines, view->inlines);
	assert_int_equal(back.lines, view->lines);
	assert_int_equal(back.reasons, view->reasons);
	session__free(s);
}

static void test_every_view_comes_back_from_its_notes(void **state _unused_)
{
	for (int i = 0; i < 128; i++)
		check_view(&(struct offcpu_view){
			.per_thread = i & 1,
			.split = i & 2,
			.no_user_stacks = i & 4,
			.no_kernel_stacks = i & 8,
			.delimiter = i & 16,
			.inlines = i & 32,
			.lines = i & 64,
		});
	check_view(&(struct offcpu_view){.reasons = (1u << REASON_CNT) - 1});
	check_view(&(struct offcpu_view){.reasons = 1u << REASON_DISK});
}

#define PATH_TEST(f) cmocka_unit_test_setup_teardown(f, path_setup, path_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_run_shows_each_stack_under_the_mappings_of_its_time),
		cmocka_unit_test(test_mappings_are_asked_for_once_per_image_and_round),
		cmocka_unit_test(test_a_stack_younger_than_its_round_waits_for_the_next),
		cmocka_unit_test(test_after_the_windows_end_no_stack_waits),
		cmocka_unit_test(test_of_an_image_that_is_gone_the_frames_say_so),
		cmocka_unit_test(test_after_an_exec_the_image_before_is_not_asked_for),
		cmocka_unit_test(test_a_source_that_can_not_refresh_is_not_asked),
		PATH_TEST(test_recording_does_not_change_the_run),
		PATH_TEST(test_a_recording_replays_to_the_same_profile),
		PATH_TEST(test_a_recording_of_a_replay_is_as_good),
		PATH_TEST(test_each_symbol_is_recorded_once_and_whole),
		PATH_TEST(test_mappings_are_recorded_before_the_round_that_needed_them),
		cmocka_unit_test(test_a_full_disk_ends_the_recording_not_the_run),
		PATH_TEST(test_the_first_error_of_a_recording_stays),
		cmocka_unit_test(test_an_error_of_the_source_is_the_runs),
		cmocka_unit_test(test_an_error_of_refresh_ends_the_run),
		cmocka_unit_test(test_an_error_of_the_refresh_after_an_exec_ends_the_run),
		cmocka_unit_test(test_an_event_that_contradicts_the_others_ends_the_run),
		cmocka_unit_test(test_an_interval_with_times_out_of_order_ends_the_run),
		cmocka_unit_test(test_the_command_starts_when_the_window_has_begun),
		cmocka_unit_test(test_a_command_that_does_not_start_ends_the_run),
		cmocka_unit_test(test_a_source_that_does_not_start_starts_no_command),
		cmocka_unit_test(test_the_duration_ends_a_source_that_goes_on),
		cmocka_unit_test(test_a_round_is_at_most_a_tenth_of_a_second),
		cmocka_unit_test(test_a_session_without_a_run_has_an_empty_profile),
		PATH_TEST(test_notes_are_kept_in_the_recording),
		cmocka_unit_test(test_a_note_that_is_too_long_is_refused),
		cmocka_unit_test(test_every_view_comes_back_from_its_notes),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
