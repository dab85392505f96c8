/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * ledger [SECONDS] [fixed]: four clerks write bookings into one file, ledger.tmp in the current directory, and bring each to the disk before they go
 * on. With "fixed" they do that for 64 bookings at once.
 */
#include <fcntl.h>
#include <unistd.h>

#include "lesson.h"

#define BATCH 64

static int file = -1;
static bool fixed;

static noinline void write_booking(void)
{
	static const char booking[512] = "booking";

	if (write(file, booking, sizeof(booking)) != sizeof(booking))
		abort();
}

static noinline void store_on_disk(void)
{
	fdatasync(file);
}

static void *clerk(void *arg)
{
	(void)arg;
	for (unsigned int i = 1; !lesson_over; i++) {
		write_booking();
		if (!fixed || i % BATCH == 0)
			store_on_disk();
		lesson_requests++;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int status;

	fixed = lesson_is_fixed(argc, argv);
	file = open("ledger.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (file < 0) {
		perror("ledger.tmp");
		return 1;
	}
	status = lesson_run(argc, argv, "clerk", 4, clerk);
	unlink("ledger.tmp");
	return status;
}
