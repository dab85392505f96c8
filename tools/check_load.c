/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The analysis adds waits up in rows; here each is kept as well, with the row it went to. Once the recording has been read, the
 * profile has a sample for each row, which says why and where, and so which of them are wanted.
 */
#include "check_load.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>

#include "app/session.h"
#include "base/array.h"
#include "base/log.h"
#include "load_input.h"
#include "load_names.h"
#include "source/recording.h"

#define CHECK_MAX_WAITS (1u << 28)

struct check_wait {
	uint64_t from_ns, to_ns; /* of a sum: its end, and its nanoseconds */
	uint32_t row;
	uint32_t cnt; /* above 1, or of a sum; 0: it has not ended */
	bool sum;
};

struct check_loader {
	struct session *session;
	struct load_names names;
	struct check_wait *waits;
	size_t cnt, cap;
	uint64_t now_ns; /* the end of the last wait */
};

void check_run__fini(struct check_run *r)
{
	gate_side__fini(&r->side);
}

/* ---- reading ---- */

static int check_keep(struct check_loader *l, const struct check_wait *w)
{
	int err = array__grow((void **)&l->waits, &l->cap, l->cnt + 1, sizeof(*l->waits),
			      CHECK_MAX_WAITS);

	if (!err)
		l->waits[l->cnt++] = *w;
	return err;
}

static int check_take(void *arg, const struct event *e)
{
	struct check_loader *l = arg;
	struct offcpu *o = &l->session->offcpu;
	struct check_wait w = {.cnt = 0};
	int err = offcpu__add(o, e);

	if (err)
		return err;
	w.row = o->last_row;
	if (e->h->kind == WIRE_INTERVAL && !(e->interval->wait.flags & WIRE_F_FILTERED)) {
		w.from_ns = e->interval->out_ns;
		w.to_ns = l->now_ns = e->interval->in_ns;
		w.cnt = !(e->interval->wait.flags & WIRE_F_OPEN);
		return check_keep(l, &w);
	}
	if (e->h->kind == WIRE_SPILL) {
		w.sum = true;
		w.from_ns = l->now_ns;
		w.to_ns = e->spill->blocked_ns + e->spill->runnable_ns;
		w.cnt = e->spill->cnt < UINT32_MAX ? (uint32_t)e->spill->cnt : UINT32_MAX;
		return check_keep(l, &w);
	}
	return 0;
}

/* ---- choosing ---- */

static bool check_stack_matches(const struct profile *p, const struct profile_sample *s,
				const regex_t *re)
{
	for (uint32_t i = 0; i < s->frame_cnt; i++)
		if (!regexec(re, profile__str(p, profile__sample_frame(p, s, i)->name), 0, NULL, 0))
			return true;
	return false;
}

static bool check_is_wanted(const struct profile *p, const struct profile_sample *s,
			    const struct check_wanted *w)
{
	const char *comm =
		s->thread < p->thread_cnt ? profile__str(p, p->threads[s->thread].comm) : "";

	if (w->reasons && !(w->reasons & 1u << s->reason))
		return false;
	if (w->comm && fnmatch(w->comm, comm, 0) != 0)
		return false;
	return !w->stack || check_stack_matches(p, s, w->stack);
}

static int check_add_wait(const struct check_wait *w, struct check_run *r)
{
	if (!w->sum)
		return gate_side__add(&r->side, w->from_ns, w->to_ns, w->cnt);
	r->spilled_cnt += w->cnt;
	return gate_side__add_sum(&r->side, w->from_ns, w->to_ns, w->cnt);
}

static int check_choose(const struct check_loader *l, const struct profile *p,
			const struct check_wanted *wanted, struct check_run *r)
{
	bool *rows = calloc(p->sample_cnt + 1, sizeof(*rows));
	int err = rows ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < p->sample_cnt; i++)
		rows[i] = check_is_wanted(p, &p->samples[i], wanted);
	for (size_t i = 0; !err && i < l->cnt; i++)
		if (rows[l->waits[i].row])
			err = check_add_wait(&l->waits[i], r);
	free(rows);
	return err;
}

/* ---- one recording ---- */

static int check_make_run(struct check_loader *l, const char *path,
			  const struct check_wanted *wanted, struct check_run *r)
{
	const struct offcpu_view view = {.reasons = 0};
	const struct line_reader *readers[] = {NULL};
	const struct model *m = &l->session->model;
	struct profile *p;
	int err;

	p = session__profile(l->session, l->names.resolvers, readers, &view);
	load_names__warn(&l->names);
	if (!p)
		return -errno;
	/* The way back from samples to rows. */
	if (p->sample_cnt != l->session->offcpu.cnt)
		err = error_set(-EPROTO, "%s: %zu samples of %zu rows", path, p->sample_cnt,
				l->session->offcpu.cnt);
	else
		err = gate_side__init(&r->side, m->start.monotonic_ns, m->end.monotonic_ns,
				      wanted->slice_cnt);
	if (err == -EINVAL)
		error_set(err, "%s: its window has no length: it was not recorded to its end",
			  path);
	if (!err)
		err = check_choose(l, p, wanted, r);
	r->observed_ns = p->ledger.observed.ns;
	r->lost_ns = ledger__lost(&p->ledger).ns;
	profile__free(p);
	return err;
}

/* @in is closed. */
static int check_read(struct check_loader *l, struct load_input *in, int err)
{
	struct session_limits limits = {0};

	if (!err) {
		/* Names as of when a stack was first seen: each row is one sample then. */
		l->session->offcpu.model = NULL;
		l->session->analyse = check_take;
		l->session->analyse_arg = l;
		err = session__run(l->session, in->source, &limits);
	}
	load_input__close(in);
	return err;
}

static int check_read_file(struct check_loader *l, const char *path)
{
	struct load_input in;
	FILE *file;

	if (load_is_trace(path))
		return check_read(l, &in,
				  load_input__open_traces(&in, (char *[]){(char *)path}, 1, NULL));
	file = recording_file_open(path);
	if (!file)
		return -errno;
	if (!recording_is_text(file))
		return check_read(l, &in, load_input__open_recording(&in, file, path));
	fclose(file);
	return error_set(-EINVAL,
			 "%s is text: single waits are in recordings only, make one with "
			 "dwell record",
			 path);
}

int check_load(const char *path, const struct check_wanted *wanted, struct check_run *ret)
{
	struct check_loader l = {.session = session__new()};
	struct check_run run = {.observed_ns = 0};
	int err = l.session ? check_read_file(&l, path) : -ENOMEM;

	if (!err)
		err = load_names__init(&l.names, l.session->recorded, wanted->symbol_path);
	if (!err)
		err = check_make_run(&l, path, wanted, &run);
	session__free(l.session);
	load_names__fini(&l.names);
	free(l.waits);
	if (err)
		check_run__fini(&run);
	else
		*ret = run;
	return err;
}
