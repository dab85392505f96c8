/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_spill.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static int spill_install(struct spill *s, int which)
{
	uint32_t zero = 0;

	if (bpf_map_update_elem(s->outer_fd, &zero, &s->fds[which], BPF_ANY))
		return -errno;
	s->active = which;
	return 0;
}

static int spill_init(struct spill *s, const char *name, int outer_fd, size_t key_size,
		      size_t value_size, uint32_t rows, uint32_t possible_cpus)
{
	enum bpf_map_type type = possible_cpus ? BPF_MAP_TYPE_PERCPU_HASH : BPF_MAP_TYPE_HASH;
	int err;

	*s = (struct spill){.outer_fd = outer_fd,
			    .fds = {-1, -1},
			    .active = -1,
			    .key_size = key_size,
			    .value_size = value_size};
	s->row = malloc(key_size + value_size * (possible_cpus ? possible_cpus : 1));
	if (!s->row)
		return -ENOMEM;
	for (int i = 0; i < 2; i++) {
		s->fds[i] = bpf_map_create(type, name, (uint32_t)key_size, (uint32_t)value_size,
					   rows, NULL);
		if (s->fds[i] < 0) {
			err = -errno;
			spill__fini(s);
			return error_set(err, "spill map of %u rows: %s", rows, strerror(-err));
		}
	}
	err = spill_install(s, 0);
	if (err)
		spill__fini(s);
	return err;
}

int spill__init(struct spill *s, const char *name, int outer_fd, size_t key_size, size_t value_size,
		uint32_t rows)
{
	return spill_init(s, name, outer_fd, key_size, value_size, rows, 0);
}

int spill__init_percpu(struct spill *s, const char *name, int outer_fd, size_t key_size,
		       size_t value_size, uint32_t rows, uint32_t possible_cpus)
{
	return spill_init(s, name, outer_fd, key_size, value_size, rows, possible_cpus);
}

void spill__fini(struct spill *s)
{
	for (int i = 0; i < 2; i++)
		if (s->row && s->fds[i] >= 0)
			close(s->fds[i]);
	free(s->row);
	s->row = NULL;
}

int spill__drain(struct spill *s, spill_row_fn fn, void *arg)
{
	int old = s->active, err;
	char *key = s->row, *value = s->row + s->key_size;

	err = spill_install(s, !old);
	while (!err && !bpf_map_get_next_key(s->fds[old], NULL, key)) {
		if (bpf_map_lookup_elem(s->fds[old], key, value))
			return -errno;
		err = fn(arg, key, value);
		if (!err && bpf_map_delete_elem(s->fds[old], key))
			err = -errno;
	}
	return err;
}
