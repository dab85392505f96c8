/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/proc_targets.h"

#include <stdlib.h>

#include "base/array.h"
#include "filter.h"
#include "source/glob.h"
#include "source/os_target.h"

#define PROC_TARGETS_MAX_TIDS (1u << 22)

void proc_targets__init(struct proc_targets *t, const struct targets *targets,
			const struct config *cfg)
{
	*t = (struct proc_targets){.targets = *targets, .cfg = *cfg};
}

void proc_targets__fini(struct proc_targets *t)
{
	free(t->cgroup_tids);
	*t = (struct proc_targets){.cgroup_tids = NULL};
}

static bool proc_targets_is_in(const uint32_t *items, size_t cnt, uint32_t id)
{
	for (size_t i = 0; i < cnt; i++)
		if (items[i] == id)
			return true;
	return false;
}

static int proc_targets_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int proc_targets_keep(void *arg, uint32_t tid)
{
	struct proc_targets *t = arg;
	int err = array__grow((void **)&t->cgroup_tids, &t->cgroup_tid_cap, t->cgroup_tid_cnt + 1,
			      sizeof(*t->cgroup_tids), PROC_TARGETS_MAX_TIDS);

	if (!err)
		t->cgroup_tids[t->cgroup_tid_cnt++] = tid;
	return err;
}

static int proc_targets_read_cgroup(struct proc_targets *t)
{
	int err;

	t->cgroup_tid_cnt = 0;
	err = os_target_cgroup_threads(t->targets.cgroup_path, t->cfg.cgroup_hierarchy,
				       proc_targets_keep, t);
	if (t->cgroup_tid_cnt)
		qsort(t->cgroup_tids, t->cgroup_tid_cnt, sizeof(*t->cgroup_tids),
		      proc_targets_compare);
	return err;
}

/* As target_static() and target_dynamic() decide it in the kernel. */
bool proc_targets__has(const struct proc_targets *t, const struct os_thread *thread)
{
	const struct config *cfg = &t->cfg;

	if (thread->pid == cfg->self_pid)
		return false;
	if ((cfg->target & CONFIG_TARGET_PIDS) &&
	    !proc_targets_is_in(t->targets.pids, t->targets.pid_cnt, thread->pid))
		return false;
	if ((cfg->target & CONFIG_TARGET_TIDS) &&
	    !proc_targets_is_in(t->targets.tids, t->targets.tid_cnt, thread->tid))
		return false;
	if ((cfg->target & CONFIG_TARGET_COMM) && !filter_comm(&t->glob, thread->comm))
		return false;
	return !(cfg->target & CONFIG_TARGET_CGROUP) ||
	       (t->cgroup_tid_cnt && bsearch(&thread->tid, t->cgroup_tids, t->cgroup_tid_cnt,
					     sizeof(*t->cgroup_tids), proc_targets_compare));
}

static int proc_targets_each_tid(const uint32_t *tids, size_t cnt, os_thread_fn fn, void *arg)
{
	int err = 0;

	for (size_t i = 0; !err && i < cnt; i++) {
		uint32_t pid = os_thread_process(tids[i]);

		if (pid)
			err = fn(arg, pid, tids[i]);
	}
	return err;
}

int proc_targets__each(struct proc_targets *t, os_thread_fn fn, void *arg)
{
	const struct targets *list = &t->targets;
	int err = 0;

	if (list->comm_glob)
		err = glob_compile(list->comm_glob, &t->glob);
	if (!err && list->cgroup_path)
		err = proc_targets_read_cgroup(t);
	if (err)
		return err;
	if (t->cfg.target & CONFIG_TARGET_TIDS)
		return proc_targets_each_tid(list->tids, list->tid_cnt, fn, arg);
	if (t->cfg.target & CONFIG_TARGET_PIDS) {
		for (size_t i = 0; !err && i < list->pid_cnt; i++)
			err = os_threads_each(list->pids[i], fn, arg);
		return err;
	}
	if (t->cfg.target & CONFIG_TARGET_CGROUP)
		return proc_targets_each_tid(t->cgroup_tids, t->cgroup_tid_cnt, fn, arg);
	return os_threads_each(0, fn, arg);
}
