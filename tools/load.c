/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/pprof_profile.h"
#include "app/session.h"
#include "base/log.h"
#include "base/os_temp.h"
#include "load_cut.h"
#include "load_input.h"
#include "load_packed.h"
#include "model/profile_append.h"
#include "output/text.h"
#include "source/recording.h"

static const struct {
	const char *name;
	enum folded_unit unit;
} load_units[] = {
	{"us", FOLDED_UNIT_US},
	{"ns", FOLDED_UNIT_NS},
	{"ms", FOLDED_UNIT_MS},
	{"samples", FOLDED_UNIT_SAMPLES},
};

const char *load_unit_word(size_t i)
{
	return i < ARRAY_SIZE(load_units) ? load_units[i].name : NULL;
}

int load_parse_unit(const char *value, enum folded_unit *ret_unit)
{
	for (size_t i = 0; i < ARRAY_SIZE(load_units); i++) {
		if (strcmp(value, load_units[i].name) != 0)
			continue;
		*ret_unit = load_units[i].unit;
		return 0;
	}
	return error_set(-EINVAL, "--unit: '%s' is no unit: give us, ns, ms or samples", value);
}

/* ---- recordings ---- */

/* What the run was shown with, unless said otherwise now. */
static void load_merge_view(const struct session *s, struct offcpu_view *view)
{
	struct offcpu_view recorded = {0};

	session__recorded_view(s, &recorded);
	view->per_thread |= recorded.per_thread;
	view->split |= recorded.split;
	view->delimiter |= recorded.delimiter;
	view->inlines |= recorded.inlines;
	view->lines |= recorded.lines;
	view->created_by |= recorded.created_by;
	view->go_idle |= recorded.go_idle;
	if (!view->wakers && !view->by_waker && !view->chains && !view->by_lock) {
		view->by_lock = recorded.by_lock;
		view->chains = recorded.chains;
		view->wakers = recorded.wakers;
		view->by_waker = recorded.by_waker;
	}
	if (!view->no_user_stacks && !view->no_kernel_stacks) {
		view->no_user_stacks = recorded.no_user_stacks;
		view->no_kernel_stacks = recorded.no_kernel_stacks;
	}
	if (!view->reasons)
		view->reasons = recorded.reasons;
}

static struct profile *load_session(struct session *s, struct view_config *v,
				    const struct load_names *names, char hint[LOAD_HINT_BYTES])
{
	struct profile *p;

	load_merge_view(s, &v->view);
	p = session__profile(s, names->resolvers, names->readers, &v->view);
	load_names__warn(names);
	if (p)
		load_names_hint(&s->model.modules, p, hint);
	if (p && (v->view.wakers || v->view.by_waker || v->view.chains || v->view.by_lock) &&
	    !p->has_wakers)
		log_warn("this recording does not say who ended the waits: record with --wakers");
	return p;
}

/* @path: what it is called. @recorded: it may turn out to be of a run that showed chains. NULL + errno. */
static struct profile *load_source(struct view_config *v, const struct load_opts *opts,
				   struct source *source, bool recorded, const char *path,
				   char hint[LOAD_HINT_BYTES])
{
	struct load_names names = {.pdb = NULL};
	struct session_limits limits = {0};
	struct session *s = session__new();
	struct load_cut cut = {.opts = opts, .session = s, .path = path};
	struct profile *p = NULL;
	int err = s ? 0 : -ENOMEM;

	if (s) {
		s->offcpu.keep_waits = recorded || v->view.chains;
		s->offcpu.keep_times = view_wants_waits(v);
		load_cut_open(&cut);
	}
	if (!err)
		err = session__run(s, source, &limits);
	if (!err)
		err = load_cut_finish(&cut);
	if (!err)
		err = load_names__init(&names, s->recorded, opts->symbol_path);
	if (!err) {
		p = load_session(s, v, &names, hint);
		err = p ? 0 : -errno;
	}
	session__free(s);
	load_names__fini(&names);
	errno = -err;
	return p;
}

/* @file is taken over. */
static struct profile *load_recording(struct view_config *v, const struct load_opts *opts,
				      FILE *file, const char *path, char hint[LOAD_HINT_BYTES])
{
	struct load_input in;
	int err = load_input__open_recording(&in, file, path);
	struct profile *p = err ? NULL : load_source(v, opts, in.source, true, path, hint);

	if (!err && !p)
		err = -errno;
	load_input__close(&in);
	errno = -err;
	return p;
}

