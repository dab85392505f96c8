/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * make_trace addrs|keys|packed MB FILE: writes a trace of a busy Windows: 8 CPUs, 20 processes of 20 threads, half of them of .NET. Threads
 * leave CPUs, ready each other, and are sampled, with stacks of a fixed set: a larger trace is a longer one, not another one.
 *
 *   addrs    stacks are said each time
 *   keys     they are numbers, which the end of the trace explains
 *   packed   as addrs, with buffers packed; MB are those before
 *
 * Prints how many switches there are. The same arguments make the same trace.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures/mketw.h"
#include "format/etl_names.h"

#define CPU_CNT	      8
#define PROCESS_CNT   20
#define THREADS_EACH  20
#define THREAD_CNT    (PROCESS_CNT * THREADS_EACH)
#define MODULES_EACH  30
#define METHODS_EACH  250
#define KERNEL_STACKS 200
#define USER_STACKS \
	200 /* of each process: first where its threads wait, then where they ready others, then where they work */
#define WAITS_EACH     4 /* places where a thread waits */
#define READIES_EACH   2
#define STACK_CNT      (KERNEL_STACKS + PROCESS_CNT * USER_STACKS)
#define MAX_DEPTH      40
#define BUFFER_BYTES   65536
#define ROOM_BYTES     1024	 /* for what one step tells */
#define FIRST_SEQUENCE (1 << 20) /* behind the buffers of what there is */
#define NOBODY	       UINT32_MAX

#define NT	  0xfffff80000000000ull
#define DRIVERS	  0xfffff80100000000ull
#define LIBRARIES 0x7ff810000000ull
#define PROGRAMS  0x7ff600000000ull
#define METHODS	  0x7ff500000000ull
#define STEP	  0x1000000ull /* from one to the next */

enum { STATE_READY = 1, STATE_WAITING = 5, WR_PREEMPTED = 32 };

struct stack {
	uint32_t cnt;
	uint64_t addrs[MAX_DEPTH];
};

struct load {
	FILE *to;
	bool keys;
	uint64_t bytes, want_bytes, random;
	int64_t now;
	struct mketw *began;
	struct mketl cpus[CPU_CNT];
	int64_t last[CPU_CNT];	   /* when a CPU told something */
	uint32_t running[CPU_CNT]; /* threads, or NOBODY */
	bool waiting[THREAD_CNT];
	uint32_t ready[THREAD_CNT]; /* a ring */
	uint32_t ready_first, ready_cnt;
	struct stack stacks[STACK_CNT];
	uint64_t switch_cnt;
};

static uint32_t rnd(struct load *l, uint32_t below)
{
	l->random ^= l->random << 13;
	l->random ^= l->random >> 7;
	l->random ^= l->random << 17;
	return (uint32_t)(l->random >> 32) % below;
}

static uint32_t tid_of(uint32_t thread)
{
	return thread == NOBODY ? 0 : 10000 + 4 * thread;
}

static uint32_t pid_of(uint32_t thread)
{
	return thread == NOBODY ? 0 : 1000 + 4 * (thread / THREADS_EACH);
}

/* ---- what there is ---- */

static uint64_t place(struct load *l, uint64_t from, uint32_t cnt)
{
	return from + rnd(l, cnt) * STEP + 0x1000 + 16 * rnd(l, 4096);
}

static void make_stacks(struct load *l)
{
	for (uint32_t i = 0; i < STACK_CNT; i++) {
		bool kernel = i < KERNEL_STACKS;
		uint32_t process = kernel ? 0 : (i - KERNEL_STACKS) / USER_STACKS;
		struct stack *s = &l->stacks[i];

		s->cnt = kernel ? 5 + rnd(l, 10) : 8 + rnd(l, MAX_DEPTH - 8);
		for (uint32_t j = 0; j < s->cnt; j++) {
			if (kernel)
				s->addrs[j] = rnd(l, 4) ? place(l, NT, 1) : place(l, DRIVERS, 5);
			else if (process % 2 && rnd(l, 2))
				s->addrs[j] = METHODS + 256 * rnd(l, METHODS_EACH) + 64;
			else
				s->addrs[j] = rnd(l, 3) ? place(l, LIBRARIES, MODULES_EACH)
							: place(l, PROGRAMS + process * STEP, 1);
		}
	}
}

