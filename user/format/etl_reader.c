/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/etl_reader.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "format/etl_stream.h"

#define ETL_MAX_SECONDS (10ull * 366 * 86400) /* nobody traces for longer */
#define ETL_MAX_CLOCK_GAP \
	(10 * 10000000ll) /* as FILETIME: what setting the clock may do between two files */
#define ETL_MAX_TICKS (1ull << 62)

struct etl_reader {
	struct etl_file files[ETL_MAX_FILES];
	size_t file_cnt;
	struct etl_buffer_list buffers; /* sorted by CPU, file and number once it is read */
	struct etl_stream *streams;
	size_t stream_cnt;
	uint32_t *
		heap; /* streams that have an event, the first in time on top; a lower number wins */
	size_t heap_cnt;
	struct etl_streams all;
	bool sorted, started;
};

struct etl_reader *etl_reader__new(void)
{
	return calloc(1, sizeof(struct etl_reader));
}

static void etl_reader__free_streams(struct etl_reader *r)
{
	for (size_t i = 0; i < r->stream_cnt; i++)
		etl_stream__reset(&r->streams[i], &r->all);
	free(r->streams);
	free(r->heap);
}

void etl_reader__free(struct etl_reader *r)
{
	if (!r)
		return;
	etl_reader__free_streams(r);
	free(r->buffers.all);
	free(r);
}

/* ---- files ---- */

/* Whether both clocks show the same time; then what one file calls a moment the other one calls so, too. */
static int etl_check_clock(const struct etl_header *a, const struct etl_header *b)
{
	/* Whole seconds of the clock are enough to tell. Numbers that are too large may be anything. */
	uint64_t ticks_s = (uint64_t)(b->start_ticks / (int64_t)b->freq) -
			   (uint64_t)(a->start_ticks / (int64_t)a->freq);
	int64_t gap = (int64_t)(b->start_time - a->start_time - ticks_s * 10000000);

	if (a->clock == b->clock && a->freq == b->freq && gap <= ETL_MAX_CLOCK_GAP &&
	    gap >= -ETL_MAX_CLOCK_GAP)
		return 0;
	return error_set(-EINVAL, "is of another run of the system than the first file: give files "
				  "of one session only");
}

int etl_reader__add(struct etl_reader *r, const struct file_input *in)
{
	struct etl_file *f = &r->files[r->file_cnt];
	size_t buffer_cnt = r->buffers.cnt;
	int err;

	if (r->file_cnt == ETL_MAX_FILES)
		return error_set(-E2BIG, "is one too many: at most %d files are read as one trace",
				 ETL_MAX_FILES);
	err = etl_file__open(f, in, (uint32_t)r->file_cnt, &r->buffers);
	if (!err && r->file_cnt)
		err = etl_check_clock(&r->files[0].header, &f->header);
	if (err) {
		r->buffers.cnt = buffer_cnt;
		return err;
	}
	r->file_cnt++;
	return 0;
}

const struct etl_header *etl_reader__header(const struct etl_reader *r, size_t i)
{
	return i < r->file_cnt ? &r->files[i].header : NULL;
}

const struct etl_header *etl_reader__base(const struct etl_reader *r)
{
	const struct etl_header *base = r->file_cnt ? &r->files[0].header : NULL;

	for (size_t i = 1; i < r->file_cnt; i++)
		if (r->files[i].header.start_ticks < base->start_ticks)
			base = &r->files[i].header;
	return base;
}

const struct etl_buffer_list *etl_reader__buffers(const struct etl_reader *r)
{
	return &r->buffers;
}

/* ---- streams ---- */

#define COMPARE(a, b)                              \
	do {                                       \
		if ((a) != (b))                    \
			return (a) < (b) ? -1 : 1; \
	} while (0)

/* A file's first buffer holds its first event, whatever its number is. */
static int etl_compare_buffers(const void *x, const void *y)
{
	const struct etl_buffer *a = x, *b = y;

	COMPARE(a->cpu, b->cpu);
	COMPARE(a->file, b->file);
	COMPARE(!!a->off, !!b->off);
	COMPARE(a->sequence, b->sequence);
	COMPARE(a->off, b->off);
	return 0;
}

static bool etl_same_stream(const struct etl_buffer *a, const struct etl_buffer *b)
{
	return a->cpu == b->cpu && a->file == b->file;
}

static size_t etl_count_streams(const struct etl_buffer_list *list)
{
	size_t cnt = list->cnt > 0;

	for (size_t i = 1; i < list->cnt; i++)
		cnt += !etl_same_stream(&list->all[i - 1], &list->all[i]);
	return cnt;
}

