/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/etw_decode.h"

#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "format/etl_names.h"
#include "format/utf16.h"

/* ---- parts of payloads ---- */

static uint64_t etw_ptr(struct cursor *c, uint8_t ptr_bytes)
{
	return ptr_bytes == 4 ? cursor__u32(c) : cursor__u64(c);
}

/* The next string in UTF-16, to @to. */
static void etw_wide(struct cursor *c, char *to, size_t cap)
{
	cursor__skip(c, utf16_to_utf8(c->pos, cursor__left(c), to, cap));
}

/* The next string of bytes, which may lack its NUL. */
static void etw_narrow(struct cursor *c, char *to, size_t cap)
{
	size_t len = strnlen((const char *)c->pos, cursor__left(c)),
	       fits = len < cap ? len : cap - 1;

	memcpy(to, c->pos, fits);
	to[fits] = 0;
	cursor__skip(c, len < cursor__left(c) ? len + 1 : len);
}

/* ---- threads ---- */

#define ETW_THREAD_SET_NAME 72

/* CSwitch, of version 2 and later: version 1 is of Windows 2000. */
static bool etw_take_switch(const struct etl_event *e, struct etw_event *ret)
{
	struct cursor c = cursor_over(e->payload, e->payload_len);

	if (e->version < 2 || e->payload_len < 24)
		return false;
	ret->type = ETW_SWITCH;
	ret->change.new_tid = cursor__u32(&c);
	ret->change.old_tid = cursor__u32(&c);
	cursor__skip(&c, 4); /* priorities, C-state, spare */
	ret->change.reason = cursor__u8(&c);
	cursor__skip(&c, 1); /* mode, from version 4 on flags */
	ret->change.state = cursor__u8(&c);
	return true;
}

static bool etw_take_ready(const struct etl_event *e, struct etw_event *ret)
{
	struct cursor c = cursor_over(e->payload, e->payload_len);

	ret->type = ETW_READY;
	ret->ready.tid = cursor__u32(&c);
	cursor__skip(&c, 2); /* why it is adjusted, and by how much */
	ret->ready.by_dpc = cursor__u8(&c) & 1;
	ret->ready.by_tid = e->tid;
	return !c.err;
}

static bool etw_take_thread(const struct etl_event *e, struct etw_event *ret)
{
	struct cursor c = cursor_over(e->payload, e->payload_len);

	ret->type = ETW_THREAD;
	ret->edge = (enum etw_edge)e->opcode;
	if (e->version == 0) {
		ret->thread.tid = cursor__u32(&c);
		ret->thread.pid = cursor__u32(&c);
		return !c.err;
	}
	ret->thread.pid = cursor__u32(&c);
	ret->thread.tid = cursor__u32(&c);
	if (c.err)
		return false;
	if (e->version >= 3) {
		cursor__skip(&c,
			     7u * e->ptr_bytes + 8); /* stacks, start, TEB; service, priorities */
		if (cursor__left(&c) >= 2)
			etw_wide(&c, ret->name, sizeof(ret->name));
	}
	return true;
}

static bool etw_take_thread_name(const struct etl_event *e, struct etw_event *ret)
{
	struct cursor c = cursor_over(e->payload, e->payload_len);

	ret->type = ETW_THREAD_NAME;
	ret->thread.pid = cursor__u32(&c);
	ret->thread.tid = cursor__u32(&c);
	etw_wide(&c, ret->name, sizeof(ret->name));
	return !c.err;
}

static bool etw_decode_thread(const struct etl_event *e, struct etw_event *ret)
{
	switch (e->opcode) {
	case ETL_THREAD_SWITCH:
		return etw_take_switch(e, ret);
	case ETL_THREAD_READY:
		return etw_take_ready(e, ret);
	case ETW_EDGE_START:
	case ETW_EDGE_END:
	case ETW_EDGE_RUNDOWN:
	case ETW_EDGE_RUNDOWN_END:
		return etw_take_thread(e, ret);
	case ETW_THREAD_SET_NAME:
		return etw_take_thread_name(e, ret);
	default:
		return false;
	}
}

