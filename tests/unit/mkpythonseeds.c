/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * mkpythonseeds DIR: writes the seeds of fuzz_python to DIR/python. Run by hand when the walk learns a version; what it
 * writes is committed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fixtures/python_input.h"
#include "fixtures/python_sim.h"

static void put(FILE *fp, const void *bytes, size_t len)
{
	if (fwrite(bytes, len, 1, fp) != 1)
		exit(1);
}

static void write_seed(const char *dir, uint16_t version, uint64_t code)
{
	struct python_input in = {
		.version = version,
		.max_frames = PYTHON_MAX_FRAMES,
		.tid = 2,
		.code = code,
		.instr = 3,
		.ip_cnt = 4,
	};
	const uint64_t ips[] = {SIM_BASE + 5000, SIM_BASE + 100, SIM_BASE + 8200, SIM_BASE + 6000};
	char path[4096];
	FILE *fp;

	snprintf(path, sizeof(path), "%s/python/v%x", dir, version);
	fp = fopen(path, "wb");
	if (!fp)
		exit(1);
	put(fp, &in, sizeof(in));
	put(fp, sim.memory, sim.used - SIM_BASE);
	put(fp, ips, sizeof(ips));
	if (fclose(fp))
		exit(1);
}

int main(int argc, char **argv)
{
	static const uint16_t versions[] = {0x030b, 0x030c, 0x030d, 0x030e};
	static const uint16_t wide[] = {0x540d, 'x'};
	uint64_t a, b;

	for (int i = 0; argc == 2 && i < 4; i++) {
		sim_reset(versions[i]);
		a = sim_code("a.b", "f.py", 10);
		b = sim_code_of(sim_str(wide, 2, 2, false, 2), sim_text("g"), 5, "\x81\x00\xf8", 3);
		sim_add_interpreter();
		for (uint32_t tid = 1; tid <= 3; tid++) {
			sim_add_thread(tid);
			sim_add_frame(a, 1, true);
			sim_add_frame(b, 2, false);
			sim_add_frame(a, tid, true);
		}
		write_seed(argv[1], versions[i], b);
	}
	sim_end();
	return argc == 2 ? 0 : 2;
}
