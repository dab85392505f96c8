/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * mkseeds DIR: writes the seeds of the fuzz targets for records and recordings to DIR/record and
 * DIR/recording. Run by hand when the wire format grows; what it writes is committed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void write_bytes(const char *dir, const char *name, const void *data, size_t len)
{
	FILE *fp = create(dir, "record", name);

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
	write_bytes(argv[1], "all", b.data, b.len);
	for (size_t off = 0; off < b.len; off += mkwire_event(&b, off).h->size) {
		const struct wire_header *h = mkwire_event(&b, off).h;

		snprintf(name, sizeof(name), "kind-%u", h->kind);
		write_bytes(argv[1], name, h, h->size);
	}
	buf__fini(&b);
	return 0;
}
