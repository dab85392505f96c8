/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/go_scheduler.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "base/os_clock.h"

#define GO_SCHEDULER_TRY_CNT	 5
#define GO_SCHEDULER_INTERVAL_NS 20000000

/* It is told from other data by what is in it, which changes: a few tries. */
static int go_scheduler_search(struct go_sched *s, const struct os_go *go, bool scan)
{
	struct timespec wait = {.tv_nsec = GO_SCHEDULER_INTERVAL_NS};
	int err = go_sched__find(s, &go->runtime, scan);

	for (int i = 1; i < GO_SCHEDULER_TRY_CNT && err == -ENOENT; i++) {
		nanosleep(&wait, NULL);
		err = go_sched__find(s, &go->runtime, scan);
	}
	return err;
}

static int go_scheduler_find(struct go_scheduler *s, const struct os_go *go, bool scan)
{
	char text[512];
	int err;

	if (s->look_cnt && s->program == go->auxv_hash)
		return 0;
	*s = (struct go_scheduler){.program = go->auxv_hash};
	err = go_scheduler_search(&s->sched, go, scan);
	if (!err) {
		log_debug("process %u: runtime.sched is at 0x%llx, by its %s%s",
			  go->process.image.pid, (unsigned long long)s->sched.addr,
			  s->sched.by_symbol ? "name" : "values",
			  s->sched.limit_changed ? "; another limit of threads is set" : "");
		return 0;
	}
	if (err == -ENOMEM)
		return err;
	snprintf(text, sizeof(text), "%s", error_text(err));
	return error_set(err, "process %u (%s): %s", go->process.image.pid, go->process.comm, text);
}

/* Numbers change while they are copied: a few tries. */
static int go_scheduler_read_stats(const struct go_scheduler *s, const struct os_go *go,
				   struct go_sched_stats *ret)
{
	int err = -EBADMSG;

	for (int i = 0; i < GO_SCHEDULER_TRY_CNT && err == -EBADMSG; i++)
		err = go_sched__read(&s->sched, &go->memory, ret);
	return err;
}

int go_scheduler__read(struct go_scheduler *s, const struct go_process *p, bool scan)
{
	int err = go_scheduler_find(s, p->go, scan);

	if (!err) {
		err = go_scheduler_read_stats(s, p->go, &s->looks[s->look_cnt % 2].stats);
		s->looks[s->look_cnt % 2].ns = os_monotonic_ns();
	}
	if (err == -ENOMEM || err == -ENOTSUP)
		return err;
	if (!os_go__is_same(p->go)) {
		s->look_cnt = 0;
		return -ESTALE;
	}
	if (err == -EBADMSG || err == -EFAULT)
		return error_set(err,
				 "process %u (%s): what was the scheduler's state isn't any more: "
				 "try again",
				 p->pid, p->go->process.comm);
	s->look_cnt += !err;
	return err;
}

const struct go_sched_stats *go_scheduler__stats(const struct go_scheduler *s)
{
	return &s->looks[(s->look_cnt + 1) % 2].stats;
}

const struct go_sched_stats *go_scheduler__before(const struct go_scheduler *s,
						  uint64_t *ret_interval_ns)
{
	size_t now = (s->look_cnt + 1) % 2;

	if (s->look_cnt < 2)
		return NULL;
	*ret_interval_ns = s->looks[now].ns - s->looks[!now].ns;
	return &s->looks[!now].stats;
}
