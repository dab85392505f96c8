/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/comments.h"

#include <inttypes.h>

static void add_ns(struct buf *to, const char *what, uint64_t ns)
{
	buf__printf(to, "%s: %" PRIu64 " ns", what, ns);
	buf__putc(to, '\0');
}

static void add_text(struct buf *to, const char *key, const char *value)
{
	buf__printf(to, "%s: %s", key, value);
	buf__putc(to, '\0');
}

static void add_term(struct buf *to, const char *name, struct ledger_term t)
{
	buf__printf(to, "%s: %" PRIu64 " ns in %" PRIu64 " intervals", name, t.ns, t.cnt);
	buf__putc(to, '\0');
}

/* The other counters, such as the causes of cut stacks, where there was something to count. */
static void add_counters(struct buf *to, const struct ledger *l)
{
	static const char *const names[WIRE_COUNTER_CNT] = {
#define X(id, name, help) [WIRE_C_##id] = name,
		WIRE_COUNTERS_LIST(X)
#undef X
	};

	for (int i = WIRE_C_LOST_SPILL_FULL_CNT + 1; i < WIRE_COUNTER_CNT; i++) {
		if (!l->counters[i])
			continue;
		buf__printf(to, "%s: %" PRIu64, names[i], l->counters[i]);
		buf__putc(to, '\0');
	}
}

static void add_ledger(struct buf *to, const struct ledger *l)
{
	add_term(to, "observed", l->observed);
	add_term(to, "delivered", l->delivered);
	add_term(to, "filtered", l->filtered);
	add_term(to, "open", l->open);
	add_term(to, "spilled", l->spilled);
	add_term(to, "lost", ledger__lost(l));
	buf__printf(to, "unaccounted: %" PRId64 " ns", ledger__imbalance_ns(l));
	buf__putc(to, '\0');
	add_counters(to, l);
}

int profile_comments(const struct profile *p, struct buf *to)
{
	add_text(to, "dwell", profile__str(p, p->title));
	for (size_t i = 0; i < p->note_cnt; i++)
		add_text(to, profile__str(p, p->notes[i].key), profile__str(p, p->notes[i].value));
	add_ns(to, "duration", p->window_ns);
	if (p->hidden_ns)
		add_ns(to, profile__hidden_label(p), p->hidden_ns);
	if (p->left_out_ns)
		add_ns(to, "not selected", p->left_out_ns);
	add_ledger(to, &p->ledger);
	return to->err;
}
