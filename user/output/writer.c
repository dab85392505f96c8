/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/writer.h"

#include <string.h>

const struct writer *const *writers(void)
{
	static const struct writer *const all[] = {
		&html_writer,	      &svg_writer,
		&folded_writer,	      &pprof_writer,
		&speedscope_writer,   &perfview_writer,
		&perfview_xml_writer, &perfetto_writer,
		&ndjson_writer,	      &ndjson_waits_writer,
		&json_writer,	      &table_writer,
		&locks_writer,	      NULL,
	};

	return all;
}

const struct writer *writer_find(const char *name)
{
	for (const struct writer *const *w = writers(); *w; w++)
		if (!strcmp((*w)->name, name))
			return *w;
	return NULL;
}

const struct writer *writer_find_for_path(const char *path)
{
	const struct writer *best = NULL;
	size_t path_len = strlen(path), best_len = 0;

	for (const struct writer *const *w = writers(); *w; w++) {
		size_t len = strlen((*w)->ext);

		if (len > best_len && len <= path_len &&
		    !strcmp(path + path_len - len, (*w)->ext)) {
			best = *w;
			best_len = len;
		}
	}
	return best;
}
