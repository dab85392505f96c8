/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/python_stack.h"

#include "python_frames.h"

/* The merging of one stack. */
struct python_merge {
	const struct python_stack *s;
	__u64 *out;
	uint32_t cnt;
	uint32_t word; /* the next one */
};

static void merge_put(struct python_merge *m, uint64_t ip)
{
	if (m->cnt < WIRE_MAX_FRAMES)
		m->out[m->cnt++] = ip;
}

static bool merge_is_eval(const struct python_stack *s, uint32_t i)
{
	uint64_t ip = s->ips[i] & ~WIRE_IP_EXACT, exact = i == 0 || s->ips[i] & WIRE_IP_EXACT;

	/* Return addresses lie behind their call. */
	ip -= !exact;
	for (int k = 0; k < PYTHON_LOOP_PARTS; k++)
		if (ip >= s->loop[k].start && ip < s->loop[k].end)
			return true;
	return false;
}

static uint32_t merge_count_evals(const struct python_stack *s)
{
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < s->ip_cnt; i++)
		cnt += merge_is_eval(s, i);
	return cnt;
}

/* A last run that no call is known of counts, too. */
static uint32_t merge_count_runs(const struct python_stack *s)
{
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < s->word_cnt; i++)
		cnt += (s->words[i] & PYTHON_ENTRY) || i + 1 == s->word_cnt;
	return cnt;
}

/* Puts the frames of the next run. False: there were none, or not all of them are known. */
static bool merge_put_run(struct python_merge *m)
{
	const struct python_stack *s = m->s;
	uint32_t first = m->cnt;

	while (m->word < s->word_cnt) {
		uint32_t i = m->word++;

		if (s->places[i])
			merge_put(m, s->places[i]);
		if (s->words[i] & PYTHON_ENTRY)
			return m->cnt > first;
	}
	return m->cnt > first && !s->words_cut;
}

static void merge_put_rest(struct python_merge *m)
{
	while (m->word < m->s->word_cnt)
		merge_put_run(m);
}

/* The calls in the place of which runs go: the innermost @skip not. */
static void merge_by_calls(struct python_merge *m, uint32_t skip)
{
	uint32_t evals = 0;

	for (uint32_t i = 0; i < m->s->ip_cnt; i++) {
		bool eval = merge_is_eval(m->s, i);

		/* Where frames are left out the call itself stands for them. */
		if (!eval || evals++ < skip || !merge_put_run(m))
			merge_put(m, m->s->ips[i]);
	}
	merge_put_rest(m);
}

static void merge_by_outermost(struct python_merge *m, uint32_t evals)
{
	for (uint32_t i = 0; i < m->s->ip_cnt; i++) {
		if (merge_is_eval(m->s, i) && !--evals)
			merge_put_rest(m);
		merge_put(m, m->s->ips[i]);
	}
	merge_put_rest(m);
}

bool python_stack_merge(const struct python_stack *s, __u64 ret_ips[WIRE_MAX_FRAMES],
			uint32_t *ret_cnt)
{
	struct python_merge m = {.s = s, .out = ret_ips};
	uint32_t evals = merge_count_evals(s), runs = merge_count_runs(s);
	bool agree = true;

	if (evals == runs || (evals > runs && s->words_cut) || (evals < runs && s->ips_cut))
		merge_by_calls(&m, 0);
	else if (evals == runs + 1)
		/* It was interrupted where the innermost call has no frame yet, or any more. */
		merge_by_calls(&m, 1);
	else
		agree = false;
	if (!agree)
		merge_by_outermost(&m, evals);
	*ret_cnt = m.cnt;
	return agree;
}
