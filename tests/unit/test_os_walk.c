/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Stacks walked from outside: by frame pointers, by unwind tables, and as seeds; on children of this test that sleep in
 * a chain of calls they told us, or that libgcc's unwinder told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <execinfo.h>
#include <search.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/os_read.h"
#include "fixtures/bpf_maps.h"
#include "fixtures/child.h"
#include "fixtures/mkcfi.h"
#include "format/dwarf.h"
#include "intern.h"
#include "model/model.h"
#include "source/bpf_seeds.h"
#include "source/bpf_tables.h"
#include "source/os_maps.h"
#include "source/os_walk.h"

/* By their DWARF numbers. */
#ifdef __aarch64__
#define UNWIND_REG_SP 31
#define UNWIND_REG_FP 29
#else
#define UNWIND_REG_SP 7
#define UNWIND_REG_FP 6
#endif

static void child_sleeps(void)
{
	shared->ready = 1;
	sleep_forever();
}

/* ---- by frame pointers ---- */

/* Frames as a program's stack has them: {saved frame pointer, return address}. */
static uint64_t frames[8][2];

static uint64_t at(int i)
{
	return (uintptr_t)frames[i];
}

/* Walks a process by frame pointers. */
static uint32_t walk_by_fp(uint32_t pid, uint64_t ip, uint64_t sp, uint64_t fp, __u64 *ips,
			   uint32_t max, uint32_t *ret_flags)
{
	struct wire_regs regs = {.ip = ip};
	struct os_walk o = {.tid = pid, .regs = &regs, .max_frames = max};

	regs.reg[UNWIND_REG_SP] = sp;
	regs.reg[UNWIND_REG_FP] = fp;
	return os_walk_user(&o, ips, ret_flags);
}

/* Walks a process to an end that is not the limit. */
static uint32_t walk_whole(uint32_t pid, uint64_t ip, uint64_t sp, uint64_t fp, __u64 *ips)
{
	uint32_t flags = 4711, n = walk_by_fp(pid, ip, sp, fp, ips, WIRE_MAX_FRAMES, &flags);

	assert_int_equal(flags, ip ? 0 : 4711);
	return n;
}

/* Walks this very process from frame @first on. */
static uint32_t walk(int first, __u64 *ips)
{
	return walk_whole((uint32_t)getpid(), 0x1234, at(0), at(first), ips);
}

/* Walks no further than @max frames. */
static uint32_t walk_some(__u64 *ips, uint32_t max, uint32_t *ret_flags)
{
	return walk_by_fp((uint32_t)getpid(), 0x1234, at(0), at(0), ips, max, ret_flags);
}

static void chain_frames(void)
{
	for (int i = 0; i < 8; i++) {
		frames[i][0] = i < 7 ? at(i + 1) : 0;
		frames[i][1] = 0x1000 + (uint64_t)i;
	}
}

static void test_a_chain_of_frames_is_followed_to_its_end(void **state _unused_)
{
	__u64 ips[WIRE_MAX_FRAMES];

	chain_frames();
	assert_int_equal(walk(0, ips), 9);
	assert_int_equal(ips[0], 0x1234);
	for (uint64_t i = 0; i < 8; i++)
		assert_int_equal(ips[i + 1], 0x1000 + i);
	assert_int_equal(walk(5, ips), 4);
	assert_int_equal(ips[1], 0x1005);
}

/* A copy of the stack is read in its place, and nothing but it. */
static void test_a_copied_stack_is_walked(void **state _unused_)
{
	struct wire_regs regs = {.ip = 0x1234};
	struct os_walk o = {.tid = 0x7ffffffe, .regs = &regs, .max_frames = WIRE_MAX_FRAMES};
	static uint8_t copy[sizeof(frames)];
	__u64 ips[WIRE_MAX_FRAMES];
	uint32_t flags = 0;

	chain_frames();
	memcpy(copy, frames, sizeof(frames));
	regs.reg[UNWIND_REG_SP] = regs.reg[UNWIND_REG_FP] = at(0);
	/* Without it there is no such process. */
	assert_int_equal(os_walk_user(&o, ips, &flags), 1);
	o.copy = copy;
	o.copy_start = at(0);
	o.copy_bytes = sizeof(copy);
	memset(frames, 0, sizeof(frames));
	assert_int_equal(os_walk_user(&o, ips, &flags), 9);
	assert_int_equal(ips[8], 0x1007);
	/* It ends in the middle of a frame; what lies before its beginning is not there. */
	for (uint32_t bytes = 0; bytes < sizeof(copy); bytes++) {
		o.copy_bytes = bytes;
		assert_int_equal(os_walk_user(&o, ips, &flags), 1 + bytes / sizeof(frames[0]));
	}
	o.copy_bytes = sizeof(copy);
	o.copy_start = at(1);
	assert_int_equal(os_walk_user(&o, ips, &flags), 1);
}

