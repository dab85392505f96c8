/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/go_histogram.h"

#define SUB_BITS  2 /* buckets of a power of two, as a power of two */
#define SUB_CNT	  (1u << SUB_BITS)
#define FIRST_BIT 8 /* 2^8 ns is where they begin to grow */

uint64_t go_histogram_bound_ns(size_t i)
{
	unsigned int power = (unsigned int)(i / SUB_CNT);
	uint64_t sub = i % SUB_CNT;

	if (!power)
		return sub << (FIRST_BIT - SUB_BITS);
	return (SUB_CNT + sub) << (power - 1 + FIRST_BIT - SUB_BITS);
}

size_t go_histogram_bucket(uint64_t ns)
{
	unsigned int bit;
	size_t i;

	if (ns < 1u << FIRST_BIT)
		return (size_t)(ns >> (FIRST_BIT - SUB_BITS));
	bit = 63 - (unsigned int)__builtin_clzll(ns);
	i = (size_t)(bit - FIRST_BIT + 1) * SUB_CNT + (size_t)(ns >> (bit - SUB_BITS)) % SUB_CNT;
	return i < GO_HISTOGRAM_CNT ? i : GO_HISTOGRAM_CNT;
}

uint64_t go_histogram__total(const struct go_histogram *h)
{
	uint64_t total = h->underflow + h->overflow;

	for (size_t i = 0; i < GO_HISTOGRAM_CNT; i++)
		total += h->counts[i];
	return total;
}

uint64_t go_histogram__quantile_ns(const struct go_histogram *h, unsigned int permille)
{
	uint64_t total = go_histogram__total(h), seen = h->underflow;
	uint64_t rank = (uint64_t)(((unsigned __int128)total * permille + 999) / 1000);

	if (!total || (seen && seen >= rank))
		return 0;
	for (size_t i = 0; i < GO_HISTOGRAM_CNT; i++) {
		seen += h->counts[i];
		if (seen && seen >= rank)
			return go_histogram_bound_ns(i + 1);
	}
	return UINT64_MAX;
}

uint64_t go_histogram__sum_ns(const struct go_histogram *h)
{
	uint64_t sum = h->overflow * go_histogram_bound_ns(GO_HISTOGRAM_CNT);

	for (size_t i = 0; i < GO_HISTOGRAM_CNT; i++)
		sum += h->counts[i] *
		       ((go_histogram_bound_ns(i) + go_histogram_bound_ns(i + 1)) / 2);
	return sum;
}

static uint64_t go_histogram_since(uint64_t now, uint64_t before)
{
	return now >= before ? now - before : now;
}

void go_histogram__subtract(struct go_histogram *h, const struct go_histogram *before)
{
	for (size_t i = 0; i < GO_HISTOGRAM_CNT; i++)
		h->counts[i] = go_histogram_since(h->counts[i], before->counts[i]);
	h->underflow = go_histogram_since(h->underflow, before->underflow);
	h->overflow = go_histogram_since(h->overflow, before->overflow);
}