/* The trace at paths[0], and those that belong to it: see load_input__open_traces(). */
static int load_traces(struct view_config *v, const struct load_opts *opts, char **paths,
		       int path_cnt, bool *taken, struct loaded *ret)
{
	struct load_input in;
	int err = load_input__open_traces(&in, paths, path_cnt, taken);

	*ret = (struct loaded){.profile = NULL};
	if (!err) {
		ret->profile = load_source(v, opts, in.source, false, paths[0], ret->hint);
		err = ret->profile ? 0 : -errno;
	}
	load_input__close(&in);
	return err;
}

/* ---- text ---- */

static int load_check_text_view(const struct view_config *v, const struct load_opts *opts,
				const char *path)
{
	const struct offcpu_view *w = &v->view;
	const struct {
		bool given;
		const char *name;
	} options[] = {
		{w->no_kernel_stacks, "-U"},
		{w->no_user_stacks, "-K"},
		{w->delimiter, "-d"},
		{w->per_thread, "--per-thread"},
		{w->split, "--split"},
		{w->wakers, "--wakers"},
		{w->chains, "--chains"},
		{w->by_lock, "--by-lock"},
		{w->by_waker, "--by-waker"},
		{w->inlines, "--inlines"},
		{w->lines, "--lines"},
		{w->created_by, "--created-by"},
		{w->go_idle, "--go-idle"},
		{opts->since.kind != MOMENT_NONE, "--since"},
		{opts->until.kind != MOMENT_NONE, "--until"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].given)
			return error_set(-EINVAL,
					 "%s: %s needs a recording; this is text, whose stacks "
					 "are what they are",
					 path, options[i].name);
	return 0;
}

/* @file is taken over. */
static struct profile *load_text(struct view_config *v, const struct load_opts *opts, FILE *file,
				 const char *path, uint64_t *ret_row_cnt)
{
	struct folded_source from = {
		.file = file,
		.name = strcmp(path, "-") ? path : "standard input",
		.unit = opts->unit,
		.reasons = v->view.reasons,
	};
	int err = load_check_text_view(v, opts, from.name);
	struct profile *p = err ? NULL : folded_profile_load(&from);

	if (!err && !p)
		err = -errno;
	if (file != stdin)
		fclose(file);
	if (!err && from.reasons && !from.has_reasons && p && (p->hidden_ns || p->sample_cnt))
		err = error_set(-EINVAL,
				"%s does not say why threads waited: --reason and --no-idle need a "
				"recording, or NDJSON rows with a reason",
				from.name);
	if (err) {
		profile__free(p);
		errno = -err;
		return NULL;
	}
	v->kinds |= from.kinds;
	*ret_row_cnt = from.row_cnt;
	return p;
}

/* ---- packed files ---- */

static struct profile *load_pprof(struct view_config *v, const struct load_opts *opts,
				  const struct buf *data, const char *name, uint64_t *ret_row_cnt)
{
	struct pprof_source from = {
		.data = data->data, .len = data->len, .name = name, .reasons = v->view.reasons};
	int err = load_check_text_view(v, opts, name);
	struct profile *p = err ? NULL : pprof_profile_load(&from);

	if (!err && !p)
		err = -errno;
	if (!err && from.reasons && !from.has_reasons && from.row_cnt)
		err = error_set(-EINVAL,
				"%s does not say why threads waited: --reason and --no-idle need "
				"labels \"reason\"",
				name);
	if (err) {
		profile__free(p);
		errno = -err;
		return NULL;
	}
	*ret_row_cnt = from.row_cnt;
	return p;
}

/* @file is taken over. */
static struct profile *load_packed(struct view_config *v, const struct load_opts *opts, FILE *file,
				   const char *path, uint64_t *ret_row_cnt)
{
	const char *name = strcmp(path, "-") ? path : "standard input";
	struct profile *p = NULL;
	struct buf data;
	int err = load_unpack(file, name, &data);
	FILE *text;

	if (file != stdin)
		fclose(file);
	if (err) {
		errno = -err;
		return NULL;
	}
	if (!load_is_text(&data)) {
		p = load_pprof(v, opts, &data, name, ret_row_cnt);
	} else {
		text = os_memory_file(data.len ? data.data : " ", data.len ? data.len : 1);
		p = text ? load_text(v, opts, text, path, ret_row_cnt) : NULL;
	}
	err = errno;
	buf__fini(&data);
	errno = err;
	return p;
}

