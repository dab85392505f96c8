/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "load_input.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "source/etw_source.h"
#include "source/recording.h"

bool load_is_trace(const char *path)
{
	static const char packed[] = ".etl.zip";
	size_t len = strlen(path);

	return etl_files_is_named(path) ||
	       (len >= sizeof(packed) && !strcasecmp(path + len - sizeof(packed) + 1, packed));
}

int load_input__open_recording(struct load_input *in, FILE *file, const char *path)
{
	*in = (struct load_input){.source = recording_source_new(file, path)};
	return in->source ? 0 : -errno;
}

/* Adds what belongs to the first one. */
static int load_input_add_others(struct load_input *in, char *const *paths, int path_cnt,
				 bool *taken)
{
	for (int i = 1; i < path_cnt; i++) {
		int err;

		if (taken[i] || !load_is_trace(paths[i]))
			continue;
		err = etl_files__add(&in->traces, paths[i]);
		/* Of another run, or one too many: it is a trace for itself. */
		if (err == -EINVAL || err == -E2BIG)
			continue;
		if (err)
			return err;
		taken[i] = true;
	}
	return 0;
}

int load_input__open_traces(struct load_input *in, char *const *paths, int path_cnt, bool *taken)
{
	int err;

	*in = (struct load_input){.source = NULL};
	err = etl_files__init(&in->traces);
	if (!err)
		err = etl_files__add(&in->traces, paths[0]);
	if (!err && taken) {
		taken[0] = true;
		err = load_input_add_others(in, paths, path_cnt, taken);
	}
	if (err)
		return err;
	in->source = etw_source_new(in->traces.reader, paths[0]);
	return in->source ? 0 : -errno;
}

void load_input__close(struct load_input *in)
{
	source__close(in->source);
	etl_files__fini(&in->traces);
	*in = (struct load_input){.source = NULL};
}
