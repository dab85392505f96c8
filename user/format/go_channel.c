/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/go_channel.h"

#include <string.h>

/* src/runtime/runtime2.go: sudog.g; chan.go: of hchan. The same in all versions. */
#define SUDOG_G	      0
#define SUDOG_BYTES   104
#define HCHAN_LEN     0
#define HCHAN_CAP     8
#define HCHAN_CLOSED  28
#define HCHAN_BYTES   96
#define HCHAN_MAX_CAP (1ull << 40)
#define WAITQ_LAST    8

static uint64_t get_u64(const uint8_t *bytes, size_t offset)
{
	uint64_t v;

	memcpy(&v, bytes + offset, sizeof(v));
	return v;
}

/* One end of a channel: nobody, this one only, or others, too. */
struct go_queue {
	uint64_t first, last;
};

static struct go_queue go_queue_at(const uint8_t *hchan, size_t offset)
{
	return (struct go_queue){get_u64(hchan, offset), get_u64(hchan, offset + WAITQ_LAST)};
}

static bool go_queue_is_sane(struct go_queue q)
{
	return !q.first == !q.last && !((q.first | q.last) & 7);
}

static bool go_queue_ends_with(struct go_queue q, uint64_t sudog)
{
	return q.first == sudog || q.last == sudog;
}

/*
 * Where both ends have somebody, as when one select sends and receives, the one at whose head or tail it stands; in between it
 * isn't told.
 */
static enum go_side go_channel_side(struct go_queue senders, struct go_queue receivers,
				    uint64_t sudog)
{
	if (!receivers.first)
		return GO_SIDE_SEND;
	if (!senders.first)
		return GO_SIDE_RECEIVE;
	if (go_queue_ends_with(senders, sudog))
		return GO_SIDE_SEND;
	return go_queue_ends_with(receivers, sudog) ? GO_SIDE_RECEIVE : GO_SIDE_UNKNOWN;
}

static bool go_channel_decode(const struct go_channel_layout *l, uint64_t sudog,
			      const uint8_t hchan[HCHAN_BYTES], struct go_channel *ret)
{
	struct go_queue senders = go_queue_at(hchan, l->sendq);
	struct go_queue receivers = go_queue_at(hchan, l->recvq);
	struct go_queue own, other;
	uint32_t closed;

	memcpy(&closed, hchan + HCHAN_CLOSED, sizeof(closed));
	ret->len = get_u64(hchan, HCHAN_LEN);
	ret->cap = get_u64(hchan, HCHAN_CAP);
	if (ret->len > ret->cap || ret->cap > HCHAN_MAX_CAP || closed > 1)
		return false;
	if (!go_queue_is_sane(senders) || !go_queue_is_sane(receivers) ||
	    (!senders.first && !receivers.first))
		return false;
	ret->closed = closed;
	ret->is_timer = l->timer && get_u64(hchan, l->timer);
	ret->side = go_channel_side(senders, receivers, sudog);
	own = ret->side == GO_SIDE_RECEIVE ? receivers : senders;
	other = ret->side == GO_SIDE_RECEIVE ? senders : receivers;
	ret->is_met = ret->side != GO_SIDE_UNKNOWN && other.first;
	ret->is_alone = own.first == sudog && own.last == sudog && !other.first;
	return true;
}

/* One wait of @g, and *@ret_next, the one behind it. */
static bool go_channel_read(const struct go_channel_layout *l, const struct go_memory *m,
			    const struct goroutine *g, uint64_t sudog, struct go_channel *ret,
			    uint64_t *ret_next)
{
	uint8_t wait[SUDOG_BYTES], hchan[HCHAN_BYTES];

	if (sudog & 7 || !go_memory__read(m, sudog, wait, l->sudog_channel + 8u) ||
	    get_u64(wait, SUDOG_G) != g->addr)
		return false;
	*ret_next = get_u64(wait, l->sudog_next);
	ret->addr = get_u64(wait, l->sudog_channel);
	if (ret->addr & 7)
		return false;
	return go_memory__read(m, ret->addr, hchan, l->sendq + WAITQ_LAST + 8u) &&
	       go_channel_decode(l, sudog, hchan, ret);
}

/* Has it waited all the time, for the same? */
static bool go_channel_still(const struct go_runtime *r, const struct goroutine *g)
{
	uint8_t bytes[GO_G_BYTES];
	struct goroutine now;
	bool damaged;

	return go_memory__read(r->code.memory, g->addr, bytes, sizeof(bytes)) &&
	       goroutine_decode(&r->layout, g->addr, bytes, &now, &damaged) &&
	       goroutine__is_unchanged(g, &now) && now.waiting == g->waiting;
}

bool go_channels__read(struct go_channels *ret, const struct go_runtime *r,
		       const struct goroutine *g)
{
	struct go_channel_layout l;
	uint64_t sudog = g->waiting;

	ret->cnt = 0;
	if (!go_channel_layout_of(r->minor, &l))
		return false;
	while (sudog && ret->cnt < GO_CHANNELS_MAX) {
		if (!go_channel_read(&l, r->code.memory, g, sudog, &ret->items[ret->cnt], &sudog))
			return false;
		ret->cnt++;
	}
	ret->is_cut = sudog != 0;
	return ret->cnt && go_channel_still(r, g);
}
