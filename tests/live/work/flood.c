/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * flood PAIRS ROUNDS: ten threads that sleep in a pattern of their own each, from ten functions, while
 * pairs of threads play ping-pong with a byte as fast as they can, ROUNDS times each.
 */
#include "gate.h"

static uint64_t rounds;
static volatile bool over;

#define SLEEPER(nr)                                   \
	static work_frame void work_flood_##nr(void)  \
	{                                             \
		while (!over)                         \
			nap_ns((nr + 1) * NS_PER_MS); \
	}
SLEEPER(0)
SLEEPER(1)
SLEEPER(2)
SLEEPER(3)
SLEEPER(4)
SLEEPER(5)
SLEEPER(6)
SLEEPER(7)
SLEEPER(8)
SLEEPER(9)

static void (*const sleepers[])(void) = {
	work_flood_0, work_flood_1, work_flood_2, work_flood_3, work_flood_4,
	work_flood_5, work_flood_6, work_flood_7, work_flood_8, work_flood_9,
};
#define SLEEPER_CNT 10

static void *sleeper(void *arg)
{
	intptr_t nr = (intptr_t)arg;
	char name[16];

	snprintf(name, sizeof(name), "flood-s%d", (int)nr);
	thread_says(name);
	gate_pass(&start);
	sleepers[nr]();
	gate_pass(&finish);
	return NULL;
}

struct side {
	int from, to;
	bool first;
};

static work_frame void work_pass(const struct side *s)
{
	char c = 'x';

	if (s->first && write(s->to, &c, 1) != 1)
		die("write");
	if (raw_syscall3(SYS_read, s->from, &c, 1) != 1)
		die("read");
	if (!s->first && write(s->to, &c, 1) != 1)
		die("write");
}

static void *side(void *arg)
{
	struct side *s = arg;

	thread_says(s->first ? "flood-ping" : "flood-pong");
	gate_pass(&start);
	for (uint64_t i = 0; i < rounds; i++)
		work_pass(s);
	gate_pass(&finish);
	return NULL;
}

static void start_pair(void)
{
	struct side *sides = calloc(2, sizeof(*sides));
	int there[2], back[2];

	if (!sides || pipe(there) || pipe(back))
		die("pair");
	sides[0] = (struct side){back[0], there[1], true};
	sides[1] = (struct side){there[0], back[1], false};
	start_thread(side, &sides[0]);
	start_thread(side, &sides[1]);
}

int main(int argc, char **argv)
{
	int pairs = (int)arg_u64(argc, argv, 1, 2);
	uint64_t since;

	rounds = arg_u64(argc, argv, 2, 50000);
	for (intptr_t i = 0; i < SLEEPER_CNT; i++)
		start_thread(sleeper, (void *)i);
	for (int i = 0; i < pairs; i++)
		start_pair();
	gate_await(&start, SLEEPER_CNT + 2 * pairs);
	work_ready();
	since = now_ns();
	gate_open(&start);
	gate_await(&finish, 2 * pairs);
	over = true;
	gate_await(&finish, SLEEPER_CNT);
	say("wall %llu", (unsigned long long)(now_ns() - since));
	work_done();
	return 0;
}
