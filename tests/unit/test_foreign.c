/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What sources of other systems than Linux tell: wait reasons by number, long names of threads, files with symbols, PE modules,
 * a kernel of several modules, addresses that are to be taken as they stand.
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

#include "analyze/groups.h"
#include "analyze/pprof_profile.h"
#include "analyze/wait_facts.h"
#include "app/session.h"
#include "base/gzip.h"
#include "base/log.h"
#include "fixtures/pprof_text.h"
#include "fixtures/stage.h"
#include "format/record.h"
#include "model/profile_append.h"
#include "model/profile_part.h"
#include "model/profile_select.h"
#include "model/wait_state.h"
#include "output/writer.h"
#include "source/recording.h"

#define WR_QUEUE   15
#define WR_USER	   13
#define WR_QUANTUM 30

/* ---- records ---- */

static void assert_bad(const struct buf *b, const char *text)
{
	struct event e;

	assert_int_equal(record_decode(b->data, b->len, &e), -EBADMSG);
	if (!strstr(error_text(-EBADMSG), text))
		fail_msg("'%s' does not say '%s'", error_text(-EBADMSG), text);
}

static void assert_good(const struct buf *b)
{
	struct event e;

	assert_int_equal(record_decode(b->data, b->len, &e), 0);
}

static void test_texts_of_records_are_checked(void **state _unused_)
{
	_cleanup_buf_ struct buf b;
	struct wire_wait_reason *r;
	struct wire_long_name *n;
	struct wire_debug_file *d;

	mkwire_init(&b);
	r = mkwire_at(&b, mkwire_wait_reason(&b, 1, 2, "123", "567"));
	assert_good(&b);
	r->name_len = 4;
	assert_bad(&b, "name is not 4");
	r->name_len = 3;
	r->frame_len = 4;
	assert_bad(&b, "frame is not 4");
	r->frame_len = 2;
	assert_bad(&b, "frame is not 2");
	r->frame_len = UINT16_MAX;
	assert_bad(&b, "frame is not");
	r->frame_len = 0;
	r->name_len = UINT16_MAX;
	assert_bad(&b, "name is not");
	r->name_len = 7; /* all of it, nothing is left for a frame */
	r->text[3] = 'x';
	assert_bad(&b, "frame is not 0");
	r->h.size -= 8;
	r->name_len = 0;
	assert_bad(&b, "name is not 0");

	buf__reset(&b);
	n = mkwire_at(&b, mkwire_long_name(&b, 1, 0, "1234567"));
	assert_good(&b);
	n->name_len = 8;
	assert_bad(&b, "it is not 8");
	n->name_len = UINT32_MAX;
	assert_bad(&b, "it is not");
	n->name_len = 6;
	assert_bad(&b, "it is not 6");

	buf__reset(&b);
	d = mkwire_at(&b, mkwire_debug_file(&b, 1, "1234567"));
	assert_good(&b);
	d->name_len = 8;
	assert_bad(&b, "name is not 8");
	d->name_len = UINT32_MAX;
	assert_bad(&b, "name is not");
	d->name_len = 7;
	d->text[3] = '\0';
	assert_bad(&b, "name is not 7");
}

/* ---- the table of wait reasons ---- */

static void tell(struct wait_reason_table *t, uint32_t state, uint16_t reason, const char *name,
		 const char *frame)
{
	_cleanup_buf_ struct buf b;

	mkwire_init(&b);
	assert_int_equal(
		wait_reason_table__add(
			t, mkwire_at(&b, mkwire_wait_reason(&b, state, reason, name, frame))),
		0);
}

static void assert_why(const struct wait_reason_table *t, uint32_t state, const char *words,
		       enum reason reason, const char *name)
{
	const char *frames[MAX_NAMES];
	char text[256];
	struct wait_why why;

	snprintf(text, sizeof(text), "%s", words);
	why = wait_reason_table__find(t, state, frames, cut_words(text, frames));
	assert_string_equal(reason_name(why.reason), reason_name(reason));
	assert_string_equal(why.name, name);
}

static void test_rules(void **state _unused_)
{
	struct wait_reason_table t;

	wait_reason_table__init(&t);
	assert_why(&t, WR_USER, "a b", REASON_OTHER, "");
	tell(&t, WR_USER, REASON_POLL, "WrUserRequest", "");
	tell(&t, WR_USER, REASON_LOCK, "WrUserRequest", "NtWaitFor");
	tell(&t, WR_USER, REASON_NET, "WrSocket", "Afd");
	tell(&t, WR_QUEUE, REASON_POLL, "WrQueue", "");
	tell(&t, 4, REASON_SLEEP, "", "");
	tell(&t, 99, REASON_DISK, "Odd", "Ntfs");
	assert_why(&t, WR_USER, "a b", REASON_POLL, "WrUserRequest");
	assert_why(&t, WR_USER, "", REASON_POLL, "WrUserRequest");
	assert_why(&t, WR_USER, "a NtWaitForSingleObject", REASON_LOCK, "WrUserRequest");
	assert_why(&t, WR_USER, "a ~NtWaitForSingleObject", REASON_LOCK, "WrUserRequest");
	assert_why(&t, WR_USER, "a ~~NtWaitForSingleObject", REASON_POLL, "WrUserRequest");
	assert_why(&t, WR_USER, "NtWaitFo", REASON_POLL, "WrUserRequest");
	assert_why(&t, WR_USER, "xNtWaitFor", REASON_POLL, "WrUserRequest");
	/* The order of the rules counts, not that of the frames. */
	assert_why(&t, WR_USER, "AfdPoll NtWaitForSingleObject", REASON_LOCK, "WrUserRequest");
	assert_why(&t, WR_USER, "AfdPoll", REASON_NET, "WrSocket");
	assert_why(&t, WR_QUEUE, "NtWaitFor", REASON_POLL, "WrQueue");
	assert_why(&t, 4, "a", REASON_SLEEP, "");
	/* No rule fits, and none is for all: what it is called is known all the same. */
	assert_why(&t, 99, "a", REASON_OTHER, "Odd");
	assert_why(&t, 98, "a", REASON_OTHER, "");
	assert_why(&t, 100, "a", REASON_OTHER, "");
	wait_reason_table__fini(&t);
}