/* ---- samples and system calls ---- */

static bool etw_decode_perfinfo(const struct etl_event *e, struct etw_event *ret)
{
	struct cursor c = cursor_over(e->payload, e->payload_len);

	switch (e->opcode) {
	case ETL_PERFINFO_SAMPLE:
		ret->type = ETW_SAMPLE;
		etw_ptr(&c, e->ptr_bytes); /* the instruction: the stack has it, too */
		ret->sample.tid = cursor__u32(&c);
		cursor__skip(&c, 2); /* count */
		ret->sample.in_interrupt = cursor__left(&c) && cursor__u8(&c) & 3;
		return !c.err;
	case ETL_PERFINFO_SYSCALL:
		ret->type = ETW_SYSCALL_ENTER;
		ret->syscall.addr = etw_ptr(&c, e->ptr_bytes);
		return !c.err;
	case ETL_PERFINFO_SYSCALL_EXIT:
		ret->type = ETW_SYSCALL_EXIT;
		ret->syscall.addr = cursor__u32(&c);
		return !c.err;
	default:
		return false;
	}
}

/* ---- stacks ---- */

static bool etw_take_addrs(struct cursor *c, const struct etl_event *e, struct etw_event *ret)
{
	ret->stack.ptr_bytes = e->ptr_bytes;
	ret->stack.addr_cnt = (uint32_t)(cursor__left(c) / e->ptr_bytes);
	ret->stack.addrs = c->pos;
	return !c->err;
}

static bool etw_decode_stack(const struct etl_event *e, struct etw_event *ret)
{
	struct cursor c = cursor_over(e->payload, e->payload_len);

	switch (e->opcode) {
	case ETL_STACK_WHOLE:
	case ETL_STACK_KEY_KERNEL:
	case ETL_STACK_KEY_USER:
		ret->stack.ticks = (int64_t)cursor__u64(&c);
		ret->stack.pid = cursor__u32(&c);
		ret->stack.tid = cursor__u32(&c);
		if (e->opcode == ETL_STACK_WHOLE) {
			ret->type = ETW_STACK;
			return etw_take_addrs(&c, e, ret);
		}
		ret->type = ETW_STACK_KEY;
		ret->stack.key = etw_ptr(&c, e->ptr_bytes);
		return !c.err;
	case ETL_STACK_KEY_CREATE:
	case ETL_STACK_KEY_DELETE:
	case ETL_STACK_KEY_RUNDOWN:
		ret->type = ETW_STACK_OF_KEY;
		ret->stack.key = etw_ptr(&c, e->ptr_bytes);
		return etw_take_addrs(&c, e, ret);
	default:
		return false;
	}
}

uint64_t etw_stack_addr(const struct etw_event *e, uint32_t i)
{
	struct cursor c =
		cursor_over(e->stack.addrs + (size_t)i * e->stack.ptr_bytes, e->stack.ptr_bytes);

	return etw_ptr(&c, e->stack.ptr_bytes);
}

/* ---- processes ---- */

#define ETW_IMAGE_LOAD 10 /* of older systems in the process's group */

/* The user that a process is of: 0 in four bytes, or a TOKEN_USER and behind it a SID. */
static void etw_skip_user(struct cursor *c, const struct etl_event *e)
{
	struct cursor ahead = *c;
	uint8_t sub_cnt;

	if (cursor__u32(&ahead) == 0) {
		cursor__skip(c, 4);
		return;
	}
	cursor__skip(c, 2u * e->ptr_bytes);
	cursor__skip(c, 1); /* revision */
	sub_cnt = cursor__u8(c);
	cursor__skip(c, 6 + 4u * sub_cnt);
}

