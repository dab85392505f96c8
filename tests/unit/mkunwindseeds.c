/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * mkunwindseeds DIR: writes the seeds of fuzz_unwind to DIR/unwind. Run by hand when the walk learns new forms; what it
 * writes is committed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIM_MAX_SITES 44
#define SIM_RULES     24
#include "fixtures/unwind_input.h"
#include "fixtures/unwind_sim.h"

#ifdef __TARGET_ARCH_arm64
#define SEED_DIR "unwind_arm64"
#else
#define SEED_DIR "unwind"
#endif
#define SEEDS 12

static void put(FILE *fp, const void *bytes, size_t len)
{
	if (len && fwrite(bytes, len, 1, fp) != 1)
		exit(1);
}

/* The blocks, without the zeros at the end. */
static size_t table_bytes(char table[8 * UNWIND_BLOCK_BYTES])
{
	const struct host_table *t = &host.tables[SIM_MODULE];
	size_t len = t->cnt * UNWIND_BLOCK_BYTES;

	for (uint32_t i = 0; i < t->cnt; i++)
		memcpy(table + i * UNWIND_BLOCK_BYTES, t->blocks[i], UNWIND_BLOCK_BYTES);
	while (len && !table[len - 1])
		len--;
	return len;
}

static void write_seed(const char *dir, int number)
{
	static char table[8 * UNWIND_BLOCK_BYTES];
	size_t first = (sim.sp - sim.base) / 8;
	char path[4096];
	struct unwind_input in = {
		.pc = host.regs.pc,
		.sp = sim.sp,
		.fp = sim.fp,
		.bx = sim.bx,
		.lr = sim.lr,
		.r10 = host.regs.reg[10],
		.stack_addr = sim.base + first * 8,
		.change = sim.sites[0].end,
		.changed = (uint16_t)(number * 5),
		.table_bytes = (uint16_t)table_bytes(table),
		.max_frames = number % 4 ? 255 : 5,
		.flags = number % 5 ? 0 : UNWIND_W_NO_REGS,
		.mapping_cnt = (uint8_t)host.mapping_cnt,
	};
	FILE *fp;

	snprintf(path, sizeof(path), "%s/" SEED_DIR "/run%d", dir, number);
	fp = fopen(path, "wb");
	if (!fp) {
		perror(path);
		exit(1);
	}
	put(fp, &in, sizeof(in));
	for (size_t i = 0; i < host.mapping_cnt; i++) {
		host.mappings[i].module = host.mappings[i].module ? UNWIND_INPUT_MODULE : 0;
		put(fp, &host.mappings[i], sizeof(host.mappings[i]));
	}
	put(fp, table, in.table_bytes);
	put(fp, sim.stack + first, (SIM_WORDS - first) * 8);
	if (fclose(fp))
		exit(1);
}

int main(int argc, char **argv)
{
	uint64_t seed = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: mkunwindseeds DIR\n");
		return 2;
	}
	for (int n = 0; n < SEEDS; seed++) {
		sim_new_code(seed);
		sim_new_memory(seed);
		sim_run(seed, 3 + (uint32_t)n);
		if (sim.on_alt || SIM_WORDS * 8 - (sim.sp - sim.base) > 1600)
			continue;
		write_seed(argv[1], n++);
	}
	host_reset();
	return 0;
}
