/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What dwell selftest traces: threads whose waits are known. */
#ifndef TOOLS_SELFTEST_WORK_H
#define TOOLS_SELFTEST_WORK_H

#define SELFTEST_ROUNDS 20
#define SELFTEST_SLEEP_MS \
	20 /* of a thread that sleeps in each round; and of one that wakes another then, which waits as long */

/* Runs them to their end. An exit status. */
int selftest_work(void);

#endif
