/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a program has said of its goroutines: the labels of runtime/pprof.Do() and SetGoroutineLabels(), which children inherit. Each
 * distinct set once, by number.
 *
 *   go_labels__new -> { goroutines__read, go_labels__read, go_labels__number, go_labels__get } ... -> go_labels__free
 *
 * A set is believed only if a goroutine still had it after it was read; it is read once a look, however many goroutines have it. Of a set at
 * most GO_LABELS_MAX labels are kept, of a key or value GO_LABEL_MAX_BYTES, up to its first NUL.
 */
#ifndef FORMAT_GO_LABELS_H
#define FORMAT_GO_LABELS_H

#include "format/go_label_read.h"
#include "format/goroutine.h"

#define GO_LABELS_NONE	    UINT32_MAX
#define GO_LABELS_MAX_BYTES (64u << 20) /* of all sets; goroutines with others have none */

struct go_labels;

struct go_label {
	const char *key, *value;
};

/* A set. Valid until go_labels__forget(). */
struct go_label_view {
	const struct go_label *items; /* by key */
	uint32_t cnt;
	bool is_whole; /* nothing was cut */
};

/* NULL + errno. */
struct go_labels *go_labels__new(void);
void go_labels__free(struct go_labels *l);
/*
 * Reads the sets of all goroutines of @g, after their stacks; those whose labels can't be read are counted in g->counts.unlabelled. 0 or
 * -ENOMEM.
 */
int go_labels__read(struct go_labels *l, const struct go_runtime *r, struct goroutines *g);
/* The number of the set that @g of the last look had; equal sets have one number, in all looks. GO_LABELS_NONE: no labels. */
uint32_t go_labels__number(const struct go_labels *l, const struct goroutine *g);
/* No labels for GO_LABELS_NONE. */
struct go_label_view go_labels__get(const struct go_labels *l, uint32_t number);
/* The value of @key; NULL: there is none. */
const char *go_label_view__value(const struct go_label_view *v, const char *key);
/* More than half of the memory is taken: forget all of them before the next look. */
bool go_labels__is_full(const struct go_labels *l);
/* All numbers become void. */
void go_labels__forget(struct go_labels *l);

#endif