static void test_the_first_rule_of_a_kind_stays(void **state _unused_)
{
	struct wait_reason_table t;

	wait_reason_table__init(&t);
	tell(&t, 1, REASON_DISK, "first", "");
	tell(&t, 1, REASON_NET, "second", "");
	tell(&t, 1, REASON_PIPE, "third", "f");
	tell(&t, 1, REASON_LOCK, "fourth", "f");
	assert_int_equal(t.cnt, 2);
	assert_why(&t, 1, "a", REASON_DISK, "first");
	assert_why(&t, 1, "foo", REASON_PIPE, "third");
	/* Numbers of a later version, that would be used as bits. */
	tell(&t, 2, REASON_CNT, "new", "");
	tell(&t, 3, UINT16_MAX, "newer", "");
	assert_int_equal(t.items[2].reason, REASON_OTHER);
	assert_int_equal(t.items[3].reason, REASON_OTHER);
	wait_reason_table__fini(&t);
}

static void test_what_is_no_name_fits_no_rule(void **state _unused_)
{
	static const char *const frames[] = {NULL, "", "[unknown]"};
	struct wait_reason_table t;

	wait_reason_table__init(&t);
	tell(&t, 1, REASON_DISK, "a", "[");
	assert_int_equal(wait_reason_table__find(&t, 1, frames, 3).reason, REASON_OTHER);
	wait_reason_table__fini(&t);
}

static void test_rules_have_a_limit(void **state _unused_)
{
	_cleanup_buf_ struct buf b;
	struct wait_reason_table t;
	struct wire_wait_reason *rec;

	mkwire_init(&b);
	wait_reason_table__init(&t);
	rec = mkwire_at(&b, mkwire_wait_reason(&b, 0, REASON_DISK, "a", ""));
	for (uint32_t i = 0; i < WAIT_REASON_MAX_CNT; i++) {
		rec->state = i * 7919 % WAIT_REASON_MAX_CNT; /* not in order */
		assert_int_equal(wait_reason_table__add(&t, rec), 0);
	}
	for (uint32_t i = 0; i < t.cnt; i++)
		assert_int_equal(t.items[i].state, i);
	rec->state = WAIT_REASON_MAX_CNT;
	assert_int_equal(wait_reason_table__add(&t, rec), -E2BIG);
	wait_reason_table__fini(&t);
}

/* ---- reasons of waits ---- */

static void tell_stage(struct stage *s)
{
	give(s, mkwire_wait_reason(&s->wire, WR_USER, REASON_POLL, "WrUserRequest", ""));
	give(s, mkwire_wait_reason(&s->wire, WR_USER, REASON_CHILD, "WrUserRequest", "lock"));
	give(s, mkwire_wait_reason(&s->wire, WR_USER, REASON_DISK, "WrUserRequest", "vfs"));
	give(s, mkwire_wait_reason(&s->wire, WR_QUEUE, REASON_SLEEP, "WrQueue", ""));
	give(s, mkwire_wait_reason(&s->wire, WR_QUANTUM, REASON_LOCK, "WrQuantumEnd", ""));
}

static void named(struct stage *s, uint32_t number, uint16_t flags, uint64_t kernel, uint64_t user)
{
	struct wire_interval *iv = interval(s, 42, flags & WIRE_F_PREEMPT ? 0 : 10, 1);

	iv->wait = (struct wire_wait){number, -1, (uint16_t)(WIRE_F_NAMED | flags)};
	iv->kernel_stack = kernel;
	iv->user_stack = user;
	done(s);
}

/* Of each sample "reason/name". */
static const char *reasons_of(struct stage *s, const struct profile *p)
{
	buf__reset(&s->text);
	for (size_t i = 0; i < p->sample_cnt; i++)
		buf__printf(&s->text, "%s%s/%s", i ? " " : "", reason_name(p->samples[i].reason),
			    profile__str(p, p->samples[i].wait_name));
	return buf__str(&s->text);
}

static void test_named_waits_have_the_reasons_that_were_told(void **state)
{
	struct stage *s = *state;

	tell_stage(s);
	named(s, WR_QUEUE, 0, KSTACK_FUTEX, USTACK_READ);
	named(s, WR_USER, 0, KSTACK_FUTEX, USTACK_READ);
	named(s, WR_USER, 0, KSTACK_FUTEX, USTACK_LOCK); /* by a user frame */
	named(s, WR_USER, 0, KSTACK_PIPE, USTACK_READ);	 /* by a kernel frame */
	named(s, WR_USER, 0, 0, 0);
	named(s, 77, 0, KSTACK_FUTEX,
	      USTACK_READ); /* nobody told of it: not a lock by Linux' rules */
	named(s, 4, 0, KSTACK_FUTEX, USTACK_READ); /* nor __TASK_STOPPED */
	named(s, WR_QUANTUM, WIRE_F_PREEMPT, KSTACK_FUTEX, USTACK_READ);
	named(s, 78, WIRE_F_PREEMPT, KSTACK_FUTEX, USTACK_READ);
	/* Linux' own wait with the number of a reason. */
	give(s, mkwire_wait_reason(&s->wire, 1, REASON_DISK, "One", ""));
	interval(s, 42, 10, 1)->wait.state = 1;
	done(s);
	assert_string_equal(reasons_of(s, make_profile(s)),
			    "sleep/WrQueue poll/WrUserRequest child/WrUserRequest "
			    "disk/WrUserRequest poll/WrUserRequest other/ other/ "
			    "preempted/WrQuantumEnd preempted/ lock/");
}

static void test_the_view_does_not_change_a_reason(void **state)
{
	struct stage *s = *state;

	tell_stage(s);
	named(s, WR_USER, 0, KSTACK_FUTEX, USTACK_LOCK);
	s->view.no_user_stacks = s->view.no_kernel_stacks = true;
	assert_string_equal(reasons_of(s, make_profile(s)), "child/WrUserRequest");
	s->view.reasons = 1u << REASON_POLL;
	assert_string_equal(reasons_of(s, make_profile(s)), "");
	s->view.reasons = 1u << REASON_CHILD;
	assert_string_equal(reasons_of(s, make_profile(s)), "child/WrUserRequest");
}

static void test_only_the_innermost_user_frames_are_asked(void **state)
{
	struct stage *s = *state;

	tell_stage(s);
	stack(s, 42, 30, "a1 a2 a3 a4 a5 a6 a7 lock main");
	stack(s, 42, 31, "a1 a2 a3 a4 a5 a6 a7 a8 lock main");
	named(s, WR_USER, 0, 0, 30);
	named(s, WR_USER, 0, 0, 31);
	assert_string_equal(reasons_of(s, make_profile(s)),
			    "child/WrUserRequest poll/WrUserRequest");
}

