// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

package main

/*
#include <time.h>

void __attribute__((noinline)) wait_in_c(void)
{
	struct timespec t = {0, 3000000};

	while (nanosleep(&t, &t))
		;
	__asm__ volatile("");
}
*/
import "C"

func init() {
	waitInC = func() { C.wait_in_c() }
}
