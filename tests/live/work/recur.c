/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * recur MS: for MS, sleeps 1 ms in each of 1024 different stacks in turn, again and again: each comes about once a second. Then
 * "slept CNT NS MIN MAX".
 */
#include "work.h"

#define LEVELS 10

static struct meter slept;

static work_frame void work_bottom(void)
{
	uint64_t since = now_ns();

	nap_ns(NS_PER_MS);
	meter_add(&slept, since);
}

static work_frame void work_down(unsigned int path, unsigned int levels);

static work_frame void work_left(unsigned int path, unsigned int levels)
{
	work_down(path, levels);
	__asm__ volatile("" ::: "memory");
}

static work_frame void work_right(unsigned int path, unsigned int levels)
{
	work_down(path, levels);
	__asm__ volatile("" ::: "memory");
}

static work_frame void work_down(unsigned int path, unsigned int levels)
{
	if (!levels)
		work_bottom();
	else if (path & 1)
		work_right(path >> 1, levels - 1);
	else
		work_left(path >> 1, levels - 1);
	__asm__ volatile("" ::: "memory");
}

int main(int argc, char **argv)
{
	uint64_t ms = arg_u64(argc, argv, 1, 8000), end_ns;

	work_ready();
	end_ns = now_ns() + ms * NS_PER_MS;
	for (unsigned int i = 0; now_ns() < end_ns; i++)
		work_down(i % (1u << LEVELS), LEVELS);
	meter_say("slept", &slept);
	work_done();
	return 0;
}