static void test_a_walk_stops_at_its_limit(void **state _unused_)
{
	__u64 ips[WIRE_MAX_FRAMES] = {0, 0, 0, 4711};
	uint32_t flags = 4711;

	chain_frames();
	assert_int_equal(walk_some(ips, 0, &flags), 0);
	assert_int_equal(flags, 4711);
	assert_int_equal(walk_some(ips, 3, &flags), 3);
	assert_int_equal(flags, WIRE_STACK_TRUNCATED);
	assert_int_equal(ips[2], 0x1001);
	assert_int_equal(ips[3], 4711);
	assert_int_equal(walk_some(ips, 1, &flags), 1);
	assert_int_equal(flags, WIRE_STACK_TRUNCATED);
	assert_int_equal(walk_some(ips, 8, &flags), 8);
	assert_int_equal(flags, WIRE_STACK_TRUNCATED);
}

static void test_frame_pointers_that_lead_nowhere_end_the_walk(void **state _unused_)
{
	uint32_t pid = (uint32_t)getpid();
	__u64 ips[WIRE_MAX_FRAMES];

	chain_frames();
	assert_int_equal(walk_whole(pid, 0x1234, at(1), at(0), ips), 1); /* below sp */
	assert_int_equal(walk_whole(pid, 0x1234, at(0), at(0) + 4, ips), 1);
	assert_int_equal(walk_whole(pid, 0x1234, 0, 0, ips), 1);
	assert_int_equal(walk_whole(pid, 0x1234, 0, UINT64_MAX & ~7ull, ips), 1);
	assert_int_equal(walk_whole(pid, 0, at(0), at(0), ips), 0); /* no registers */
}

static void test_frames_that_go_in_circles_or_back_end_the_walk(void **state _unused_)
{
	__u64 ips[WIRE_MAX_FRAMES];

	chain_frames();
	frames[2][0] = at(2);
	assert_int_equal(walk(0, ips), 4);
	frames[2][0] = at(1);
	assert_int_equal(walk(0, ips), 4);
	chain_frames();
	frames[2][1] = 0;
	assert_int_equal(walk(0, ips), 3);
}

static void test_of_a_process_that_is_gone_only_the_address_is_known(void **state _unused_)
{
	struct child c = start_child(child_sleeps);
	__u64 ips[WIRE_MAX_FRAMES];

	end_child(&c);
	chain_frames();
	assert_int_equal(walk_whole((uint32_t)c.pid, 0x1234, at(0), at(0), ips), 1);
}

/*
 * A child blocks three calls deep. The address and registers are those in the innermost function; the
 * asm keeps the compiler from turning the calls into jumps.
 */
#define CALL_ENDS __asm__ volatile("" ::: "memory")

__attribute__((noinline)) static void block_inner(void)
{
	shared->bp = (uintptr_t)__builtin_frame_address(0);
	shared->sp = shared->bp - 64;
	shared->ip = (uintptr_t)block_inner;
	shared->ret_inner = (uintptr_t)__builtin_return_address(0);
	shared->ready = 1;
	sleep_forever();
	CALL_ENDS;
}

__attribute__((noinline)) static void block_middle(void)
{
	shared->ret_middle = (uintptr_t)__builtin_return_address(0);
	block_inner();
	CALL_ENDS;
}

__attribute__((noinline)) static void block_outer(void)
{
	shared->ret_outer = (uintptr_t)__builtin_return_address(0);
	block_middle();
	CALL_ENDS;
}

