/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Channels in words that people know who write Go. */
#include "output/goroutines_leaks.h"

#define CASES_MAX 4 /* of a select that are told apart */

static void put_u64(struct buf *to, uint64_t v)
{
	buf__printf(to, "%llu", (unsigned long long)v);
}

/* "an unbuffered channel", "a full channel (capacity 16)" */
static void put_kind(struct buf *to, const struct go_channel *c)
{
	const char *state = "a";

	if (!c->cap) {
		buf__puts(to, "an unbuffered channel");
		return;
	}
	if (c->side == GO_SIDE_SEND && c->len == c->cap)
		state = "a full";
	else if (c->side == GO_SIDE_RECEIVE && !c->len)
		state = "an empty";
	buf__printf(to, "%s channel (capacity %llu)", state, (unsigned long long)c->cap);
}

static void put_channel(struct buf *to, const struct go_channel *c)
{
	if (c->side == GO_SIDE_RECEIVE && c->is_timer) {
		buf__puts(to, "a receive from a timer's channel");
		return;
	}
	buf__puts(to, c->side == GO_SIDE_SEND	   ? "a send to "
		      : c->side == GO_SIDE_RECEIVE ? "a receive from "
						   : "a send to or a receive from ");
	put_kind(to, c);
	if (c->closed)
		buf__puts(to, " that is closed");
	else if (c->side == GO_SIDE_SEND && !c->is_met)
		buf__puts(to, " that nobody receives from");
	else if (c->side == GO_SIDE_RECEIVE && !c->is_met)
		buf__puts(to, " that nobody sends to");
}

static void put_select(struct buf *to, const struct go_channels *c)
{
	size_t shown = c->cnt < CASES_MAX ? c->cnt : CASES_MAX;

	buf__puts(to, "a select with ");
	put_u64(to, c->cnt);
	buf__puts(to, c->is_cut ? " or more cases: " : c->cnt == 1 ? " case: " : " cases: ");
	for (size_t i = 0; i < shown; i++) {
		buf__puts(to, i ? ", " : "");
		put_channel(to, &c->items[i]);
	}
	if (shown < c->cnt || c->is_cut)
		buf__puts(to, ", ...");
}

/* Do they share channels? What is alone at its channel hangs on one other piece of code, which is gone or stuck. */
static void put_sharing(struct buf *to, const struct go_channel_facts *f, bool is_select)
{
	if (f->looked_cnt == 1) {
		buf__puts(to, f->alone_cnt ? "; no other goroutine waits there"
					   : "; other goroutines wait there, too");
		return;
	}
	buf__puts(to, "; ");
	if (!is_select && f->channel_cnt == f->looked_cnt && f->alone_cnt == f->looked_cnt) {
		put_u64(to, f->channel_cnt);
		buf__puts(to, " such channels, each with one goroutine alone");
		return;
	}
	put_u64(to, f->channel_cnt);
	buf__puts(to, f->channel_cnt == 1 ? " channel for " : " channels for ");
	put_u64(to, f->looked_cnt);
	buf__puts(to, " goroutines");
	if (f->alone_cnt == f->looked_cnt)
		buf__puts(to, ", none of which shares one with another");
	else if (f->alone_cnt)
		buf__printf(to, ", %llu of which share none", (unsigned long long)f->alone_cnt);
}

void go_channel_facts__text(const struct go_channel_facts *f, const struct go_leak *leak,
			    struct buf *to)
{
	bool is_select = leak->reason == GO_REASON_SELECT;

	if (!f->looked_cnt)
		return;
	if (is_select)
		put_select(to, &f->example);
	else
		put_channel(to, &f->example.items[0]);
	put_sharing(to, f, is_select);
	if (f->alike_cnt != f->looked_cnt)
		buf__printf(to, "; so %llu of them, others differ",
			    (unsigned long long)f->alike_cnt);
	if (f->untold_cnt)
		buf__printf(to, "; of %llu more it can't be told",
			    (unsigned long long)f->untold_cnt);
	if (f->beyond_cnt)
		buf__printf(to, "; %llu more were not looked at",
			    (unsigned long long)f->beyond_cnt);
}

const struct goroutine *go_leak__parent(const struct go_leak *leak, const struct go_look *look)
{
	for (size_t i = 0; leak->example.parent_goid && i < look->all->cnt; i++)
		if (look->all->items[i].goid == leak->example.parent_goid)
			return &look->all->items[i];
	return NULL;
}
