/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "symbol/go_frames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"

#define RUNTIME "runtime."

void go_frames__init(struct go_frames *f, const struct go_code *code)
{
	*f = (struct go_frames){.code = code};
}

void go_frames__fini(struct go_frames *f)
{
	free(f->frames);
	free(f->lines);
	hash_index__fini(&f->index);
	*f = (struct go_frames){0};
}

static bool go_is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* showfuncinfo() and isExportedRuntime() of src/runtime/traceback.go. */
static bool go_name_is_hidden(const char *name)
{
	if (!strchr(name, '.'))
		return true;
	if (strncmp(name, RUNTIME, strlen(RUNTIME)) != 0)
		return false;
	return !go_is_upper(name[strlen(RUNTIME)]);
}

bool go_name_is_system(const char *start)
{
	static const char *const users[] = {"runtime.main", "runtime.handleAsyncEvent",
					    "runtime.corostart"};

	if (strncmp(start, RUNTIME, strlen(RUNTIME)) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(users); i++)
		if (!strcmp(start, users[i]))
			return false;
	return true;
}

/* ---- looking up ---- */

/* Adds what is at @frame. */
static int go_frames_add_lines(struct go_frames *f, struct go_frame *frame)
{
	const struct gopclntab *table = f->code->table;
	struct gopclntab_line lines[GOPCLNTAB_MAX_DEPTH];
	struct gopclntab_func func;
	uint64_t vaddr;
	int cnt, err;

	if (!go_stack_vaddr(f->code, frame->pc, &vaddr) || gopclntab__find(table, vaddr, &func))
		return 0;
	frame->function = gopclntab__name(table, &func);
	frame->offset = (uint32_t)((frame->pc & ~GO_PC_EXACT) - f->code->bias - func.entry);
	cnt = gopclntab__locate(table, vaddr, lines);
	err = array__grow((void **)&f->lines, &f->line_cap, f->line_cnt + (size_t)cnt,
			  sizeof(*f->lines), GO_FRAMES_MAX_CNT);
	for (int i = 0; !err && i < cnt; i++) {
		/* Where the function itself is a wrapper, it was left out. */
		bool is_inlined = i < cnt - 1 || strcmp(lines[i].name, frame->function) != 0;

		f->lines[f->line_cnt++] = (struct go_line){
			.name = lines[i].name,
			.file = lines[i].file,
			.line = lines[i].line,
			.offset = is_inlined ? 0 : frame->offset,
			.is_inlined = is_inlined,
			.is_wrapper = lines[i].func_id == table->wrapper_id,
			.is_hidden = go_name_is_hidden(lines[i].name),
		};
	}
	return err;
}

static bool go_frames_equal(const void *owner, uint32_t pos, const void *key)
{
	return ((const struct go_frames *)owner)->frames[pos].pc == *(const uint64_t *)key;
}

static int go_frames_add(struct go_frames *f, uint64_t pc, uint32_t *ret)
{
	struct go_frame frame = {.pc = pc, .function = "", .first = (uint32_t)f->line_cnt};
	int err = array__grow((void **)&f->frames, &f->cap, f->cnt + 1, sizeof(*f->frames),
			      GO_FRAMES_MAX_CNT);

	if (!err)
		err = go_frames_add_lines(f, &frame);
	if (!err)
		err = hash_index__add(&f->index, hash_u64(pc), (uint32_t)f->cnt);
	if (err)
		return err;
	frame.cnt = (uint32_t)f->line_cnt - frame.first;
	f->frames[f->cnt] = frame;
	*ret = (uint32_t)f->cnt++;
	return 0;
}

/* NULL when there is no memory or no room. */
static const struct go_frame *go_frames_find(struct go_frames *f, uint64_t pc, int *ret_err)
{
	uint32_t found = hash_index__find(&f->index, hash_u64(pc), go_frames_equal, f, &pc);

	*ret_err = found == HASH_INDEX_NONE ? go_frames_add(f, pc, &found) : 0;
	return *ret_err ? NULL : &f->frames[found];
}

int go_frames__get(struct go_frames *f, uint64_t pc, const struct go_line **ret_lines,
		   uint32_t *ret_cnt)
{
	int err;
	const struct go_frame *frame = go_frames_find(f, pc, &err);

	if (!frame)
		return err;
	*ret_lines = f->lines + frame->first;
	*ret_cnt = frame->cnt;
	return 0;
}

/* Wrappers stay before what panics: elideWrapperCalling() of src/runtime/traceback.go. */
static bool go_keeps_wrapper(const char *callee)
{
	return !strcmp(callee, "runtime.gopanic") || !strcmp(callee, "runtime.sigpanic") ||
	       !strcmp(callee, "runtime.panicwrap");
}

int go_frames__each(struct go_frames *f, struct go_stack_view stack, bool runtime, go_line_fn fn,
		    void *arg)
{
	const char *callee = "runtime.gopanic"; /* of the innermost one, which is kept */
	int err = 0;

	for (uint32_t i = 0; !err && i < stack.cnt; i++) {
		const struct go_line *lines = NULL;
		uint32_t cnt = 0;

		err = go_frames__get(f, stack.pcs[i], &lines, &cnt);
		for (uint32_t k = 0; !err && k < cnt; k++) {
			bool is_elided = lines[k].is_wrapper && !go_keeps_wrapper(callee);

			callee = lines[k].name;
			if (!is_elided && (runtime || !lines[k].is_hidden))
				err = fn(arg, &lines[k]);
		}
	}
	return err;
}

const char *go_frames__function(struct go_frames *f, uint64_t pc)
{
	int err;
	const struct go_frame *frame = pc ? go_frames_find(f, pc | GO_PC_EXACT, &err) : NULL;

	return frame ? frame->function : "";
}

bool go_frames__creator(struct go_frames *f, uint64_t gopc, struct go_line *ret)
{
	int err;
	const struct go_frame *frame = gopc ? go_frames_find(f, gopc & ~GO_PC_EXACT, &err) : NULL;

	if (!frame || !frame->cnt)
		return false;
	*ret = (struct go_line){
		.name = frame->function,
		.file = f->lines[frame->first].file,
		.line = f->lines[frame->first].line,
		.offset = frame->offset,
		.is_hidden = go_name_is_hidden(frame->function),
	};
	return true;
}
