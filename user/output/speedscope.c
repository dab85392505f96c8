/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * speedscope's own format: https://www.speedscope.app/file-format-schema.json
 *
 * The first profile, which is shown first, is of all threads, with their rows one after the other; then comes one for each
 * thread. All have the same frames: those of the folded file, with file and line where they are known. Weights are exact.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/compiler.h"
#include "model/sanitise.h"
#include "output/json_writer.h"
#include "output/stack_rows.h"
#include "output/writer.h"

/*
 * Threads with a profile of their own, those with the most time. speedscope builds the trees of all profiles when it opens a
 * file, and people find one in a list; the profile of all has the other threads' rows.
 */
#define SPEEDSCOPE_MAX_THREADS 100
#define SPEEDSCOPE_MAX_NAME    (1u << 16)
#define SPEEDSCOPE_NO_NUMBER   UINT32_MAX

/* Rows of one thread. */
struct speedscope_thread {
	uint32_t thread;
	size_t first, cnt;
	uint64_t ns;
};

struct speedscope {
	const struct profile *profile;
	struct stack_rows rows;
	uint32_t *numbers; /* by frame: its number in the file */
	uint32_t *used;	   /* frames in the order of their numbers */
	size_t used_cnt;
	struct speedscope_thread *threads;
	size_t thread_cnt, thread_cap;
	struct buf name; /* of a profile, while it is made */
	struct out out;
	struct json json;
};

/* ---- what there is ---- */

/* Frames that a part of a profile doesn't have are not in its file. */
static int number_frames(struct speedscope *w)
{
	size_t cnt = w->profile->frame_cnt + 1;

	w->numbers = malloc(cnt * sizeof(*w->numbers));
	w->used = malloc(cnt * sizeof(*w->used));
	if (!w->numbers || !w->used)
		return -ENOMEM;
	for (size_t i = 0; i < cnt; i++)
		w->numbers[i] = SPEEDSCOPE_NO_NUMBER;
	for (size_t i = 0; i < w->rows.cnt; i++) {
		const struct stack_row *row = &w->rows.rows[i];

		for (uint32_t j = 0; j < row->cnt; j++) {
			uint32_t frame = w->rows.frames[row->first + j];

			if (w->numbers[frame] != SPEEDSCOPE_NO_NUMBER)
				continue;
			w->numbers[frame] = (uint32_t)w->used_cnt;
			w->used[w->used_cnt++] = frame;
		}
	}
	return 0;
}

/* The most time first. */
static int compare_threads(const void *left, const void *right)
{
	const struct speedscope_thread *a = left, *b = right;

	if (a->ns != b->ns)
		return a->ns > b->ns ? -1 : 1;
	return a->thread < b->thread ? -1 : a->thread > b->thread;
}

/* The rows are sorted by thread; those of threads that are not known have no profile of their own. */
static int find_threads(struct speedscope *w)
{
	struct speedscope_thread *t = NULL;

	for (size_t i = 0; i < w->rows.cnt; i++) {
		const struct stack_row *row = &w->rows.rows[i];

		if (row->thread >= w->profile->thread_cnt)
			break;
		if (!t || t->thread != row->thread) {
			int err = array__grow((void **)&w->threads, &w->thread_cap,
					      w->thread_cnt + 1, sizeof(*w->threads), UINT32_MAX);

			if (err)
				return err;
			t = &w->threads[w->thread_cnt++];
			*t = (struct speedscope_thread){.thread = row->thread, .first = i};
		}
		t->cnt++;
		t->ns += stack_row__total_ns(row);
	}
	if (w->thread_cnt)
		qsort(w->threads, w->thread_cnt, sizeof(*w->threads), compare_threads);
	return 0;
}

/* ---- the file ---- */

static void write_frame(struct speedscope *w, uint32_t frame)
{
	const struct profile *p = w->profile;
	const struct profile_frame none = {.name = 0};
	const struct profile_frame *f = frame < p->frame_cnt ? &p->frames[frame] : &none;

	json__line(&w->json);
	json__begin_object(&w->json);
	json__member_string(&w->json, "name", stack_rows__name(&w->rows, frame));
	if (f->file)
		json__member_string(&w->json, "file", profile__str(p, f->file));
	if (f->line)
		json__member_u64(&w->json, "line", f->line);
	json__end_object(&w->json);
}

static void write_frames(struct speedscope *w)
{
	json__line(&w->json);
	json__key(&w->json, "shared");
	json__begin_object(&w->json);
	json__key(&w->json, "frames");
	json__begin_array(&w->json);
	for (size_t i = 0; i < w->used_cnt; i++)
		write_frame(w, w->used[i]);
	json__line(&w->json);
	json__end_array(&w->json);
	json__end_object(&w->json);
}

