/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * read_trace FILE: reads all events of a trace of Windows and does nothing with them.
 *
 *   events TAB bytes of buffers, unpacked TAB ns of CPU time
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "format/etl_reader.h"

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t unpacked_bytes(const struct etl_reader *r)
{
	const struct etl_buffer_list *buffers = etl_reader__buffers(r);
	uint64_t bytes = 0;

	for (size_t i = 0; i < buffers->cnt; i++)
		bytes += buffers->all[i].end;
	return bytes;
}

static int read_all(struct etl_reader *r, const char *path)
{
	uint64_t begin_ns = cpu_ns();
	const struct etl_event *e;
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;
	struct file_input in;
	struct etl_stats stats;

	if (fd < 0) {
		perror(path);
		return -1;
	}
	ret = file_input__open_fd(&in, fd);
	if (!ret)
		ret = etl_reader__add(r, &in);
	while (!ret && (ret = etl_reader__next(r, &e)) > 0)
		ret = 0;
	etl_reader__stats(r, &stats);
	if (ret || stats.unknown_cnt || stats.bad_buffer_cnt || stats.backward_cnt) {
		fprintf(stderr, "%s: %s\n", path, ret ? error_text(ret) : "is damaged");
		return -1;
	}
	printf("%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", stats.event_cnt, unpacked_bytes(r),
	       cpu_ns() - begin_ns);
	return 0;
}

int main(int argc, char **argv)
{
	struct etl_reader *r = etl_reader__new();
	int ret = -1;

	if (argc != 2)
		fprintf(stderr, "usage: read_trace FILE\n");
	else if (r)
		ret = read_all(r, argv[1]);
	etl_reader__free(r);
	return ret ? 1 : 0;
}
