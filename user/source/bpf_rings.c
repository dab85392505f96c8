/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_rings.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os_read.h"

#define RINGS_TOTAL_BYTES (16u << 20)
#define RINGS_MIN_BYTES	  (64u << 10)
#define RINGS_MAX_BYTES	  (1u << 20)
#define RINGS_SYS_MAX	  65536

uint32_t rings_default_bytes(uint32_t possible_cpus)
{
	uint32_t want = RINGS_TOTAL_BYTES / (possible_cpus ? possible_cpus : 1);
	uint32_t bytes = RINGS_MIN_BYTES;

	while (bytes < RINGS_MAX_BYTES && bytes * 2 <= want)
		bytes *= 2;
	return bytes;
}

int rings_possible_cpus(void)
{
	return libbpf_num_possible_cpus();
}

static int rings_sample(void *arg, void *data, size_t len)
{
	struct rings *r = arg;

	r->err = r->fn(r->arg, data, len);
	return r->err;
}

static int rings_add(struct rings *r, uint32_t cpu)
{
	int fd, err = 0;

	fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "dwell_ring", 0, 0, r->ring_bytes, NULL);
	if (fd < 0)
		return error_set(
			-errno, "ring buffer of %u bytes for CPU %u: %s: try a smaller --ring-size",
			r->ring_bytes, cpu, strerror(errno));
	if (!r->reader) {
		r->reader = ring_buffer__new(fd, rings_sample, r, NULL);
		if (!r->reader)
			err = -errno;
	} else {
		err = ring_buffer__add(r->reader, fd, rings_sample, r);
	}
	if (!err && bpf_map_update_elem(r->outer_fd, &cpu, &fd, BPF_ANY))
		err = -errno;
	r->fds[cpu] = fd;
	return err;
}

int rings__add_online(struct rings *r)
{
	_cleanup_buf_ struct buf text = {0};
	unsigned long first, last;
	int err;

	err = os_read_file("/sys/devices/system/cpu/online", RINGS_SYS_MAX, &text);
	if (err)
		return err;
	/* "0-3,8,10-11" */
	for (char *p = text.data, *end; p && *p >= '0' && *p <= '9';
	     p = *end == ',' ? end + 1 : NULL) {
		first = last = strtoul(p, &end, 10);
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (; first <= last && first < r->possible_cpus; first++) {
			if (r->fds[first] >= 0)
				continue;
			err = rings_add(r, (uint32_t)first);
			if (err)
				return err;
		}
	}
	return 0;
}

int rings__init(struct rings *r, int outer_fd, uint32_t possible_cpus, uint32_t ring_bytes,
		rings_record_fn fn, void *arg)
{
	*r = (struct rings){.outer_fd = outer_fd,
			    .ring_bytes = ring_bytes,
			    .possible_cpus = possible_cpus,
			    .fn = fn,
			    .arg = arg};
	r->fds = malloc(possible_cpus * sizeof(*r->fds));
	if (!r->fds)
		return -ENOMEM;
	for (uint32_t i = 0; i < possible_cpus; i++)
		r->fds[i] = -1;
	return rings__add_online(r);
}

void rings__fini(struct rings *r)
{
	ring_buffer__free(r->reader);
	for (uint32_t i = 0; r->fds && i < r->possible_cpus; i++)
		if (r->fds[i] >= 0)
			close(r->fds[i]);
	free(r->fds);
	r->fds = NULL;
	r->reader = NULL;
}

int rings__wait(struct rings *r, int timeout_ms)
{
	struct pollfd pfd = {.fd = ring_buffer__epoll_fd(r->reader), .events = POLLIN};

	if (poll(&pfd, 1, timeout_ms) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

int rings__consume(struct rings *r)
{
	int n;

	r->err = 0;
	r->read_bytes = 0;
	n = ring_buffer__consume(r->reader);
	if (r->read_bytes > r->high_bytes)
		r->high_bytes = r->read_bytes;
	if (r->err)
		return r->err;
	return n < 0 ? n : 0;
}

uint64_t rings__high_bytes(struct rings *r)
{
	uint64_t bytes = r->high_bytes;

	r->high_bytes = 0;
	return bytes;
}

uint64_t rings__bytes(const struct rings *r)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < r->possible_cpus; i++)
		bytes += r->fds[i] >= 0 ? r->ring_bytes : 0;
	return bytes;
}