static int etl_reader__make_streams(struct etl_reader *r)
{
	const struct etl_buffer *b = r->buffers.all, *end = b + r->buffers.cnt, *behind;
	size_t cnt = etl_count_streams(&r->buffers);

	r->streams = calloc(cnt ? cnt : 1, sizeof(*r->streams));
	r->heap = calloc(cnt ? cnt : 1, sizeof(*r->heap));
	if (!r->streams || !r->heap)
		return -ENOMEM;
	for (; b < end; b = behind) {
		for (behind = b + 1; behind < end && etl_same_stream(b, behind); behind++)
			;
		etl_stream__init(&r->streams[r->stream_cnt++], &r->files[b->file], b, behind);
	}
	return 0;
}

static void etl_reader__set_times(struct etl_reader *r)
{
	const struct etl_header *base = etl_reader__base(r);

	if (!base)
		return;
	r->all.start_ticks = base->start_ticks;
	r->all.max_ticks = base->freq * ETL_MAX_SECONDS;
	if (r->all.max_ticks > ETL_MAX_TICKS)
		r->all.max_ticks = ETL_MAX_TICKS;
}

/* ---- merge ---- */

static bool etl_before(const struct etl_reader *r, uint32_t a, uint32_t b)
{
	uint64_t at = r->streams[a].last, bt = r->streams[b].last;

	return at < bt || (at == bt && a < b);
}

static void etl_heap_sift_down(struct etl_reader *r, size_t i)
{
	uint32_t moved = r->heap[i];
	size_t child;

	for (; (child = 2 * i + 1) < r->heap_cnt; i = child) {
		if (child + 1 < r->heap_cnt && etl_before(r, r->heap[child + 1], r->heap[child]))
			child++;
		if (!etl_before(r, r->heap[child], moved))
			break;
		r->heap[i] = r->heap[child];
	}
	r->heap[i] = moved;
}

/* The first event of each stream. */
static int etl_reader__start(struct etl_reader *r)
{
	int ret;

	if (!r->sorted) {
		if (r->buffers.cnt)
			qsort(r->buffers.all, r->buffers.cnt, sizeof(*r->buffers.all),
			      etl_compare_buffers);
		ret = etl_reader__make_streams(r);
		if (ret)
			return ret;
		etl_reader__set_times(r);
		r->sorted = true;
	}
	r->heap_cnt = 0;
	for (size_t i = 0; i < r->stream_cnt; i++) {
		ret = etl_stream__next(&r->streams[i], &r->all);
		if (ret < 0)
			return ret;
		if (ret)
			r->heap[r->heap_cnt++] = (uint32_t)i;
	}
	for (size_t i = r->heap_cnt / 2; i-- > 0;)
		etl_heap_sift_down(r, i);
	r->started = true;
	return 0;
}

/* The one on top was told: its stream goes on. */
static int etl_reader__advance(struct etl_reader *r)
{
	int ret;

	if (!r->heap_cnt)
		return 0;
	ret = etl_stream__next(&r->streams[r->heap[0]], &r->all);
	if (ret < 0)
		return ret;
	if (!ret)
		r->heap[0] = r->heap[--r->heap_cnt];
	if (r->heap_cnt)
		etl_heap_sift_down(r, 0);
	return 0;
}

int etl_reader__next(struct etl_reader *r, const struct etl_event **ret)
{
	int err = r->started ? etl_reader__advance(r) : etl_reader__start(r);
	struct etl_stream *s;

	if (err || !r->heap_cnt)
		return err;
	s = &r->streams[r->heap[0]];
	s->event.time_ns = etl_header__ns(&r->files[s->event.file].header, s->last);
	r->all.stats.event_cnt++;
	*ret = &s->event;
	return 1;
}

void etl_reader__rewind(struct etl_reader *r)
{
	for (size_t i = 0; i < r->stream_cnt; i++)
		etl_stream__reset(&r->streams[i], &r->all);
	r->all.stats = (struct etl_stats){0};
	r->started = false;
}

void etl_reader__stats(const struct etl_reader *r, struct etl_stats *ret)
{
	*ret = r->all.stats;
	for (size_t i = 0; i < r->file_cnt; i++) {
		ret->bad_buffer_cnt += r->files[i].bad_buffer_cnt;
		ret->cut_cnt += r->files[i].cut;
		ret->cut_bytes += r->files[i].cut_bytes;
	}
}