static bool etw_take_process(const struct etl_event *e, struct etw_event *ret)
{
	struct cursor c = cursor_over(e->payload, e->payload_len);

	ret->type = ETW_PROCESS;
	ret->edge = (enum etw_edge)e->opcode;
	if (e->version >= 1)
		etw_ptr(&c, e->ptr_bytes); /* page directory, later a key */
	ret->process.pid = cursor__u32(&c);
	ret->process.parent = cursor__u32(&c);
	if (c.err)
		return false;
	if (e->version >= 1)
		cursor__skip(&c, 8); /* session, status */
	if (e->version >= 3)
		etw_ptr(&c, e->ptr_bytes); /* directory table */
	if (e->version >= 4)
		cursor__skip(&c, 4); /* flags */
	etw_skip_user(&c, e);
	if (!c.err)
		etw_narrow(&c, ret->name, sizeof(ret->name));
	return true;
}

/* ---- images ---- */

static bool etw_take_image(const struct etl_event *e, struct etw_event *ret)
{
	struct cursor c = cursor_over(e->payload, e->payload_len);

	ret->type = ETW_IMAGE;
	ret->edge = e->opcode == ETW_IMAGE_LOAD ? ETW_EDGE_START : (enum etw_edge)e->opcode;
	ret->image.base = etw_ptr(&c, e->ptr_bytes);
	ret->image.size = e->version == 0 ? cursor__u32(&c) : etw_ptr(&c, e->ptr_bytes);
	if (e->version == 0)
		ret->image.pid = e->pid;
	else
		ret->image.pid = cursor__u32(&c);
	if (e->version >= 2) {
		cursor__skip(&c, 4); /* checksum */
		ret->image.stamp = cursor__u32(&c);
		cursor__skip(&c, 4u + e->ptr_bytes + 16); /* signatures, default base, reserved */
	}
	if (c.err || !ret->image.size)
		return false;
	etw_wide(&c, ret->name, sizeof(ret->name));
	return true;
}

static bool etw_decode_process(const struct etl_event *e, struct etw_event *ret)
{
	if (e->opcode == ETW_IMAGE_LOAD)
		return etw_take_image(e, ret);
	return e->opcode >= ETW_EDGE_START && e->opcode <= ETW_EDGE_RUNDOWN_END &&
	       etw_take_process(e, ret);
}

static bool etw_decode_image(const struct etl_event *e, struct etw_event *ret)
{
	bool edge = e->opcode >= ETW_EDGE_END && e->opcode <= ETW_EDGE_RUNDOWN_END;

	return (edge || e->opcode == ETW_IMAGE_LOAD) && etw_take_image(e, ret);
}

/* What merging a trace adds of an image's symbols (KernelTraceControl). */
#define ETW_ID_STAMP	 0
#define ETW_ID_PDB	 36
#define ETW_ID_PDB_OF_IL 37

static bool etw_decode_image_id(const struct etl_event *e, struct etw_event *ret)
{
	struct cursor c = cursor_over(e->payload, e->payload_len);
	const void *guid;

	ret->image.base = etw_ptr(&c, e->ptr_bytes);
	if (e->opcode == ETW_ID_STAMP) {
		ret->type = ETW_IMAGE_STAMP;
		ret->image.size = etw_ptr(&c, e->ptr_bytes);
		ret->image.pid = cursor__u32(&c);
		ret->image.stamp = cursor__u32(&c);
		return !c.err;
	}
	if (e->opcode != ETW_ID_PDB && e->opcode != ETW_ID_PDB_OF_IL)
		return false;
	ret->type = ETW_IMAGE_PDB;
	ret->image.pid = cursor__u32(&c);
	guid = cursor__bytes(&c, ETL_GUID_BYTES);
	ret->image.age = cursor__u32(&c);
	if (c.err)
		return false;
	memcpy(ret->image.guid, guid, ETL_GUID_BYTES);
	etw_narrow(&c, ret->name, sizeof(ret->name));
	return true;
}

#define ETW_CONFIG_VOLUME 35

