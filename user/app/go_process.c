/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/go_process.h"

#include <errno.h>
#include <stdlib.h>

struct go_process *go_process__new(uint32_t pid, enum go_layout_from from)
{
	struct go_process *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return NULL;
	p->pid = pid;
	err = go_watch__init(&p->watch, pid, from);
	if (!err) {
		p->go = p->watch.go;
		p->program_cnt = p->watch.program_cnt;
		go_frames__init(&p->frames, &p->go->runtime.code);
		return p;
	}
	free(p);
	errno = -err;
	return NULL;
}

void go_process__free(struct go_process *p)
{
	if (!p)
		return;
	go_frames__fini(&p->frames);
	go_watch__fini(&p->watch);
	free(p);
}

int go_process__read(struct go_process *p, bool stacks)
{
	int err = go_watch__read(&p->watch, stacks);

	p->look_cnt = p->watch.look_cnt;
	p->go = p->watch.go;
	if (p->program_cnt == p->watch.program_cnt && p->go)
		return err;
	/* Another program has other functions. */
	p->program_cnt = p->watch.program_cnt;
	go_frames__fini(&p->frames);
	if (p->go)
		go_frames__init(&p->frames, &p->go->runtime.code);
	return err;
}

struct go_look go_process__look(const struct go_process *p)
{
	return (struct go_look){
		.pid = p->pid,
		.comm = p->go->process.comm,
		.runtime = &p->go->runtime,
		.all = go_watch__now(&p->watch),
		.stacks = p->watch.stacks,
		.labels = p->watch.wants_labels ? p->watch.labels : NULL,
		.frames = (struct go_frames *)&p->frames,
	};
}
