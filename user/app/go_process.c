/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/go_process.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/os_clock.h"

#define GO_PROCESS_NEW_NS 3000000000ull /* how long a program may take to begin, after an exec() */

static int go_process_open(struct go_process *p)
{
	const struct go_runtime *r;

	p->go = os_go_open(p->pid, p->infer);
	if (!p->go)
		return -errno;
	r = &p->go->runtime;
	log_debug("process %u: %s, layout of its structs %s, %zu wait reasons", p->pid,
		  *r->version ? r->version : "unknown Go", r->inferred ? "inferred" : "known",
		  r->reasons.cnt);
	go_frames__init(&p->frames, &p->go->runtime.code);
	p->stacks = go_stacks__new();
	return p->stacks ? 0 : -errno;
}

static void go_process_close(struct go_process *p)
{
	go_stacks__free(p->stacks);
	go_frames__fini(&p->frames);
	os_go__close(p->go);
	p->stacks = NULL;
	p->go = NULL;
	p->look_cnt = 0;
}

struct go_process *go_process__new(uint32_t pid, bool infer)
{
	struct go_process *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return NULL;
	p->pid = pid;
	p->infer = infer;
	err = go_process_open(p);
	if (!err)
		return p;
	go_process__free(p);
	errno = -err;
	return NULL;
}

void go_process__free(struct go_process *p)
{
	if (!p)
		return;
	go_process_close(p);
	goroutines__fini(&p->looks[0]);
	goroutines__fini(&p->looks[1]);
	free(p);
}

static struct goroutines *go_process_now(struct go_process *p)
{
	return &p->looks[p->look_cnt % 2];
}

static struct goroutines *go_process_before(struct go_process *p)
{
	return p->look_cnt > 1 ? &p->looks[(p->look_cnt + 1) % 2] : NULL;
}

/* Of what runs now. */
static int go_process_read_once(struct go_process *p, bool stacks)
{
	struct goroutines *now, *before;
	int err;

	p->look_cnt++;
	now = go_process_now(p);
	before = go_process_before(p);
	if (before && go_stacks__is_full(p->stacks))
		go_stacks__forget(p->stacks, before);
	err = goroutines__read(now, &p->go->runtime);
	if (err)
		return err;
	goroutines__age(now, before, os_monotonic_ns());
	return go_stacks__read(p->stacks, &p->go->runtime, now, stacks ? NULL : "semacquire");
}

/* Of what runs, if that is the program that was opened, and it ran to the end of it. */
static int go_process_try(struct go_process *p, bool stacks)
{
	int err = -ESTALE;

	if (p->go && os_go__is_same(p->go))
		err = go_process_read_once(p, stacks);
	return err || os_go__is_same(p->go) ? err : -ESTALE;
}

int go_process__read(struct go_process *p, bool stacks)
{
	uint64_t end_ns = os_monotonic_ns() + GO_PROCESS_NEW_NS;
	int err = go_process_try(p, stacks);

	/* Another program now, or its runtime is just starting; or the process has ended. */
	while (err && err != -ENOMEM && os_monotonic_ns() < end_ns) {
		go_process_close(p);
		err = go_process_open(p);
		if (err == -ESRCH || err == -ENOMEM)
			return err;
		if (!err)
			err = go_process_try(p, stacks);
	}
	if (err == -ESTALE)
		return error_set(err,
				 "process %u begins other programs faster than they can be read",
				 p->pid);
	return err;
}

struct go_look go_process__look(const struct go_process *p)
{
	return (struct go_look){
		.pid = p->pid,
		.comm = p->go->process.comm,
		.runtime = &p->go->runtime,
		.all = &p->looks[p->look_cnt % 2],
		.stacks = p->stacks,
		.frames = (struct go_frames *)&p->frames,
	};
}
