/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* --syscalls: how long system calls take, counted in the kernel by probes of their own. */
#include <errno.h>
#include <string.h>

#include "serve.h"

#define SERVE_CALLS_ROUND_MS 100 /* how often rings are read */
#define SERVE_CALLS_ROUNDS   10	 /* after so many, rows as well */

static int calls_take_row(void *arg, const struct call_key *key, const struct call_row *row)
{
	struct serve *s = arg;

	call_metrics__add_row(&s->calls.metrics, key, row);
	return 0;
}

/* Of single calls nothing is asked. */
static int calls_take_record(void *arg, const struct call_record *rec, const uint64_t *ips)
{
	(void)arg, (void)rec, (void)ips;
	return 0;
}

static int calls_read(struct serve *s)
{
	struct syscalls_ledger l;
	int err = syscalls__drain(s->calls.source);

	if (!err)
		err = syscalls__ledger(s->calls.source, &l);
	if (err)
		return err;
	s->calls.metrics.entered_cnt = l.counters[CALL_C_ENTERED];
	s->calls.metrics.lost_cnt =
		l.counters[CALL_C_MAP_FULL] + l.counters[CALL_C_REENTERED] + l.missed_cnt;
	return 0;
}

static int calls_round(struct serve *s, int round)
{
	int err = syscalls__poll(s->calls.source, 0);

	if (err < 0 || round % SERVE_CALLS_ROUNDS)
		return err < 0 ? err : 0;
	return calls_read(s);
}

static void *calls_run(void *arg)
{
	struct serve *s = arg;
	struct serve_calls *c = &s->calls;
	int err = 0;

	os_mutex__lock(&c->lock);
	for (int round = 0; !err && !c->stop; round++) {
		os_mutex__unlock(&c->lock);
		err = calls_round(s, round);
		os_mutex__lock(&c->lock);
		c->told = c->metrics;
		c->err = err;
		if (!err && !c->stop)
			os_cond__wait_for(&c->wake, &c->lock, SERVE_CALLS_ROUND_MS);
	}
	os_mutex__unlock(&c->lock);
	return NULL;
}

static int calls_start(struct serve *s)
{
	struct serve_calls *c = &s->calls;
	int err = syscalls__start(c->source);

	c->told = c->metrics;
	return err ? err : os_thread__start(&c->thread, "dwell-calls", calls_run, s);
}

int serve_calls_open(struct serve *s)
{
	const struct serve_config *c = s->config;
	const struct syscalls_sink sink = {
		.row = calls_take_row, .record = calls_take_record, .arg = s};
	const struct syscalls_opts opts = {.targets = target_list(&c->live.target, 0)};
	const char *list = c->syscalls;
	int err;

	if (!list)
		return 0;
	if (!strcmp(list, "default"))
		list = CALL_METRICS_DEFAULT;
	err = call_metrics__init(&s->calls.metrics, list, &s->bounds);
	if (err)
		return err;
	s->calls.source = syscalls__open(&opts, &sink);
	if (!s->calls.source)
		return -errno;
	os_mutex__init(&s->calls.lock);
	os_cond__init(&s->calls.wake);
	return calls_start(s);
}

int serve_calls_check(struct serve *s)
{
	int err;

	if (!s->calls.source)
		return 0;
	os_mutex__lock(&s->calls.lock);
	err = s->calls.err;
	os_mutex__unlock(&s->calls.lock);
	return err;
}

void serve_calls_copy(struct serve *s, struct call_metrics *ret)
{
	os_mutex__lock(&s->calls.lock);
	*ret = s->calls.told;
	os_mutex__unlock(&s->calls.lock);
}

void serve_calls_close(struct serve *s)
{
	struct serve_calls *c = &s->calls;

	if (!c->source)
		return;
	os_mutex__lock(&c->lock);
	c->stop = true;
	os_cond__wake(&c->wake);
	os_mutex__unlock(&c->lock);
	os_thread__join(&c->thread);
	syscalls__close(c->source);
	os_cond__fini(&c->wake);
	os_mutex__fini(&c->lock);
}
