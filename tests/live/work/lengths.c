/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* lengths: 60 sleeps of 1 ms, 12 of 20 ms, 3 of 150 ms, for -m and -M. */
#include "work.h"

#define LENGTH(name)                                                       \
	static work_frame void name(struct meter *m, int cnt, uint64_t ms) \
	{                                                                  \
		for (int i = 0; i < cnt; i++) {                            \
			uint64_t since = now_ns();                         \
                                                                           \
			nap_ns(ms *NS_PER_MS);                             \
			meter_add(m, since);                               \
		}                                                          \
	}

LENGTH(work_short)
LENGTH(work_middle)
LENGTH(work_long)

int main(void)
{
	struct meter brief = {0}, middle = {0}, large = {0};

	work_ready();
	work_short(&brief, 60, 1);
	work_middle(&middle, 12, 20);
	work_long(&large, 3, 150);
	meter_say("short", &brief);
	meter_say("middle", &middle);
	meter_say("long", &large);
	work_done();
	return 0;
}