/* Whether they are shown is a question of the view, too. */
static void test_inlined_functions_are_no_frames(void **state)
{
	uint64_t offset;
	struct stage *s = *state;

	tell_stage(s);
	give(s, mkwire_wait_reason(&s->wire, WR_USER, REASON_FS, "WrUserRequest", "helper"));
	stack(s, 42, 30, "a1 a2 a3 a4 a5 a6 a7 lock main");
	offset = function(s, "a1") * FUNCTION_BYTES + 0x20;
	give(s, mkwire_line(&s->wire, MODULE_APP, offset, FRAME_KIND_INLINED, "helper", "a.c", 1));
	give(s, mkwire_line(&s->wire, MODULE_APP, offset, FRAME_KIND_NATIVE, "a1", "a.c", 2));
	named(s, WR_USER, 0, 0, 30);
	assert_non_null(strstr(profile_text(s), "app;main;lock;a7;a6;a5;a4;a3;a2;a1;helper;"));
	assert_string_equal(reasons_of(s, s->profile), "child/WrUserRequest");
}

static void test_waits_of_other_numbers_are_other_samples(void **state)
{
	struct stage *s = *state;

	give(s, mkwire_wait_reason(&s->wire, 1, REASON_DISK, "One", ""));
	give(s, mkwire_wait_reason(&s->wire, 2, REASON_DISK, "Two", ""));
	for (uint32_t i = 0; i < 4; i++)
		named(s, 1 + i % 2, 0, KSTACK_FUTEX, USTACK_LOCK);
	assert_string_equal(reasons_of(s, make_profile(s)), "disk/One disk/Two");
	assert_int_equal(s->profile->samples[0].cnt, 2);
}

/* The counters' reasons are the profile's. */
static void test_facts_of_waits(void **state)
{
	struct stage *s = *state;
	struct wire_wait wait = {WR_USER, -1, WIRE_F_NAMED};
	struct wait_facts f;

	tell_stage(s);
	make_profile(s);
	assert_int_equal(wait_facts__init(&f, &s->model, s->symbols), 0);
	assert_int_equal(wait_facts__get(&f, &wait, KSTACK_FUTEX, USTACK_READ, false)->reason,
			 REASON_POLL);
	assert_int_equal(wait_facts__get(&f, &wait, KSTACK_FUTEX, USTACK_LOCK, false)->reason,
			 REASON_CHILD);
	/* A user stack that is still to come decides, too. */
	assert_null(wait_facts__get(&f, &wait, KSTACK_FUTEX, 33, false));
	assert_int_equal(wait_facts__get(&f, &wait, KSTACK_FUTEX, 33, true)->reason, REASON_POLL);
	stack(s, 42, 33, "lock main");
	give(s, mkwire_round(&s->wire, 9000));
	assert_int_equal(wait_facts__get(&f, &wait, KSTACK_FUTEX, 33, false)->reason, REASON_CHILD);
	wait_facts__fini(&f);
}

static void test_state_letters(void **state _unused_)
{
	/* Numbers that would be bits: traced, uninterruptible... */
	for (uint32_t number = 0; number < 64; number++) {
		struct wire_wait wait = {number, -1, WIRE_F_NAMED};

		assert_int_equal(wait_state_letter(&wait), 'S');
		wait.flags |= WIRE_F_PREEMPT;
		assert_int_equal(wait_state_letter(&wait), 'R');
	}
}

/* ---- what becomes of the name ---- */

static struct profile *profile_with_names(struct stage *s)
{
	give(s, mkwire_wait_reason(&s->wire, 1, REASON_DISK, "One", ""));
	give(s, mkwire_wait_reason(&s->wire, 2, REASON_DISK, "Two", ""));
	named(s, 1, 0, KSTACK_FUTEX, USTACK_LOCK);
	named(s, 2, 0, KSTACK_FUTEX, USTACK_LOCK);
	interval(s, 42, 10, 1);
	done(s);
	return make_profile(s);
}

static void test_names_survive_merge_append_select_and_parts(void **state)
{
	struct stage *s = *state;
	struct profile *p = profile_with_names(s), *all = profile__new(), *old = profile__new();
	struct profile_selection how = {.by = PROFILE_BY_REASON};
	struct profile_parts parts;
	struct profile part;
	uint32_t id;

	/* Ids are others there. */
	assert_int_equal(profile__text(all, "Two", &id), 0);
	assert_int_equal(profile__text(old, "something", &id), 0);
	assert_int_equal(profile__merge(all, p), 0);
	assert_int_equal(profile__merge(all, p), 0);
	assert_int_equal(profile__finish_merge(all), 0);
	assert_string_equal(reasons_of(s, all), "disk/One disk/Two lock/ disk/One disk/Two lock/");
	assert_int_equal(profile__append(old, p), 0);
	assert_string_equal(reasons_of(s, old), "disk/One disk/Two lock/");
	assert_int_equal(profile__select(all, &how), 0);
	assert_string_equal(reasons_of(s, all), "disk/One disk/Two lock/ disk/One disk/Two lock/");
	assert_int_equal(profile_parts__init(&parts, p, 1, PROFILE_PART_MAX_BYTES), 0);
	assert_int_equal(profile_parts__next(&parts, &part), 1);
	assert_int_equal(profile_parts__next(&parts, &part), 1);
	assert_string_equal(reasons_of(s, &part), "disk/Two");
	profile_parts__fini(&parts);
	profile__free(all);
	profile__free(old);
}

/* A receiver's limit is one of bytes, and the name is among them. */
static void test_long_names_make_more_parts(void **state)
{
	struct stage *s = *state;
	struct profile_parts parts;
	struct profile part;
	char name[3000];

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	for (uint32_t i = 0; i < 2; i++) {
		name[0] = (char)('a' + i);
		give(s, mkwire_wait_reason(&s->wire, i, REASON_DISK, name, ""));
		named(s, i, 0, KSTACK_FUTEX, USTACK_LOCK);
	}
	assert_int_equal(profile_parts__init(&parts, make_profile(s), 100, 5000), 0);
	assert_int_equal(profile_parts__next(&parts, &part), 1);
	assert_int_equal(part.sample_cnt, 1);
	profile_parts__fini(&parts);
}

static char *render(const struct profile *p, const struct writer *w, size_t *ret_len)
{
	const struct writer_opts opts = {0};
	char *text = NULL;
	FILE *fp = open_memstream(&text, ret_len);

	assert_int_equal(w->write(p, &opts, fp), 0);
	fclose(fp);
	return text;
}

static size_t count_of(const char *text, size_t len, const char *what)
{
	size_t cnt = 0;

	for (const char *at = text;
	     (at = memmem(at, len - (size_t)(at - text), what, strlen(what))); at += strlen(what))
		cnt++;
	return cnt;
}