/* There is no ledger of a text: only what it adds up to. */
static void load_print_text_total(const struct view_config *v, const struct profile *p,
				  uint64_t row_cnt)
{
	uint64_t ns = 0;
	char total[TEXT_NS_LEN], cnt[TEXT_CNT_LEN];

	for (size_t i = 0; i < p->sample_cnt; i++)
		ns += profile_sample__total_ns(&p->samples[i]);
	if (!v->quiet)
		log_info("%s in %s lines", text_ns(total, ns), text_cnt(cnt, row_cnt));
	if (!p->sample_cnt)
		log_warn("no off-CPU time to show: %s",
			 p->hidden_ns ? profile__hidden_all(p) : "there is no stack");
}

void load_print_totals(const struct view_config *v, const struct loaded *l)
{
	if (l->text)
		load_print_text_total(v, l->profile, l->row_cnt);
	else
		view_print_ledger(v, l->profile);
	if (*l->hint)
		log_info("%s", l->hint);
}

/* ---- either ---- */

static bool load_is_named_recording(const char *path)
{
	static const char end[] = ".dwell";
	size_t len = strlen(path);

	return len >= sizeof(end) && !strcmp(path + len - sizeof(end) + 1, end);
}

int load_profile(struct view_config *v, const struct load_opts *opts, const char *path,
		 struct loaded *ret)
{
	struct loaded l = {.profile = NULL};
	FILE *file;

	if (load_is_trace(path))
		return load_traces(v, opts, (char *[]){(char *)path}, 1, NULL, ret);
	file = recording_file_open(path);
	if (!file)
		return -errno;
	if (load_is_packed(file)) {
		l.text = true;
		l.profile = load_packed(v, opts, file, path, &l.row_cnt);
		if (!l.profile)
			return -errno;
		*ret = l;
		return 0;
	}
	/* A recording of which nothing was written is still no text. */
	l.text = recording_is_text(file) && !load_is_named_recording(path);
	l.profile = l.text ? load_text(v, opts, file, path, &l.row_cnt)
			   : load_recording(v, opts, file, path, l.hint);
	if (!l.profile)
		return -errno;
	*ret = l;
	return 0;
}

/* ---- several ---- */

static int load_title(struct profile *p, char **paths, int path_cnt)
{
	char *text;
	int err;

	if (asprintf(&text, "Off-CPU time: %s and %d more", paths[0], path_cnt - 1) < 0)
		return -ENOMEM;
	err = profile__text(p, text, &p->title);
	free(text);
	return err;
}

/* @taken: those that are read already. */
static int load_next(struct view_config *v, const struct load_opts *opts, char **paths,
		     int path_cnt, bool *taken, struct loaded *ret)
{
	if (load_is_trace(paths[0]))
		return load_traces(v, opts, paths, path_cnt, taken, ret);
	taken[0] = true;
	return load_profile(v, opts, paths[0], ret);
}

static int load_merged(struct view_config *v, const struct load_opts *opts, char **paths,
		       int path_cnt, bool *taken, struct loaded *all)
{
	int err = 0;

	for (int i = 0; !err && i < path_cnt; i++) {
		struct view_config view = *v;
		struct loaded one = {.profile = NULL};

		if (taken[i])
			continue;
		err = load_next(&view, opts, paths + i, path_cnt - i, taken + i, &one);
		if (err)
			return err;
		v->kinds |= view.kinds;
		all->text |= one.text;
		/* Said once: that of the first file with one. */
		if (!*all->hint)
			memcpy(all->hint, one.hint, sizeof(all->hint));
		all->row_cnt += one.row_cnt;
		err = profile__merge(all->profile, one.profile);
		profile__free(one.profile);
	}
	if (!err)
		err = profile__finish_merge(all->profile);
	return err ? err : load_title(all->profile, paths, path_cnt);
}

int load_profiles(struct view_config *v, const struct load_opts *opts, char **paths, int path_cnt,
		  struct loaded *ret)
{
	struct loaded all = {.profile = NULL};
	bool *taken;
	int err;

	if (path_cnt == 1)
		return load_profile(v, opts, paths[0], ret);
	all.profile = profile__new();
	taken = calloc((size_t)path_cnt, sizeof(*taken));
	err = all.profile && taken ? load_merged(v, opts, paths, path_cnt, taken, &all) : -ENOMEM;
	free(taken);
	if (err)
		profile__free(all.profile);
	else
		*ret = all;
	return err;
}
