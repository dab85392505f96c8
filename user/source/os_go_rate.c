/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_go_rate.h"

#include <time.h>

#include "base/compiler.h"
#include "base/os_clock.h"
#include "format/go_rate.h"

#define RATE_CALL_MINOR \
	25 /* casgstatus() was called for system calls up to there: src/runtime/proc.go */
#define RATE_STAGE_NS 20000000 /* looks at a process of many goroutines take long */

static const struct {
	enum go_rate_distance distance;
	long wait_ns;
	int cnt; /* of looks, at most */
} rate_stages[] = {
	{GO_RATE_NONE, 0, 17},
	{GO_RATE_NAP, 50000, 8},
	{GO_RATE_SHORT, 1000000, 8},
	{GO_RATE_LONG, 100000000, 1},
};

static int rate_look(const struct os_go *p, struct go_rate *r, struct goroutines *look,
		     size_t stage)
{
	struct timespec wait = {.tv_nsec = rate_stages[stage].wait_ns};
	uint64_t begin_ns;
	int err;

	if (wait.tv_nsec)
		nanosleep(&wait, NULL);
	begin_ns = os_monotonic_ns();
	err = goroutines__read(look, &p->runtime);
	if (err)
		return err;
	return go_rate__look(r, look, begin_ns, os_monotonic_ns(), rate_stages[stage].distance);
}

static int rate_run(const struct os_go *p, struct go_rate *r, struct goroutines *look, size_t stage)
{
	uint64_t until_ns = os_monotonic_ns() + RATE_STAGE_NS;
	int err = 0;

	for (int i = 0; !err && i < rate_stages[stage].cnt; i++) {
		err = rate_look(p, r, look, stage);
		/* Two looks, or there is no distance. */
		if (i && os_monotonic_ns() > until_ns)
			break;
	}
	return err;
}

static int rate_ask(const struct os_go *p, struct go_rate *r, struct goroutines *look,
		    struct os_go_rate *ret)
{
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(rate_stages); i++)
		err = rate_run(p, r, look, i);
	if (err)
		return err;
	*ret = (struct os_go_rate){
		.waits_per_sec = go_rate__waits_per_sec(r),
		.known = p->runtime.layout.seq != 0,
		.has_calls = p->runtime.minor && p->runtime.minor <= RATE_CALL_MINOR,
		.goroutines = look->cnt,
	};
	return 0;
}

int os_go__rate(const struct os_go *p, struct os_go_rate *ret)
{
	struct goroutines look;
	struct go_rate rate;
	int err;

	goroutines__init(&look);
	go_rate__init(&rate);
	err = rate_ask(p, &rate, &look, ret);
	go_rate__fini(&rate);
	goroutines__fini(&look);
	return err;
}