static void test_a_blocked_childs_stack_has_its_callers(void **state _unused_)
{
	struct child c = start_child(block_outer);
	__u64 ips[WIRE_MAX_FRAMES];
	uint32_t flags = 0, n = walk_by_fp((uint32_t)c.pid, shared->ip, shared->sp, shared->bp, ips,
					   WIRE_MAX_FRAMES, &flags);

	assert_true(n >= 4);
	assert_int_equal(ips[0], shared->ip);
	assert_int_equal(ips[1], shared->ret_inner);
	assert_int_equal(ips[2], shared->ret_middle);
	assert_int_equal(ips[3], shared->ret_outer);
	end_child(&c);
}

/* ---- by tables ---- */

/* What is known of a child: its mappings, and their tables in maps of the kernel. */
struct known {
	struct bpf_maps maps;
	struct model model;
	struct tables *tables;
	struct unwind_mapping mappings[UNWIND_SET_MAX];
	uint32_t mapping_cnt;
};

static int take_map(void *arg, const struct event *e)
{
	return model__apply(arg, e, NULL, NULL);
}

static void known_add_mappings(struct known *k, const struct wire_image *image)
{
	const struct image *img = image_table__find(&k->model.images, image);
	const struct mapping *m;
	size_t cnt;

	assert_non_null(img);
	m = image_table__mappings(&k->model.images, img, &cnt);
	assert_in_range(cnt, 3, UNWIND_SET_MAX);
	for (size_t i = 0; i < cnt; i++) {
		const struct module *module = module_table__find(&k->model.modules, m[i].module);

		k->mappings[k->mapping_cnt++] = (struct unwind_mapping){
			.start = m[i].start,
			.end = m[i].end,
			.file_page = (uint32_t)(m[i].file_off / 4096),
			.module = module ? tables__get(k->tables, module) : 0,
		};
	}
}

/* Skips the test where there are no maps. */
static void known_init(struct known *k, const struct wire_image *image)
{
	memset(k, 0, sizeof(*k));
	if (bpf_maps__init(&k->maps, 16)) {
		printf("no BPF maps here\n");
		skip();
	}
	assert_int_equal(model__init(&k->model), 0);
	assert_int_equal(os_maps_read(image, &k->model.modules, take_map, &k->model), 1);
	k->tables = tables__new(k->maps.pools, k->maps.modules, TABLES_MAX_BYTES);
	assert_non_null(k->tables);
	known_add_mappings(k, image);
	assert_true(tables__wait(k->tables, 60000));
	assert_int_equal(tables__usage(k->tables).refused_cnt, 0);
}

static void known_fini(struct known *k)
{
	tables__free(k->tables);
	model__fini(&k->model);
	bpf_maps__fini(&k->maps);
}

static uint32_t walk_by_tables(const struct known *k, pid_t pid, const struct wire_regs *regs,
			       bool only_sp, __u64 *ips, uint32_t *ret_end)
{
	struct os_walk o = {
		.tid = (uint32_t)pid,
		.regs = regs,
		.only_sp = only_sp,
		.tables = k->tables,
		.mappings = k->mappings,
		.mapping_cnt = k->mapping_cnt,
		.max_frames = WIRE_MAX_FRAMES,
	};
	uint32_t flags = 0, n = os_walk_user(&o, ips, &flags);

	*ret_end = flags >> WIRE_STACK_END_SHIFT;
	return n;
}

/* Maps at 0x1000 code without CFI, or with the table @module. */
static void known_init_by_hand(struct known *k)
{
	memset(k, 0, sizeof(*k));
	if (bpf_maps__init(&k->maps, 16)) {
		printf("no BPF maps here\n");
		skip();
	}
	assert_int_equal(model__init(&k->model), 0);
	k->tables = tables__new(k->maps.pools, k->maps.modules, TABLES_MAX_BYTES);
	assert_non_null(k->tables);
	k->mappings[0] = (struct unwind_mapping){.start = 0x1000, .end = 0x2000, .file_page = 1};
	k->mappings[1] = (struct unwind_mapping){.start = 0x4000, .end = 0x5000};
	k->mapping_cnt = 2;
}

