/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The waits of goroutines in a moment, as text and as JSON: pure functions of what was seen, without clock or locale. */
#ifndef OUTPUT_GOROUTINES_WAITS_H
#define OUTPUT_GOROUTINES_WAITS_H

#include <stdio.h>

#include "analyze/go_waits.h"

/* Where waits are that are not in rows: a name, and how many. */
struct goroutines_loss {
	const char *key;  /* for JSON */
	const char *text; /* "waits were ..."; NULL: nothing was lost by it */
	uint64_t cnt;
};

struct goroutines_waits_report {
	uint32_t pid;
	const char *comm;
	const struct go_waits *waits; /* sorted */
	uint64_t start_ns, end_ns;    /* CLOCK_MONOTONIC */
	uint64_t hits;		      /* of the probes */
	bool is_over;		      /* it was ended early: there were too many */
	const struct goroutines_loss *losses;
	size_t loss_cnt;
	/* The stack of that number, of who has them. */
	struct go_stack_view (*stack)(const void *ctx, uint32_t number);
	const void *ctx;
	bool runtime;	  /* functions of the runtime are wanted in stacks */
	uint32_t top_cnt; /* rows shown */
	bool color;
};

/* A row for each reason and place of creation; where waits are by stack, a block for each. 0 or -errno, as does the other. */
int goroutines_waits_write_text(const struct goroutines_waits_report *r, FILE *to);
/* One object, and a newline. */
int goroutines_waits_write_json(const struct goroutines_waits_report *r, FILE *to);

#endif
