/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* sleeper COUNT MS [STATUS]: sleeps COUNT times, exits with STATUS. */
#include "work.h"

static struct meter slept;

static work_frame void work_sleep(uint64_t cnt, uint64_t ms)
{
	for (uint64_t i = 0; i < cnt; i++) {
		uint64_t since = now_ns();

		nap_ns(ms * NS_PER_MS);
		meter_add(&slept, since);
	}
}

int main(int argc, char **argv)
{
	work_ready();
	work_sleep(arg_u64(argc, argv, 1, 100), arg_u64(argc, argv, 2, 10));
	meter_say("sleep", &slept);
	work_done();
	return (int)arg_u64(argc, argv, 3, 0);
}