static bool etw_decode_config(const struct etl_event *e, struct etw_event *ret)
{
	struct cursor c = cursor_over(e->payload, e->payload_len);

	if (e->opcode != ETW_CONFIG_VOLUME)
		return false;
	ret->type = ETW_VOLUME;
	etw_wide(&c, ret->name, sizeof(ret->name));
	etw_wide(&c, ret->dos_name, sizeof(ret->dos_name));
	return ret->name[0] && ret->dos_name[0];
}

/* ---- runtimes ---- */

#define ETW_CLR_LOAD_VERBOSE	143
#define ETW_CLR_RUNDOWN_VERBOSE 144 /* at the end; 143 at the start */
#define ETW_CLR_DYNAMIC_VERBOSE 136

/* "Namespace.Class.Method" */
static bool etw_take_clr_method(const struct etl_event *e, struct etw_event *ret)
{
	struct cursor c = cursor_over(e->payload, e->payload_len);
	size_t len;

	if (e->id != ETW_CLR_LOAD_VERBOSE && e->id != ETW_CLR_RUNDOWN_VERBOSE &&
	    e->id != ETW_CLR_DYNAMIC_VERBOSE)
		return false;
	ret->type = ETW_METHOD;
	ret->method.pid = e->pid;
	cursor__skip(&c, 16); /* ids of the method and its module */
	ret->method.start = cursor__u64(&c);
	ret->method.size = cursor__u32(&c);
	cursor__skip(&c, 8); /* token, flags */
	if (c.err || !ret->method.size)
		return false;
	etw_wide(&c, ret->name, sizeof(ret->name));
	len = strlen(ret->name);
	if (len && len + 1 < sizeof(ret->name))
		ret->name[len++] = '.';
	etw_wide(&c, ret->name + len, sizeof(ret->name) - len);
	return !c.err;
}

#define ETW_JS_METHOD_LOAD 9

/* Microsoft-JScript; V8 tells the same under the same id. */
static bool etw_take_js_method(const struct etl_event *e, struct etw_event *ret)
{
	struct cursor c = cursor_over(e->payload, e->payload_len);

	if (e->id != ETW_JS_METHOD_LOAD)
		return false;
	ret->type = ETW_METHOD;
	ret->method.pid = e->pid;
	etw_ptr(&c, e->ptr_bytes); /* script context */
	ret->method.start = etw_ptr(&c, e->ptr_bytes);
	ret->method.size = cursor__u64(&c);
	cursor__skip(&c, 4 + 2 + 2 + 8 + 4 + 4); /* id, flags, range, source, line, column */
	if (c.err || !ret->method.size)
		return false;
	etw_wide(&c, ret->name, sizeof(ret->name));
	return true;
}

static bool etw_decode_provider(const struct etl_event *e, struct etw_event *ret)
{
	static const struct {
		uint8_t guid[ETL_GUID_BYTES];
		bool (*take)(const struct etl_event *e, struct etw_event *ret);
	} providers[] = {
		{{0x23, 0x0d, 0x3c, 0xe1, 0xbc, 0xcc, 0x12, 0x4e, 0x93, 0x1b, 0xd9, 0xcc, 0x2e,
		  0xee, 0x27, 0xe4}, /* CLR */
		 etw_take_clr_method},
		{{0x1c, 0x02, 0x69, 0xa6, 0x50, 0xc4, 0x09, 0x46, 0xa0, 0x35, 0x5a, 0xf5, 0x9a,
		  0xf4, 0xdf, 0x18}, /* CLR, rundown */
		 etw_take_clr_method},
		{{0x41, 0x77, 0x27, 0x57, 0x38, 0x36, 0x4b, 0x4a, 0xbd, 0xba, 0x0a, 0xc6, 0xe4,
		  0x5d, 0xa5, 0x6c}, /* JavaScript */
		 etw_take_js_method},
		{{0xd7, 0x75, 0xe6, 0xb3, 0x54, 0x25, 0x18, 0x4f, 0x83, 0x0b, 0x27, 0x62, 0x73,
		  0x25, 0x60, 0xde}, /* ids of images */
		 etw_decode_image_id},
		{{0x91, 0xee, 0x79, 0x9b, 0xfd, 0xb5, 0xc0, 0x41, 0xa2, 0x43, 0x42, 0x48, 0xe2,
		  0x66, 0xe9, 0xd0}, /* configuration */
		 etw_decode_config},
	};

	for (size_t i = 0; i < ARRAY_SIZE(providers); i++)
		if (!memcmp(e->guid, providers[i].guid, ETL_GUID_BYTES))
			return providers[i].take(e, ret);
	return false;
}

