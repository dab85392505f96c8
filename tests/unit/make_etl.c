/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * make_etl KIND FILE [UNIX_NS [PROGRAM STAMP BYTES]]: writes a small event trace of Windows, that began then. PROGRAM: the file
 * that shop.exe is, with its header's stamp and size of image.
 *
 *   full     two threads that wait for each other: switches, ready threads, system calls and samples, each with a stack
 *   packed   the same, packed
 *   poor     events of one provider only, some of them lost
 *   open     as full, cut in its last buffer: the session was not closed
 *   shop     waits of every kind, with names, wakers and code of a runtime (fixtures/mkshop.h); shop-keys: stacks by keys;
 *            shop-packed: packed; shop-kernel and shop-clr: the same in two files of one session; shop-live: as a session
 *            tells it; shop-lossy: a switch is missing, and more is said to be
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures/mketl.h"
#include "fixtures/mkshop.h"

#define SECOND 10000000 /* ticks */

/* Microsoft-Windows-Kernel-File, and one that nobody knows. */
static const uint8_t known[16] = "\x27\x89\xd0\xed\xc4\x9c\x65\x4e\xb9\x70\xc2\x56\x0f\xb5\xc2\x89";
static const uint8_t unknown[16] = "0123456789abcde";

static void add(struct mketl *m, int64_t ticks, uint8_t group, uint8_t opcode)
{
	struct mketl_event e = {.ticks = m->start_ticks + ticks,
				.group = group,
				.opcode = opcode,
				.version = 2,
				.payload = "0123456789abcdef01234567",
				.len = 24};

	mketl_perfinfo(m, &e);
}

/* Of the event @ticks after the start: one kernel function. */
static void add_stack(struct mketl *m, int64_t ticks)
{
	uint64_t stack[3] = {(uint64_t)(m->start_ticks + ticks), 7ull << 32 | 6,
			     0xfffff80000001000};
	struct mketl_event e = {.ticks = m->start_ticks + ticks + 5,
				.group = 24,
				.opcode = 32,
				.version = 2,
				.payload = stack,
				.len = sizeof(stack)};

	mketl_perfinfo(m, &e);
}

static void write_full(struct mketl *m)
{
	static const uint8_t causes[][2] = {{5, 36}, {5, 50}, {15, 51}, {15, 46}};

	mketl__begin(m);
	for (uint16_t cpu = 0; cpu < 2; cpu++) {
		mketl__buffer(m, cpu, 1 + cpu);
		add(m, 10, 3, 3);
		add(m, 11, 20, 3);
		for (size_t i = 0; i < 12; i++) {
			int64_t at = (int64_t)(cpu + 2 * i + 1) * SECOND / 50;

			add(m, at, causes[i % 4][0], causes[i % 4][1]);
			add_stack(m, at);
		}
		mketl__flush(m);
	}
}

static void write_poor(struct mketl *m)
{
	struct mketl_event e = {
		.ticks = m->start_ticks, .pid = 6, .tid = 7, .payload = "x", .len = 1};

	m->events_lost = 41;
	m->buffers_lost = 2;
	mketl__begin(m);
	mketl__buffer(m, 0, 1);
	m->flags |= 2;
	for (int i = 0; i < 5; i++) {
		e.ticks += SECOND / 10;
		e.guid = i < 3 ? known : unknown;
		mketl_provider(m, &e, NULL);
	}
	mketl__flush(m);
}

static int write_file(const char *path, const struct buf *b, size_t len)
{
	FILE *fp = fopen(path, "wb");

	if (!fp) {
		perror(path);
		return 1;
	}
	fwrite(b->data, 1, len, fp);
	return fclose(fp) ? 1 : 0;
}

/* @more: what follows FILE. */
static int write_shop(const char *kind, const char *path, int more_cnt, char **more)
{
	struct mketw *m = mketw__new();
	uint64_t unix_ns = more_cnt ? strtoull(more[0], NULL, 10) : 0;
	int err;

	if (more_cnt == 4) {
		m->program = more[1];
		m->program_stamp = (uint32_t)strtoul(more[2], NULL, 10);
		m->program_bytes = (uint32_t)strtoul(more[3], NULL, 10);
	}
	if (unix_ns) /* else: in June of 2022 */
		m->etl.start_time = 116444736000000000 + unix_ns / 100;
	m->live = !strcmp(kind, "shop-live");
	m->keys = !strcmp(kind, "shop-keys");
	m->etl.packed = !strcmp(kind, "shop-packed");
	if (!strcmp(kind, "shop-lossy")) {
		m->etl.events_lost = 41;
		m->etl.buffers_lost = 2;
		m->without_us = 300000;
	}
	m->no_kernel = !strcmp(kind, "shop-clr");
	m->no_providers = !strcmp(kind, "shop-kernel");
	mkshop(m);
	mketw__finish(m);
	err = write_file(path, &m->etl.file, m->etl.file.len);
	mketw__free(m);
	return err;
}

int main(int argc, char **argv)
{
	const char *kind = argc >= 3 ? argv[1] : "";
	struct mketl m;
	size_t cut = 0;
	int err;

	if (!strncmp(kind, "shop", 4))
		return write_shop(kind, argv[2], argc - 3, argv + 3);
	mketl__init(&m);
	if (!strcmp(kind, "poor")) {
		write_poor(&m);
	} else if (!strcmp(kind, "full") || !strcmp(kind, "packed") || !strcmp(kind, "open")) {
		m.packed = !strcmp(kind, "packed");
		if (!strcmp(kind, "open")) {
			m.end_time = 0;
			cut = 3700;
		}
		write_full(&m);
	} else {
		fprintf(stderr,
			"usage: make_etl "
			"full|packed|poor|open|shop[-keys|-packed|-kernel|-clr|-live|-lossy] "
			"FILE [UNIX_NS [PROGRAM STAMP BYTES]]\n");
		return 2;
	}
	err = write_file(argv[2], &m.file, m.file.len - cut);
	mketl__fini(&m);
	return err;
}
