/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * mkseeds DIR: writes the seeds of the fuzz targets for records, recordings and jitdumps to DIR/record, DIR/recording
 * and DIR/jitdump. Run by hand when the wire format grows; what it writes is committed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures/mkjit.h"
#include "fixtures/mkwire.h"
#include "format/recording.h"

static FILE *create(const char *dir, const char *kind, const char *name)
{
	char path[4096];
	FILE *fp;

	snprintf(path, sizeof(path), "%s/%s/%s", dir, kind, name);
	fp = fopen(path, "wb");
	if (!fp) {
		perror(path);
		exit(1);
	}
	return fp;
}

static void finish(FILE *fp, int err)
{
	if (fclose(fp) || err) {
		fprintf(stderr, "mkseeds: write failed\n");
		exit(1);
	}
}

static void write_bytes(const char *dir, const char *kind, const char *name, const void *data,
			size_t len)
{
	FILE *fp = create(dir, kind, name);

	finish(fp, fwrite(data, 1, len, fp) != len);
}

static void write_recording(const char *dir, const char *name, const struct buf *b)
{
	FILE *fp = create(dir, "recording", name);
	struct recording_writer *w = recording_writer__new(fp);
	int err = !w;

	for (size_t off = 0; !err && off < b->len; off += mkwire_event(b, off).h->size) {
		struct event e = mkwire_event(b, off);

		err = recording_writer__add(w, &e);
	}
	finish(fp, err ? err : recording_writer__finish(w));
	recording_writer__free(w);
}

/* Intervals and spilled ones that tell who ended them. */
static void write_wakers(const char *dir)
{
	const struct wire_waker waker = {mkwire_key_of(43, 0), 8, 7, WIRE_W_ANY | WIRE_W_AWAY, 0};
	struct buf b;
	size_t at;

	mkwire_init(&b);
	mkwire_waker(&b, mkwire_interval(&b, 42, 1000, 1500, 1600, 8, 7), &waker);
	at = b.len;
	mkwire_waker(&b, mkwire_spill(&b, 42, 2, 300, 40), &waker);
	write_bytes(dir, "record", "waked", b.data, at);
	write_bytes(dir, "record", "waked-spill", b.data + at, b.len - at);
	write_recording(dir, "wakers", &b);
	buf__fini(&b);
}

static void write_jitdump(const char *dir)
{
	struct buf b;

	mkjit_init(&b, 0);
	mkjit_debug(&b, 99, 0x101000, "/src/a.js", 10);
	mkjit_load(&b, 100, 0x101000, 0x40, 1, "first");
	mkjit_load(&b, 200, 0x101020, 0x40, 2, "JS:*second /src/a.js:12:3");
	mkjit_record(&b, 4, 250, 24);
	mkjit_move(&b, 300, 0x105000, 0x40, 1);
	mkjit_record(&b, 3, 400, 0);
	write_bytes(dir, "jitdump", "usual", b.data, b.len);
	buf__fini(&b);
}

int main(int argc, char **argv)
{
	struct buf b;
	char name[32];

	if (argc != 2) {
		fprintf(stderr, "usage: mkseeds DIR\n");
		return 2;
	}
	mkwire_init(&b);
	write_recording(argv[1], "empty", &b);
	mkwire_all_kinds(&b);
	write_recording(argv[1], "all", &b);
	write_bytes(argv[1], "record", "all", b.data, b.len);
	for (size_t off = 0; off < b.len; off += mkwire_event(&b, off).h->size) {
		const struct wire_header *h = mkwire_event(&b, off).h;

		snprintf(name, sizeof(name), "kind-%u", h->kind);
		write_bytes(argv[1], "record", name, h, h->size);
	}
	buf__fini(&b);
	write_wakers(argv[1]);
	write_jitdump(argv[1]);
	return 0;
}
