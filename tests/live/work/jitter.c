/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * jitter MODE [FILE]: makes machine code while it runs, like a just-in-time compiler, and waits in it.
 *
 *   map      three functions, one called by the other; a perf map tells their names
 *   late     the same, but the map comes after the work
 *   dump     the same by a jitdump, with lines of a source
 *   replace  by a jitdump; then other code at the same addresses, and the same waits again
 *   none     nothing tells
 *   gone     as map, but it removes the map at its end
 *
 * Each function keeps the frame pointer and calls its argument. They wait in nap() for 5 ms, 40 times. A map has pieces that
 * overlap: the newest is the one that holds.
 */
#include <stdarg.h>
#include <sys/mman.h>

#include "work.h"

#define CODE_BYTES 4096
#define SLOT_BYTES 64
#define FUNCTIONS  3
#define WAITS	   40
#define MAGIC	   0x4a695444u

typedef long jitted(void);

static uint8_t *code;
static FILE *map, *dump;
static char map_path[64];

static work_frame long nap(void)
{
	nap_ns(5 * NS_PER_MS);
	return 1;
}

/* ---- machine code ---- */

static size_t put_function(uint8_t *at, const void *callee)
{
	uint64_t to = (uintptr_t)callee;
#if defined(__x86_64__)
	/* push %rbp; mov %rsp,%rbp; movabs $to,%rax; call *%rax; pop %rbp; ret */
	static const uint8_t begin[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0xb8};
	static const uint8_t end[] = {0xff, 0xd0, 0x5d, 0xc3};

	memcpy(at, begin, sizeof(begin));
	memcpy(at + sizeof(begin), &to, sizeof(to));
	memcpy(at + sizeof(begin) + sizeof(to), end, sizeof(end));
	return sizeof(begin) + sizeof(to) + sizeof(end);
#elif defined(__aarch64__)
	/* stp x29,x30,[sp,#-16]!; mov x29,sp; movz/movk x16; blr x16; ldp x29,x30,[sp],#16; ret */
	uint32_t words[] = {
		0xa9bf7bfd,
		0x910003fd,
		0xd2800010 | (uint32_t)(to & 0xffff) << 5,
		0xf2a00010 | (uint32_t)(to >> 16 & 0xffff) << 5,
		0xf2c00010 | (uint32_t)(to >> 32 & 0xffff) << 5,
		0xf2e00010 | (uint32_t)(to >> 48 & 0xffff) << 5,
		0xd63f0200,
		0xa8c17bfd,
		0xd65f03c0,
	};

	memcpy(at, words, sizeof(words));
	return sizeof(words);
#else
#error "no code for this machine"
#endif
}

/* ---- what is told ---- */

static void open_map(void)
{
	snprintf(map_path, sizeof(map_path), "/tmp/perf-%d.map", getpid());
	map = fopen(map_path, "w");
	if (!map)
		die(map_path);
}

static void put(const void *data, size_t len)
{
	if (fwrite(data, 1, len, dump) != len)
		die("jitdump");
}

static void put_u32(uint32_t v)
{
	put(&v, sizeof(v));
}

static void put_u64(uint64_t v)
{
	put(&v, sizeof(v));
}

static void open_dump(const char *dir)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/jit-%d.dump", dir, getpid());
	dump = fopen(path, "w+");
	if (!dump ||
	    mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fileno(dump), 0) == MAP_FAILED)
		die(path);
	put_u32(MAGIC);
	put_u32(1);
	put_u32(40);
	put_u32(0);
	put_u32(0);
	put_u32((uint32_t)getpid());
	put_u64(now_ns());
	put_u64(0);
}

static void put_record(uint32_t id, size_t bytes)
{
	put_u32(id);
	put_u32((uint32_t)(16 + bytes));
	put_u64(now_ns());
}

static void dump_function(const char *name, const uint8_t *at, size_t size, uint32_t line)
{
	static const char file[] = "/src/jitter.js";
	static uint64_t index;

	put_record(2, 16 + 2 * 16 + sizeof(file) + 2);
	put_u64((uintptr_t)at);
	put_u64(2);
	put_u64((uintptr_t)at);
	put_u32(line);
	put_u32(0);
	put(file, sizeof(file));
	put_u64((uintptr_t)at + 4); /* where the call is */
	put_u32(line + 1);
	put_u32(0);
	put("\xff", 2);
	put_record(0, 40 + strlen(name) + 1 + size);
	put_u32((uint32_t)getpid());
	put_u32((uint32_t)getpid());
	put_u64((uintptr_t)at);
	put_u64((uintptr_t)at);
	put_u64(size);
	put_u64(index++);
	put(name, strlen(name) + 1);
	put(at, size);
	fflush(dump);
}

static void tell(const char *name, const uint8_t *at, size_t size, uint32_t line)
{
	if (map) {
		/* What was there before, twice as long. */
		fprintf(map, "%lx %zx old %s\n", (unsigned long)(uintptr_t)at, 2 * size, name);
		fprintf(map, "0x%lx %zx %s\n", (unsigned long)(uintptr_t)at, size, name);
		fflush(map);
	}
	if (dump)
		dump_function(name, at, size, line);
}

/* ---- the work ---- */

/* outer calls middle calls inner calls nap. */
static void make_functions(const char *set)
{
	static const char *const names[FUNCTIONS] = {"inner", "middle", "outer"};
	const void *callee = (const void *)nap;

	for (int i = 0; i < FUNCTIONS; i++) {
		uint8_t *at = code + i * SLOT_BYTES;
		char name[64];
		size_t size;

		if (mprotect(code, CODE_BYTES, PROT_READ | PROT_WRITE))
			die("mprotect");
		size = put_function(at, callee);
		if (mprotect(code, CODE_BYTES, PROT_READ | PROT_EXEC))
			die("mprotect");
		__builtin___clear_cache((char *)at, (char *)at + size);
		snprintf(name, sizeof(name), "%s of %s", names[i], set);
		tell(name, at, size, (uint32_t)(10 * i + 10));
		callee = at;
	}
}

static work_frame void wait_in_it(void)
{
	jitted *outer = (jitted *)(void *)(code + (FUNCTIONS - 1) * SLOT_BYTES);

	for (int i = 0; i < WAITS; i++)
		if (outer() != 1)
			_exit(97);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "none";
	int rounds = strcmp(mode, "replace") ? 1 : 2;

	code = mmap(NULL, CODE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code == MAP_FAILED)
		die("mmap");
	if (!strcmp(mode, "map") || !strcmp(mode, "gone"))
		open_map();
	if (!strcmp(mode, "dump") || !strcmp(mode, "replace"))
		open_dump(argc > 2 ? argv[2] : "/tmp");
	make_functions("first");
	work_ready();
	/* Called from one place: both times the stacks are the same addresses. */
	for (volatile int round = 0; round < rounds; round++) {
		if (round)
			make_functions("second");
		wait_in_it();
	}
	if (!strcmp(mode, "late")) {
		open_map();
		make_functions("first");
	}
	if (!strcmp(mode, "gone"))
		unlink(map_path);
	work_done();
	return 0;
}