static void assert_shows(const struct profile *p, const struct writer *w, const char *name,
			 size_t cnt)
{
	size_t len;
	char *text = render(p, w, &len);

	if (count_of(text, len, name) != cnt)
		fail_msg("%s has %zu times '%s', not %zu", w->name, count_of(text, len, name), name,
			 cnt);
	free(text);
}

static void test_writers_show_the_name_where_there_is_one(void **state)
{
	struct stage *s = *state;
	const struct profile *p;
	char *packed, *text;
	size_t len;

	s->offcpu.keep_times = true;
	give(s, mkwire_window(&s->wire, WIRE_WINDOW_START, 500));
	give(s, mkwire_window(&s->wire, WIRE_WINDOW_END, 5000));
	p = profile_with_names(s);
	assert_shows(p, &json_writer, "\"reason\":\"disk\",\"wait_reason\":\"One\"", 1);
	assert_shows(p, &json_writer, "\"wait_reason\":\"Two\"", 1);
	assert_shows(p, &json_writer, "wait_reason", 2);
	/* Equal stacks, groups and reasons: the name keeps them apart. */
	assert_shows(p, &ndjson_writer, "\"reason\":\"disk\",\"wait_reason\":\"One\"", 1);
	assert_shows(p, &ndjson_writer, "\"wait_reason\":\"Two\"", 1);
	assert_shows(p, &ndjson_writer, "wait_reason", 2);
	assert_shows(p, &ndjson_writer, "\n", 3);
	assert_shows(p, &ndjson_waits_writer, "\"reason\":\"disk\",\"wait_reason\":\"One\"", 1);
	assert_shows(p, &ndjson_waits_writer, "wait_reason", 2);
	assert_shows(p, &folded_writer, "\n", 0); /* 11 ns each are no microsecond */
	packed = render(p, &pprof_writer, &len);
	text = pprof_text(packed, len);
	assert_non_null(text);
	assert_int_equal(count_of(text, strlen(text), "wait_reason=One"), 1);
	assert_int_equal(count_of(text, strlen(text), "wait_reason=Two"), 1);
	assert_int_equal(count_of(text, strlen(text), "wait_reason"), 2);
	free(packed);
	free(text);
}

/* In one thread waits follow each other there. */
static void test_a_trace_for_perfetto_shows_the_name(void **state)
{
	struct stage *s = *state;

	s->offcpu.keep_times = true;
	give(s, mkwire_window(&s->wire, WIRE_WINDOW_START, 500));
	give(s, mkwire_window(&s->wire, WIRE_WINDOW_END, 9000));
	tell_stage(s);
	for (uint64_t i = 0; i < 3; i++) {
		uint16_t flags[] = {WIRE_F_NAMED, WIRE_F_NAMED | WIRE_F_PREEMPT, 0};
		uint32_t numbers[] = {WR_QUEUE, WR_QUANTUM, 1};
		struct wire_interval *iv = interval(s, 42, i == 1 ? 0 : 10, 5);

		iv->out_ns += i * 100;
		iv->wake_ns += i * 100;
		iv->in_ns += i * 100;
		iv->wait = (struct wire_wait){numbers[i], -1, flags[i]};
		done(s);
	}
	make_profile(s);
	assert_shows(s->profile, &perfetto_writer, "wait_reason", 2);
	assert_shows(s->profile, &perfetto_writer, "WrQueue", 1);
	assert_shows(s->profile, &perfetto_writer, "WrQuantumEnd", 1);
}

static void test_a_pprof_file_brings_the_name_back(void **state)
{
	struct stage *s = *state;
	const struct profile *p = profile_with_names(s);
	struct pprof_source from = {.name = "it"};
	struct profile *back;
	size_t len;
	char *packed = render(p, &pprof_writer, &len);
	_cleanup_buf_ struct buf file;

	buf__init(&file, 1 << 20);
	assert_int_equal(gzip_unpack(packed, len, &file), 0);
	from.data = file.data;
	from.len = file.len;
	back = pprof_profile_load(&from);
	assert_non_null(back);
	assert_int_equal(back->sample_cnt, 3);
	buf__reset(&s->text);
	assert_non_null(strstr(reasons_of(s, back), "disk/One"));
	assert_non_null(strstr(reasons_of(s, back), "disk/Two"));
	assert_non_null(strstr(reasons_of(s, back), "lock/"));
	profile__free(back);
	free(packed);
}

/* ---- names of threads ---- */

static const char *name_of(const struct model *m, uint32_t tid, uint32_t gen)
{
	struct wire_thread_key key = mkwire_key_of(tid, gen);
	uint32_t pos = thread_table__find(&m->threads, key.tid, key.start_ns);

	return thread_name__text(thread__find_name(&m->threads.items[pos], gen));
}

static void test_long_names(void **state)
{
	struct stage *s = *state;

	give(s, mkwire_thread(&s->wire, 42, 43, 1, "a thread with a"));
	give(s, mkwire_long_name(&s->wire, 43, 1, "a thread with a longer name"));
	give(s, mkwire_long_name(&s->wire, 43, 7, "a name nobody told of"));
	give(s, mkwire_long_name(&s->wire, 99, 0, "a thread nobody told of"));
	give(s, mkwire_long_name(&s->wire, 42, 0, ""));
	assert_string_equal(name_of(&s->model, 43, 0), "worker");
	assert_string_equal(name_of(&s->model, 43, 1), "a thread with a longer name");
	assert_string_equal(name_of(&s->model, 42, 0), "app");
	assert_int_equal(s->model.threads.cnt, 2);
	/* Told again, by a summary too, it stays; another one replaces it. */
	give(s, mkwire_thread(&s->wire, 42, 43, 1, "a thread with a"));
	give(s, mkwire_summary(&s->wire, 42, 43, 1, "a thread with a"));
	assert_string_equal(name_of(&s->model, 43, 1), "a thread with a longer name");
	give(s, mkwire_long_name(&s->wire, 43, 1, "another"));
	assert_string_equal(name_of(&s->model, 43, 1), "another");
	give(s, mkwire_thread(&s->wire, 42, 43, 1, "short"));
	assert_string_equal(name_of(&s->model, 43, 1), "short");
}

