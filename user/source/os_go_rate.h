/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* How busy a Go program is, before probes make it busier. */
#ifndef SOURCE_OS_GO_RATE_H
#define SOURCE_OS_GO_RATE_H

#include "source/os_go.h"

struct os_go_rate {
	uint64_t waits_per_sec; /* at most: see go_rate.h */
	bool known;		/* else the process's Go doesn't tell */
	bool has_calls;		/* system calls are among them */
	size_t goroutines;	/* that there are */
};

/* Takes an eighth of a second. 0; -ENOENT with error_set(): no goroutines any more; -ENOMEM. */
int os_go__rate(const struct os_go *p, struct os_go_rate *ret);

#endif
