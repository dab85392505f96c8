/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * mkgoroutineseeds DIR: writes the seeds of fuzz_goroutines to DIR/goroutines: six goroutines of each layout there is, two of them with labels. Run by hand
 * when Go learns a new one; what it writes is committed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures/go_heap.h"

#define GOROUTINES  6
#define STACKS	    (GO_HEAP_BASE + 7168)
#define STACK_BYTES 128
#define SCHED	    (GO_HEAP_BASE + 8192)
#define SEED_BYTES  16384
#define STRINGS	    (GO_HEAP_BASE + 192)
#define TEXTS	    (GO_HEAP_BASE + 384)
#define SUDOGS	    (GO_HEAP_BASE + 1024)
#define CHANNELS    (GO_HEAP_BASE + 2048)
#define LABELS	    (GO_HEAP_BASE + 2560)
#define LABEL_PARTS (LABELS + 64)
#define BUCKET	    (LABELS + 128)
#define LABEL_TEXT  (LABELS + 512)

static struct go_heap heap;

static void put_version(unsigned int minor)
{
	char header[64] = "\xff Go buildinf:\x08\x02";

	header[32] = (char)snprintf(header + 33, sizeof(header) - 33, "go1.%u", minor);
	go_heap_put(&heap, GO_HEAP_BASE, header, sizeof(header));
}

static void put_reasons(void)
{
	static const char *const texts[] = {"", "GC assist marking", "IO wait", "select"};
	uint64_t at = TEXTS;

	for (size_t i = 0; i < 4; i++) {
		go_heap_put(&heap, at, texts[i], strlen(texts[i]));
		go_heap_put_u64(&heap, STRINGS + i * 16, at);
		go_heap_put_u64(&heap, STRINGS + i * 16 + 8, strlen(texts[i]));
		at += strlen(texts[i]);
	}
}

/* As go_sched.c has it: numbers given out, threads, their limit, one latency. */
static void put_sched(unsigned int minor)
{
	size_t limit = minor < 25 ? 56 : minor < 26 ? 64 : 80;
	size_t latency = minor < 20 ? 312 : minor < 25 ? 320 : minor < 26 ? 344 : 360;

	go_heap_put_u64(&heap, SCHED, 16);
	go_heap_put_u64(&heap, SCHED + limit - 8, 4);
	go_heap_put_u64(&heap, SCHED + limit, 10000);
	go_heap_put_u64(&heap, SCHED + latency + 64, 3);
}

static void write_seed(const char *dir, unsigned int minor, char infer)
{
	char path[4096];
	FILE *fp;

	snprintf(path, sizeof(path), "%s/goroutines/1.%u%s", dir, minor, infer ? "-inferred" : "");
	fp = fopen(path, "wb");
	if (!fp) {
		perror(path);
		exit(1);
	}
	fputc(infer, fp);
	fwrite(heap.bytes, 1, SEED_BYTES, fp);
	if (fclose(fp))
		exit(1);
}

/* Wait number @i, of goroutine @g: it sends, alone, to a full channel or receives from an empty one. */
static void put_wait(unsigned int minor, size_t g, size_t i, bool sends, bool has_next)
{
	uint64_t sudog = SUDOGS + i * 128, channel = CHANNELS + i * 128, queue;
	struct go_channel_layout l;

	if (!go_channel_layout_of(minor, &l))
		exit(1);
	queue = channel + (sends ? l.sendq : l.recvq);
	go_heap_put_u64(&heap, sudog, go_heap_at(g));
	go_heap_put_u64(&heap, sudog + l.sudog_next, has_next ? sudog + 128 : 0);
	go_heap_put_u64(&heap, sudog + l.sudog_channel, channel);
	go_heap_put_u64(&heap, channel, sends && i);
	go_heap_put_u64(&heap, channel + 8, i > 0);
	go_heap_put_u64(&heap, queue, sudog);
	go_heap_put_u64(&heap, queue + 8, sudog);
}

/* One that sends, and one in a select of two cases. */
static void put_waits(unsigned int minor)
{
	put_wait(minor, 1, 0, true, false);
	put_wait(minor, 2, 1, true, true);
	put_wait(minor, 2, 2, false, false);
	go_heap_put_u64(&heap, go_heap_at(1) + heap.layout.waiting, SUDOGS);
	go_heap_put_u64(&heap, go_heap_at(2) + heap.layout.waiting, SUDOGS + 128);
}

static void put_label_text(uint64_t at, uint64_t off, uint64_t len)
{
	go_heap_put_u64(&heap, at, LABEL_TEXT + off);
	go_heap_put_u64(&heap, at + 8, len);
}

/* "id": "7f": up to 1.23 in a map, then in a list. */
static void put_labels(unsigned int minor)
{
	bool is_map = minor < 24;

	go_heap_put_u64(&heap, LABELS, LABEL_PARTS);
	go_heap_put_u64(&heap, LABELS + 8, 1);
	go_heap_put_u64(&heap, LABELS + 16, 1);
	if (is_map) {
		go_heap_put_u64(&heap, LABEL_PARTS, 1);
		go_heap_put_u64(&heap, LABEL_PARTS + 16, BUCKET);
		go_heap_put(&heap, BUCKET, "\x42", 1);
	}
	put_label_text(is_map ? BUCKET + 8 : LABEL_PARTS, 0, 2);
	put_label_text(is_map ? BUCKET + 136 : LABEL_PARTS + 16, 2, 2);
	go_heap_put(&heap, LABEL_TEXT, "id7f", 4);
	for (size_t i = 0; i < 2; i++)
		go_heap_put_u64(&heap, go_heap_at(i) + heap.layout.labels, LABELS);
}

static void make_heap(unsigned int minor)
{
	struct go_memory m;

	go_heap_runtime(&heap, &m, minor, 0);
	heap.stacks = STACKS;
	heap.stack_bytes = STACK_BYTES;
	heap.pc = GO_HEAP_LEAF;
	heap.startpc = GO_HEAP_WORK;
	for (size_t i = 0; i < GOROUTINES; i++) {
		go_heap_g(&heap, i, GOROUTINES - i, i ? GO_WAITING : GO_SYSCALL);
		go_heap_put(&heap, go_heap_at(i) + heap.layout.wait_reason, "\x03", 1);
		if (heap.layout.parent_goid)
			go_heap_put_u64(&heap, go_heap_at(i) + heap.layout.parent_goid, 1);
		/* A leaf that work called, i times, and that the runtime began. */
		for (size_t depth = 0; depth <= i / 2; depth++)
			go_heap_put_u64(&heap, STACKS + i * STACK_BYTES + 8 + depth * 32,
					depth == i / 2 ? GO_HEAP_GOEXIT + 1 : GO_HEAP_WORK + 8);
	}
	go_heap_list(&heap, GOROUTINES);
	put_version(minor);
	put_reasons();
	put_waits(minor);
	put_labels(minor);
	put_sched(minor);
}

int main(int argc, char **argv)
{
	static const unsigned int minors[] = {15, 17, 19, 21, 22, 23, 25, 26};

	if (argc != 2) {
		fprintf(stderr, "usage: mkgoroutineseeds DIR\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof(minors) / sizeof(minors[0]); i++) {
		make_heap(minors[i]);
		write_seed(argv[1], minors[i], 0);
		write_seed(argv[1], minors[i], 1);
	}
	return 0;
}
