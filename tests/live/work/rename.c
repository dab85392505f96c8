/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* rename COUNT MS NAME...: sleeps COUNT times under each name. */
#include "work.h"

static work_frame void work_named(const char *name, uint64_t cnt, uint64_t ms)
{
	struct meter m = {0};

	set_name(name);
	for (uint64_t i = 0; i < cnt; i++) {
		uint64_t since = now_ns();

		nap_ns(ms * NS_PER_MS);
		meter_add(&m, since);
	}
	say("named %s %llu", name, (unsigned long long)m.ns);
}

int main(int argc, char **argv)
{
	work_ready();
	for (int i = 3; i < argc; i++)
		work_named(argv[i], arg_u64(argc, argv, 1, 10), arg_u64(argc, argv, 2, 10));
	work_done();
	return 0;
}
