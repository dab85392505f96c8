/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/etw_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/log.h"

#define ETW_EVENTS_PER_POLL 65536

struct etw_source {
	struct source base; /* first: a struct source * is one to this */
	struct etl_reader *reader;
	char *name;
	char kernel[64];
	struct etw_pipe_about about;
	struct etw_pipe pipe;
};

static struct etw_source *etw_source_of(struct source *s)
{
	return (struct etw_source *)s;
}

/* Errors of reading say more than their number. */
static int etw_source_error(const struct etw_source *s, int err)
{
	char why[768];

	snprintf(why, sizeof(why), "%s", error_text(err));
	return error_set(err, "%s: %s", s->name, why);
}

void etw_source_set(struct source *base, const struct etw_targets *targets, etw_call_fn fn,
		    void *arg)
{
	struct etw_source *s = etw_source_of(base);

	s->pipe.targets = *targets;
	s->pipe.on_call = fn;
	s->pipe.on_call_arg = arg;
}

static int etw_source_round(struct etw_source *s)
{
	const struct etl_header *h = etl_reader__base(s->reader);
	struct etl_stats stats;

	etl_reader__stats(s->reader, &stats);
	return etw_pipe__round(&s->pipe, h->events_lost, h->buffers_lost + stats.bad_buffer_cnt);
}

/* What all files say of what there was, and where it was. */
static int etw_source_learn(struct etw_source *s)
{
	const struct etl_event *raw;
	int more, err = 0;

	while (!err && (more = etl_reader__next(s->reader, &raw)) > 0)
		err = etw_pipe__learn(&s->pipe, raw);
	if (!err)
		err = more;
	etl_reader__rewind(s->reader);
	return err ? err : etw_pipe__learned(&s->pipe);
}

static int etw_source_start(struct source *base, event_fn fn, void *arg)
{
	struct etw_source *s = etw_source_of(base);
	int err = etw_source_learn(s);

	if (err)
		return etw_source_error(s, err);
	if (s->pipe.on_call && !s->pipe.call_cnt)
		return error_set(-ENODATA,
				 "%s: has no system calls: 'dwell info %s' shows what it has, and "
				 "how to record a better one",
				 s->name, s->name);
	if (!s->pipe.switch_cnt)
		return error_set(
			-ENODATA,
			"%s: has no context switches, so nobody can tell where its threads "
			"waited: 'dwell info %s' shows what it has, and how to record a "
			"better one",
			s->name, s->name);
	if (!s->pipe.stack_cnt && !s->pipe.on_call)
		log_warn("%s has no stacks: times of threads are all that it can show; 'dwell info "
			 "%s' says how to record a better one",
			 s->name, s->name);
	etw_pipe__to(&s->pipe, fn, arg);
	return etw_pipe__begin(&s->pipe, &s->about, 0);
}

static int etw_source_poll(struct source *base, int timeout_ms, event_fn fn, void *arg)
{
	struct etw_source *s = etw_source_of(base);
	const struct etl_event *raw;
	int more = 1, err = 0;

	(void)timeout_ms;
	etw_pipe__to(&s->pipe, fn, arg);
	for (int i = 0; !err && i < ETW_EVENTS_PER_POLL; i++) {
		more = etl_reader__next(s->reader, &raw);
		if (more <= 0)
			break;
		err = etw_pipe__take(&s->pipe, raw);
	}
	if (!err && more < 0)
		return etw_source_error(s, more);
	if (!err)
		err = etw_source_round(s);
	return err ? err : more;
}

static int etw_source_stop(struct source *base, event_fn fn, void *arg)
{
	struct etw_source *s = etw_source_of(base);
	int err;

	etw_pipe__to(&s->pipe, fn, arg);
	err = etw_pipe__finish(&s->pipe);
	return err ? err : etw_source_round(s);
}

static void etw_source_close(struct source *base)
{
	struct etw_source *s = etw_source_of(base);

	etw_pipe__fini(&s->pipe);
	free(s->name);
	free(s);
}

static const struct source_ops etw_source_ops = {
	.name = "etw",
	.start = etw_source_start,
	.poll = etw_source_poll,
	.stop = etw_source_stop,
	.close = etw_source_close,
};

/* FILETIMEs count 100 ns. A boot that is said to have been centuries ago wasn't. */
static uint64_t etw_boot_ns(const struct etl_header *h)
{
	uint64_t since =
		h->boot_time && h->start_time > h->boot_time ? h->start_time - h->boot_time : 0;

	return since < UINT64_MAX / 400 ? since * 100 : 0;
}

struct source *etw_source_new(struct etl_reader *r, const char *name)
{
	const struct etl_header *h = etl_reader__base(r);
	struct etw_source *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return NULL;
	s->base.ops = &etw_source_ops;
	s->reader = r;
	s->name = strdup(name);
	snprintf(s->kernel, sizeof(s->kernel), "Windows %u.%u.%u", h->os_major, h->os_minor,
		 h->os_build);
	s->about = (struct etw_pipe_about){
		.name = s->name,
		.kernel = s->kernel,
		.wide = h->ptr_bytes == 8,
		.cpu_cnt = h->cpu_cnt,
		.boot_ns = etw_boot_ns(h),
		.unix_ns = etl_unix_ns(h->start_time),
	};
	err = etw_pipe__init(&s->pipe, &s->about);
	if (!err && s->name)
		return &s->base;
	etw_source_close(&s->base);
	errno = ENOMEM;
	return NULL;
}
