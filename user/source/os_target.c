/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_target.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os_read.h"
#include "format/proc_mountinfo.h"

#define TARGET_CGROUP_MAGIC  0x27e0eb	/* CGROUP_SUPER_MAGIC, include/uapi/linux/magic.h */
#define TARGET_CGROUP2_MAGIC 0x63677270 /* CGROUP2_SUPER_MAGIC */
#define TARGET_PIDNS_INIT    0xeffffffc /* PROC_PID_INIT_INO, include/linux/proc_ns.h */
#define TARGET_FILEID_KERNFS 0xfe	/* FILEID_KERNFS, include/linux/exportfs.h */
#define TARGET_PROC_MAX	     (1u << 20)
#define TARGET_TIDS_MAX	     (32u << 20)

/* Of v1: the number of the hierarchy whose mount @dev is; 0: not found. */
static uint32_t target_hierarchy(dev_t dev)
{
	_cleanup_buf_ struct buf mounts = {0}, cgroups = {0};

	if (os_read_file("/proc/self/mountinfo", TARGET_PROC_MAX, &mounts) ||
	    os_read_file("/proc/self/cgroup", TARGET_PROC_MAX, &cgroups))
		return 0;
	return proc_mountinfo_hierarchy(buf__str(&mounts), buf__str(&cgroups), gnu_dev_major(dev),
					gnu_dev_minor(dev));
}

int os_target_cgroup(const char *path, unsigned long long *ret_id, uint32_t *ret_hierarchy)
{
	uint32_t hierarchy = 0;
	struct statfs fs;
	struct stat st;

	if (stat(path, &st) || statfs(path, &fs))
		return error_set(-errno,
				 "cgroup '%s': %s: give the path of a directory below "
				 "/sys/fs/cgroup",
				 path, strerror(errno));
	if (!S_ISDIR(st.st_mode) ||
	    (fs.f_type != TARGET_CGROUP_MAGIC && fs.f_type != TARGET_CGROUP2_MAGIC))
		return error_set(-EINVAL,
				 "cgroup '%s' is not a cgroup directory: give a path below "
				 "/sys/fs/cgroup",
				 path);
	if (fs.f_type == TARGET_CGROUP_MAGIC) {
		hierarchy = target_hierarchy(st.st_dev);
		if (!hierarchy)
			return error_set(-EINVAL,
					 "cgroup '%s': its hierarchy is not in "
					 "/proc/self/cgroup",
					 path);
	}
	/* kernfs_ino() is the node's id where ino_t has 64 bits (include/linux/kernfs.h). */
	*ret_id = st.st_ino;
	*ret_hierarchy = hierarchy;
	return 0;
}

static int target_read_tids(const char *file, target_tid_fn fn, void *arg)
{
	_cleanup_buf_ struct buf text = {0};
	int err = os_read_file(file, TARGET_TIDS_MAX, &text);
	char *at = text.data, *end;

	/* Removed meanwhile, or of a kind that may not hold threads (EOPNOTSUPP): none. */
	if (err == -ENOENT || err == -ENODEV || err == -EOPNOTSUPP)
		return 0;
	while (!err && at && *at) {
		unsigned long tid = strtoul(at, &end, 10);

		if (end == at)
			break;
		if (tid) /* 0: of another pid namespace */
			err = fn(arg, (uint32_t)tid);
		at = end;
	}
	return err;
}

int os_target_cgroup_threads(const char *path, uint32_t hierarchy, target_tid_fn fn, void *arg)
{
	const char *name = hierarchy ? "tasks" : "cgroup.threads";
	char *const paths[] = {(char *)path, NULL};
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	int err = 0;
	FTSENT *at;

	if (!tree)
		return -errno;
	while (!err && (at = fts_read(tree)))
		if (at->fts_info == FTS_F && !strcmp(at->fts_name, name))
			err = target_read_tids(at->fts_path, fn, arg);
	fts_close(tree);
	return err;
}

int os_target_pidns(uint32_t *ret_inum)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st))
		return -errno;
	*ret_inum = st.st_ino == TARGET_PIDNS_INIT ? 0 : (uint32_t)st.st_ino;
	return 0;
}

/* The cgroup directory that a kernfs id leads to, opened; negative: none. @mount: a v2 hierarchy. */
static int target_open_id(const char *mount, uint64_t id)
{
	struct {
		struct file_handle handle;
		uint64_t id;
	} h = {.handle = {.handle_bytes = sizeof(id), .handle_type = TARGET_FILEID_KERNFS}};
	int mount_fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	if (mount_fd < 0)
		return -errno;
	memcpy(h.handle.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(mount_fd, &h.handle, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(mount_fd);
	return fd;
}

int os_target_cgroup_path(uint64_t id, char *ret_path, size_t size)
{
	static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	char link[64], path[4096];
	ssize_t len = -1;

	for (size_t i = 0; i < ARRAY_SIZE(mounts) && len < 0; i++) {
		size_t mount_len = strlen(mounts[i]);
		int fd = target_open_id(mounts[i], id);

		if (fd < 0)
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		len = readlink(link, path, sizeof(path) - 1);
		close(fd);
		if (len < 0)
			return -errno;
		path[len] = '\0';
		if ((size_t)len >= mount_len && !memcmp(path, mounts[i], mount_len))
			snprintf(ret_path, size, "%s", path[mount_len] ? path + mount_len : "/");
		else
			snprintf(ret_path, size, "%s", path);
	}
	return len < 0 ? -ENOENT : 0;
}
