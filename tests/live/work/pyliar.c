/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * pyliar MS: run as "python3.11" it looks like CPython 3.11 to whoever reads its symbols and memory, and lies: its frames go round in a
 * circle, its code objects lie at ever other places, its names are escape sequences that claim to be gigabytes long. Sleeps in what it calls
 * the interpreter's loop for MS milliseconds, in waits of 1 ms.
 */
#include "work.h"

#define CODES	   4096
#define CODE_BYTES 256

/* What tracers look for. The offsets are those of CPython 3.11 (Include/internal/pycore_frame.h, pycore_interp.h, cpython/code.h). */
unsigned long Py_Version = 0x030b02f0;
uint64_t _PyRuntime[128], PyCode_Type[64], PyUnicode_Type[64], PyBytes_Type[64];

static uint64_t interpreter[64], thread[64], cframe[4], frames[8][16];
static uint8_t codes[CODES * CODE_BYTES] __attribute__((aligned(16)));
static uint64_t names[CODES][32];
static struct meter slept;

static uint64_t addr_of(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static void make_name(int i)
{
	names[i][1] = addr_of(PyUnicode_Type);
	names[i][2] = i % 3 ? 100 : UINT64_MAX / 2 - (uint64_t)i; /* its length */
	names[i][4] = 0xe4;					  /* compact, ASCII, ready */
	snprintf((char *)&names[i][6], 200, "\x1b]0;%d\x07\x1b[2J\n;x%d", i, i);
}

static void make_code(int i)
{
	uint64_t *code = (uint64_t *)(void *)(codes + (size_t)i * CODE_BYTES);

	make_name(i);
	code[1] = addr_of(PyCode_Type);
	code[14] = code[15] = code[16] = addr_of(names[i]);
	code[17] = addr_of(PyBytes_Type); /* its lines: no bytes at all */
}

static void make_world(void)
{
	_PyRuntime[5] = addr_of(interpreter);
	interpreter[0] = addr_of(interpreter); /* the next one is itself */
	interpreter[2] = addr_of(thread);
	thread[1] = addr_of(thread);
	thread[2] = addr_of(interpreter);
	thread[7] = addr_of(cframe);
	thread[20] = (uint64_t)syscall(SYS_gettid);
	cframe[1] = addr_of(frames[0]);
	for (int i = 0; i < CODES; i++)
		make_code(i);
	for (int i = 0; i < 8; i++)
		frames[i][6] = addr_of(frames[(i + 1) % 8]);
}

work_frame void _PyEval_EvalFrameDefault(uint64_t ms);

work_frame void _PyEval_EvalFrameDefault(uint64_t ms)
{
	uint64_t until = now_ns() + ms * NS_PER_MS;

	for (unsigned int round = 0; now_ns() < until; round++) {
		uint64_t since = now_ns();

		for (unsigned int i = 0; i < 8; i++) {
			frames[i][4] = addr_of(codes) + (round * 8 + i) % CODES * CODE_BYTES;
			frames[i][7] = frames[i][4] + 184 + round % 50 * 2;
		}
		nap_ns(NS_PER_MS);
		meter_add(&slept, since);
	}
}

int main(int argc, char **argv)
{
	make_world();
	work_ready();
	_PyEval_EvalFrameDefault(arg_u64(argc, argv, 1, 1000));
	meter_say("sleep", &slept);
	work_done();
	return 0;
}
