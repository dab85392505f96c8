/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/etw_live.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"

/*
 * Buffers of CPUs come when they are full, or once a second. What is younger than that may have to wait for events of another CPU that
 * are older.
 */
#define ETW_LIVE_HOLD_MS    1500
#define ETW_LIVE_STOP_MS    100
#define ETW_LIVE_STOP_POLLS 100
#define ETW_LIVE_NS_PER_SEC 1000000000ull

struct etw_live {
	struct source base; /* first: a struct source * is one to this */
	const struct etw_feed_ops *ops;
	void *feed;
	struct etw_targets targets;
	struct module_table *modules;
	etw_call_fn on_call; /* NULL: nobody takes them */
	void *on_call_arg;
	bool cut; /* and what ended before it has to come by the next round */
	struct etw_pipe pipe;
	bool has_pipe;
	struct etw_clock clock;
	struct etw_batch batch;
};

static struct etw_live *etw_live_of(struct source *s)
{
	return (struct etw_live *)s;
}

/* Times before the start, of events that were on their way, are at it. */
static uint64_t live_ns(const struct etw_live *l, int64_t ticks)
{
	uint64_t t =
		ticks > l->clock.start_ticks ? (uint64_t)ticks - (uint64_t)l->clock.start_ticks : 0;

	return t / l->clock.freq * ETW_LIVE_NS_PER_SEC +
	       t % l->clock.freq * ETW_LIVE_NS_PER_SEC / l->clock.freq;
}

static int live_round(struct etw_live *l)
{
	struct etw_losses losses = {0};

	l->ops->losses(l->feed, &losses);
	return etw_pipe__round(&l->pipe, losses.events, losses.buffers);
}

/* The first @cnt events of the batch, twice: see etw_pipe.h. */
static int live_take(struct etw_live *l, size_t cnt)
{
	struct etl_event e;
	int err = 0;

	for (size_t i = 0; !err && i < cnt; i++) {
		etw_batch__get(&l->batch, i, &e);
		e.time_ns = live_ns(l, e.ticks);
		err = etw_pipe__learn(&l->pipe, &e);
	}
	if (!err)
		err = etw_pipe__learned(&l->pipe);
	for (size_t i = 0; !err && i < cnt; i++) {
		etw_batch__get(&l->batch, i, &e);
		e.time_ns = live_ns(l, e.ticks);
		err = etw_pipe__take(&l->pipe, &e);
	}
	etw_batch__drop(&l->batch, cnt);
	return err;
}

static int etw_live_start(struct source *base, event_fn fn, void *arg)
{
	struct etw_live *l = etw_live_of(base);
	struct etw_pipe_about about = {.name = NULL};
	int err = l->ops->start(l->feed, &about, &l->clock);

	if (err)
		return err;
	l->has_pipe = true;
	err = etw_pipe__init(&l->pipe, &about);
	if (err)
		return err;
	l->pipe.targets = l->targets;
	l->pipe.on_call = l->on_call;
	l->pipe.on_call_arg = l->on_call_arg;
	l->pipe.wire.modules = l->modules;
	etw_pipe__to(&l->pipe, fn, arg);
	return etw_pipe__begin(&l->pipe, &about, 0);
}

static int etw_live_poll(struct source *base, int timeout_ms, event_fn fn, void *arg)
{
	struct etw_live *l = etw_live_of(base);
	int more = l->ops->fetch(l->feed, timeout_ms, &l->batch), err = 0;
	int64_t until;

	if (more < 0)
		return more;
	etw_pipe__to(&l->pipe, fn, arg);
	if (l->cut) {
		l->cut = false;
		err = etw_pipe__settle(&l->pipe);
		if (err)
			return err;
	}
	until = l->ops->now(l->feed) - (int64_t)(l->clock.freq / 1000 * ETW_LIVE_HOLD_MS);
	etw_batch__sort(&l->batch);
	err = live_take(l, more ? etw_batch__until(&l->batch, until) : l->batch.cnt);
	if (more)
		etw_pipe__until(&l->pipe, live_ns(l, until));
	if (!err)
		err = live_round(l);
	return err ? err : more && !etw_pipe__is_over(&l->pipe);
}

/* All that the session still had: events until its end count, later ones tell what there is only. */
static int etw_live_stop(struct source *base, event_fn fn, void *arg)
{
	struct etw_live *l = etw_live_of(base);
	int64_t end = l->ops->now(l->feed);
	int err = l->ops->stop(l->feed), more = 1;
	struct etl_event e;
	size_t cnt;

	etw_pipe__to(&l->pipe, fn, arg);
	for (int i = 0; !err && more > 0 && i < ETW_LIVE_STOP_POLLS; i++) {
		more = l->ops->fetch(l->feed, ETW_LIVE_STOP_MS, &l->batch);
		err = more < 0 ? more : 0;
	}
	etw_batch__sort(&l->batch);
	cnt = etw_batch__until(&l->batch, end);
	for (size_t i = cnt; !err && i < l->batch.cnt; i++) {
		etw_batch__get(&l->batch, i, &e);
		e.time_ns = live_ns(l, end);
		err = etw_pipe__learn(&l->pipe, &e);
	}
	if (!err)
		err = live_take(l, cnt);
	etw_pipe__until(&l->pipe, live_ns(l, end));
	if (!err)
		err = etw_pipe__finish(&l->pipe);
	return err ? err : live_round(l);
}

/* What is younger is not in order yet, so the cut is where all that was taken ends. */
static int etw_live_cut(struct source *base, event_fn fn, void *arg, uint64_t *ret_ns)
{
	struct etw_live *l = etw_live_of(base);

	etw_pipe__to(&l->pipe, fn, arg);
	l->cut = true;
	return etw_pipe__cut(&l->pipe, ret_ns);
}

static int etw_live_forget(struct source *base, const uint64_t *ids, size_t cnt)
{
	return etw_pipe__forget(&etw_live_of(base)->pipe, ids, cnt);
}

static int etw_live_swept(struct source *base)
{
	return etw_pipe__swept(&etw_live_of(base)->pipe);
}

static void etw_live_close(struct source *base)
{
	struct etw_live *l = etw_live_of(base);

	l->ops->close(l->feed);
	if (l->has_pipe)
		etw_pipe__fini(&l->pipe);
	etw_batch__fini(&l->batch);
	free(l);
}

static const struct source_ops etw_live_source = {
	.name = "etw",
	.start = etw_live_start,
	.poll = etw_live_poll,
	.stop = etw_live_stop,
	.cut = etw_live_cut,
	.forget = etw_live_forget,
	.swept = etw_live_swept,
	.close = etw_live_close,
};

void etw_live_on_call(struct source *s, etw_call_fn fn, void *arg)
{
	etw_live_of(s)->on_call = fn;
	etw_live_of(s)->on_call_arg = arg;
}

struct source *etw_live_new(const struct etw_feed_ops *ops, void *feed,
			    const struct etw_targets *targets, struct module_table *modules)
{
	struct etw_live *l = calloc(1, sizeof(*l));

	if (!l) {
		ops->close(feed);
		errno = ENOMEM;
		return NULL;
	}
	*l = (struct etw_live){.base = {.ops = &etw_live_source},
			       .ops = ops,
			       .feed = feed,
			       .targets = *targets,
			       .modules = modules};
	return &l->base;
}