/* Walks the frames of this process that chain_frames() made. */
static uint32_t walk_frames(const struct known *k, uint64_t pc, bool only_sp, __u64 *ips,
			    uint32_t *ret_end)
{
	struct wire_regs regs = {.ip = pc};

	regs.reg[UNWIND_REG_SP] = regs.reg[UNWIND_REG_FP] = at(0);
	return walk_by_tables(k, getpid(), &regs, only_sp, ips, ret_end);
}

static void test_each_address_is_looked_up_in_the_mappings(void **state _unused_)
{
	static const uint64_t nowhere[] = {0xfff, 0x2001, 0x4000, 0x5001, UINT64_MAX >> 1};
	__u64 ips[WIRE_MAX_FRAMES];
	static struct known k;
	uint32_t end;

	known_init_by_hand(&k);
	chain_frames();
	frames[0][1] = 0x2000; /* behind the last instruction */
	frames[1][1] = 0x4001; /* behind the first */
	assert_int_equal(walk_frames(&k, 0x1234, false, ips, &end), 9);
	assert_int_equal(end, WIRE_END_OUTERMOST);
	for (size_t i = 0; i < ARRAY_SIZE(nowhere); i++) {
		frames[1][1] = nowhere[i];
		assert_int_equal(walk_frames(&k, 0x1234, false, ips, &end), 3);
		assert_int_equal(end, WIRE_END_PC_UNMAPPED);
		assert_int_equal(ips[2], nowhere[i]);
	}
	assert_int_equal(walk_frames(&k, 0x2000, false, ips, &end), 1);
	assert_int_equal(end, WIRE_END_PC_UNMAPPED);
	assert_int_equal(walk_frames(&k, 0x4000, false, ips, &end), 3);
	known_fini(&k);
}

static void test_with_sp_alone_the_frame_pointer_is_not_believed(void **state _unused_)
{
	__u64 ips[WIRE_MAX_FRAMES];
	static struct known k;
	uint32_t end;

	known_init_by_hand(&k);
	chain_frames();
	assert_int_equal(walk_frames(&k, 0x1234, true, ips, &end), 1);
	assert_int_equal(end, WIRE_END_NO_REGISTERS);
	/* A table that is not there is no reason to drop what was found. */
	k.mappings[0].module = 4;
	assert_int_equal(walk_frames(&k, 0x1234, false, ips, &end), 1);
	assert_int_equal(end, WIRE_END_PENDING);
	known_fini(&k);
}

/* A file whose CFA is register @reg + 16; its table. */
static uint32_t table_by_register(struct known *k, uint8_t reg)
{
	struct module m = {.kind = WIRE_MODULE_ELF, .inode = reg};
	_cleanup_buf_ struct buf file;
	struct mkcfi eh;
	uint32_t number;

	mkcfi__init(&eh, false);
	mkcfi__usual(&eh, (const uint8_t[]){DW_CFA_def_cfa, reg, 16}, 3);
	mkcfi_write(&eh, NULL, &file);
	mkcfi__fini(&eh);
	m.fd = memfd_create("module", MFD_CLOEXEC);
	assert_int_equal(write(m.fd, file.data, file.len), file.len);
	number = tables__get(k->tables, &m);
	assert_true(tables__wait(k->tables, 10000));
	close(m.fd);
	return number;
}

/* The table is that of an x86-64 file, whose registers the walk knows there. */
static void test_each_register_is_given_to_the_walk(void **state _unused_)
{
#ifdef __x86_64__
	static const uint8_t regs_to_try[] = {3, 6, 7, 12, 13, 14, 15};
	__u64 ips[WIRE_MAX_FRAMES];
	static struct known k;
	uint32_t end;

	known_init_by_hand(&k);
	for (size_t i = 0; i < ARRAY_SIZE(regs_to_try); i++) {
		struct wire_regs regs = {.ip = 0x1010};

		chain_frames();
		frames[3][1] = 0x4444;
		for (uint32_t r = 0; r < 32; r++)
			regs.reg[r] = 8; /* leads nowhere */
		regs.reg[UNWIND_REG_SP] = at(2);
		regs.reg[UNWIND_REG_FP] = 0;
		regs.reg[regs_to_try[i]] = at(3);
		k.mappings[0].module = table_by_register(&k, regs_to_try[i]);
		assert_true(walk_by_tables(&k, getpid(), &regs, false, ips, &end) >= 2);
		assert_int_equal(ips[1], 0x4444);
	}
	known_fini(&k);
#else
	skip();
#endif
}