static void test_long_names_are_cut_between_characters(void **state)
{
	struct stage *s = *state;
	char name[400];

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	give(s, mkwire_long_name(&s->wire, 43, 0, name));
	assert_int_equal(strlen(name_of(&s->model, 43, 0)), THREAD_NAME_MAX);
	memcpy(name + THREAD_NAME_MAX - 2, "\xf0\x9f\x98\x80", 4);
	give(s, mkwire_long_name(&s->wire, 43, 0, name));
	assert_int_equal(strlen(name_of(&s->model, 43, 0)), THREAD_NAME_MAX - 2);
	memcpy(name + THREAD_NAME_MAX - 4, "\xf0\x9f\x98\x80xx", 6);
	give(s, mkwire_long_name(&s->wire, 43, 0, name));
	assert_int_equal(strlen(name_of(&s->model, 43, 0)), THREAD_NAME_MAX);
	name[THREAD_NAME_MAX] = '\0';
	give(s, mkwire_long_name(&s->wire, 43, 0, name));
	assert_string_equal(name_of(&s->model, 43, 0), name);
}

/* Old names go when there are too many, and threads when a run has no end: memory checkers see whether theirs go along. */
static void test_long_names_go_with_their_thread(void **state)
{
	struct stage *s = *state;
	char name[32];

	for (uint32_t gen = 1; gen < 3000; gen++) {
		snprintf(name, sizeof(name), "n%u", gen);
		give(s, mkwire_thread(&s->wire, 42, 43, gen, name));
		snprintf(name, sizeof(name), "a long name %u", gen);
		give(s, mkwire_long_name(&s->wire, 43, gen, name));
	}
	assert_string_equal(name_of(&s->model, 43, 2999), "a long name 2999");
	assert_string_equal(name_of(&s->model, 43, 1), "a long name 2999");
	((struct wire_summary *)mkwire_at(&s->wire,
					  mkwire_summary(&s->wire, 42, 43, 2999, "n2999")))
		->flags = WIRE_THREAD_EXITED;
	done(s);
	s->model.threads.generation++;
	assert_int_equal(thread_table__sweep(&s->model.threads), 0);
	assert_int_equal(s->model.threads.cnt, 1);
}

static bool is_browser(void *arg _unused_, const char *comm)
{
	return !strcmp(comm, "browser of the web: tab x");
}

static void test_long_names_are_shown_and_selected_by(void **state)
{
	struct stage *s = *state;
	struct profile_selection how = {.comm = is_browser};
	char long_text[THREAD_NAME_MAX + 1];
	const struct profile *p;

	give(s, mkwire_long_name(&s->wire, 43, 0, "browser of the web; tab x"));
	give(s, mkwire_long_name(&s->wire, 42, 0, "the \x01program of the shop"));
	interval(s, 42, 10, 1);
	done(s);
	interval(s, 43, 10, 1);
	done(s);
	assert_non_null(strstr(profile_text(s), "browser of the web: tab x;" LOCK_STACKS));
	assert_non_null(
		strstr(buf__str(&s->text), "the \xef\xbf\xbdprogram of the shop;" LOCK_STACKS));
	p = s->profile;
	assert_string_equal(profile__str(p, p->threads[1].comm), "browser of the web: tab x");
	assert_string_equal(profile__str(p, p->threads[1].process),
			    "the \xef\xbf\xbdprogram of the shop");
	assert_int_equal(profile__select(s->profile, &how), 0);
	assert_int_equal(s->profile->sample_cnt, 1);

	/* The whole of the longest one, with its numbers behind it. */
	memset(long_text, 'y', THREAD_NAME_MAX);
	long_text[THREAD_NAME_MAX] = '\0';
	give(s, mkwire_long_name(&s->wire, 43, 0, long_text));
	s->view.per_thread = true;
	assert_non_null(strstr(profile_text(s), "yyy-42/43;" LOCK_STACKS));
	assert_non_null(strstr(buf__str(&s->text), long_text));
}

static void test_long_names_of_wakers_and_lock_owners(void **state)
{
	const struct wire_waker waker = {mkwire_key_of(43, 0), 0, USTACK_READ, WIRE_W_ANY, 0};
	struct stage *s = *state;
	const struct profile *p;
	size_t off;

	give(s, mkwire_long_name(&s->wire, 43, 0, "the thread that lets go of it"));
	give(s, mkwire_long_name(&s->wire, 42, 0, "the program of the shop"));
	off = mkwire_interval(&s->wire, 42, 1000, 1010, 1011, KSTACK_FUTEX, USTACK_LOCK);
	mkwire_waker(&s->wire, off, &waker);
	((struct wire_waked *)mkwire_at(&s->wire, off))->lock = 0x1000;
	done(s);
	s->view.wakers = s->view.per_thread = true;
	p = make_profile(s);
	assert_string_equal(profile__str(p, p->samples[0].waker_comm),
			    "the thread that lets go of it");
	assert_string_equal(profile__str(p, p->samples[0].lock_owner),
			    "the program of the shop-42");
	assert_non_null(strstr(profile_text(s), ";the thread that lets go of it-42/43 "));
}

/* Names that begin alike are groups of their own. */
static void test_groups_by_long_names(void **state _unused_)
{
	struct group_member who = {.comm = "0123456789abcdef: one"};
	struct groups g;
	uint32_t one, two;

	assert_int_equal(groups__init(&g, GROUP_BY_COMM, 10, NULL, NULL, false), 0);
	one = groups__get(&g, &who, 1);
	who.comm = "0123456789abcdef: two";
	two = groups__get(&g, &who, 1);
	assert_int_not_equal(one, two);
	assert_string_equal(g.items[two].label, "0123456789abcdef: two");
	who.comm = "0123456789abcdef: one";
	assert_int_equal(groups__get(&g, &who, 1), one);
	who.comm = "0123456789abcdef";
	assert_int_not_equal(groups__get(&g, &who, 1), one);
	groups__fini(&g);
}

/* ---- modules ---- */

static void test_names_of_pe_files(void **state _unused_)
{
	static const struct {
		uint16_t kind;
		const char *path, *name;
	} cases[] = {
		{WIRE_MODULE_PE, "C:\\Windows\\System32\\ntdll.dll", "ntdll.dll"},
		{WIRE_MODULE_DRIVER, "\\SystemRoot\\system32\\ntoskrnl.exe", "ntoskrnl.exe"},
		{WIRE_MODULE_PE, "C:/a\\b/c.dll", "c.dll"},
		{WIRE_MODULE_PE, "C:/a/b\\c.dll", "c.dll"},
		{WIRE_MODULE_PE, "c.dll", "c.dll"},
		{WIRE_MODULE_PE, "C:\\a\\", "C:\\a\\"},
		{WIRE_MODULE_PE, "", "[unknown]"},
		{WIRE_MODULE_ELF, "/lib/a\\b.so",
		 "a\\b.so"}, /* there it is a character like others */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct module m = {.kind = cases[i].kind, .path = (char *)cases[i].path};

		assert_string_equal(module__name(&m), cases[i].name);
	}
}

