/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * mketlseeds DIR: writes the seeds of fuzz_etl, fuzz_etw, fuzz_xpress and fuzz_zip_file below DIR. Run by hand when the reader learns
 * something new; what it writes is committed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/zip.h"
#include "fixtures/mkshop.h"
#include "fixtures/mkxpress.h"

static const char *seed_dir;
static const uint8_t guid[16] = "0123456789abcde";

static void write_seed(const char *name, const struct buf *b)
{
	char path[4096];
	FILE *fp;

	snprintf(path, sizeof(path), "%s/%s", seed_dir, name);
	fp = fopen(path, "wb");
	if (!fp) {
		perror(path);
		exit(1);
	}
	fwrite(b->data, 1, b->len, fp);
	if (fclose(fp))
		exit(1);
}

static void add_events(struct mketl *m, uint8_t ptr_bytes)
{
	struct mketl_event e = {
		.pid = 7, .tid = 8, .guid = guid, .payload = "payload", .len = 7, .version = 2};
	struct buf items;

	buf__init(&items, 1 << 16);
	mketl_item(&items, 12, true, "traits", 6);
	mketl_item(&items, 1, false, "0123456789abcdef", 16);
	e.ptr_bytes = ptr_bytes;
	e.ticks = m->start_ticks + 1000 * ptr_bytes;
	mketl_system(m, &e);
	mketl_compact(m, &e);
	mketl_perfinfo(m, &e);
	mketl_full(m, &e);
	mketl_instance(m, &e);
	mketl_provider(m, &e, &items);
	e.flags = 1 | 2 | 8 | 0x20;
	mketl_message(m, &e);
	buf__fini(&items);
}

static void write_trace(const char *name, bool packed, uint32_t clock, uint32_t ptr_bytes)
{
	struct mketl m;

	mketl__init(&m);
	m.buffer_bytes = 600;
	m.packed = packed;
	m.clock = clock;
	m.ptr_bytes = ptr_bytes;
	m.old_cpus = ptr_bytes == 4;
	mketl__begin(&m);
	for (uint16_t i = 1; i < 4; i++) {
		mketl__buffer(&m, i % 2, 4 - i);
		add_events(&m, i % 2 ? 8 : 4);
		mketl__flush(&m);
	}
	write_seed(name, &m.file);
	mketl__fini(&m);
}

static void write_xpress(void)
{
	static const char text[] = "one and one and one and two and three and three and four";
	char many[1000];
	struct buf b;

	buf__init(&b, 1 << 16);
	buf__append(&b, "\x38\0\0", 3);
	mkxpress_pack(text, strlen(text), &b);
	write_seed("xpress/text", &b);
	memset(many, 'a', sizeof(many));
	buf__reset(&b);
	buf__append(&b, "\xe8\x03\0", 3);
	mkxpress_pack(many, sizeof(many), &b);
	write_seed("xpress/many", &b);
	buf__fini(&b);
}

static int put(void *arg, const void *data, size_t len)
{
	return buf__append(arg, data, len);
}

static void write_zip(void)
{
	struct buf b;
	struct zip z;

	buf__init(&b, 1 << 16);
	zip__init(&z, "trace.etl", put, &b);
	zip__write(&z, "one and one and one and one", 27);
	zip__finish(&z);
	zip__fini(&z);
	write_seed("zip_file/deflated", &b);
	buf__fini(&b);
}

/* As fuzz_etw.c has it. */
static void put_etw(struct buf *b, uint8_t group, uint8_t opcode, uint8_t version, uint8_t cpu,
		    const char *payload, uint16_t len)
{
	const uint8_t head[8] = {group, opcode, version,      0,
				 cpu,	10,	(uint8_t)len, (uint8_t)(len >> 8)};

	buf__append(b, head, sizeof(head));
	buf__append(b, payload, len);
}

#define ETW(b, group, opcode, version, cpu, payload) \
	put_etw(b, group, opcode, version, cpu, payload, sizeof(payload) - 1)
/* New and old thread, priorities and the like, reason, mode, state. */
#define SWITCH(to, from, reason, state) \
	to "\0\0\0" from "\0\0\0\0\0\0\0" reason "\0" state "\0\0\0\0\0\0\0\0\0"

