/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/bounds.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

#define BOUNDS_DECIMALS	   9		      /* of a second */
#define BOUNDS_LARGEST	   100000000000000ull /* 100,000 s */
#define BOUNDS_MAX_WORD	   32
#define BOUNDS_PLAIN_BELOW 4 /* zeros after the point; with more there is an exponent */

const struct bounds bounds_time = {
	.cnt = 24,
	.values = {1000ull,	  2000ull,	  5000ull,	  10000ull,	 20000ull,
		   50000ull,	  100000ull,	  200000ull,	  500000ull,	 1000000ull,
		   2000000ull,	  5000000ull,	  10000000ull,	  20000000ull,	 50000000ull,
		   100000000ull,  200000000ull,	  500000000ull,	  1000000000ull, 2000000000ull,
		   5000000000ull, 10000000000ull, 20000000000ull, 50000000000ull},
	.le = {"1e-06",	 "2e-06", "5e-06", "1e-05", "2e-05", "5e-05", "0.0001", "0.0002",
	       "0.0005", "0.001", "0.002", "0.005", "0.01",  "0.02",  "0.05",	"0.1",
	       "0.2",	 "0.5",	  "1.0",   "2.0",   "5.0",   "10.0",  "20.0",	"50.0"},
};

const struct bounds bounds_frames = {
	.cnt = 8,
	.values = {1, 2, 4, 8, 16, 32, 64, 127},
	.le = {"1.0", "2.0", "4.0", "8.0", "16.0", "32.0", "64.0", "127.0"},
};

/* ---- text of a bound ---- */

/* Nanoseconds as seconds, as Go's strconv.FormatFloat(v, 'g', -1, 64) does, and always with a point or an exponent. */
static void bounds_text(uint64_t ns, char text[BOUNDS_LE_LEN])
{
	uint64_t digits = ns;
	int exponent = -BOUNDS_DECIMALS; /* of the last digit */
	char all[BOUNDS_LE_LEN];
	int len;

	/* At most 15 digits: as many as a double gives back, so these are the shortest that do. */
	for (; digits % 10 == 0; digits /= 10)
		exponent++;
	len = snprintf(all, sizeof(all), "%llu", (unsigned long long)digits);
	if (len + exponent <= -BOUNDS_PLAIN_BELOW)
		snprintf(text, BOUNDS_LE_LEN, "%.1s%s%.14se-%02d", all, len > 1 ? "." : "", all + 1,
			 -(len + exponent - 1));
	else if (exponent >= 0)
		snprintf(text, BOUNDS_LE_LEN, "%llu.0", (unsigned long long)(ns / 1000000000));
	else if (len + exponent <= 0)
		snprintf(text, BOUNDS_LE_LEN, "0.%.*s%.15s", -(len + exponent), "000", all);
	else
		snprintf(text, BOUNDS_LE_LEN, "%.*s.%.14s", len + exponent, all,
			 all + len + exponent);
}

/* ---- parsing ---- */

/* Takes a digit into *@v, which has *@decimals of them after the point. False: too many. */
static bool bounds_take_digit(uint64_t *v, int *decimals, bool after_point, char c)
{
	if (*v > BOUNDS_LARGEST)
		return false;
	*v = *v * 10 + (uint64_t)(c - '0');
	*decimals += after_point;
	return true;
}

/* "e-3" at *@at, if there is one. */
static bool bounds_take_exponent(const char **at, int *ret)
{
	const char *p = *at;
	bool negative;
	int n = 0;

	*ret = 0;
	if (*p != 'e' && *p != 'E')
		return true;
	p++;
	negative = *p == '-';
	p += *p == '-' || *p == '+';
	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9' && n < 100; p++)
		n = n * 10 + (*p - '0');
	*ret = negative ? -n : n;
	*at = p;
	return true;
}

/* Decimal seconds to nanoseconds, exactly. False: no number, or not a whole one within the limits. */
static bool bounds_parse_one(const char *text, uint64_t *ret_ns)
{
	int decimals = 0, exponent, digits = 0;
	bool after_point = false;
	uint64_t v = 0;

	for (; (*text >= '0' && *text <= '9') || (*text == '.' && !after_point); text++) {
		if (*text == '.')
			after_point = true;
		else if (!bounds_take_digit(&v, &decimals, after_point, *text))
			return false;
		else
			digits++;
	}
	if (!digits || !v || !bounds_take_exponent(&text, &exponent) || *text)
		return false;
	exponent += BOUNDS_DECIMALS - decimals;
	for (; exponent > 0 && v <= BOUNDS_LARGEST; exponent--)
		v *= 10;
	for (; exponent < 0 && v % 10 == 0; exponent++)
		v /= 10;
	if (exponent || v > BOUNDS_LARGEST)
		return false;
	*ret_ns = v;
	return true;
}

static int bounds_add(struct bounds *b, const char *word)
{
	uint64_t ns;

	if (!bounds_parse_one(word, &ns))
		return error_set(-EINVAL,
				 "'%s' is no bound: give seconds from 1e-9 to 100000, such as "
				 "0.001",
				 word);
	if (b->cnt == BOUNDS_MAX)
		return error_set(-EINVAL, "more than %d bounds", BOUNDS_MAX);
	if (b->cnt && ns <= b->values[b->cnt - 1])
		return error_set(-EINVAL, "bounds have to ascend: '%s' is not above the one before",
				 word);
	b->values[b->cnt] = ns;
	bounds_text(ns, b->le[b->cnt]);
	b->cnt++;
	return 0;
}

int bounds_parse(const char *list, struct bounds *ret)
{
	struct bounds b = {0};
	char word[BOUNDS_MAX_WORD];
	int err = 0;

	for (;;) {
		size_t len = strcspn(list, ",");

		snprintf(word, sizeof(word), "%.*s", (int)(len < sizeof(word) ? len : sizeof(word)),
			 list);
		err = len < sizeof(word) ? bounds_add(&b, word)
					 : error_set(-EINVAL, "'%s...' is no bound", word);
		if (err)
			return err;
		if (!list[len])
			break;
		list += len + 1;
	}
	*ret = b;
	return 0;
}

/* ---- counting ---- */

uint32_t bounds__find(const struct bounds *b, uint64_t value)
{
	uint32_t low = 0, high = b->cnt;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (value <= b->values[middle])
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

void bounds_counts__add(struct bounds_counts *c, const struct bounds *b, uint64_t cnt,
			uint64_t total)
{
	if (!cnt)
		return;
	c->cnts[bounds__find(b, cnt == 1 ? total : total / cnt)] += cnt;
	c->cnt += cnt;
	c->sum += total;
}
