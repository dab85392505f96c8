/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A process that claims to run CPython and whose memory may hold anything (fixtures/python_input.h): its thread is looked
 * for, its frames are walked, their code is read, and they are put among native ones. Nothing else is read, all of it
 * ends, and each result keeps within its limits.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cursor.h"
#include "fixtures/python_input.h"
#include "fixtures/python_sim.h"
#include "format/python_stack.h"

#define MAX_COPIES 100000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct python_input input;

static void need(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static bool take_input(struct cursor *c)
{
	const void *head = cursor__bytes(c, sizeof(input));

	if (!head)
		return false;
	memcpy(&input, head, sizeof(input));
	sim.bytes = cursor__left(c);
	sim.memory = malloc(sim.bytes + !sim.bytes);
	need(sim.memory);
	memcpy(sim.memory, c->pos, sim.bytes);
	if (python_offsets(input.version, sim.memory, sim.bytes, &sim.layout))
		return false;
	sim.layout.process.interpreters += SIM_BASE;
	sim.layout.code_type = SIM_CODE_TYPE;
	sim.layout.str_type = SIM_STR_TYPE;
	sim.layout.bytes_type = SIM_BYTES_TYPE;
	return true;
}

static void check_code(uint64_t code, uint32_t instr)
{
	struct python_place p;

	if (python_code_read(&sim.layout, SIM_BIAS, &sim_memory, code, instr, &p))
		return;
	need(p.name.len && p.name.len <= 4 * PYTHON_MAX_CHARS &&
	     !memchr(p.name.data, 0, p.name.len));
	need(p.file.len <= 4 * PYTHON_MAX_CHARS);
	python_place__fini(&p);
}

static void check_merge(const struct python_frames *f)
{
	__u64 places[PYTHON_MAX_FRAMES], ips[WIRE_MAX_FRAMES], out[WIRE_MAX_FRAMES];
	uint32_t cnt = input.ip_cnt % WIRE_MAX_FRAMES, python = 0, out_cnt;
	struct python_stack s = {
		.ips = ips,
		.ip_cnt = cnt,
		.ips_cut = input.ips_cut & 1,
		.loop = {{SIM_BASE, SIM_BASE + 4096}, {SIM_BASE + 8192, SIM_BASE + 9000}},
		.words = f->words,
		.places = places,
		.word_cnt = f->cnt < WIRE_MAX_FRAMES - cnt ? f->cnt : WIRE_MAX_FRAMES - cnt,
		.words_cut = f->flags & PYTHON_W_CUT,
	};

	if (sim.bytes < cnt * sizeof(ips[0]))
		return;
	memcpy(ips, sim.memory + sim.bytes - cnt * sizeof(ips[0]), cnt * sizeof(ips[0]));
	for (uint32_t i = 0; i < s.word_cnt; i++) {
		places[i] = f->words[i] == PYTHON_ENTRY ? 0 : UINT64_MAX;
		python += places[i] != 0;
	}
	python_stack_merge(&s, out, &out_cnt);
	need(out_cnt <= cnt + s.word_cnt && out_cnt >= python);
	/* All of Python's are there, whatever happened to the others. */
	for (uint32_t i = 0; i < out_cnt; i++)
		python -= out[i] == UINT64_MAX;
	need(!python || memchr(ips, 0xff, sizeof(ips[0]) * cnt));
}

static void check_walk(void)
{
	const struct python_frames *f = &sim.walk.out;
	uint32_t max = input.max_frames % (PYTHON_MAX_FRAMES + 1);

	if (!sim_walk(input.tid, max))
		return;
	need(f->cnt <= max && f->flags & PYTHON_W_DONE);
	need(!(f->flags & PYTHON_W_FAULT) || f->flags & PYTHON_W_CUT);
	need(sim.copies < MAX_COPIES);
	for (uint32_t i = 0; i < f->cnt; i++) {
		need(!(PYTHON_CODE(f->words[i]) & 7));
		check_code(PYTHON_CODE(f->words[i]), PYTHON_INSTR(f->words[i]));
	}
	check_merge(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cursor c = cursor_over(data, len);

	if (take_input(&c)) {
		check_walk();
		check_code(input.code, input.instr);
	}
	sim_end();
	return 0;
}
