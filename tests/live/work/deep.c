/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* deep DEPTH COUNT MS: sleeps at the bottom of a recursion of DEPTH calls. */
#include "work.h"

static struct meter slept;

static work_frame void work_bottom(uint64_t ms)
{
	uint64_t since = now_ns();

	nap_ns(ms * NS_PER_MS);
	meter_add(&slept, since);
}

static work_frame void work_deeper(uint64_t depth, uint64_t cnt, uint64_t ms)
{
	if (depth) {
		work_deeper(depth - 1, cnt, ms);
		__asm__ volatile("");
		return;
	}
	for (uint64_t i = 0; i < cnt; i++)
		work_bottom(ms);
}

int main(int argc, char **argv)
{
	work_ready();
	work_deeper(arg_u64(argc, argv, 1, 40), arg_u64(argc, argv, 2, 20),
		    arg_u64(argc, argv, 3, 10));
	meter_say("deep", &slept);
	work_done();
	return 0;
}
