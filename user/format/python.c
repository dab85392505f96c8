/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/python.h"

#include <errno.h>
#include <string.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "base/log.h"

#define PYTHON_COOKIE	    "xdebugpy"
#define PYTHON_MAX_OBJECT   4096       /* offsets in small structures are below */
#define PYTHON_MAX_RUNTIME  (4u << 20) /* and in the runtime and its interpreters */
#define PYTHON_STR_POINTERS 16 /* utf8_length and utf8, before characters that are not ASCII */

/* ---- 3.11 and 3.12, x86-64 and arm64: the same types, so the same offsets ---- */

static const struct python_layout python_3_11 = {
	.process =
		{
			.interpreters = 40,
			.interp_next = 0,
			.interp_threads = 16,
			.thread_prev = 0,
			.thread_next = 8,
			.thread_interp = 16,
			.thread_frame = 56,
			.thread_tid = 160,
			.cframe_frame = 8,
			.frame_code = 32,
			.frame_previous = 48,
			.frame_instr = 56,
			.frame_entry = 68,
			.frame_owner = 69,
			.shim_owner = PYTHON_NONE,
			.code_instrs = 184,
		},
	.objects =
		{
			.ob_type = 8,
			.code_filename = 112,
			.code_name = 120,
			.code_qualname = 128,
			.code_linetable = 136,
			.code_firstlineno = 72,
			.bytes_length = 16,
			.bytes_data = 32,
			.str_length = 16,
			.str_state = 32,
			.str_ascii = 48,
			.str_other = 72,
		},
};

static const struct python_layout python_3_12 = {
	.process =
		{
			.interpreters = 40,
			.interp_next = 0,
			.interp_threads = 72,
			.thread_prev = 0,
			.thread_next = 8,
			.thread_interp = 16,
			.thread_frame = 56,
			.thread_tid = 144,
			.cframe_frame = 0,
			.frame_code = 0,
			.frame_previous = 8,
			.frame_instr = 56,
			.frame_entry = PYTHON_NONE,
			.frame_owner = 70,
			.shim_owner = 3, /* FRAME_OWNED_BY_CSTACK */
			.code_instrs = 192,
		},
	.objects =
		{
			.ob_type = 8,
			.code_filename = 112,
			.code_name = 120,
			.code_qualname = 128,
			.code_linetable = 136,
			.code_firstlineno = 68,
			.bytes_length = 16,
			.bytes_data = 32,
			.str_length = 16,
			.str_state = 32,
			.str_ascii = 40,
			.str_other = 56,
		},
};

/* ---- 3.13 on ---- */

/*
 * Which of the numbers behind cookie, version and free_threaded stand for what. The structure is stable within a minor
 * version only.
 */
struct python_numbers {
	uint8_t interpreters_head;
	uint8_t interp_next, interp_threads;
	uint8_t thread_prev, thread_next, thread_interp, thread_frame, thread_tid;
	uint8_t frame_previous, frame_executable, frame_instr, frame_owner;
	uint8_t code_filename, code_name, code_qualname, code_linetable, code_firstlineno,
		code_adaptive;
	uint8_t ob_type;
	uint8_t bytes_length, bytes_data;
	uint8_t str_state, str_length, str_ascii;
	uint8_t cnt;
};

static const struct python_numbers python_numbers_3_13 = {
	.interpreters_head = 2,
	.interp_next = 5,
	.interp_threads = 6,
	.thread_prev = 17,
	.thread_next = 18,
	.thread_interp = 19,
	.thread_frame = 20,
	.thread_tid = 22,
	.frame_previous = 26,
	.frame_executable = 27,
	.frame_instr = 28,
	.frame_owner = 30,
	.code_filename = 32,
	.code_name = 33,
	.code_qualname = 34,
	.code_linetable = 35,
	.code_firstlineno = 36,
	.code_adaptive = 40,
	.ob_type = 42,
	.bytes_length = 62,
	.bytes_data = 63,
	.str_state = 65,
	.str_length = 66,
	.str_ascii = 67,
	.cnt = 68,
};

/* Three more of interpreters, two of frames, one of code, four of sets. */
static const struct python_numbers python_numbers_3_14 = {
	.interpreters_head = 2,
	.interp_next = 5,
	.interp_threads = 6,
	.thread_prev = 20,
	.thread_next = 21,
	.thread_interp = 22,
	.thread_frame = 23,
	.thread_tid = 25,
	.frame_previous = 29,
	.frame_executable = 30,
	.frame_instr = 31,
	.frame_owner = 33,
	.code_filename = 37,
	.code_name = 38,
	.code_qualname = 39,
	.code_linetable = 40,
	.code_firstlineno = 41,
	.code_adaptive = 45,
	.ob_type = 48,
	.bytes_length = 72,
	.bytes_data = 73,
	.str_state = 75,
	.str_length = 76,
	.str_ascii = 77,
	.cnt = 78,
};

static void python_take_numbers(const uint32_t *n, const struct python_numbers *at,
				struct python_layout *l)
{
	struct python_process *p = &l->process;
	struct python_objects *o = &l->objects;

