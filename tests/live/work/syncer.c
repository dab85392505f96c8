/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* syncer PATH COUNT: writes 64 KiB to the file and syncs it, COUNT times. */
#include <fcntl.h>

#include "work.h"

static struct meter synced;

static work_frame void work_sync(int fd)
{
	uint64_t since = now_ns();

	if (raw_syscall3(SYS_fsync, fd, 0, 0))
		die("fsync");
	meter_add(&synced, since);
}

int main(int argc, char **argv)
{
	static char block[65536];
	uint64_t cnt = arg_u64(argc, argv, 2, 50);
	int fd = argc > 1 ? open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600) : -1;

	if (fd < 0)
		die("open");
	work_ready();
	for (uint64_t i = 0; i < cnt; i++) {
		memset(block, (int)i, sizeof(block));
		if (write(fd, block, sizeof(block)) != sizeof(block))
			die("write");
		work_sync(fd);
	}
	meter_say("sync", &synced);
	work_done();
	return 0;
}
