/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/etl_header.h"

#include <errno.h>

#include "format/utf16.h"

#define ETL_TIME_ZONE_BYTES 172
#define ETL_FILETIME_FREQ   10000000u
#define ETL_MAX_FREQ	    10000000000ull	  /* so that a second's ticks in nanoseconds fit */
#define ETL_USUAL_FREQ	    10000000ull		  /* of QPC since Windows 10 */
#define ETL_UNIX_EPOCH	    116444736000000000ull /* 1970, as a FILETIME */
#define NS_PER_SECOND	    1000000000ull

/* How fast the clock is; 0: nobody knows. */
static uint64_t etl_frequency(const struct etl_header *h, uint64_t counter_freq)
{
	switch (h->clock) {
	case ETL_CLOCK_SYSTEM:
		return ETL_FILETIME_FREQ;
	case ETL_CLOCK_CPU:
		return h->cpu_mhz * 1000000ull;
	default:
		return counter_freq;
	}
}

/* uint32 start buffers is skipped before it; pointers are as wide as ptr_bytes says, and aligned. */
static void etl_parse_times(struct cursor *c, struct etl_header *h)
{
	uint64_t counter_freq;
	uint32_t clock;

	cursor__skip(c, 2 * (size_t)h->ptr_bytes); /* addresses of names */
	h->bias_min = (int32_t)cursor__u32(c);
	cursor__skip(c, ETL_TIME_ZONE_BYTES - 4);
	cursor__skip(c, -cursor__offset(c) & 7);
	h->boot_time = cursor__u64(c);
	counter_freq = cursor__u64(c);
	h->start_time = cursor__u64(c);
	clock = cursor__u32(c);
	h->buffers_lost = cursor__u32(c);
	h->clock = clock == ETL_CLOCK_SYSTEM || clock == ETL_CLOCK_CPU ? (enum etl_clock)clock
								       : ETL_CLOCK_QPC;
	h->freq = etl_frequency(h, counter_freq);
}

static void etl_parse_names(struct cursor *c, struct etl_header *h)
{
	size_t used = utf16_to_utf8(c->pos, cursor__left(c), h->session, sizeof(h->session));

	cursor__skip(c, used);
	utf16_to_utf8(c->pos, cursor__left(c), h->file, sizeof(h->file));
}

int etl_header_parse(const struct etl_event *e, struct etl_header *ret)
{
	struct cursor c = cursor_over(e->payload, e->payload_len);
	struct etl_header h = {.start_ticks = e->ticks};
	uint32_t ptr_bytes;

	if (e->kind != ETL_SYSTEM || e->group || e->opcode)
		return -EBADMSG;
	h.buffer_bytes = cursor__u32(&c);
	h.os_major = cursor__u8(&c);
	h.os_minor = cursor__u8(&c);
	cursor__skip(&c, 2);
	h.os_build = cursor__u32(&c);
	h.cpu_cnt = cursor__u32(&c);
	h.end_time = cursor__u64(&c);
	cursor__skip(&c, 4); /* the timer's resolution */
	h.max_file_mb = cursor__u32(&c);
	h.mode = cursor__u32(&c);
	h.buffers_written = cursor__u32(&c);
	cursor__skip(&c, 4);
	ptr_bytes = cursor__u32(&c);
	h.events_lost = cursor__u32(&c);
	h.cpu_mhz = cursor__u32(&c);
	h.ptr_bytes = ptr_bytes == 4 || ptr_bytes == 8 ? (uint8_t)ptr_bytes : e->ptr_bytes;
	etl_parse_times(&c, &h);
	if (c.err || !h.freq || h.freq > ETL_MAX_FREQ)
		return -EBADMSG;
	etl_parse_names(&c, &h);
	*ret = h;
	return 0;
}

uint64_t etl_header__ns(const struct etl_header *h, uint64_t ticks)
{
	uint64_t ns;

	/* This is done for every event: without a division that takes 128 bits, and mostly without any. */
	if (h->freq == ETL_USUAL_FREQ)
		return __builtin_mul_overflow(ticks, NS_PER_SECOND / ETL_USUAL_FREQ, &ns)
			       ? UINT64_MAX
			       : ns;
	if (__builtin_mul_overflow(ticks / h->freq, NS_PER_SECOND, &ns) ||
	    __builtin_add_overflow(ns, ticks % h->freq * NS_PER_SECOND / h->freq, &ns))
		return UINT64_MAX;
	return ns;
}

uint64_t etl_unix_ns(uint64_t filetime)
{
	uint64_t ns;

	if (filetime < ETL_UNIX_EPOCH ||
	    __builtin_mul_overflow(filetime - ETL_UNIX_EPOCH, 100, &ns))
		return 0;
	return ns;
}

const char *etl_clock_name(enum etl_clock clock)
{
	switch (clock) {
	case ETL_CLOCK_SYSTEM:
		return "system time";
	case ETL_CLOCK_CPU:
		return "CPU cycles";
	default:
		return "QPC";
	}
}
