/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "goroutines_events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyze/go_waits.h"
#include "app/option.h"
#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_signal.h"
#include "output/goroutines_waits.h"
#include "output_file.h"
#include "source/bpf_go_events.h"
#include "source/os_go_rate.h"

#define SEC_NS	     1000000000ull
#define POLL_NS	     50000000ull
#define MIN_BURST_NS 10000000ull
#define MAX_BURST_NS (3600 * SEC_NS)
#define MAX_FRAMES   127
#define HITS_A_WAIT  3 /* park_m, ready, execute */

/* All that a burst holds. */
struct burst {
	const struct goroutines_events *config;
	struct go_process *process;
	struct go_events *events;
	struct go_waits waits;
	struct go_events_ledger ledger;
	uint64_t start_ns, end_ns;
};

int goroutines_events_parse(const char *text, struct goroutines_events *ret)
{
	const char *slash = strchr(text, '/');
	_cleanup_free_ char *burst = strndup(text, slash ? (size_t)(slash - text) : strlen(text));
	uint64_t burst_ns, period_ns = 0;
	int err = burst ? option_parse_duration(burst, &burst_ns) : -ENOMEM;

	if (!err && slash)
		err = option_parse_duration(slash + 1, &period_ns);
	if (err)
		return err;
	if (burst_ns < MIN_BURST_NS || burst_ns > MAX_BURST_NS)
		return error_set(-EINVAL, "a burst takes from 10ms to 1h, not '%s'", burst);
	if (slash && period_ns < burst_ns)
		return error_set(
			-EINVAL,
			"'%s' is for a burst of the first length in each of the second, which "
			"is shorter: 1s/30s, say",
			text);
	ret->burst_ns = burst_ns;
	ret->period_ns = period_ns;
	return 0;
}

/* ---- what it would cost ---- */

static int events_check_rate(const struct burst *b, struct os_go_rate *ret)
{
	const struct os_go *go = b->process->go;
	uint64_t hits, limit = b->config->limit;
	int err = os_go__rate(go, ret);

	if (err || !ret->known)
		return err;
	hits = ret->waits_per_sec * HITS_A_WAIT;
	log_debug("process %u: %s%llu waits per second", b->process->pid,
		  ret->has_calls ? "at most " : "", (unsigned long long)ret->waits_per_sec);
	if (hits <= limit)
		return 0;
	return error_set(
		-EBUSY,
		"process %u (%s): its goroutines wait %s%llu times per second, so probes would be "
		"hit %llu times, more than %llu: look without --go-events (--watch, --stacks), "
		"or give --go-events-limit %llu and slow it down",
		b->process->pid, go->process.comm, ret->has_calls ? "up to " : "",
		(unsigned long long)ret->waits_per_sec, (unsigned long long)hits,
		(unsigned long long)limit, (unsigned long long)hits * 2);
}

/* ---- a burst ---- */

static int events_take(void *arg, const struct go_wait *wait)
{
	struct burst *b = arg;

	return go_waits__add(&b->waits, wait, go_events__stack(b->events, wait->stack));
}

static struct go_stack_view events_stack(const void *ctx, uint32_t number)
{
	return go_events__stack(ctx, number);
}

static void events_sleep(uint64_t until_ns)
{
	uint64_t now_ns = os_monotonic_ns();
	uint64_t ns = until_ns > now_ns ? until_ns - now_ns : 0;
	struct timespec ts = {.tv_nsec = (long)(ns < POLL_NS ? ns : POLL_NS)};

	nanosleep(&ts, NULL);
}

static int events_open(struct burst *b)
{
	const struct goroutines_events *c = b->config;
	const char *ring = getenv("DWELL_GO_EVENTS_RING");
	struct go_events_opts opts = {
		.max_frames = MAX_FRAMES,
		.hits_per_sec = (uint32_t)c->limit,
		.max_ring_bytes = ring ? (uint32_t)strtoul(ring, NULL, 10) : 0,
	};
	struct os_go_rate rate;
	int err = events_check_rate(b, &rate);

	if (err)
		return err;
	/* There may be twice as many soon. */
	if (rate.goroutines > UINT16_MAX / 2)
		opts.goroutines = rate.goroutines < UINT32_MAX / 2 ? (uint32_t)rate.goroutines * 2
								   : UINT32_MAX;
	b->events = go_events_open(b->process->go, &opts);
	return b->events ? 0 : -errno;
}

