/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a cgroup's path says of containers. The runtimes and Kubernetes agree on the names, though no interface promises them:
 *
 *   /system.slice/docker-ID.scope                                     docker, podman (libpod-), nerdctl: systemd's way
 *   /docker/ID                                                        and cgroupfs's
 *   /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podUID.slice/cri-containerd-ID.scope
 *   /kubepods/burstable/podUID/ID                                     a pod's, with either
 *   /system.slice/containerd.service/kubepods-podUID.slice:cri-containerd:ID
 *
 * An ID has 64 hexadecimal digits. In a UID systemd's names have '_' for '-'. Others may lie around and below these: the
 * innermost container counts, and the slices and services in it belong to it.
 */
#ifndef FORMAT_CGROUP_NAME_H
#define FORMAT_CGROUP_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define CONTAINER_ID_LEN 65 /* with the NUL */
#define POD_UID_LEN	 37

struct cgroup_name {
	char container_id[CONTAINER_ID_LEN]; /* "": in none */
	char pod_uid[POD_UID_LEN]; /* with '-'; of static pods 32 digits without; "": in none */
};

/* Any text may be a path. */
void cgroup_name_parse(const char *path, struct cgroup_name *ret);

/*
 * The path in the text of /proc/PID/cgroup: of v2 ("0::/path") if @v2, else of v1's hierarchies the one that says most. 0;
 * -ENOENT: there is none; -ENAMETOOLONG.
 */
int proc_cgroup_parse(const char *text, size_t len, bool v2, char *ret_path, size_t size);

#endif
