/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Members are only ever added; a change that breaks readers raises "version". */
#include <errno.h>

#include "output/goroutines.h"
#include "output/goroutines_parts.h"

#define GOROUTINES_JSON_VERSION 1

struct writing {
	struct json j;
	const struct goroutines_report *r;
};

void goroutines_json_place(struct json *j, const struct go_line *line)
{
	json__member_string(j, "function", line->name);
	if (!line->file)
		return;
	json__member_string(j, "file", line->file);
	json__member_u64(j, "line", line->line);
}

int goroutines_json_frame(void *arg, const struct go_line *line)
{
	struct json *j = arg;

	json__line(j);
	json__begin_object(j);
	goroutines_json_place(j, line);
	json__member_bool(j, "inlined", line->is_inlined);
	json__end_object(j);
	return 0;
}

static void write_state(struct writing *w, enum go_status status, const char *wait_reason,
			enum go_reason reason)
{
	json__member_string(&w->j, "state", go_status_name(status));
	if (*wait_reason)
		json__member_string(&w->j, "wait_reason", wait_reason);
	if (reason != GO_REASON_NONE)
		json__member_string(&w->j, "blocking_reason", go_reason_name(reason));
}

static void write_origin(struct writing *w, uint64_t startpc, uint64_t gopc)
{
	const char *start = go_frames__function(w->r->look->frames, startpc);
	struct go_line creator;

	if (*start)
		json__member_string(&w->j, "function", start);
	if (!go_frames__creator(w->r->look->frames, gopc, &creator) ||
	    (creator.is_hidden && !w->r->runtime && !w->r->system))
		return;
	json__key(&w->j, "created_by");
	json__begin_object(&w->j);
	goroutines_json_place(&w->j, &creator);
	json__end_object(&w->j);
}

int goroutines_json_stack(struct json *j, const struct go_look *look, uint32_t number, bool runtime)
{
	struct go_stack_view stack = go_look__stack(look, number);
	int err;

	if (!stack.cnt)
		return 0;
	json__member_bool(j, "stack_is_whole", stack.is_whole);
	json__key(j, "stack");
	json__begin_array(j);
	err = go_frames__each(look->frames, stack, runtime, goroutines_json_frame, j);
	json__end_array(j);
	return err;
}

static int write_stack(struct writing *w, uint32_t number)
{
	return goroutines_json_stack(&w->j, w->r->look, number, w->r->runtime);
}

/* How long it is seen as it is; it may be longer if the first look found it so. */
static void write_age(struct writing *w, const char *key, uint64_t ns, bool is_bound)
{
	json__member_u64(&w->j, key, ns);
	json__member_bool(&w->j, "or_longer", is_bound);
}

static void write_labels(struct writing *w, struct go_label_view labels)
{
	if (!labels.cnt)
		return;
	json__key(&w->j, "labels");
	json__begin_object(&w->j);
	for (uint32_t i = 0; i < labels.cnt; i++)
		json__member_string(&w->j, labels.items[i].key, labels.items[i].value);
	json__end_object(&w->j);
	if (!labels.is_whole)
		json__member_bool(&w->j, "labels_cut", true);
}

static int write_row(struct writing *w, const struct go_row *row)
{
	int err;

	json__line(&w->j);
	json__begin_object(&w->j);
	json__member_u64(&w->j, "goroutines", row->cnt);
	write_state(w, row->status, row->wait_reason, row->reason);
	write_age(w, "oldest_ns", row->oldest_ns, row->oldest_is_bound);
	if (row->label) {
		const struct go_label label = {w->r->table->by_label, row->label};

		write_labels(w, (struct go_label_view){&label, 1, true});
	}
	write_origin(w, row->startpc, row->gopc);
	err = write_stack(w, row->stack);
	json__end_object(&w->j);
	return err;
}

static int write_goroutine(struct writing *w, const struct goroutine *g)
{
	const struct go_look *look = w->r->look;
	int err;

	json__line(&w->j);
	json__begin_object(&w->j);
	json__member_u64(&w->j, "goid", g->goid);
	if (g->parent_goid)
		json__member_u64(&w->j, "parent_goid", g->parent_goid);
	write_state(w, (enum go_status)g->status, go_look__wait_reason(look, g),
		    go_look__reason(look, g));
	json__member_bool(&w->j, "system", go_look__is_system(look, g));
	json__member_bool(&w->j, "locked_to_thread", g->locked);
	write_age(w, "since_ns", look->all->now_ns - g->since_ns, g->since_first);
	write_labels(w, go_look__labels(look, g));
	write_origin(w, g->startpc, g->gopc);
	err = write_stack(w, g->stack);
	json__end_object(&w->j);
	return err;
}

static void write_counts(struct writing *w)
{
	const struct go_counts *c = &w->r->look->all->counts;
	const struct {
		const char *key;
		uint64_t cnt;
	} members[] = {
		{"listed", c->listed},
		{"ended", c->ended},
		{"cut", c->cut},
		{"unreadable", c->unreadable},
		{"damaged", c->damaged},
		{"stacks_torn", c->torn},
		{"stacks_cut", c->broken},
		{"stacks_unkept", c->unkept},
		{"unlabelled", c->unlabelled},
	};

	json__key(&w->j, "counts");
	json__begin_object(&w->j);
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		json__member_u64(&w->j, members[i].key, members[i].cnt);
	json__end_object(&w->j);
}

static void write_head(struct writing *w)
{
	const struct go_look *look = w->r->look;

	json__member_u64(&w->j, "version", GOROUTINES_JSON_VERSION);
	json__member_u64(&w->j, "pid", look->pid);
	json__member_string(&w->j, "comm", look->comm);
	json__member_string(&w->j, "go", look->runtime->version);
	json__member_string(&w->j, "layout", go_layout_from_name(look->runtime->from));
	json__member_u64(&w->j, "time_ns", look->all->now_ns);
	json__member_u64(&w->j, "goroutines", w->r->table->shown_cnt);
	json__member_u64(&w->j, "system_not_shown", w->r->table->system_cnt);
	json__line(&w->j);
	write_counts(w);
}

static int write_all(struct writing *w)
{
	_cleanup_free_ const struct goroutine **sorted = go_look__sort(w->r->look);
	int err = sorted ? 0 : -ENOMEM;

	json__line(&w->j);
	json__key(&w->j, "each");
	json__begin_array(&w->j);
	for (size_t i = 0; !err && i < w->r->look->all->cnt; i++)
		if (w->r->system || !go_look__is_system(w->r->look, sorted[i]))
			err = write_goroutine(w, sorted[i]);
	json__end_array(&w->j);
	return err;
}

int goroutines_write_json(const struct goroutines_report *r, FILE *to)
{
	struct writing w = {.r = r};
	struct out out;
	int err = 0;

	out__init(&out, to);
	json__init(&w.j, &out);
	json__begin_object(&w.j);
	write_head(&w);
	if (r->scheduler)
		goroutines_json_scheduler(&w.j, r->scheduler->now);
	json__line(&w.j);
	json__key(&w.j, "rows");
	json__begin_array(&w.j);
	for (size_t i = 0; !err && i < r->table->cnt; i++)
		err = write_row(&w, &r->table->rows[i]);
	json__end_array(&w.j);
	if (!err && r->each)
		err = write_all(&w);
	json__line(&w.j);
	json__end_object(&w.j);
	out__putc(&out, '\n');
	return err ? err : out__finish(&out);
}