/* Until its end, or Ctrl-C, or it was too much, or the process is another one. */
static int events_run_burst(struct burst *b)
{
	uint64_t until_ns;
	int err = go_events__start(b->events, &b->start_ns), stop_err;

	if (err)
		return err;
	until_ns = b->start_ns + b->config->burst_ns;
	log_info("process %u: probes in %s for %llu ms, Ctrl-C ends it", b->process->pid,
		 b->process->go->process.comm, (unsigned long long)b->config->burst_ns / 1000000);
	while (!err && os_monotonic_ns() < until_ns && !os_signal_stop() &&
	       !go_events__is_over(b->events) && os_go__is_same(b->process->go)) {
		events_sleep(until_ns);
		err = go_events__poll(b->events, events_take, b);
	}
	stop_err = go_events__stop(b->events, events_take, b, false, &b->end_ns);
	if (!err)
		err = stop_err;
	return err ? err : go_events__ledger(b->events, &b->ledger);
}

/* ---- telling ---- */

/* What was lost is said also with -q. */
static void events_warn(const struct burst *b, const struct goroutines_loss *losses, size_t cnt)
{
	const struct go_events_ledger *l = &b->ledger;

	for (size_t i = 0; i < cnt; i++)
		if (losses[i].cnt && losses[i].text)
			log_warn("process %u: %llu %s", b->process->pid,
				 (unsigned long long)losses[i].cnt, losses[i].text);
	if (l->over_ns)
		log_warn("process %u: %llu hits of the probes in %llu ms are more than "
			 "--go-events-limit has: the probes were taken away",
			 b->process->pid, (unsigned long long)l->hits,
			 (unsigned long long)(l->over_ns - b->start_ns) / 1000000);
}

static int events_write(struct burst *b, FILE *to)
{
	const struct go_events_ledger *l = &b->ledger;
	const struct goroutines_loss losses[] = {
		{"observed", NULL, l->observed},
		{"delivered", NULL, l->delivered},
		{"open", "had not ended", l->open},
		{"ring_full", "waits were lost: they came faster than they were read",
		 l->ring_full},
		{"map_full", "waits were lost: too many goroutines waited at a time", l->map_full},
		{"unreadable", "waits were lost: the goroutine could not be read", l->unreadable},
		{"mixed_up", "waits were lost: their end was not seen", l->mixed_up},
		{"rows_full", "waits are missing: they have too many different places",
		 b->waits.unkept_cnt},
		{"stacks_lost", "waits have no stack: it could not be walked or sent",
		 l->stacks_lost},
		{"stacks_unkept", "waits have no stack: there are too many", l->stacks_unkept},
	};
	const struct goroutines_waits_report report = {
		.pid = b->process->pid,
		.comm = b->process->go->process.comm,
		.waits = &b->waits,
		.start_ns = b->start_ns,
		.end_ns = b->end_ns,
		.hits = l->hits,
		.is_over = l->over_ns != 0,
		.losses = losses,
		.loss_cnt = ARRAY_SIZE(losses),
		.stack = events_stack,
		.ctx = b->events,
		.runtime = b->config->runtime,
		.top_cnt = b->config->top_cnt,
		.color = b->config->color,
	};
	int err;

	go_waits__sort(&b->waits);
	err = b->config->json ? goroutines_waits_write_json(&report, to)
			      : goroutines_waits_write_text(&report, to);
	if (!err && fflush(to))
		err = -errno;
	/* What had not ended is no loss. */
	events_warn(b, losses + 3, ARRAY_SIZE(losses) - 3);
	return err ? output_refused(err, b->config->output) : 0;
}

static int events_burst(const struct goroutines_events *c, struct go_process *p, FILE *to)
{
	struct burst b = {.config = c, .process = p};
	int err = go_process__read(p, false);

	if (err)
		return err;
	go_waits__init(&b.waits, &p->go->runtime, &p->frames, c->system, c->stacks);
	err = events_open(&b);
	if (!err)
		err = events_run_burst(&b);
	if (!err)
		err = events_write(&b, to);
	go_events__close(b.events);
	go_waits__fini(&b.waits);
	return err;
}

int goroutines_events_run(const struct goroutines_events *c, struct go_process *p, FILE *to)
{
	uint64_t next_ns = os_monotonic_ns();
	int err = events_burst(c, p, to);

	while (c->period_ns && (!err || err == -EBUSY) && !os_signal_stop()) {
		if (err)
			log_warn("%s", error_text(err));
		do
			next_ns += c->period_ns;
		while (next_ns < os_monotonic_ns());
		if (c->end_ns && next_ns > c->end_ns)
			return 0;
		while (os_monotonic_ns() < next_ns && !os_signal_stop())
			events_sleep(next_ns);
		if (os_signal_stop())
			return 0;
		if (!c->json)
			fputc('\n', to);
		err = events_burst(c, p, to);
	}
	return err;
}
