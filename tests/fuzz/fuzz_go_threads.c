/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A thread of a process that claims to run Go, with anything in its memory: which goroutine it has is looked for, and its stack
 * walked as that says. An input is a struct go_input, then the memory from GO_BASE on.
 */
#include <string.h>

#include "fixtures/unwind_host.h"
#include "go_thread.h"

#define GO_BASE 0xc000000000ull
#define GO_CODE 0x400000

struct go_input {
	__u16 m_curg, g_bp, g_gopc;
	__u16 tp;	  /* the thread pointer, from GO_BASE on */
	__u16 slot_cnt;	  /* 0: the variable is right below it */
	__u16 sp, fp;	  /* likewise */
	__u8 pc, cuts[5]; /* in units of 256 bytes of code */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const uint8_t *memory;
static size_t memory_bytes;

static void need(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static __always_inline bool go_read(const void *who, __u64 addr, void *to, __u32 len)
{
	(void)who;
	if (addr < GO_BASE || len > memory_bytes || addr - GO_BASE > memory_bytes - len)
		return false;
	memcpy(to, memory + (addr - GO_BASE), len);
	return true;
}

static struct go_range code(uint8_t at)
{
	return (struct go_range){GO_CODE + at * 256u, GO_CODE + at * 256u + 256};
}

static struct go_process process_of(const struct go_input *in)
{
	struct go_process p = {
		.tls = in->slot_cnt ? 0 : -8,
		.slot_cnt = in->slot_cnt % GO_MAX_SLOTS,
		.m_curg = in->m_curg,
		.g_bp = in->g_bp,
		.g_gopc = in->g_gopc,
		.text = {GO_CODE, GO_CODE + 0x10000},
		.first = code(in->cuts[0]),
		.marker = code(in->cuts[1]),
	};

	for (size_t i = 2; i < 5; i++)
		p.cuts[i] = code(in->cuts[i]);
	return p;
}

static void look(const struct go_process *p, __u64 tp, struct go_thread *t)
{
	go_thread_begin(t);
	if (p->tls)
		go_thread_look(NULL, p, tp, t);
	for (__u32 i = 0; !p->tls && i < p->slot_cnt; i++) {
		go_thread_begin(t);
		if (go_thread_try(NULL, p, tp, i, t))
			break;
	}
	need(t->class <= WIRE_GO_IDLE);
	need(!t->created_by ||
	     (go_range_has(&p->text, t->created_by) && !go_range_has(&p->first, t->created_by)));
	need(!t->stack.pc || (t->class == WIRE_GO_SYSTEM && go_range_has(&p->text, t->stack.pc) &&
			      !(t->stack.sp & 7)));
}

static void walk(const struct go_process *p, const struct go_thread *t, const struct go_input *in)
{
	struct go_stack stack;

	if (t->class)
		go_thread_stack(p, t, &stack);
	else
		go_any_stack(p, &stack);
	host_reset();
	host_add_memory(GO_BASE, memory, memory_bytes, false);
	host_map(GO_CODE, GO_CODE + 0x10000, 0, 0);
	host.regs.pc = GO_CODE + in->pc * 256u;
	host.regs.reg[UNWIND_REG_SP] = GO_BASE + in->sp;
	host.regs.reg[UNWIND_REG_FP] = GO_BASE + in->fp;
	host_begin(64, UNWIND_W_GO);
	host.walk.go = stack;
	host_finish();
	need(host.walk.frame_cnt && host.walk.frame_cnt <= 64);
	for (__u32 i = 0; i + 1 < host.walk.frame_cnt; i++)
		need(t->stack.pc || go_stack_cut(&stack, host.ips, i + 1, 64) == i + 1);
	need(host.walk.end < WIRE_END_CNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct go_thread t;
	struct go_process p;
	struct go_input in;

	if (len < sizeof(in))
		return 0;
	memcpy(&in, data, sizeof(in));
	memory = data + sizeof(in);
	memory_bytes = len - sizeof(in);
	p = process_of(&in);
	look(&p, GO_BASE + in.tp, &t);
	walk(&p, &t, &in);
	return 0;
}
