/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * make_windows OUT ID PATH OFFSET MILLISECONDS [PATH OFFSET MILLISECONDS]...: a recording in which thread 200 waits in modules of
 * Windows, each with the build id ID (hex) but for its first byte, to which its number is added; for golden/test_symbol_path.py.
 * A PATH that begins with '!' is a module of the kernel; with "NAME@", the recording has that name for the place. OFFSET is the return
 * address in it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures/mkwire.h"
#include "format/recording.h"

#define MS	 1000000ull
#define BASE(i)	 (0x140000000ull + ((uint64_t)(i) << 32))
#define START_NS (1000 * MS)

static void put_id(struct wire_module *m, const char *hex, unsigned int number)
{
	m->build_id_len = (uint16_t)(strlen(hex) / 2);
	for (size_t i = 0; i < m->build_id_len; i++) {
		char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

		m->build_id[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	m->build_id[0] = (uint8_t)(m->build_id[0] + number);
}

/* @where: PATH, OFFSET, MILLISECONDS. Returns the end of the wait. */
static uint64_t add_wait(struct buf *b, unsigned int i, const char *id, char **where, uint64_t now)
{
	bool kernel = where[0][0] == '!';
	char *at_sign = strchr(where[0], '@');
	const char *path = at_sign ? at_sign + 1 : where[0] + kernel;
	uint64_t offset = strtoull(where[1], NULL, 16), ns = strtoull(where[2], NULL, 10) * MS;
	uint64_t ip = (BASE(i) + offset) | WIRE_IP_EXACT;
	size_t at;

	at = mkwire_module(b, i + 1, kernel ? WIRE_MODULE_DRIVER : WIRE_MODULE_PE, path);
	put_id(mkwire_at(b, at), id, i);
	if (at_sign) {
		*at_sign = '\0';
		mkwire_symbol(b, i + 1, offset, 1, where[0]);
	}
	mkwire_mapping(b, 200, BASE(i), BASE(i) + (1u << 24), 0, i + 1);
	mkwire_stack(b, 200, i + 1, &ip, 1);
	mkwire_interval(b, 200, now, now + ns, now + ns, 0, i + 1);
	return now + ns;
}

static void write_recording(const struct buf *b, const char *path)
{
	FILE *fp = fopen(path, "wb");
	struct recording_writer *w = fp ? recording_writer__new(fp) : NULL;
	int err = w ? 0 : -1;

	for (size_t off = 0; !err && off < b->len; off += mkwire_event(b, off).h->size) {
		struct event e = mkwire_event(b, off);

		err = recording_writer__add(w, &e);
	}
	if (err || recording_writer__finish(w) || fclose(fp)) {
		fprintf(stderr, "can't write %s\n", path);
		exit(1);
	}
	recording_writer__free(w);
}

int main(int argc, char **argv)
{
	uint64_t values[WIRE_COUNTER_CNT] = {0}, now = START_NS;
	struct wire_summary *s;
	struct buf b;

	if (argc < 6 || argc % 3) {
		fprintf(stderr, "usage: make_windows OUT ID PATH OFFSET MILLISECONDS...\n");
		return 2;
	}
	mkwire_init(&b);
	mkwire_thread(&b, 200, 200, 0, "app");
	mkwire_window(&b, WIRE_WINDOW_START, START_NS);
	for (int i = 3; i < argc; i += 3)
		now = add_wait(&b, (unsigned int)(i - 3) / 3, argv[2], argv + i, now);
	s = mkwire_at(&b, mkwire_summary(&b, 200, 200, 0, "app"));
	s->begin_ns = START_NS;
	s->end_ns = now;
	s->blocked_ns = now - START_NS;
	s->on_cpu_ns = s->runnable_ns = 0;
	s->intervals = (uint64_t)(argc - 3) / 3;
	values[WIRE_C_OBSERVED_NS] = now - START_NS;
	values[WIRE_C_OBSERVED_CNT] = s->intervals;
	mkwire_counters(&b, values, WIRE_COUNTER_CNT);
	mkwire_window(&b, WIRE_WINDOW_END, now);
	mkwire_round(&b, now);
	write_recording(&b, argv[1]);
	buf__fini(&b);
	return 0;
}
