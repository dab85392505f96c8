/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/etl_stream.h"

#include <errno.h>
#include <stdlib.h>

void etl_stream__init(struct etl_stream *s, const struct etl_file *file,
		      const struct etl_buffer *first, const struct etl_buffer *end)
{
	*s = (struct etl_stream){.file = file, .first = first, .next = first, .end = end};
}

static void etl_stream__free_data(struct etl_stream *s, struct etl_streams *all)
{
	free(s->data);
	all->memory_bytes -= s->cap;
	s->data = NULL;
	s->cap = s->pos = s->len = 0;
}

void etl_stream__reset(struct etl_stream *s, struct etl_streams *all)
{
	etl_stream__free_data(s, all);
	s->next = s->first;
	s->last = 0;
	s->lossy = false;
}

/* Room for @bytes; what was there is lost. 0, -ENOMEM, -E2BIG: all streams together would have too much. */
static int etl_stream__make_room(struct etl_stream *s, struct etl_streams *all, size_t bytes)
{
	if (bytes <= s->cap)
		return 0;
	etl_stream__free_data(s, all);
	if (bytes > ETL_MAX_MEMORY_BYTES - all->memory_bytes)
		return -E2BIG;
	s->data = malloc(bytes);
	if (!s->data)
		return -ENOMEM;
	s->cap = bytes;
	all->memory_bytes += bytes;
	return 0;
}

/* Reads the next buffer. 1, 0: there is none, -errno. */
static int etl_stream__load(struct etl_stream *s, struct etl_streams *all)
{
	const struct etl_buffer *b = s->next;
	int err;

	if (b == s->end) {
		etl_stream__free_data(s, all);
		return 0;
	}
	s->next++;
	all->stats.buffer_cnt++;
	if (b->flags & (ETL_BUFFER_EVENTS_LOST | ETL_BUFFER_BUFFER_LOST)) {
		all->stats.lossy_buffer_cnt++;
		s->lossy = true;
	}
	err = etl_stream__make_room(s, all, b->end);
	s->pos = s->len = ETL_BUFFER_HEADER_BYTES;
	if (!err)
		err = etl_file__read(s->file, b, s->data, &s->len);
	if (err == -EBADMSG || err == -ENODATA || err == -E2BIG) {
		all->stats.bad_buffer_cnt++;
		s->lossy = true;
		err = 0;
	}
	return err ? err : 1;
}

/* Ticks since the trace's start that never go back. */
static void etl_stream__date(struct etl_stream *s, struct etl_streams *all)
{
	const struct etl_event *e = &s->event;
	/* As unsigned numbers, which may be any. */
	uint64_t ticks = (uint64_t)e->ticks - (uint64_t)all->start_ticks;

	if (!e->has_time)
		return;
	if (e->ticks < all->start_ticks) {
		all->stats.early_cnt++;
		return;
	}
	if (ticks < s->last || ticks > all->max_ticks) {
		all->stats.backward_cnt++;
		return;
	}
	s->last = ticks;
}

/* The next event of the present buffer; false: there is none. */
static bool etl_stream__next_here(struct etl_stream *s, struct etl_streams *all)
{
	size_t size = 0;

	while (s->pos < s->len) {
		switch (etl_event_parse(s->data + s->pos, s->len - s->pos, &s->event, &size)) {
		case ETL_PARSE_EVENT:
			s->pos += size;
			return true;
		case ETL_PARSE_SKIP:
			all->stats.skip_cnt++;
			s->pos += size;
			break;
		case ETL_PARSE_BAD:
			all->stats.unknown_cnt++;
			all->stats.unknown_bytes += s->len - s->pos;
			s->lossy = true;
			return false;
		case ETL_PARSE_END:
			return false;
		}
	}
	return false;
}

int etl_stream__next(struct etl_stream *s, struct etl_streams *all)
{
	int ret = 1;

	while (!etl_stream__next_here(s, all)) {
		ret = etl_stream__load(s, all);
		if (ret <= 0)
			return ret;
	}
	/* The buffer that was read last. */
	s->event.cpu = s->next[-1].cpu;
	s->event.file = s->next[-1].file;
	s->event.after_loss = s->lossy;
	s->lossy = false;
	etl_stream__date(s, all);
	return 1;
}