static void test_debug_files(void **state)
{
	struct stage *s = *state;
	const struct module *m = module_table__find(&s->model.modules, MODULE_APP);

	assert_null(m->debug_name);
	give(s, mkwire_debug_file(&s->wire, MODULE_APP, ""));
	assert_null(m->debug_name);
	give(s, mkwire_debug_file(&s->wire, MODULE_APP, "app.pdb"));
	give(s, mkwire_debug_file(&s->wire, MODULE_APP, "shop.pdb"));
	give(s, mkwire_debug_file(&s->wire, 77, "nobody's.pdb"));
	give(s, mkwire_debug_file(&s->wire, 0, "nobody's.pdb"));
	assert_string_equal(m->debug_name, "shop.pdb");
}

enum { MODULE_PE = 3, MODULE_NT = 4, MODULE_DRIVER = 5 };

#define NT_BASE	    0xfffff80000000000
#define DRIVER_BASE 0xfffff80001000000
#define PE_BASE	    0x7ff600000000

static void give_pe_modules(struct stage *s)
{
	give(s, mkwire_module(&s->wire, MODULE_PE, WIRE_MODULE_PE, "C:\\shop\\shop.exe"));
	give(s, mkwire_module(&s->wire, MODULE_NT, WIRE_MODULE_DRIVER,
			      "\\SystemRoot\\system32\\ntoskrnl.exe"));
	give(s, mkwire_module(&s->wire, MODULE_DRIVER, WIRE_MODULE_DRIVER,
			      "\\SystemRoot\\system32\\drivers\\afd.sys"));
	give(s, mkwire_mapping(&s->wire, 42, PE_BASE, PE_BASE + 0x10000, 0, MODULE_PE));
	give(s, mkwire_kernel_mapping(&s->wire, NT_BASE, NT_BASE + 0x100000, 0, MODULE_NT));
	give(s, mkwire_kernel_mapping(&s->wire, DRIVER_BASE, DRIVER_BASE + 0x1000, 0x400,
				      MODULE_DRIVER));
}

static void give_stack(struct stage *s, uint32_t pid, uint64_t id, const uint64_t *ips,
		       uint16_t cnt, uint32_t flags)
{
	((struct wire_stack *)mkwire_at(&s->wire, mkwire_stack(&s->wire, pid, id, ips, cnt)))
		->flags = flags;
	done(s);
}

static void assert_frame(const struct stage *s, uint64_t id, uint16_t i, uint32_t module,
			 uint64_t offset)
{
	const struct stack *st = stack_table__find(&s->model.stacks, id);

	assert_true(st->resolved);
	assert_true(i < st->frame_cnt);
	assert_int_equal(st->frames[i].module, module);
	assert_int_equal(st->frames[i].offset, offset);
}

static void test_kernel_memory_has_modules(void **state)
{
	static const uint64_t ips[] = {NT_BASE + 0x11,	     DRIVER_BASE + 0x21,
				       DRIVER_BASE + 0x1000, DRIVER_BASE + 0x1001,
				       KERNEL_BASE + 1,	     DRIVER_BASE};
	struct stage *s = *state;

	give_pe_modules(s);
	give_stack(s, 0, 50, ips, ARRAY_SIZE(ips), 0);
	/* An address of the kernel in a user stack is in none of its process's mappings. */
	give_stack(s, 42, 51, ips, 1, 0);
	give(s, mkwire_round(&s->wire, 9000));
	assert_frame(s, 50, 0, MODULE_NT, 0x10);
	assert_frame(s, 50, 1, MODULE_DRIVER, 0x420);
	assert_frame(s, 50, 2, MODULE_DRIVER, 0x13ff);
	assert_frame(s, 50, 3, MODULE_KERNEL, DRIVER_BASE + 0x1000);
	assert_frame(s, 50, 4, MODULE_KERNEL, KERNEL_BASE);
	assert_frame(s, 50, 5, MODULE_KERNEL, DRIVER_BASE - 1);
	assert_frame(s, 51, 0, 0, FRAME_UNKNOWN);
}

static void test_addresses_as_they_stand(void **state)
{
	const uint64_t kernel[] = {NT_BASE, DRIVER_BASE + 0x21};
	const uint64_t user[] = {PE_BASE + 0x10,
				 PE_BASE,
				 PE_BASE + 0xffff,
				 PE_BASE + 0x10000,
				 WIRE_IP_EXACT | (PE_BASE + 0x20),
				 WIRE_IP_PYTHON | 5};
	struct stage *s = *state;

	give_pe_modules(s);
	give(s, mkwire_module(&s->wire, 6, WIRE_MODULE_PYTHON, "[python]"));
	give_stack(s, 0, 50, kernel, 2, WIRE_STACK_EXACT);
	give_stack(s, 42, 51, user, 6, WIRE_STACK_EXACT | WIRE_STACK_TRUNCATED);
	give_stack(s, 42, 52, user, 3, 0);
	give(s, mkwire_round(&s->wire, 9000));
	assert_frame(s, 50, 0, MODULE_NT, 0);
	assert_frame(s, 50, 1, MODULE_DRIVER, 0x421);
	assert_frame(s, 51, 0, MODULE_PE, 0x10);
	assert_frame(s, 51, 1, MODULE_PE, 0);
	assert_frame(s, 51, 2, MODULE_PE, 0xffff);
	assert_frame(s, 51, 3, 0,
		     FRAME_UNKNOWN); /* and so are the two behind it: one frame says it */
	assert_frame(s, 51, 4, 0, FRAME_TRUNCATED);
	assert_int_equal(stack_table__find(&s->model.stacks, 51)->frame_cnt, 5);
	/* As ever without the flag: the innermost one is an instruction, the others return addresses. */
	assert_frame(s, 52, 0, MODULE_PE, 0x10);
	assert_frame(s, 52, 1, 0, FRAME_UNKNOWN);
	assert_frame(s, 52, 2, MODULE_PE, 0xfffe);
}

