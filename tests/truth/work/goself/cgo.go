// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// With C: the program is linked by a linker of C. Its functions aren't in Go's table then.
package main

/*
static int __attribute__((noinline)) of_c(int n)
{
	volatile int result = n;

	return result + 1;
}
*/
import "C"

func init() {
	if C.of_c(1) != 2 {
		panic("of_c")
	}
}
