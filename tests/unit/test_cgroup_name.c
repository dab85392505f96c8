/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Paths of cgroups as runtimes and Kubernetes make them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/compiler.h"
#include "format/cgroup_name.h"

#define ID   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2  "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID  "2f3c1f5e-8b1e-4d4e-9d6b-0a1b2c3d4e5f"
#define UID_ "2f3c1f5e_8b1e_4d4e_9d6b_0a1b2c3d4e5f"
#define HASH "c3b1a2d4e5f60718293a4b5c6d7e8f90" /* of a static pod */

static const struct {
	const char *path, *container_id, *pod_uid;
} cases[] = {
	/* Nothing. */
	{"/", "", ""},
	{"", "", ""},
	{"/system.slice/cron.service", "", ""},
	{"/user.slice/user-1000.slice/session-3.scope", "", ""},
	/* docker, podman and others, both drivers. */
	{"/docker/" ID, ID, ""},
	{"/system.slice/docker-" ID ".scope", ID, ""},
	{"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope", ID, ""},
	{"/machine.slice/libpod-" ID ".scope", ID, ""},
	{"/machine.slice/libpod-" ID ".scope/container", ID, ""},
	{"/libpod_parent/libpod-" ID, ID, ""},
	{"/system.slice/nerdctl-" ID ".scope", ID, ""},
	{"/default/" ID, ID, ""},
	{"/ecs/8a7b6c5d4e3f/" ID, ID, ""},
	/* What watches a container is outside of it. */
	{"/machine.slice/libpod-conmon-" ID ".scope", "", ""},
	{"/system.slice/crio-conmon-" ID ".scope", "", ""},
	/* Kubernetes with systemd's driver, each class of service. */
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_
	 ".slice/cri-containerd-" ID ".scope",
	 ID, UID},
	{"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_ ".slice/crio-" ID
	 ".scope",
	 ID, UID},
	{"/kubepods.slice/kubepods-pod" UID_ ".slice/docker-" ID ".scope", ID, UID},
	{"/kubepods.slice/kubepods-pod" UID_ ".slice", "", UID},
	/* With cgroupfs. */
	{"/kubepods/burstable/pod" UID "/" ID, ID, UID},
	{"/kubepods/besteffort/pod" UID "/" ID, ID, UID},
	{"/kubepods/pod" UID "/" ID, ID, UID},
	{"/kubepods/pod" UID "/crio-" ID, ID, UID},
	{"/kubepods/pod" UID "/crio-conmon-" ID, "", UID},
	{"/kubepods/pod" UID, "", UID},
	/* Static pods. */
	{"/kubepods/burstable/pod" HASH "/" ID, ID, HASH},
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" HASH
	 ".slice/cri-containerd-" ID ".scope",
	 ID, HASH},
	/* containerd that was given systemd's way and takes it for a path. */
	{"/system.slice/containerd.service/kubepods-burstable-pod" UID_ ".slice:cri-containerd:" ID,
	 ID, UID},
	/* Below a node that is a container itself (kind), or another slice. */
	{"/docker/" ID2 "/kubelet/kubepods/burstable/pod" UID "/" ID, ID, UID},
	{"/docker/" ID2 "/kubelet/kubepods/burstable/pod" UID, "", UID},
	{"/system.slice/docker-" ID2 ".scope/kubelet.slice/kubelet-kubepods.slice/"
	 "kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod" UID_
	 ".slice/cri-containerd-" ID ".scope",
	 ID, UID},
	/* What lies in a container belongs to it, containers are their own. */
	{"/docker/" ID "/system.slice/cron.service", ID, ""},
	{"/docker/" ID2 "/docker/" ID, ID, ""},
	{"/kubepods/pod" UID "/" ID "/init.scope", ID, UID},
	/* Nearly. */
	{"/docker/" ID "0", "", ""},
	{"/docker/0123456789ab", "", ""},
	{"/docker/X123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "", ""},
	{"/docker/0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF", "", ""},
	{"/x" ID, "", ""},
	{"/docker-" ID ".scope.d", "", ""},
	{"/kubepods/pod2f3c1f5e-8b1e-4d4e-9d6b-0a1b2c3d4e5", "", ""},
	{"/kubepods/xpod" UID, "", ""},
	{"/kubepods/pod2f3c1f5e.8b1e.4d4e.9d6b.0a1b2c3d4e5f", "", ""},
	{"/pod", "", ""},
	{"/pod.slice", "", ""},
	{"//::/:", "", ""},
};

static void test_paths(void **state _unused_)
{
	struct cgroup_name n;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cgroup_name_parse(cases[i].path, &n);
		if (strcmp(n.container_id, cases[i].container_id) ||
		    strcmp(n.pod_uid, cases[i].pod_uid))
			fail_msg("%s: '%s' '%s'", cases[i].path, n.container_id, n.pod_uid);
	}
}

static void check_proc(const char *text, bool v2, const char *expected)
{
	char path[256] = "";

	assert_int_equal(proc_cgroup_parse(text, strlen(text), v2, path, sizeof(path)),
			 expected ? 0 : -ENOENT);
	assert_string_equal(path, expected ? expected : "");
}

static void test_proc_cgroup(void **state _unused_)
{
	check_proc("0::/system.slice/cron.service\n", true, "/system.slice/cron.service");
	check_proc("0::/", true, "/");
	check_proc("4:memory:/x\n0::/y\n", true, "/y");
	check_proc("4:memory:/x\n", true, NULL);
	/* systemd's hierarchy, then those that runtimes use, then any, then v2's. */
	check_proc("5:cpu,cpuacct:/c\n4:memory:/m\n1:name=systemd:/s\n0::/u\n", false, "/s");
	check_proc("5:cpu,cpuacct:/c\n4:memory:/m\n1:name=systemd:/\n0::/u\n", false, "/m");
	check_proc("5:cpuacct,cpu:/c\n4:memory:/\n0::/u\n", false, "/c");
	check_proc("5:freezer:/f\n0::/\n", false, "/f");
	check_proc("5:freezer:/\n0::/u\n", false, "/u");
	check_proc("5:freezer:/\n4:memory:/\n0::/\n", false, "/");
	/* A container, wherever it shows. */
	check_proc("5:freezer:/docker/" ID "\n1:name=systemd:/system.slice/x.service\n", false,
		   "/docker/" ID);
	/* Colons belong to the path. */
	check_proc("1:name=systemd:/a:b:c\n", false, "/a:b:c");
	check_proc("", false, NULL);
	check_proc("nonsense\n:\n::\n1:cpu\n1:cpu:relative\n", false, NULL);
}

static void test_proc_cgroup_too_long(void **state _unused_)
{
	char path[5];

	assert_int_equal(proc_cgroup_parse("0::/abc", 7, true, path, sizeof(path)), 0);
	assert_int_equal(proc_cgroup_parse("0::/abcd", 8, true, path, sizeof(path)), -ENAMETOOLONG);
	assert_string_equal(path, "/abc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_proc_cgroup),
		cmocka_unit_test(test_proc_cgroup_too_long),
	};

	return cmocka_run_group_tests_name("cgroup_name", tests, NULL, NULL);
}