static void write_etw(void)
{
	struct buf b;

	buf__init(&b, 1 << 16);
	ETW(&b, 3, 3, 4, 0,
	    "\1\0\0\0\0\0\0\0\5\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	    "app.exe");
	ETW(&b, 5, 3, 1, 0, "\5\0\0\0\6\0\0\0");
	ETW(&b, 20, 10, 1, 0, "\0\x10\0\0\0\0\0\0\0\x10\0\0\0\0\0\0\5\0\0\0a\0p\0p\0\0\0");
	ETW(&b, 5, 36, 2, 0, SWITCH("\6", "\0", "\0", "\0"));
	ETW(&b, 15, 51, 2, 0, "\0\x10\0\0\0\0\0\x80");
	ETW(&b, 5, 36, 2, 0, SWITCH("\7", "\6", "\6", "\5"));
	ETW(&b, 5, 50, 2, 0, "\6\0\0\0\1\0\0\0");
	ETW(&b, 5, 36, 4, 1, SWITCH("\6", "\0", "\0", "\0"));
	ETW(&b, 24, 32, 2, 1,
	    "\5\0\0\0\0\0\0\0\5\0\0\0\6\0\0\0\0\1\0\0\0\0\0\x80\1\x10\0\0\0\0\0\0");
	ETW(&b, 24, 38, 2, 1, "\5\0\0\0\0\0\0\0\5\0\0\0\6\0\0\0\1\0\0\0\0\0\0\0");
	ETW(&b, 24, 36, 2, 1, "\1\0\0\0\0\0\0\0\5\x10\0\0\0\0\0\0");
	ETW(&b, 15, 52, 2, 1, "\0\0\0\0");
	ETW(&b, 5, 2, 1, 1, "\5\0\0\0\6\0\0\0");
	ETW(&b, 200, 143, 1, 1,
	    "0123456701234567\0\x20\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0N\0\0\0M\0\0\0\0\0");
	write_seed("etw/one_thread", &b);
	buf__fini(&b);
}

static int compare_times(const void *x, const void *y)
{
	const struct mketw_event *a = x, *b = y;

	if (a->us != b->us)
		return a->us < b->us ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* There the event @i is this late: its time is counted by a byte, 1 means 2^24 ns. */
static uint64_t seed_ticks(size_t i)
{
	return (i + 1) << 20;
}

/* What its stack is named after: the first event at the same moment. */
static void name_stack(const struct mketw *m, const struct mketw_event *e)
{
	uint64_t ticks, us;

	memcpy(&ticks, e->payload.data, sizeof(ticks));
	us = (ticks - (uint64_t)m->etl.start_ticks) / 10;
	for (size_t i = 0; i < m->cnt; i++) {
		if (m->events[i].us != us)
			continue;
		ticks = seed_ticks(i);
		memcpy(e->payload.data, &ticks, sizeof(ticks));
		return;
	}
}

static void write_shop(const char *name, bool keys)
{
	struct mketw *m = mketw__new();
	struct buf b;

	buf__init(&b, 1 << 16);
	m->keys = keys;
	mkshop(m);
	qsort(m->events, m->cnt, sizeof(*m->events), compare_times);
	for (size_t i = 0; i < m->cnt; i++) {
		const struct mketw_event *e = &m->events[i];
		uint8_t provider = e->opcode == 36 ? 202 : e->opcode == 35 ? 203 : 200;
		const uint8_t head[8] = {
			e->guid ? provider : e->group, e->guid && provider == 200 ? 143 : e->opcode,
			(uint8_t)e->version,	       (uint8_t)e->pid,
			(uint8_t)(1 + e->cpu),	       1,
			(uint8_t)e->payload.len,       (uint8_t)(e->payload.len >> 8)};

		if (!e->guid && e->group == 24 && e->opcode != 36)
			name_stack(m, e);
		buf__append(&b, head, sizeof(head));
		buf__append(&b, e->payload.data, e->payload.len);
	}
	write_seed(name, &b);
	buf__fini(&b);
	mketw__free(m);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: mketlseeds DIR\n");
		return 2;
	}
	seed_dir = argv[1];
	write_trace("etl/plain", false, 1, 8);
	write_trace("etl/packed", true, 1, 8);
	write_trace("etl/old", false, 2, 4);
	write_etw();
	write_shop("etw/shop", false);
	write_shop("etw/shop-keys", true);
	write_xpress();
	write_zip();
	return 0;
}
