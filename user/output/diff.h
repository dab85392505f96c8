/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What became of the stacks of one profile in another: the rows of both folds side by side. The two share one table of
 * strings (model/profile_append.h); the older one is writer_opts.base.
 */
#ifndef OUTPUT_DIFF_H
#define OUTPUT_DIFF_H

#include "base/strtab.h"
#include "output/fold.h"
#include "output/tree.h"
#include "output/writer.h"

struct diff_row {
	uint32_t stack;		  /* string id in diff.stacks */
	uint64_t base_us, now_us; /* base_us is scaled if asked for */
	const struct fold *fold;  /* one that has the row, for its frames */
	const struct fold_row *row;
};

struct diff {
	struct fold base, now;
	struct strtab stacks;  /* the left column of a folded line */
	struct diff_row *rows; /* in the order of their stacks' bytes */
	size_t cnt;
	uint64_t gone_us; /* of base, in stacks that are not there any more */
	bool normalise;
};

/* Compares @now with @opts->base. 0 or -errno; diff__fini() is right in both cases. */
int diff__init(struct diff *d, const struct profile *now, const struct writer_opts *opts);
void diff__fini(struct diff *d);
/* Time of base as it is compared: scaled so that both have the same total, if asked for. */
uint64_t diff__scale(const struct diff *d, uint64_t base_us);
static inline uint64_t diff_distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* "stack BASE NOW", for flamegraph.pl and inferno. 0 or -errno. */
int diff_write_folded(const struct profile *now, const struct writer_opts *opts, FILE *to);
/* The stacks that changed most. 0 or -errno. */
int diff_write_table(const struct profile *now, const struct writer_opts *opts, FILE *to);

/* The same in a call tree, whose nodes are those of the newer profile: what is gone has none, but counts above. */
#define DIFF_LEVELS 5
struct diff_tree {
	uint64_t *base_us; /* by node, with everything below */
	uint64_t max_us;   /* the largest difference of a node that is not the root */
	uint64_t gone_us;
};
/* 0 or -errno; diff_tree__fini() is right in both cases, and for a zeroed one. */
int diff_tree__init(struct diff_tree *d, const struct tree *t, const struct writer_opts *opts);
void diff_tree__fini(struct diff_tree *d);
/* How much a node grew or, below 0, shrank: -DIFF_LEVELS to DIFF_LEVELS; 0: it did not change. */
int diff_tree__level(const struct diff_tree *d, const struct tree *t, uint32_t node);

#endif