/* ---- a chain through the C library, which keeps no frame pointers ---- */

#if defined(__GNUC__) && !defined(__clang__)
#define NO_FRAME_POINTER __attribute__((noinline, optimize("omit-frame-pointer")))
#else
#define NO_FRAME_POINTER __attribute__((noinline))
#endif

NO_FRAME_POINTER static void block_deep(volatile char *of_caller)
{
	struct timespec ts = {.tv_sec = 1000};
	char local[200];

	snprintf(local, sizeof(local), "%c", *of_caller); /* a frame of some size */
	shared->trace_cnt = backtrace(shared->trace, CHILD_MAX_TRACE);
	shared->ready = 1;
	for (;;)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

static int compare_nodes(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

/* Called by twalk(), and deep in a tree several times by itself. */
NO_FRAME_POINTER static void block_in_tree(const void *node, VISIT which, int depth)
{
	volatile char local[1000];

	local[999] = **(char *const *)node;
	if (depth == 3 && (which == leaf || which == preorder))
		block_deep(local + 999);
}

NO_FRAME_POINTER static void block_in_libc(void)
{
	void *root = NULL;

	for (const char *c = "dbfacegijklmno"; *c; c++)
		tsearch(c, &root, compare_nodes);
	twalk(root, block_in_tree);
	CALL_ENDS;
}

/* All registers of a thread that sleeps, by stopping it. False: we may not. */
static bool ptrace_regs(pid_t pid, struct wire_regs *ret)
{
	struct user_regs_struct regs;
	struct iovec iov = {&regs, sizeof(regs)};

	memset(ret, 0, sizeof(*ret));
	if (ptrace(PTRACE_SEIZE, pid, 0, 0))
		return false;
	assert_int_equal(ptrace(PTRACE_INTERRUPT, pid, 0, 0), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &iov), 0);
#ifdef __aarch64__
	memcpy(ret->reg, regs.regs, sizeof(regs.regs));
	ret->reg[31] = regs.sp;
	ret->ip = regs.pc;
#else
	ret->reg[3] = regs.rbx;
	ret->reg[6] = regs.rbp;
	ret->reg[7] = regs.rsp;
	ret->reg[12] = regs.r12;
	ret->reg[13] = regs.r13;
	ret->reg[14] = regs.r14;
	ret->reg[15] = regs.r15;
	ret->ip = regs.rip;
#endif
	return true;
}

/* Between the place where it sleeps and the function that took the trace lies only what sleeps. */
static uint32_t position_of(const __u64 *ips, uint32_t n, void *ret)
{
	for (uint32_t i = 0; i < n; i++)
		if (ips[i] == (uintptr_t)ret)
			return i;
	return n;
}

static const char *function_at(uint64_t ip)
{
	Dl_info info;

	return dladdr((void *)(uintptr_t)(ip - 1), &info) && info.dli_sname ? info.dli_sname : "?";
}

/* The stack has the frames of the trace, down to the very first, and where it sleeps before them. */
static void assert_trace(const __u64 *ips, uint32_t n)
{
	uint32_t first = n;
	int skipped = 0;

	/* backtrace() was called in block_deep(), by a wrapper if sanitised; the walk sees the call that sleeps. */
	while (first == n && ++skipped < 4)
		first = position_of(ips, n, shared->trace[skipped]);
	assert_in_range(shared->trace_cnt, 12, CHILD_MAX_TRACE - 1);
	assert_in_range(first, 2, 4);
	assert_non_null(strstr(function_at(ips[0]), "nanosleep"));
	for (int i = skipped; i < shared->trace_cnt; i++)
		if (first + (uint32_t)(i - skipped) >= n ||
		    ips[first + (uint32_t)(i - skipped)] != (uintptr_t)shared->trace[i])
			fail_msg("frame %d of %d differs: %s", i, shared->trace_cnt,
				 function_at((uintptr_t)shared->trace[i]));
	assert_int_equal(first + (uint32_t)(shared->trace_cnt - skipped), n);
}

static void test_a_walk_by_tables_agrees_with_backtrace(void **state _unused_)
{
	struct child c = start_child(block_in_libc);
	static struct known k;
	__u64 ips[WIRE_MAX_FRAMES], by_fp[WIRE_MAX_FRAMES];
	struct wire_regs regs;
	uint32_t n, end = 4711, flags;

	known_init(&k, &c.image);
	assert_true(ptrace_regs(c.pid, &regs));
	n = walk_by_tables(&k, c.pid, &regs, false, ips, &end);
	assert_int_equal(end, WIRE_END_OUTERMOST);
	assert_trace(ips, n);
	/* Frame pointers would not have done. */
	n = walk_by_fp((uint32_t)c.pid, regs.ip, regs.reg[UNWIND_REG_SP], regs.reg[UNWIND_REG_FP],
		       by_fp, WIRE_MAX_FRAMES, &flags);
	assert_int_equal(position_of(by_fp, n, shared->trace[2]), n);
	known_fini(&k);
	end_child(&c);
}

static void test_proc_syscall_agrees_with_ptrace(void **state _unused_)
{
	struct child c = start_child(block_in_libc);
	struct wire_regs by_proc, by_ptrace;

	assert_true(os_walk_read_syscall((uint32_t)c.pid, (uint32_t)c.pid, &by_proc, NULL));
	assert_true(ptrace_regs(c.pid, &by_ptrace));
	assert_int_equal(by_proc.ip, by_ptrace.ip);
	assert_int_equal(by_proc.reg[UNWIND_REG_SP], by_ptrace.reg[UNWIND_REG_SP]);
	for (int i = 0; i < 32; i++)
		if (i != UNWIND_REG_SP)
			assert_int_equal(by_proc.reg[i], 0);
	end_child(&c);
}

static void test_of_who_does_not_sleep_proc_syscall_tells_nothing(void **state _unused_)
{
	struct wire_regs regs = {.ip = 4711};
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		alarm(60);
		for (;;)
			;
	}
	wait_for_state(pid, 'R');
	assert_false(os_walk_read_syscall((uint32_t)pid, (uint32_t)pid, &regs, NULL));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_false(os_walk_read_syscall((uint32_t)pid, (uint32_t)pid, &regs, NULL));
	assert_false(os_walk_read_syscall((uint32_t)getpid(), 0x7ffffffe, &regs, NULL));
	assert_int_equal(regs.ip, 4711);
}

