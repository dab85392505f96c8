/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Event traces of Windows by their names: .etl files, and .etl.zip files that hold one. */
#ifndef TOOLS_ETL_FILES_H
#define TOOLS_ETL_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "format/etl_reader.h"

struct etl_files {
	struct etl_reader *reader; /* owned */
	int fds[ETL_MAX_FILES];
	size_t cnt;
};

/* Is this what a trace is called? */
bool etl_files_is_named(const char *name);
/* 0 or -ENOMEM. */
int etl_files__init(struct etl_files *f);
void etl_files__fini(struct etl_files *f);
/*
 * Adds the file at @path to the reader; what is in a zip file is unpacked to a file without a name. 0, or -errno with
 * error_set("PATH: what is wrong and what helps").
 */
int etl_files__add(struct etl_files *f, const char *path);

#endif
