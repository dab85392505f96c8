/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_targets.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>

#include "source/glob.h"
#include "source/os_target.h"

int targets__configure(const struct targets *t, struct config *cfg)
{
	int err = os_target_pidns(&cfg->pidns_inum);

	cfg->self_pid = (uint32_t)getpid();
	if (t->pid_cnt || t->command_pid)
		cfg->target |= CONFIG_TARGET_PIDS;
	if (t->tid_cnt)
		cfg->target |= CONFIG_TARGET_TIDS;
	if (t->comm_glob)
		cfg->target |= CONFIG_TARGET_COMM;
	if (t->children || t->command_pid)
		cfg->target |= CONFIG_TARGET_CHILDREN;
	if (!err && t->cgroup_path) {
		cfg->target |= CONFIG_TARGET_CGROUP;
		err = os_target_cgroup(t->cgroup_path, &cfg->cgroup_id, &cfg->cgroup_hierarchy);
	}
	return err;
}

int targets__fill(const struct targets *t, const struct targets_maps *maps)
{
	struct target_pid target = {0};
	struct config_glob glob;
	uint32_t zero = 0;
	uint8_t one = 1;
	int err;

	for (size_t i = 0; i < t->pid_cnt; i++)
		if (bpf_map_update_elem(maps->pids, &t->pids[i], &target, BPF_ANY))
			return -errno;
	for (size_t i = 0; i < t->tid_cnt; i++)
		if (bpf_map_update_elem(maps->tids, &t->tids[i], &one, BPF_ANY))
			return -errno;
	target.after_exec = 1;
	if (t->command_pid && bpf_map_update_elem(maps->pids, &t->command_pid, &target, BPF_ANY))
		return -errno;
	if (!t->comm_glob)
		return 0;
	err = glob_compile(t->comm_glob, &glob);
	if (err)
		return err;
	return bpf_map_update_elem(maps->comm_glob, &zero, &glob, BPF_ANY) ? -errno : 0;
}

int targets__watch(const struct targets *t, struct alive *alive)
{
	int err = 0;

	for (size_t i = 0; !err && i < t->pid_cnt; i++)
		err = alive__add_process(alive, t->pids[i]);
	for (size_t i = 0; !err && i < t->tid_cnt; i++)
		err = alive__add_thread(alive, t->tids[i]);
	if (!err && t->command_pid)
		err = alive__add_process(alive, t->command_pid);
	return err;
}