/* The same frames, as far as they can be known. */
static void test_with_sp_alone_the_walk_goes_as_far_as_it_can(void **state _unused_)
{
	struct child c = start_child(block_in_libc);
	static struct known k;
	__u64 all[WIRE_MAX_FRAMES], ips[WIRE_MAX_FRAMES];
	struct wire_regs by_proc, by_ptrace;
	uint32_t n, all_cnt, end, all_end;

	known_init(&k, &c.image);
	assert_true(os_walk_read_syscall((uint32_t)c.pid, (uint32_t)c.pid, &by_proc, NULL));
	assert_true(ptrace_regs(c.pid, &by_ptrace));
	all_cnt = walk_by_tables(&k, c.pid, &by_ptrace, false, all, &all_end);
	n = walk_by_tables(&k, c.pid, &by_proc, true, ips, &end);
	assert_true(n >= 2 && n <= all_cnt);
	assert_memory_equal(ips, all, n * sizeof(*ips));
	assert_int_equal(end, n == all_cnt ? WIRE_END_OUTERMOST : WIRE_END_NO_REGISTERS);
	known_fini(&k);
	end_child(&c);
}

/* ---- seeds ---- */

struct seed_taker {
	int user_stacks;
	union {
		struct wire_stack stack;
		uint64_t words[sizeof(struct wire_stack) / 8 + WIRE_MAX_FRAMES];
	} user; /* the last one */
};

static int take_seed(void *arg, const struct event *e)
{
	struct seed_taker *t = arg;

	if (e->h->kind == WIRE_STACK && e->stack->kind == WIRE_STACK_USER) {
		memcpy(&t->user, e->stack, e->h->size);
		t->user_stacks++;
	}
	return 0;
}

static unsigned long long status_number(const char *text, const char *key)
{
	const char *line = strstr(text, key);

	assert_non_null(line);
	return strtoull(line + strlen(key), NULL, 10);
}