static void write_stack(struct speedscope *w, const struct stack_row *row)
{
	json__line(&w->json);
	json__begin_array(&w->json);
	for (uint32_t i = 0; i < row->cnt; i++)
		json__u64(&w->json, w->numbers[w->rows.frames[row->first + i]]);
	json__end_array(&w->json);
}

/* The rows from @first on, named by what is in w->name. */
static void write_profile(struct speedscope *w, size_t first, size_t cnt)
{
	const struct stack_row *rows = w->rows.rows + first;
	uint64_t total_ns = 0;

	for (size_t i = 0; i < cnt; i++)
		total_ns += stack_row__total_ns(&rows[i]);
	json__line(&w->json);
	json__begin_object(&w->json);
	json__member_string(&w->json, "type", "sampled");
	json__member_string(&w->json, "name", buf__str(&w->name));
	json__member_string(&w->json, "unit", "nanoseconds");
	json__member_u64(&w->json, "startValue", 0);
	json__member_u64(&w->json, "endValue", total_ns);
	json__key(&w->json, "samples");
	json__begin_array(&w->json);
	for (size_t i = 0; i < cnt; i++)
		write_stack(w, &rows[i]);
	json__end_array(&w->json);
	json__key(&w->json, "weights");
	json__begin_array(&w->json);
	for (size_t i = 0; i < cnt; i++)
		json__u64(&w->json, stack_row__total_ns(&rows[i]));
	json__end_array(&w->json);
	json__end_object(&w->json);
}

static void name_all(struct speedscope *w)
{
	buf__reset(&w->name);
	buf__puts(&w->name, "all threads");
	if (w->thread_cnt > SPEEDSCOPE_MAX_THREADS)
		buf__printf(&w->name, " (the %d that waited longest of %zu follow)",
			    SPEEDSCOPE_MAX_THREADS, w->thread_cnt);
}

static void name_thread(struct speedscope *w, const struct profile_thread *th)
{
	buf__reset(&w->name);
	sanitise_text(profile__str(w->profile, th->comm), &w->name);
	buf__printf(&w->name, " (pid %" PRIu32 ", tid %" PRIu32 ")", th->pid, th->tid);
}

static void write_profiles(struct speedscope *w)
{
	json__line(&w->json);
	json__key(&w->json, "profiles");
	json__begin_array(&w->json);
	name_all(w);
	write_profile(w, 0, w->rows.cnt);
	for (size_t i = 0; i < w->thread_cnt && i < SPEEDSCOPE_MAX_THREADS; i++) {
		const struct speedscope_thread *t = &w->threads[i];

		name_thread(w, &w->profile->threads[t->thread]);
		write_profile(w, t->first, t->cnt);
	}
	json__line(&w->json);
	json__end_array(&w->json);
}

static void write_file(struct speedscope *w)
{
	buf__reset(&w->name);
	sanitise_text(profile__str(w->profile, w->profile->title), &w->name);
	json__begin_object(&w->json);
	json__member_string(&w->json, "$schema",
			    "https://www.speedscope.app/file-format-schema.json");
	json__member_string(&w->json, "exporter", "dwell");
	json__member_string(&w->json, "name", buf__str(&w->name));
	json__member_u64(&w->json, "activeProfileIndex", 0);
	write_frames(w);
	write_profiles(w);
	json__end_object(&w->json);
	out__putc(&w->out, '\n');
}

static int speedscope_init(struct speedscope *w, const struct profile *p, FILE *to)
{
	int err;

	w->profile = p;
	buf__init(&w->name, SPEEDSCOPE_MAX_NAME);
	out__init(&w->out, to);
	json__init(&w->json, &w->out);
	err = stack_rows__init(&w->rows, p, STACK_ROWS_BY_PLACE);
	if (!err)
		err = number_frames(w);
	return err ? err : find_threads(w);
}

static void speedscope_free(struct speedscope **w)
{
	if (!*w)
		return;
	stack_rows__fini(&(*w)->rows);
	buf__fini(&(*w)->name);
	free((*w)->numbers);
	free((*w)->used);
	free((*w)->threads);
	free(*w);
}

static int speedscope_write(const struct profile *p, const struct writer_opts *opts _unused_,
			    FILE *to)
{
	_cleanup_(speedscope_free) struct speedscope *w = calloc(1, sizeof(*w));
	int err = w ? speedscope_init(w, p, to) : -ENOMEM;

	if (err)
		return err;
	write_file(w);
	return w->name.err ? w->name.err : out__finish(&w->out);
}

const struct writer speedscope_writer = {
	.name = "speedscope",
	.ext = ".speedscope.json",
	.help = "a profile of all threads and one of each, in nanoseconds, for speedscope",
	.write = speedscope_write,
};