static void test_frames_of_pe_files(void **state)
{
	const uint64_t kernel[] = {NT_BASE + 0x10, DRIVER_BASE + 0x20}, user[] = {PE_BASE + 0x30};
	struct stage *s = *state;
	struct symbolizer_counts counts;
	const struct profile_frame *f;
	const struct profile *p;
	size_t off;

	give_pe_modules(s);
	give(s, mkwire_symbol(&s->wire, MODULE_DRIVER, 0x400, 0x100, "AfdPoll"));
	give_stack(s, 0, 50, kernel, 2, WIRE_STACK_EXACT);
	give_stack(s, 42, 51, user, 1, WIRE_STACK_EXACT);
	off = mkwire_interval(&s->wire, 42, 1000, 1010, 1011, 50, 51);
	give(s, off);
	p = make_profile(s);
	assert_string_equal(profile_text(s),
			    "app;shop.exe+0x30;AfdPoll;ntoskrnl.exe+0x10 other 10+1 x1 max 11\n");
	p = s->profile;
	f = profile__sample_frame(p, &p->samples[0], 1);
	assert_int_equal(f->kind, FRAME_KIND_NATIVE);
	assert_string_equal(profile__str(p, profile__binary(p, f->binary)->path),
			    "C:\\shop\\shop.exe");
	f = profile__sample_frame(p, &p->samples[0], 2);
	assert_int_equal(f->kind, FRAME_KIND_KERNEL);
	assert_string_equal(profile__str(p, f->module), "afd.sys");
	f = profile__sample_frame(p, &p->samples[0], 3);
	assert_int_equal(f->kind, FRAME_KIND_KERNEL);
	symbolizer__counts(s->symbols, &counts);
	assert_int_equal(counts.miss_cnt[SYMBOLIZER_NO_SYMBOLS], 2);
	assert_int_equal(counts.miss_cnt[SYMBOLIZER_FILE_GONE], 0);
	assert_int_equal(counts.miss_cnt[SYMBOLIZER_KERNEL_RESTRICTED], 0);
}

/* Readers name a pprof file after its first mapping: neither a library nor the kernel, though that is an .exe. */
static void test_the_program_in_a_pprof_file(void **state)
{
	const uint64_t kernel[] = {NT_BASE + 0x10};
	const uint64_t user[] = {PE_BASE + 0x20000, PE_BASE + 0x30}, dll[] = {PE_BASE + 0x20000};
	struct pprof_source from = {.name = "it"};
	struct stage *s = *state;
	_cleanup_buf_ struct buf file;
	const struct profile_frame *f;
	struct profile *back;
	char *packed, *text;
	size_t len;

	give_pe_modules(s);
	give(s, mkwire_module(&s->wire, 6, WIRE_MODULE_PE, "C:\\Windows\\system32\\NTDLL.DLL"));
	give(s, mkwire_mapping(&s->wire, 42, PE_BASE + 0x20000, PE_BASE + 0x30000, 0, 6));
	give_stack(s, 0, 50, kernel, 1, WIRE_STACK_EXACT);
	give_stack(s, 42, 51, user, 2, WIRE_STACK_EXACT);
	give_stack(s, 42, 52, dll, 1, WIRE_STACK_EXACT);
	give(s, mkwire_interval(&s->wire, 42, 1000, 2010, 2011, 50, 52));
	give(s, mkwire_interval(&s->wire, 42, 3000, 3010, 3011, 50, 51));
	packed = render(make_profile(s), &pprof_writer, &len);
	text = pprof_text(packed, len);
	assert_non_null(text);
	assert_non_null(strstr(text, "mapping 1: C:\\shop\\shop.exe "));
	free(text);
	buf__init(&file, 1 << 20);
	assert_int_equal(gzip_unpack(packed, len, &file), 0);
	free(packed);
	from.data = file.data;
	from.len = file.len;
	back = pprof_profile_load(&from);
	assert_non_null(back);
	f = profile__sample_frame(back, &back->samples[0], 1);
	assert_string_equal(profile__str(back, f->module), "NTDLL.DLL");
	profile__free(back);
}

/* ---- what the trace lost ---- */

static void test_losses_are_said_where_there_are_any(void **state _unused_)
{
	uint64_t values[WIRE_COUNTER_CNT] = {0};
	_cleanup_buf_ struct buf text;
	struct ledger l = {0};

	buf__init(&text, 65536);
	ledger__print(&l, &text);
	assert_null(strstr(buf__str(&text), "chain_breaks"));
	assert_null(strstr(buf__str(&text), "trace_"));
	values[WIRE_C_CHAIN_BREAKS] = 3;
	values[WIRE_C_TRACE_EVENTS_LOST] = 4;
	values[WIRE_C_TRACE_BUFFERS_LOST] = 5;
	ledger__set_counters(&l, values, WIRE_COUNTER_CNT);
	buf__reset(&text);
	ledger__print(&l, &text);
	assert_non_null(strstr(buf__str(&text), "\nchain_breaks: 3 context switches are missing"));
	assert_non_null(strstr(buf__str(&text), "\ntrace_events_lost: 4 events were lost"));
	assert_non_null(strstr(buf__str(&text), "\ntrace_buffers_lost: 5 buffers of events"));
	assert_null(strstr(buf__str(&text), "kernel: "));
}

/* ---- recordings ---- */

/* A run with all of it. */
static void make_run(struct buf *b)
{
	const uint64_t kernel[] = {NT_BASE + 0x10, DRIVER_BASE + 0x20},
		       user[] = {PE_BASE + 0x30, PE_BASE + 0x130};
	const uint64_t values[WIRE_COUNTER_CNT] = {
		[WIRE_C_OBSERVED_NS] = 4 * 1100000,
		[WIRE_C_OBSERVED_CNT] = 4,
		[WIRE_C_CHAIN_BREAKS] = 2,
		[WIRE_C_TRACE_EVENTS_LOST] = 3,
	};
	static const uint32_t numbers[] = {WR_QUEUE, WR_USER, 77, WR_QUANTUM};

	mkwire_module(b, 1, WIRE_MODULE_PE, "C:\\shop\\shop.exe");
	mkwire_debug_file(b, 1, "shop.pdb");
	mkwire_module(b, 2, WIRE_MODULE_DRIVER, "\\SystemRoot\\system32\\ntoskrnl.exe");
	mkwire_module(b, 3, WIRE_MODULE_DRIVER, "\\SystemRoot\\system32\\drivers\\afd.sys");
	mkwire_mapping(b, 42, PE_BASE, PE_BASE + 0x10000, 0, 1);
	mkwire_kernel_mapping(b, NT_BASE, NT_BASE + 0x100000, 0, 2);
	mkwire_kernel_mapping(b, DRIVER_BASE, DRIVER_BASE + 0x1000, 0, 3);
	mkwire_wait_reason(b, WR_USER, REASON_POLL, "WrUserRequest", "");
	mkwire_wait_reason(b, WR_USER, REASON_NET, "WrUserRequest", "AfdPoll");
	mkwire_wait_reason(b, WR_QUEUE, REASON_POLL, "WrQueue", "");
	mkwire_wait_reason(b, WR_QUANTUM, REASON_PREEMPTED, "WrQuantumEnd", "");
	mkwire_window(b, WIRE_WINDOW_START, 1000);
	mkwire_thread(b, 42, 42, 0, "shop.exe");
	mkwire_thread(b, 42, 43, 0, "a thread that s");
	mkwire_long_name(b, 43, 0, "a thread that sells apples");
	((struct wire_stack *)mkwire_at(b, mkwire_stack(b, 0, 50, kernel, 2)))->flags =
		WIRE_STACK_EXACT;
	((struct wire_stack *)mkwire_at(b, mkwire_stack(b, 42, 51, user, 2)))->flags =
		WIRE_STACK_EXACT;
	for (uint64_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		uint64_t out = 10000 + i * 2000000, blocked = i == 3 ? 0 : 1000000;
		struct wire_interval *iv = mkwire_at(
			b, mkwire_interval(b, 43, out, out + blocked, out + 1100000, 50, 51));

		iv->wait = (struct wire_wait){
			numbers[i], -1, (uint16_t)(WIRE_F_NAMED | (i == 3 ? WIRE_F_PREEMPT : 0))};
	}
	mkwire_round(b, 9000000);
	mkwire_counters(b, values, WIRE_COUNTER_CNT);
	mkwire_window(b, WIRE_WINDOW_END, 9000000);
	mkwire_round(b, 9000000);
	mkwire_symbol(b, 3, 0, 0x100, "AfdPoll");
}

