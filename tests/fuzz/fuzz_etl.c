/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* An event trace, alone and as two files of one session. */
#include <stddef.h>
#include <stdint.h>

#include "format/etl_reader.h"
#include "format/etl_summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static volatile uint8_t fuzz_sink;

/* Every byte that is told of can be read. */
static void fuzz_touch(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fuzz_sink ^= data[i];
}

static void fuzz_check(const struct etl_event *e)
{
	struct cursor c = etl_event__items(e);
	struct etl_item item;

	fuzz_touch(e->payload, e->payload_len);
	if (e->guid)
		fuzz_touch(e->guid, ETL_GUID_BYTES);
	if (e->activity)
		fuzz_touch(e->activity, ETL_GUID_BYTES);
	while (etl_item__next(&c, &item))
		fuzz_touch(item.data, item.len);
	/* Only whole items were taken. */
	if (c.err || c.pos != c.end || e->cpu >= ETL_MAX_CPUS || !etl_event__header_name(e))
		__builtin_trap();
}

static uint64_t fuzz_read(struct etl_reader *r)
{
	const struct etl_event *e;
	struct etl_summary *summary = etl_summary__new();
	uint64_t last_ns = 0, cnt = 0, told = 0;
	struct etl_stats stats;

	if (!summary)
		__builtin_trap();
	for (; etl_reader__next(r, &e) > 0; cnt++) {
		if (e->time_ns < last_ns)
			__builtin_trap();
		last_ns = e->time_ns;
		fuzz_check(e);
		if (etl_summary__add(summary, e))
			__builtin_trap();
	}
	if (etl_summary__finish(summary))
		__builtin_trap();
	for (size_t i = 0; i < summary->provider_cnt; i++)
		told += summary->providers[i].cnt;
	/* Each event is somebody's. */
	if (summary->event_cnt != cnt || told + summary->other_cnt != cnt)
		__builtin_trap();
	etl_summary__free(summary);
	etl_reader__stats(r, &stats);
	if (stats.event_cnt != cnt || stats.buffer_cnt != etl_reader__buffers(r)->cnt)
		__builtin_trap();
	return cnt;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct file_input in;

	file_input__open_memory(&in, data, len);
	for (uint64_t files = 1, once = 0, cnt; files < 3; files++) {
		struct etl_reader *r = etl_reader__new();

		for (uint64_t i = 0; r && i < files; i++)
			if (etl_reader__add(r, &in)) {
				etl_reader__free(r);
				return 0;
			}
		cnt = fuzz_read(r);
		etl_reader__rewind(r);
		if (fuzz_read(r) != cnt || (files == 2 && cnt != 2 * once))
			__builtin_trap();
		once = cnt;
		etl_reader__free(r);
	}
	return 0;
}
