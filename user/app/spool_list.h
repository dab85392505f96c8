/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The segments in a directory of the spool, in order, and what the directories and files beside them are called. */
#ifndef APP_SPOOL_LIST_H
#define APP_SPOOL_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "app/spool_name.h"

#define SPOOL_SEQ_FILE	  "seq"
#define SPOOL_STATE_FILE  "state"
#define SPOOL_STATUS_FILE "status"
#define SPOOL_DIR_MODE	  02770
#define SPOOL_FILE_MODE	  0640

/* Where segments go that are not to be sent any more, in the order in which they are dropped. */
enum spool_aside {
	SPOOL_SENT,
	SPOOL_CORRUPT,
	SPOOL_REJECTED,
	SPOOL_ASIDE_CNT,
};
const char *spool_aside_name(enum spool_aside aside);

struct spool_item {
	struct spool_name name;
	uint64_t bytes;
};

struct spool_list {
	struct spool_item *items; /* by seq */
	size_t cnt, cap;
	uint64_t bytes;
};

/* Looks into an open directory. 0 or -errno; spool_list__fini() is right in both cases. */
int spool_list__load(struct spool_list *l, int dir_fd);
/* Accepts a zeroed list. */
void spool_list__fini(struct spool_list *l);

#endif