static FILE *record(const struct buf *b)
{
	FILE *fp = tmpfile();
	struct recording_writer *w = recording_writer__new(fp);

	for (size_t off = 0; off < b->len; off += mkwire_event(b, off).h->size) {
		struct event e = mkwire_event(b, off);

		assert_int_equal(recording_writer__add(w, &e), 0);
	}
	assert_int_equal(recording_writer__finish(w), 0);
	recording_writer__free(w);
	rewind(fp);
	return fp;
}

/* All that is shown of a recording, which is closed; with @save it is recorded again. */
static void replay(FILE *fp, FILE *save, struct buf *to)
{
	const struct writer *const shown[] = {&json_writer, &ndjson_writer, &ndjson_waits_writer,
					      &folded_writer};
	struct source *source = recording_source_new(fp, "a recording");
	struct session *s = session__new();
	const struct session_limits limits = {0};
	const struct offcpu_view view = {0};
	struct resolver recorded;
	const struct resolver *const resolvers[] = {&recorded, NULL};
	struct profile *p;

	assert_non_null(source);
	assert_non_null(s);
	s->offcpu.keep_times = true;
	s->save = save ? recording_writer__new(save) : NULL;
	assert_int_equal(session__run(s, source, &limits), 0);
	assert_int_equal(s->save_err, 0);
	assert_string_equal(module_table__find(&s->model.modules, 1)->debug_name, "shop.pdb");
	recorded_symbols__resolver(s->recorded, &recorded);
	p = session__profile(s, resolvers, NULL, &view);
	assert_non_null(p);
	assert_int_equal(ledger__imbalance_ns(&p->ledger), 0);
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		size_t len;
		char *text = render(p, shown[i], &len);

		buf__append(to, text, len);
		free(text);
	}
	profile__free(p);
	if (save) {
		assert_int_equal(session__save_symbols(s), 0);
		assert_int_equal(recording_writer__finish(s->save), 0);
		recording_writer__free(s->save);
		rewind(save);
	}
	session__free(s);
	source__close(source);
}

static void test_a_recording_of_it_is_the_same_again(void **state _unused_)
{
	_cleanup_buf_ struct buf b, first, second;
	FILE *again = tmpfile();

	mkwire_init(&b);
	mkwire_init(&first);
	mkwire_init(&second);
	make_run(&b);
	replay(record(&b), again, &first);
	replay(again, NULL, &second);
	assert_string_equal(buf__str(&first), buf__str(&second));
	assert_non_null(
		strstr(buf__str(&first),
		       "\na thread that sells "
		       "apples;shop.exe+0x130;shop.exe+0x30;AfdPoll;ntoskrnl.exe+0x10 4400\n"));
	assert_non_null(
		strstr(buf__str(&first), "\"reason\":\"net\",\"wait_reason\":\"WrUserRequest\""));
	assert_non_null(
		strstr(buf__str(&first), "\"reason\":\"poll\",\"wait_reason\":\"WrQueue\""));
	assert_non_null(strstr(buf__str(&first),
			       "\"reason\":\"preempted\",\"wait_reason\":\"WrQuantumEnd\""));
	assert_non_null(strstr(buf__str(&first), "\"chain_breaks\":2,\"trace_events_lost\":3,"));
}

int main(void)
{
#define STAGE_TEST(test) cmocka_unit_test_setup_teardown(test, stage_setup, stage_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_of_records_are_checked),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_the_first_rule_of_a_kind_stays),
		cmocka_unit_test(test_what_is_no_name_fits_no_rule),
		cmocka_unit_test(test_rules_have_a_limit),
		STAGE_TEST(test_named_waits_have_the_reasons_that_were_told),
		STAGE_TEST(test_the_view_does_not_change_a_reason),
		STAGE_TEST(test_only_the_innermost_user_frames_are_asked),
		STAGE_TEST(test_inlined_functions_are_no_frames),
		STAGE_TEST(test_waits_of_other_numbers_are_other_samples),
		STAGE_TEST(test_facts_of_waits),
		cmocka_unit_test(test_state_letters),
		STAGE_TEST(test_names_survive_merge_append_select_and_parts),
		STAGE_TEST(test_long_names_make_more_parts),
		STAGE_TEST(test_writers_show_the_name_where_there_is_one),
		STAGE_TEST(test_a_trace_for_perfetto_shows_the_name),
		STAGE_TEST(test_a_pprof_file_brings_the_name_back),
		STAGE_TEST(test_long_names),
		STAGE_TEST(test_long_names_are_cut_between_characters),
		STAGE_TEST(test_long_names_go_with_their_thread),
		STAGE_TEST(test_long_names_are_shown_and_selected_by),
		STAGE_TEST(test_long_names_of_wakers_and_lock_owners),
		cmocka_unit_test(test_groups_by_long_names),
		cmocka_unit_test(test_names_of_pe_files),
		STAGE_TEST(test_debug_files),
		STAGE_TEST(test_kernel_memory_has_modules),
		STAGE_TEST(test_addresses_as_they_stand),
		STAGE_TEST(test_frames_of_pe_files),
		STAGE_TEST(test_the_program_in_a_pprof_file),
		cmocka_unit_test(test_losses_are_said_where_there_are_any),
		cmocka_unit_test(test_a_recording_of_it_is_the_same_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