/* ---- the system ---- */

#define ETW_SYSTEM_CPU 10

/* SystemConfig_CPU: the machine's name is the first of its texts. */
static bool etw_decode_system(const struct etl_event *e, struct etw_event *ret)
{
	struct cursor c = cursor_over(e->payload, e->payload_len);

	if (e->opcode != ETW_SYSTEM_CPU)
		return false;
	ret->type = ETW_HOST;
	cursor__skip(&c, 5 * 4); /* MHz, CPUs, memory, sizes */
	if (!c.err)
		etw_wide(&c, ret->name, sizeof(ret->name));
	return ret->name[0];
}

/* ---- losses ---- */

#define ETW_LOST_EVENTS	 32
#define ETW_LOST_BUFFERS 33

static bool etw_decode_lost(const struct etl_event *e, struct etw_event *ret)
{
	ret->type = ETW_LOST;
	ret->lost.events = e->opcode == ETW_LOST_EVENTS;
	ret->lost.buffers = e->opcode == ETW_LOST_BUFFERS;
	return ret->lost.events || ret->lost.buffers;
}

bool etw_decode(const struct etl_event *e, struct etw_event *ret)
{
	int group = etl_event__is_kernel(e) ? e->group : e->guid ? etl_group_of_class(e->guid) : -1;

	ret->name[0] = 0;
	switch (group) {
	case ETL_GROUP_THREAD:
		return etw_decode_thread(e, ret);
	case ETL_GROUP_PERFINFO:
		return etw_decode_perfinfo(e, ret);
	case ETL_GROUP_STACK:
		return etw_decode_stack(e, ret);
	case ETL_GROUP_PROCESS:
		return etw_decode_process(e, ret);
	case ETL_GROUP_IMAGE:
		return etw_decode_image(e, ret);
	case ETL_GROUP_SYSTEM:
		return etw_decode_system(e, ret);
	case ETL_GROUP_LOST:
		return etw_decode_lost(e, ret);
	default:
		return group < 0 && e->guid && etw_decode_provider(e, ret);
	}
}

/* ---- names ---- */

const char *etw_wait_reason_name(unsigned int reason)
{
	/* KWAIT_REASON in the order of its values, as the headers of the WDK and of System Informer have them. */
	static const char *const names[] = {
		"Executive",
		"FreePage",
		"PageIn",
		"PoolAllocation",
		"DelayExecution",
		"Suspended",
		"UserRequest",
		"WrExecutive",
		"WrFreePage",
		"WrPageIn",
		"WrPoolAllocation",
		"WrDelayExecution",
		"WrSuspended",
		"WrUserRequest",
		"WrEventPair",
		"WrQueue",
		"WrLpcReceive",
		"WrLpcReply",
		"WrVirtualMemory",
		"WrPageOut",
		"WrRendezvous",
		"WrKeyedEvent",
		"WrTerminated",
		"WrProcessInSwap",
		"WrCpuRateControl",
		"WrCalloutStack",
		"WrKernel",
		"WrResource",
		"WrPushLock",
		"WrMutex",
		"WrQuantumEnd",
		"WrDispatchInt",
		"WrPreempted",
		"WrYieldExecution",
		"WrFastMutex",
		"WrGuardedMutex",
		"WrRundown",
		"WrAlertByThreadId",
		"WrDeferredPreempt",
		"WrPhysicalFault",
		"WrIoRing",
		"WrMdlCache",
		"WrRcu",
	};

	return reason < ARRAY_SIZE(names) ? names[reason] : NULL;
}
