/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "load_cut.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "output/text.h"

/* A moment on the wall clock, on the monotonic one of the recording. */
static int load_cut_moment(const struct load_cut *c, const struct moment *m, uint64_t otherwise_ns,
			   uint64_t *ret_ns)
{
	const struct wire_window *start = &c->session->model.start;
	uint64_t ns;
	int err;

	*ret_ns = otherwise_ns;
	if (m->kind == MOMENT_NONE)
		return 0;
	err = moment__resolve(m, start->realtime_ns, &ns);
	if (err)
		return err;
	if (ns < start->realtime_ns)
		*ret_ns = start->monotonic_ns;
	else if (ns - start->realtime_ns < UINT64_MAX - start->monotonic_ns)
		*ret_ns = start->monotonic_ns + (ns - start->realtime_ns);
	return 0;
}

static int load_cut_learn(struct load_cut *c)
{
	int err;

	if (!c->session->model.start.monotonic_ns)
		return error_set(-EINVAL,
				 "%s does not say when it began: --since and --until can't be used",
				 c->path);
	c->known = true;
	err = load_cut_moment(c, &c->opts->since, 0, &c->cut.since_ns);
	if (!err)
		err = load_cut_moment(c, &c->opts->until, UINT64_MAX, &c->cut.until_ns);
	if (!err && c->cut.since_ns >= c->cut.until_ns)
		err = error_set(-EINVAL,
				"--since is not before --until: nothing lies between them");
	return err;
}

static int load_cut_take(void *arg, const struct event *e)
{
	struct load_cut *c = arg;
	bool timed = e->h->kind == WIRE_INTERVAL || e->h->kind == WIRE_SPILL;
	int err = timed && !c->known ? load_cut_learn(c) : 0;

	return err ? err : time_cut__add(&c->cut, &c->session->offcpu, e);
}

static bool load_cut_is_wanted(const struct load_cut *c)
{
	return c->opts->since.kind != MOMENT_NONE || c->opts->until.kind != MOMENT_NONE;
}

void load_cut_open(struct load_cut *c)
{
	if (!load_cut_is_wanted(c))
		return;
	c->session->analyse = load_cut_take;
	c->session->analyse_arg = c;
}

/* "2026-01-31T12:30:00.250Z" */
static const char *load_cut_time(uint64_t ns, char *text, size_t size)
{
	time_t seconds = (time_t)(ns / 1000000000);
	char day[32];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm))
		return "?";
	snprintf(text, size, "%s.%03uZ", day, (unsigned int)(ns / 1000000 % 1000));
	return text;
}

static int load_cut_is_empty(const struct load_cut *c)
{
	const struct wire_window *start = &c->session->model.start, *end = &c->session->model.end;
	char from[40], to[40];

	return error_set(
		-EINVAL, "%s is of %s to %s: nothing of it lies between --since and --until",
		c->path, load_cut_time(start->realtime_ns, from, sizeof(from)),
		load_cut_time(start->realtime_ns + (end->monotonic_ns - start->monotonic_ns), to,
			      sizeof(to)));
}

int load_cut_finish(struct load_cut *c)
{
	const struct offcpu *o = &c->session->offcpu;
	char ns[TEXT_NS_LEN];
	int err;

	if (!load_cut_is_wanted(c))
		return 0;
	err = c->known ? 0 : load_cut_learn(c);
	if (err)
		return err;
	time_cut__finish(&c->cut, &c->session->offcpu, &c->session->model);
	if (c->cut.since_ns >= c->cut.until_ns)
		return load_cut_is_empty(c);
	if (o->outside_spilled.cnt)
		log_warn("%s: %s of waits came as sums, without times: left out (record with a "
			 "larger "
			 "--ring-size)",
			 c->path, text_ns(ns, o->outside_spilled.ns));
	return 0;
}
