/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Whether writing to a place works at present: so that its owner says it once when that changes, not each time. */
#ifndef APP_DISK_STATE_H
#define APP_DISK_STATE_H

#include <stdbool.h>
#include <stdint.h>

struct disk_state {
	bool failing;	      /* the last write failed */
	bool changed;	      /* it differs from the one before: time for one line in the log */
	int err;	      /* of the last failure, -errno (-ENOSPC, -EDQUOT, -EIO, -EROFS...) */
	uint64_t failure_cnt; /* writes that failed, ever */
};

/* Notes how a write ended and returns @err. */
int disk_state__note(struct disk_state *d, int err);

#endif
