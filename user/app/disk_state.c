/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/disk_state.h"

int disk_state__note(struct disk_state *d, int err)
{
	bool failing = err < 0;

	d->changed = failing != d->failing;
	d->failing = failing;
	if (failing) {
		d->err = err;
		d->failure_cnt++;
	}
	return err;
}
