/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/push.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/push_lane.h"
#include "app/push_say.h"
#include "base/log.h"
#include "base/os_clock.h"

#define PUSH_MAX_LANES 8

struct push {
	struct push_opts opts;
	struct http_client *client;
	struct push_gate gate;
	struct push_lane lanes[PUSH_MAX_LANES];
	size_t lane_cnt;
	size_t first; /* the lane whose turn comes first, so that all get a share of the rate */
	bool finishing;
};

struct push *push_open(const struct push_opts *opts)
{
	struct push *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->opts = *opts;
	p->client = http_client_open(opts->agent);
	if (p->client)
		return p;
	free(p);
	if (errno == ENOTSUP)
		error_set(-ENOTSUP, "this dwell was built without libcurl: install "
				    "libcurl4-gnutls-dev and build it again");
	else
		error_set(-errno, "can't start the HTTP client: %s", strerror(errno));
	return NULL;
}

int push__add(struct push *p, const struct push_target *target)
{
	int err;

	if (p->lane_cnt == PUSH_MAX_LANES)
		return error_set(-E2BIG, "more than %d receivers", PUSH_MAX_LANES);
	for (size_t i = 0; i < p->lane_cnt; i++)
		if (p->lanes[i].target.receiver == target->receiver)
			return error_set(-EEXIST, "%s is given twice, but a spool has one receiver",
					 target->receiver->name);
	err = push_lane__init(&p->lanes[p->lane_cnt], &p->opts, target);
	if (err)
		push_lane__fini(&p->lanes[p->lane_cnt]);
	else
		p->lane_cnt++;
	return err;
}

/* When there is something to be done at the latest, without what comes over the network. */
static uint64_t push_due_ns(const struct push *p, uint64_t now_ns, uint64_t wait_ns)
{
	uint64_t until_ns = now_ns + wait_ns;

	for (size_t i = 0; i < p->lane_cnt; i++) {
		const struct push_lane *l = &p->lanes[i];
		uint64_t due_ns = l->due_ns > p->gate.open_ns ? l->due_ns : p->gate.open_ns;

		if (!l->call && !l->done && !p->finishing && due_ns < until_ns)
			until_ns = due_ns;
	}
	return until_ns > now_ns ? until_ns - now_ns : 0;
}

int push__step(struct push *p, uint64_t wait_ns)
{
	bool all_done = true;
	int err = 0;

	for (size_t i = 0; !err && i < p->lane_cnt; i++) {
		struct push_lane *l = &p->lanes[(p->first + i) % p->lane_cnt];

		err = push_lane__step(l, p->client, &p->gate, !p->finishing);
		all_done = all_done && l->done && !l->call;
	}
	p->first++;
	if (err || all_done)
		return err;
	err = http_client__wait(p->client, push_due_ns(p, os_monotonic_ns(), wait_ns));
	return err ? error_set(err, "the HTTP client failed: %s", strerror(-err)) : 1;
}

void push__reload(struct push *p)
{
	for (size_t i = 0; i < p->lane_cnt; i++) {
		struct push_lane *l = &p->lanes[i];
		int err = push_lane__load_headers(l);

		if (err && p->opts.say)
			p->opts.say(PUSH_SAY_ERROR, error_text(err));
		push_lane__retry_now(l);
	}
}

bool push__finishing(struct push *p)
{
	p->finishing = true;
	for (size_t i = 0; i < p->lane_cnt; i++)
		if (p->lanes[i].call)
			return true;
	return false;
}

unsigned int push__behind(const struct push *p)
{
	unsigned int cnt = 0;

	for (size_t i = 0; i < p->lane_cnt; i++)
		cnt += p->lanes[i].behind;
	return cnt;
}

void push__close(struct push *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->lane_cnt; i++)
		push_lane__fini(&p->lanes[i]);
	http_client__close(p->client);
	free(p);
}