static void tell_kernel(struct mketw *m)
{
	char path[128];

	mketw_host(m, 0, "LOAD-PC");
	mketw_volume(m, 0, "\\Device\\HarddiskVolume3", "C:");
	mketw_image(m, 1, MKETW_RUNDOWN, 0, NT, STEP, 0x5e000001,
		    "\\SystemRoot\\system32\\ntoskrnl.exe");
	for (uint32_t i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "\\SystemRoot\\system32\\drivers\\driver%u.sys", i);
		mketw_image(m, 1, MKETW_RUNDOWN, 0, DRIVERS + i * STEP, STEP, 0x5e000002 + i, path);
	}
}

static void tell_process(struct mketw *m, uint32_t process)
{
	uint32_t first = process * THREADS_EACH, pid = pid_of(first);
	char text[128];

	snprintf(text, sizeof(text), "service%u.exe", process);
	mketw_process(m, 2, MKETW_RUNDOWN, pid, text);
	for (uint32_t i = 0; i < THREADS_EACH; i++)
		mketw_thread(m, 2, MKETW_RUNDOWN, pid, tid_of(first + i), i % 4 ? NULL : "worker");
	snprintf(text, sizeof(text), "\\Device\\HarddiskVolume3\\load\\service%u.exe", process);
	mketw_image(m, 3, MKETW_RUNDOWN, pid, PROGRAMS + process * STEP, STEP, 0x5e100000 + process,
		    text);
	for (uint32_t i = 0; i < MODULES_EACH; i++) {
		snprintf(text, sizeof(text),
			 "\\Device\\HarddiskVolume3\\Windows\\System32\\library%u.dll", i);
		mketw_image(m, 3, MKETW_RUNDOWN, pid, LIBRARIES + i * STEP, STEP, 0x5e200000 + i,
			    text);
	}
	for (uint32_t i = 0; process % 2 && i < METHODS_EACH; i++) {
		snprintf(text, sizeof(text), "Method%u", i);
		mketw_method(m, 4, pid, METHODS + 256 * i, 256, "Load.Service", text);
	}
	/* Code of some was replaced. */
	if (process % 4 == 1)
		mketw_method(m, 5, pid, METHODS, 256, "Load.Service", "Method0");
}

static void put_file(struct load *l, struct buf *b)
{
	if (fwrite(b->data, 1, b->len, l->to) != b->len) {
		perror("make_trace");
		exit(1);
	}
	buf__reset(b);
}

static void begin(struct load *l, bool packed)
{
	struct mketl *etl;

	l->began = mketw__new();
	etl = &l->began->etl;
	etl->buffer_bytes = BUFFER_BYTES;
	etl->cpu_cnt = CPU_CNT;
	etl->packed = packed;
	tell_kernel(l->began);
	for (uint32_t i = 0; i < PROCESS_CNT; i++)
		tell_process(l->began, i);
	mketw__finish(l->began);
	put_file(l, &etl->file);
	l->now = etl->start_ticks + 1000;
	for (uint16_t cpu = 0; cpu < CPU_CNT; cpu++) {
		mketl__init(&l->cpus[cpu]);
		l->cpus[cpu].buffer_bytes = BUFFER_BYTES;
		l->cpus[cpu].packed = packed;
		mketl__buffer(&l->cpus[cpu], cpu, FIRST_SEQUENCE);
		l->running[cpu] = NOBODY;
	}
	for (uint32_t i = 0; i < THREAD_CNT; i++)
		l->waiting[i] = true;
}

/* ---- events ---- */

static void flush(struct load *l, uint16_t cpu)
{
	struct mketl *m = &l->cpus[cpu];

	l->bytes += BUFFER_BYTES;
	mketl__flush(m);
	put_file(l, &m->file);
	mketl__buffer(m, cpu, m->sequence + 1);
}

static void put(struct load *l, uint16_t cpu, int64_t ticks, uint8_t group, uint8_t opcode,
		uint16_t version, const void *payload, size_t len)
{
	const struct mketl_event e = {.ticks = ticks,
				      .group = group,
				      .opcode = opcode,
				      .version = version,
				      .payload = payload,
				      .len = len};

	mketl_perfinfo(&l->cpus[cpu], &e);
	l->last[cpu] = ticks;
}