static uint64_t switches_of(pid_t pid)
{
	_cleanup_buf_ struct buf text = {0};
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	assert_int_equal(os_read_file(path, 8192, &text), 0);
	return status_number(text.data, "\nvoluntary_ctxt_switches:") +
	       status_number(text.data, "\nnonvoluntary_ctxt_switches:");
}

static struct wire_seed seed_of(const struct child *c)
{
	struct wire_seed rec = {
		.key = {c->image.start_ns, (uint32_t)c->pid, 1},
		.image = c->image,
		.user.ip = shared->ip,
		.switch_cnt = switches_of(c->pid),
	};

	rec.user.reg[UNWIND_REG_SP] = shared->sp;
	rec.user.reg[UNWIND_REG_FP] = shared->bp;
	return rec;
}

static uint64_t seed_user_stack(const struct wire_seed *rec, bool user_stacks, struct seed_taker *t)
{
	uint64_t id;
	struct seeds s;

	memset(t, 0, sizeof(*t));
	seeds__init(&s, user_stacks, WIRE_MAX_FRAMES);
	assert_int_equal(seeds__add(&s, rec, take_seed, t), 0);
	assert_int_equal(t->user_stacks, 0); /* all threads are announced before one is walked */
	assert_int_equal(seeds__walk(&s, NULL, NULL, NULL, take_seed, t), 0);
	id = seeds__find(&s, &rec->key)->user_stack;
	seeds__fini(&s);
	return id;
}

static void test_a_sleepers_user_stack_gets_the_probes_id(void **state _unused_)
{
	struct child c = start_child(block_outer);
	struct wire_seed rec = seed_of(&c);
	struct seed_taker t;
	uint64_t id = seed_user_stack(&rec, true, &t), hash;

	assert_int_equal(t.user_stacks, 1);
	assert_memory_equal(&t.user.stack.image, &c.image, sizeof(c.image));
	assert_int_equal(t.user.stack.ips[1], shared->ret_inner);
	hash = intern_seed(WIRE_STACK_USER, &c.image);
	for (uint16_t i = 0; i < t.user.stack.frame_cnt; i++)
		hash = intern_mix(hash, t.user.stack.ips[i]);
	assert_int_equal(id, intern_finish(hash, t.user.stack.frame_cnt, 0));
	assert_int_equal(id, t.user.stack.id);
	end_child(&c);
}

/* It would be a stack that never was. */
static void test_who_ran_meanwhile_has_no_user_stack(void **state _unused_)
{
	struct child c = start_child(block_outer);
	struct wire_seed rec = seed_of(&c);
	struct seed_taker t;

	rec.switch_cnt--;
	assert_int_equal(seed_user_stack(&rec, true, &t), 0);
	assert_int_equal(t.user_stacks, 0);
	rec.switch_cnt++;
	end_child(&c);
	assert_int_equal(seed_user_stack(&rec, true, &t), 0);
}

static void test_user_stacks_are_walked_only_where_wanted(void **state _unused_)
{
	struct child c = start_child(block_outer);
	struct wire_seed rec = seed_of(&c);
	struct seed_taker t;

	assert_int_equal(seed_user_stack(&rec, false, &t), 0);
	rec.flags = WIRE_THREAD_KTHREAD;
	assert_int_equal(seed_user_stack(&rec, true, &t), 0);
	end_child(&c);
}

static const struct unwind_mapping *known_mappings(void *known, const struct wire_image *image,
						   uint32_t *ret_cnt)
{
	const struct known *k = known;

	if (!image_table__find(&k->model.images, image))
		return NULL;
	*ret_cnt = k->mapping_cnt;
	return k->mappings;
}

/* From the iterator's record to the stack. */
static uint64_t seed_by_tables(const struct known *k, const struct wire_seed *rec, bool only_sp,
			       struct seed_taker *t)
{
	struct seeds s;
	uint64_t id;

	memset(t, 0, sizeof(*t));
	seeds__init(&s, true, WIRE_MAX_FRAMES);
	s.only_sp = only_sp;
	assert_int_equal(seeds__add(&s, rec, take_seed, t), 0);
	assert_int_equal(seeds__walk(&s, k->tables, known_mappings, (void *)k, take_seed, t), 0);
	id = seeds__find(&s, &rec->key)->user_stack;
	assert_int_equal(s.walk_cnt, 0);
	seeds__fini(&s);
	return id;
}

