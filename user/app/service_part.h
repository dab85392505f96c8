/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the files of the service share. */
#ifndef APP_SERVICE_PART_H
#define APP_SERVICE_PART_H

#include "app/service.h"

/* ---- service_counts.c ---- */

/* By s->opts. 0 or -errno; service_fini_counts() is right in both cases. */
int service_init_counts(struct service *s);
void service_fini_counts(struct service *s);
/* Takes closed intervals, spills and rounds. 0 or -errno. */
int service_count(struct service *s, const struct event *e);
/* And what is open at a cut. */
void service_count_open(struct service *s, const struct event *e);
/* All counters as of now. NULL: no memory. */
struct service_counts *service_copy_counts(struct service *s);

/* ---- service_sweep.c ---- */

/* DWELL_SWEEP=always and =never in the environment: for tests. */
void service_init_sweep(struct service *s);
/* Before a cut, and after it has settled. 0 or -errno. */
void service_sweep_before_cut(struct service *s);
int service_sweep_after_cut(struct service *s);
/* Does it need one more cut? */
bool service_sweep_wants_cut(const struct service *s);

#endif
