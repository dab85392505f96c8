// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// Part of go_threads with C: thread-local variables of C lie beside the one that Go has, and a goroutine waits in C.
package main

/*
#include <time.h>

static __thread int numbers[8];

__attribute__((noinline)) static void wait_in_c(void)
{
	struct timespec ts = {.tv_nsec = 20000000};

	numbers[3]++;
	nanosleep(&ts, 0);
}
*/
import "C"

func init() {
	waitInC = func() { C.wait_in_c() }
}