static void test_a_sleepers_stack_is_walked_by_tables(void **state _unused_)
{
	static struct known k;
	struct wire_seed rec;
	struct seed_taker t;
	struct child c[2];
	uint64_t id;

	/* Both sleep in the same chain, from one call on; to ask the one that is walked would count as a switch. */
	for (int i = 0; i < 2; i++)
		c[i] = start_child(block_in_libc);
	rec = seed_of(&c[0]);
	assert_true(ptrace_regs(c[1].pid, &rec.user));
	known_init(&k, &c[0].image);
	id = seed_by_tables(&k, &rec, false, &t);
	assert_int_equal(t.user_stacks, 1);
	assert_int_equal(id, t.user.stack.id);
	assert_int_equal(t.user.stack.flags, 0);
	assert_trace(t.user.stack.ips, t.user.stack.frame_cnt);
	/* An image of which nothing is known goes by frame pointers. */
	rec.image.exec_id++;
	seed_by_tables(&k, &rec, false, &t);
	assert_int_equal(t.user_stacks, 1);
	assert_true(t.user.stack.frame_cnt < shared->trace_cnt);
	known_fini(&k);
	end_child(&c[1]);
	end_child(&c[0]);
}

/* No registers in the record, or as if there were none: sp and pc come from /proc. */
static void test_without_registers_a_sleepers_stack_begins_at_sp(void **state _unused_)
{
	struct child c = start_child(block_in_libc);
	struct wire_seed rec = seed_of(&c);
	static struct known k;
	struct seed_taker t, again;

	known_init(&k, &c.image);
	memset(&rec.user, 0, sizeof(rec.user));
	assert_int_not_equal(seed_by_tables(&k, &rec, false, &t), 0);
	assert_int_equal(t.user_stacks, 1);
	assert_true(t.user.stack.frame_cnt >= 2);
	assert_non_null(strstr(function_at(t.user.stack.ips[0]), "nanosleep"));
	rec.user.ip = 4711; /* not believed */
	assert_int_equal(seed_by_tables(&k, &rec, true, &again), t.user.stack.id);
	known_fini(&k);
	end_child(&c);
	memset(&rec.user, 0, sizeof(rec.user));
	memset(&k, 0, sizeof(k));
	assert_int_equal(seed_by_tables(&k, &rec, false, &again), 0);
	assert_int_equal(again.user_stacks, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_chain_of_frames_is_followed_to_its_end),
		cmocka_unit_test(test_a_copied_stack_is_walked),
		cmocka_unit_test(test_a_walk_stops_at_its_limit),
		cmocka_unit_test(test_frame_pointers_that_lead_nowhere_end_the_walk),
		cmocka_unit_test(test_frames_that_go_in_circles_or_back_end_the_walk),
		cmocka_unit_test(test_of_a_process_that_is_gone_only_the_address_is_known),
		cmocka_unit_test(test_a_blocked_childs_stack_has_its_callers),
		cmocka_unit_test(test_each_address_is_looked_up_in_the_mappings),
		cmocka_unit_test(test_with_sp_alone_the_frame_pointer_is_not_believed),
		cmocka_unit_test(test_each_register_is_given_to_the_walk),
		cmocka_unit_test(test_a_walk_by_tables_agrees_with_backtrace),
		cmocka_unit_test(test_proc_syscall_agrees_with_ptrace),
		cmocka_unit_test(test_of_who_does_not_sleep_proc_syscall_tells_nothing),
		cmocka_unit_test(test_with_sp_alone_the_walk_goes_as_far_as_it_can),
		cmocka_unit_test(test_a_sleepers_user_stack_gets_the_probes_id),
		cmocka_unit_test(test_who_ran_meanwhile_has_no_user_stack),
		cmocka_unit_test(test_user_stacks_are_walked_only_where_wanted),
		cmocka_unit_test(test_a_sleepers_stack_is_walked_by_tables),
		cmocka_unit_test(test_without_registers_a_sleepers_stack_begins_at_sp),
	};

	return cmocka_run_group_tests_name("os_walk", tests, child_setup, NULL);
}