static void put_stack(struct load *l, uint16_t cpu, int64_t ticks, int64_t of, uint32_t thread,
		      uint32_t stack)
{
	uint64_t payload[3 + MAX_DEPTH] = {(uint64_t)of,
					   (uint64_t)tid_of(thread) << 32 | pid_of(thread)};
	const struct stack *s = &l->stacks[stack];

	if (l->keys) {
		payload[2] = 1 + stack;
		put(l, cpu, ticks, ETL_GROUP_STACK,
		    stack < KERNEL_STACKS ? ETL_STACK_KEY_KERNEL : ETL_STACK_KEY_USER, 2, payload,
		    24);
		return;
	}
	memcpy(payload + 2, s->addrs, s->cnt * sizeof(*s->addrs));
	put(l, cpu, ticks, ETL_GROUP_STACK, ETL_STACK_WHOLE, 2, payload,
	    16 + s->cnt * sizeof(*s->addrs));
}

/*
 * Of what the thread did at @of: the kernel's part at once, its own when it goes back there. @which: of its process's stacks; the way
 * into the kernel from there is always the same.
 */
static void put_stacks(struct load *l, uint16_t cpu, int64_t of, uint32_t thread, uint32_t which)
{
	uint32_t user;

	if (thread == NOBODY) {
		put_stack(l, cpu, of + 3, of, thread, which % KERNEL_STACKS);
		return;
	}
	user = KERNEL_STACKS + thread / THREADS_EACH * USER_STACKS + which;
	put_stack(l, cpu, of + 3, of, thread, user * 7 % KERNEL_STACKS);
	put_stack(l, cpu, of + 15, of, thread, user);
}

/* ---- what happens ---- */

static void make_ready(struct load *l, uint32_t thread)
{
	l->ready[(l->ready_first + l->ready_cnt++) % THREAD_CNT] = thread;
}

static uint32_t waits_at(struct load *l, uint32_t thread)
{
	return thread % THREADS_EACH * WAITS_EACH + rnd(l, WAITS_EACH);
}

static uint32_t readies_at(struct load *l, uint32_t thread)
{
	return THREADS_EACH * WAITS_EACH + thread % THREADS_EACH * READIES_EACH +
	       rnd(l, READIES_EACH);
}

static uint32_t works_at(struct load *l)
{
	uint32_t others = THREADS_EACH * (WAITS_EACH + READIES_EACH);

	return others + rnd(l, USER_STACKS - others);
}

/* By who has the CPU: one of those that it works with; by a timer's deferred procedure: any. */
static void ready_one(struct load *l, uint16_t cpu, int64_t at)
{
	uint32_t by = l->running[cpu];
	uint32_t thread = by == NOBODY ? rnd(l, THREAD_CNT) : (by + 1 + rnd(l, 2)) % THREAD_CNT;
	uint32_t payload[2] = {tid_of(thread), 1 | (by == NOBODY) << 16};

	if (!l->waiting[thread])
		return;
	l->waiting[thread] = false;
	make_ready(l, thread);
	put(l, cpu, at, ETL_GROUP_THREAD, ETL_THREAD_READY, 2, payload, sizeof(payload));
	put_stacks(l, cpu, at, by, by == NOBODY ? thread : readies_at(l, by));
}

static void change(struct load *l, uint16_t cpu, int64_t at)
{
	static const uint8_t reasons[] = {0, 4, 6, 6, 6, 15, 15, 16, 37, 37};
	uint32_t old = l->running[cpu], new = NOBODY;
	bool waits = rnd(l, 8);
	uint8_t payload[24] = {0};
	uint32_t ids[2];

	if (l->ready_cnt) {
		new = l->ready[l->ready_first];
		l->ready_first = (l->ready_first + 1) % THREAD_CNT;
		l->ready_cnt--;
	}
	if (old == new)
		return;
	if (old != NOBODY && waits)
		l->waiting[old] = true;
	else if (old != NOBODY)
		make_ready(l, old);
	ids[0] = tid_of(new);
	ids[1] = tid_of(old);
	memcpy(payload, ids, sizeof(ids));
	payload[12] = waits ? reasons[rnd(l, sizeof(reasons))] : WR_PREEMPTED;
	payload[13] = 1;
	payload[14] = waits ? STATE_WAITING : STATE_READY;
	l->running[cpu] = new;
	l->switch_cnt++;
	put(l, cpu, at, ETL_GROUP_THREAD, ETL_THREAD_SWITCH, 4, payload, sizeof(payload));
	if (new != NOBODY)
		put_stacks(l, cpu, at, new, waits_at(l, new));
}