	p->interpreters = n[at->interpreters_head];
	p->interp_next = n[at->interp_next];
	p->interp_threads = n[at->interp_threads];
	p->thread_prev = n[at->thread_prev];
	p->thread_next = n[at->thread_next];
	p->thread_interp = n[at->thread_interp];
	p->thread_frame = n[at->thread_frame];
	p->thread_tid = n[at->thread_tid];
	p->cframe_frame = p->frame_entry = PYTHON_NONE;
	p->frame_code = n[at->frame_executable];
	p->frame_previous = n[at->frame_previous];
	p->frame_instr = n[at->frame_instr];
	p->frame_owner = n[at->frame_owner];
	/* FRAME_OWNED_BY_CSTACK; in 3.14 FRAME_OWNED_BY_INTERPRETER, and the former is behind it. */
	p->shim_owner = 3;
	p->code_instrs = n[at->code_adaptive];
	o->ob_type = n[at->ob_type];
	o->code_filename = n[at->code_filename];
	o->code_name = n[at->code_name];
	o->code_qualname = n[at->code_qualname];
	o->code_linetable = n[at->code_linetable];
	o->code_firstlineno = n[at->code_firstlineno];
	o->bytes_length = n[at->bytes_length];
	o->bytes_data = n[at->bytes_data];
	o->str_length = n[at->str_length];
	o->str_state = n[at->str_state];
	o->str_ascii = n[at->str_ascii];
	o->str_other = o->str_ascii + PYTHON_STR_POINTERS;
}

/* Would reading there make sense? */
static bool python_plausible(const struct python_layout *l)
{
	const struct python_process *p = &l->process;
	const struct python_objects *o = &l->objects;
	const uint32_t words[] = {
		p->thread_prev,	   p->thread_next,   p->thread_interp, p->thread_frame,
		p->thread_tid,	   p->frame_code,    p->frame_instr,   p->frame_previous,
		o->ob_type,	   o->code_filename, o->code_name,     o->code_qualname,
		o->code_linetable, o->bytes_length,  o->str_length,
	};
	const uint32_t bytes[] = {p->code_instrs, o->code_firstlineno, o->bytes_data, o->str_state,
				  o->str_ascii};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i] % 8 || words[i] >= PYTHON_MAX_OBJECT)
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(bytes); i++)
		if (bytes[i] >= PYTHON_MAX_OBJECT)
			return false;
	return p->interpreters % 8 == 0 && p->interpreters < PYTHON_MAX_RUNTIME &&
	       p->interp_next % 8 == 0 && p->interp_next < PYTHON_MAX_RUNTIME &&
	       p->interp_threads % 8 == 0 && p->interp_threads < PYTHON_MAX_RUNTIME &&
	       p->frame_code + 8 <= PYTHON_FRAME_BYTES &&
	       p->frame_previous + 8 <= PYTHON_FRAME_BYTES &&
	       p->frame_instr + 8 <= PYTHON_FRAME_BYTES && p->frame_owner < PYTHON_FRAME_BYTES;
}

static int python_debug_offsets(uint16_t version, const void *bytes, size_t len,
				struct python_layout *ret)
{
	const struct python_numbers *at =
		version == 0x030d ? &python_numbers_3_13 : &python_numbers_3_14;
	struct cursor c = cursor_over(bytes, len);
	const char *cookie = cursor__bytes(&c, strlen(PYTHON_COOKIE));
	uint64_t hex = cursor__u64(&c), free_threaded = cursor__u64(&c);
	uint32_t numbers[UINT8_MAX];

	/* Those that count are small: see python_plausible(). */
	for (size_t i = 0; i < at->cnt; i++) {
		uint64_t n = cursor__u64(&c);

		numbers[i] = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
	}
	if (c.err || !cookie || memcmp(cookie, PYTHON_COOKIE, strlen(PYTHON_COOKIE)) != 0 ||
	    hex >> 16 != version)
		return error_set(-ENOTSUP, "Python %u.%u without offsets for debuggers",
				 version >> 8, version & 0xff);
	if (free_threaded)
		return error_set(-ENOTSUP, "Python %u.%u without a global lock", version >> 8,
				 version & 0xff);
	python_take_numbers(numbers, at, ret);
	return 0;
}

int python_offsets(uint16_t version, const void *bytes, size_t len, struct python_layout *ret)
{
	struct python_layout l = {0};
	int err = 0;

	switch (version) {
	case 0x030b:
		l = python_3_11;
		break;
	case 0x030c:
		l = python_3_12;
		break;
	case 0x030d:
	case 0x030e:
		err = python_debug_offsets(version, bytes, len, &l);
		break;
	default:
		err = error_set(-ENOTSUP, "Python %u.%u", version >> 8, version & 0xff);
	}
	if (!err && !python_plausible(&l))
		err = error_set(-ENOTSUP, "Python %u.%u with offsets that can't be", version >> 8,
				version & 0xff);
	if (err)
		return err;
	l.version = version;
	l.process.version = version;
	*ret = l;
	return 0;
}

bool python_is_name(const char *name)
{
	const char *at = strstr(name, "python3");

	return at && (at == name || (at == name + 3 && !strncmp(name, "lib", 3)));
}
