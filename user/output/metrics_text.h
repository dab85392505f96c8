/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Everything that /metrics shows, as of one moment, and its text. The collector fills a snapshot and lets go of it; who
 * writes it needs nothing else.
 *
 *   metrics_snapshot__new -> fill in (metrics__copy() to counts) -> metrics_write or metrics_write_file, any number of times
 *     -> metrics_snapshot__free
 *
 * What is left at 0 is shown as 0. Families of parts that are not in use are left out: those of calls, groups, wakers, outputs
 * and targets, and lists that are empty.
 */
#ifndef OUTPUT_METRICS_TEXT_H
#define OUTPUT_METRICS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/call_metrics.h"
#include "analyze/metrics.h"
#include "base/buf.h"
#include "output/exposition.h"
#include "symbol/symbolizer.h"

#define METRICS_NAME_LEN     64
#define METRICS_MAX_PROGRAMS 64
#define METRICS_MAX_MAPS     64
#define METRICS_MAX_PROBES   64
#define METRICS_MAX_TARGETS  4
#define METRICS_MAX_OUTPUTS  8
#define METRICS_MAX_CAUSES   12
#define METRICS_MAX_BYTES    (16 << 20) /* a text never gets larger: 1,000 groups take 3 MiB */

struct metrics_program {
	char name[METRICS_NAME_LEN];
	uint64_t run_cnt, run_ns;
};

struct metrics_map {
	char name[METRICS_NAME_LEN];
	uint64_t entry_cnt, max_entries;
};

struct metrics_probe {
	char name[METRICS_NAME_LEN];
	bool attached;
};

/* A place that is written to: "folded", "textfile", a spool. */
struct metrics_output {
	char name[METRICS_NAME_LEN];
	bool failing;
	uint64_t failure_cnt;
};

/* Counted by cause: list all causes, also at 0. */
struct metrics_cause {
	char name[METRICS_NAME_LEN];
	uint64_t cnt;
};

/* A receiver: what waits for it, and what its sender says of itself. */
struct metrics_target {
	char name[METRICS_NAME_LEN];
	uint64_t bytes, segment_cnt;
	uint64_t oldest_ns; /* CLOCK_REALTIME; 0: nothing waits */
	struct metrics_cause dropped[METRICS_MAX_CAUSES];
	size_t dropped_cnt;
	/* Of the sender's status. */
	bool has_status; /* false: no sender has been here yet */
	uint64_t request_cnt, sent_cnt;
	struct metrics_cause failures[METRICS_MAX_CAUSES];
	size_t failure_cnt;
	uint64_t last_success_ns; /* CLOCK_REALTIME; 0: never */
};

struct metrics_writer;

/* Families that not every system has, written by whoever knows them. */
struct metrics_part {
	void (*write)(struct metrics_writer *w, const void *arg); /* NULL: there is no such part */
	void (*free)(void *arg);
	void *arg; /* owned */
};

struct metrics_snapshot {
	struct metrics counts;	    /* metrics__copy() */
	struct call_metrics *calls; /* owned; NULL: system calls are not counted */
	struct metrics_part go;	    /* Go programs */
	bool wakers;		    /* whether who ended waits was noted */
	/* As of the last cut. */
	uint64_t blocked_cnt[REASON_CNT];
	uint64_t longest_block_ns;
	/* How it is read. */
	uint64_t ring_used_bytes, ring_size_bytes;
	uint64_t last_event_ns; /* CLOCK_REALTIME; 0: none yet */
	struct symbolizer_counts symbols;
	/* The program. */
	char version[METRICS_NAME_LEN], revision[METRICS_NAME_LEN], kernel[METRICS_NAME_LEN],
		libbpf[METRICS_NAME_LEN];
	struct metrics_program programs[METRICS_MAX_PROGRAMS];
	size_t program_cnt;
	struct metrics_map maps[METRICS_MAX_MAPS];
	size_t map_cnt;
	struct metrics_probe probes[METRICS_MAX_PROBES];
	size_t probe_cnt;
	uint64_t min_interval_ns; /* the one that --max-cpu set */
	uint32_t throttle_level;
	bool has_config; /* a file was read at start */
	bool reload_ok;
	uint64_t reload_ns;		      /* CLOCK_REALTIME, of the last success */
	uint64_t scrape_ns, exposition_bytes; /* of the exposition before; 0: none yet */
	uint64_t cpu_ns, rss_bytes, open_fds;
	uint64_t start_ns; /* CLOCK_REALTIME */
	/* What is written and sent. */
	struct metrics_output outputs[METRICS_MAX_OUTPUTS];
	size_t output_cnt;
	struct metrics_target targets[METRICS_MAX_TARGETS];
	size_t target_cnt;
};

/* An empty one. NULL: no memory. */
struct metrics_snapshot *metrics_snapshot__new(void);
void metrics_snapshot__free(struct metrics_snapshot *s);
/* Appends the whole text to @to, which should have room for METRICS_MAX_BYTES. 0 or -errno. */
int metrics_write(const struct metrics_snapshot *s, enum exposition_format format, struct buf *to);
/*
 * Writes text 0.0.4 to @path, for node_exporter's textfile collector, all at once or not at all. Without the process_* families:
 * node_exporter has its own by these names, and would refuse the file. 0 or -errno.
 */
int metrics_write_file(const struct metrics_snapshot *s, const char *path);

#endif
