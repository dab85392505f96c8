/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * dump_etl FILE...: prints the headers of event traces, and a line for each buffer, event, extended item; the files are read as one trace.
 *
 *   header TAB key TAB value           stats TAB key TAB value
 *   buffer TAB file TAB type TAB flags
 *   event TAB file TAB cpu TAB header TAB ticks TAB ns TAB pid TAB tid TAB guid or group TAB id or opcode TAB version TAB length TAB
 *         opcode
 *   item TAB type TAB length
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "format/etl_reader.h"

static void dump_u64(const char *what, const char *key, uint64_t v)
{
	printf("%s\t%s\t%" PRIu64 "\n", what, key, v);
}

static void dump_header(const struct etl_header *h)
{
	dump_u64("header", "bufsize", h->buffer_bytes);
	dump_u64("header", "build", h->os_build);
	dump_u64("header", "ncpu", h->cpu_cnt);
	dump_u64("header", "cpu_mhz", h->cpu_mhz);
	dump_u64("header", "buffers_written", h->buffers_written);
	dump_u64("header", "buffers_lost", h->buffers_lost);
	dump_u64("header", "events_lost", h->events_lost);
	dump_u64("header", "ptr", h->ptr_bytes);
	dump_u64("header", "freq", h->freq);
	dump_u64("header", "boot", h->boot_time);
	dump_u64("header", "start", h->start_time);
	dump_u64("header", "end", h->end_time);
	dump_u64("header", "header_qpc", (uint64_t)h->start_ticks);
	printf("header\tos\t%u.%u\n", h->os_major, h->os_minor);
	printf("header\tmode\t0x%x\n", h->mode);
	printf("header\tclock\t%s\n", etl_clock_name(h->clock));
	printf("header\tsession\t%s\n", h->session);
	printf("header\tfile\t%s\n", h->file);
}

static void dump_stats(const struct etl_stats *s)
{
	dump_u64("stats", "buffers", s->buffer_cnt);
	dump_u64("stats", "bad_buffers", s->bad_buffer_cnt);
	dump_u64("stats", "lossy_buffers", s->lossy_buffer_cnt);
	dump_u64("stats", "events", s->event_cnt);
	dump_u64("stats", "skipped", s->skip_cnt);
	dump_u64("stats", "unknown", s->unknown_cnt);
	dump_u64("stats", "unknown_bytes", s->unknown_bytes);
	dump_u64("stats", "early", s->early_cnt);
	dump_u64("stats", "backward", s->backward_cnt);
	dump_u64("stats", "cut", s->cut_cnt);
	dump_u64("stats", "cut_bytes", s->cut_bytes);
}

/* The first three fields are numbers in little endian. */
static void dump_guid(const uint8_t *g)
{
	printf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-", g[3], g[2], g[1], g[0], g[5], g[4],
	       g[7], g[6], g[8], g[9]);
	for (int i = 10; i < ETL_GUID_BYTES; i++)
		printf("%02x", g[i]);
}

static void dump_event(const struct etl_event *e)
{
	struct cursor c = etl_event__items(e);
	struct etl_item item;

	printf("event\t%u\t%u\t%s\t%" PRId64 "\t%" PRIu64 "\t%d\t%d\t", e->file, e->cpu,
	       etl_event__header_name(e), e->ticks, e->time_ns, (int)e->pid, (int)e->tid);
	if (e->guid)
		dump_guid(e->guid);
	else
		printf("%u", e->group);
	printf("\t%u\t%u\t%zu\t%u\n",
	       e->kind == ETL_EVENT || e->kind == ETL_MESSAGE ? e->id : e->opcode, e->version,
	       e->payload_len, e->opcode);
	while (etl_item__next(&c, &item))
		printf("item\t%u\t%zu\n", item.type, item.len);
}

static int dump_add(struct etl_reader *r, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;
	struct file_input in;

	if (fd < 0) {
		perror(path);
		return -1;
	}
	err = file_input__open_fd(&in, fd);
	if (!err)
		err = etl_reader__add(r, &in);
	if (err)
		fprintf(stderr, "%s: %s\n", path, error_text(err));
	return err;
}

int main(int argc, char **argv)
{
	struct etl_reader *r = etl_reader__new();
	const struct etl_buffer_list *buffers;
	const struct etl_header *h;
	const struct etl_event *e;
	struct etl_stats stats;
	int ret = r ? 0 : -1;

	for (int i = 1; !ret && i < argc; i++)
		ret = dump_add(r, argv[i]);
	for (size_t i = 0; !ret && (h = etl_reader__header(r, i)); i++)
		dump_header(h);
	while (!ret && (ret = etl_reader__next(r, &e)) > 0) {
		dump_event(e);
		ret = 0;
	}
	if (!ret) {
		buffers = etl_reader__buffers(r);
		for (size_t i = 0; i < buffers->cnt; i++)
			printf("buffer\t%u\t%u\t0x%x\n", buffers->all[i].file, buffers->all[i].type,
			       buffers->all[i].flags);
		etl_reader__stats(r, &stats);
		dump_stats(&stats);
	}
	etl_reader__free(r);
	return ret ? 1 : 0;
}