static void sample(struct load *l, uint16_t cpu, int64_t at)
{
	uint64_t payload[2] = {NT + 0x1000, tid_of(l->running[cpu]) | 1ull << 32};

	put(l, cpu, at, ETL_GROUP_PERFINFO, ETL_PERFINFO_SAMPLE, 2, payload, sizeof(payload));
	put_stacks(l, cpu, at, l->running[cpu], works_at(l));
}

/* What is no business of who looks for waits: deferred procedures, and a provider's event. */
static void other(struct load *l, uint16_t cpu, int64_t at)
{
	static const uint8_t guid[16] = "a load's events";
	uint8_t payload[64] = {1};
	const struct mketl_event e = {.ticks = at + 5,
				      .pid = pid_of(l->running[cpu]),
				      .tid = tid_of(l->running[cpu]),
				      .guid = guid,
				      .id = 10,
				      .payload = payload,
				      .len = sizeof(payload)};

	put(l, cpu, at, ETL_GROUP_PERFINFO, 68, 2, payload, 16);
	mketl_provider(&l->cpus[cpu], &e, NULL);
	l->last[cpu] = at + 5;
}

static void step(struct load *l)
{
	uint16_t cpu = (uint16_t)rnd(l, CPU_CNT);
	uint32_t what = rnd(l, 100);
	int64_t at;

	l->now += 1 + rnd(l, 100);
	at = l->now > l->last[cpu] ? l->now : l->last[cpu] + 1;
	if (l->cpus[cpu].buffer.len > BUFFER_BYTES - ROOM_BYTES)
		flush(l, cpu);
	if (what < 60)
		change(l, cpu, at);
	else if (what < 90)
		ready_one(l, cpu, at);
	else if (what < 95)
		sample(l, cpu, at);
	else
		other(l, cpu, at);
}

static void explain_keys(struct load *l)
{
	uint64_t payload[1 + MAX_DEPTH];

	for (uint32_t i = 0; i < STACK_CNT; i++) {
		const struct stack *s = &l->stacks[i];

		if (l->cpus[0].buffer.len > BUFFER_BYTES - ROOM_BYTES)
			flush(l, 0);
		payload[0] = 1 + i;
		memcpy(payload + 1, s->addrs, s->cnt * sizeof(*s->addrs));
		put(l, 0, l->now + 1000, ETL_GROUP_STACK, ETL_STACK_KEY_RUNDOWN, 2, payload,
		    8 + s->cnt * sizeof(*s->addrs));
	}
}

/* The header says when the trace ended. */
static void finish(struct load *l)
{
	struct mketl *m = &l->began->etl;

	if (l->keys)
		explain_keys(l);
	for (uint16_t cpu = 0; cpu < CPU_CNT; cpu++) {
		flush(l, cpu);
		mketl__fini(&l->cpus[cpu]);
	}
	m->end_time = m->start_time + (uint64_t)(l->now + 2000 - m->start_ticks);
	mketl__begin(m);
	rewind(l->to);
	put_file(l, &m->file);
	mketw__free(l->began);
}

int main(int argc, char **argv)
{
	const char *kind = argc == 4 ? argv[1] : "";
	struct load *l = calloc(1, sizeof(*l));
	bool ok = !strcmp(kind, "addrs") || !strcmp(kind, "keys") || !strcmp(kind, "packed");

	if (!l)
		abort();
	if (!ok) {
		fprintf(stderr, "usage: make_trace addrs|keys|packed MB FILE\n");
		return 2;
	}
	l->to = fopen(argv[3], "wb");
	if (!l->to) {
		perror(argv[3]);
		return 1;
	}
	l->random = 88172645463325252ull;
	l->keys = !strcmp(kind, "keys");
	l->want_bytes = strtoull(argv[2], NULL, 10) * 1000000;
	make_stacks(l);
	begin(l, !strcmp(kind, "packed"));
	while (l->bytes < l->want_bytes)
		step(l);
	finish(l);
	printf("%" PRIu64 "\n", l->switch_cnt);
	if (fclose(l->to)) {
		perror(argv[3]);
		return 1;
	}
	free(l);
	return 0;
}
