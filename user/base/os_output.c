/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_output.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/os_privilege.h"

#define OUTPUT_FILES (OS_CAP(CAP_DAC_OVERRIDE) | OS_CAP(CAP_DAC_READ_SEARCH) | OS_CAP(CAP_FOWNER))

/*
 * faccessat2(2) by itself: glibc's faccessat() knows no AT_EMPTY_PATH everywhere, and guesses from the mode where the system call is
 * missing (before Linux 5.8, and in old sandboxes). Then the answer is no: too much is kept, never too little.
 */
static bool output_may_write(int dir_fd)
{
	return !syscall(SYS_faccessat2, dir_fd, "", W_OK | X_OK, AT_EACCESS | AT_EMPTY_PATH);
}

/* Is there a file of others, where only owners may remove one (inode(7), the sticky bit)? */
static bool output_is_held(const struct atomic_file *f)
{
	struct stat dir, old;

	if (fstat(f->dir_fd, &dir))
		return true;
	return dir.st_mode & S_ISVTX && dir.st_uid != geteuid() &&
	       !fstatat(f->dir_fd, f->name, &old, AT_SYMLINK_NOFOLLOW) && old.st_uid != geteuid();
}

uint64_t os_output_capabilities(const struct atomic_file *f)
{
	uint64_t all, mask = 0;

	if (!f->fp || f->direct || f->dir_fd < 0)
		return 0;
	all = os_privilege_effective();
	if (os_privilege_set_effective(all & ~OUTPUT_FILES))
		return OS_CAP(CAP_DAC_OVERRIDE) | OS_CAP(CAP_FOWNER);
	if (!output_may_write(f->dir_fd))
		mask |= OS_CAP(CAP_DAC_OVERRIDE);
	os_privilege_set_effective(all);
	return output_is_held(f) ? mask | OS_CAP(CAP_FOWNER) : mask;
}
