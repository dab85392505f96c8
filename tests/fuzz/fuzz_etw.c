/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Events of Windows, whatever they say, read twice as a trace is. Each is eight bytes and a payload:
 *   group or provider, opcode or id, version, thread, CPU and pointers' size, time since the one before, payload's length (2)
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "format/etl_names.h"
#include "format/record.h"
#include "model/model.h"
#include "source/etw_pipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define HEAD_BYTES     8
#define FIRST_PROVIDER 200 /* groups beyond are those of etw_guids */

static struct model fuzz_model;

static const uint8_t etw_guids[][ETL_GUID_BYTES] = {
	{0x23, 0x0d, 0x3c, 0xe1, 0xbc, 0xcc, 0x12, 0x4e, 0x93, 0x1b, 0xd9, 0xcc, 0x2e, 0xee, 0x27,
	 0xe4},
	{0x41, 0x77, 0x27, 0x57, 0x38, 0x36, 0x4b, 0x4a, 0xbd, 0xba, 0x0a, 0xc6, 0xe4, 0x5d, 0xa5,
	 0x6c},
	{0xd7, 0x75, 0xe6, 0xb3, 0x54, 0x25, 0x18, 0x4f, 0x83, 0x0b, 0x27, 0x62, 0x73, 0x25, 0x60,
	 0xde},
	{0x91, 0xee, 0x79, 0x9b, 0xfd, 0xb5, 0xc0, 0x41, 0xa2, 0x43, 0x42, 0x48, 0xe2, 0x66, 0xe9,
	 0xd0},
};

struct fuzz {
	struct etw_pipe pipe;
	uint64_t told_cnt; /* waits */
	uint64_t time_ns;  /* of the batch's beginning */
};

/* What is told can be written down, and holds what waits promise. */
static int fuzz_told(void *arg, const struct event *e)
{
	struct fuzz *f = arg;
	struct event again;

	if (record_decode(e->h, e->h->size, &again))
		__builtin_trap();
	if (e->h->kind == WIRE_INTERVAL) {
		const struct wire_interval *iv = e->interval;

		f->told_cnt++;
		if (iv->out_ns > iv->wake_ns || iv->wake_ns > iv->in_ns)
			__builtin_trap();
	}
	if (e->h->kind == WIRE_SUMMARY) {
		const struct wire_summary *s = e->summary;

		if (s->begin_ns > s->end_ns ||
		    s->blocked_ns + s->runnable_ns > s->end_ns - s->begin_ns)
			__builtin_trap();
	}
	return model__apply(&fuzz_model, e, NULL, NULL);
}

static void fuzz_events(struct fuzz *f, const uint8_t *data, size_t len,
			int (*fn)(struct etw_pipe *p, const struct etl_event *raw))
{
	uint64_t time_ns = f->time_ns;

	while (len >= HEAD_BYTES) {
		size_t payload_len = data[6] | (size_t)data[7] << 8;
		struct etl_event e = {.kind = ETL_PERFINFO,
				      .group = data[0],
				      .opcode = data[1],
				      .id = data[1],
				      .version = data[2],
				      .tid = data[3] ? data[3] : ETL_NO_ID,
				      .pid = data[3],
				      .cpu = data[4] & 7,
				      .ptr_bytes = data[4] & 8 ? 4 : 8,
				      .after_loss = data[4] & 16};

		time_ns += (uint64_t)data[5] << (data[5] & 1 ? 24 : 0);
		e.time_ns = time_ns;
		e.ticks = (int64_t)(time_ns >> 4);
		if (data[0] >= FIRST_PROVIDER) {
			e.kind = ETL_EVENT;
			e.guid = etw_guids[data[0] % 4];
		}
		data += HEAD_BYTES;
		len -= HEAD_BYTES;
		e.payload_len = payload_len < len ? payload_len : len;
		e.payload = data;
		data += e.payload_len;
		len -= e.payload_len;
		if (fn(&f->pipe, &e))
			__builtin_trap();
	}
	if (fn == etw_pipe__take)
		f->time_ns = time_ns;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz f = {.told_cnt = 0};
	const struct etw_pipe_about about = {
		.name = "fuzz", .kernel = "Windows", .wide = !len || data[0] & 1};
	uint64_t open_cnt;

	if (model__init(&fuzz_model))
		return 0;
	if (etw_pipe__init(&f.pipe, &about))
		__builtin_trap();
	etw_pipe__to(&f.pipe, fuzz_told, &f);
	/* In two batches, as of a live session. */
	for (int i = 0; i < 2; i++) {
		const uint8_t *from = i ? data + len / 2 : data;
		size_t part = i ? len - len / 2 : len / 2;

		fuzz_events(&f, from, part, etw_pipe__learn);
		if (etw_pipe__learned(&f.pipe))
			__builtin_trap();
		if (!i && etw_pipe__begin(&f.pipe, &about, 0))
			__builtin_trap();
		fuzz_events(&f, from, part, etw_pipe__take);
		if (etw_pipe__round(&f.pipe, 0, 0))
			__builtin_trap();
	}
	if (etw_pipe__finish(&f.pipe) || etw_pipe__round(&f.pipe, 0, 0))
		__builtin_trap();
	/* Each comes out once. */
	open_cnt = f.told_cnt - f.pipe.waits.counts.wait_cnt;
	if (f.told_cnt < f.pipe.waits.counts.wait_cnt || open_cnt > f.pipe.waits.thread_cnt)
		__builtin_trap();
	etw_pipe__fini(&f.pipe);
	model__fini(&fuzz_model);
	return 0;
}
