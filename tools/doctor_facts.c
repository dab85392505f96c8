/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "doctor_facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/log.h"
#include "base/os_debuginfod.h"
#include "format/cfi.h"
#include "format/elf_debug.h"
#include "format/python.h"
#include "source/os_jit.h"
#include "source/os_maps.h"
#include "symbol/debug_file.h"
#include "symbol/runtime.h"
#include "symbol/symtab.h"

#define FACTS_MAX_FILES 65536

/* ---- one file ---- */

static uint64_t facts_functions(const struct elf *e)
{
	_cleanup_cfi_rows_ struct cfi_rows rows = {0};

	return cfi_compile(e, &rows) ? 0 : rows.fde_cnt;
}

/* As frames get their names: Go's own table first. */
static int facts_names(const struct module *m, struct doctor_file *file)
{
	uint64_t limit = 0;
	struct symtab t;
	int err;

	symtab__init(&t);
	err = go_resolver.fill(go_resolver.ctx, m, &t, &limit);
	file->is_go = err > 0;
	if (!err)
		err = elf_resolver.fill(elf_resolver.ctx, m, &t, &limit);
	symtab__finish(&t, limit);
	for (size_t i = 0; i < t.cnt; i++)
		file->name_cnt += *symtab__name(&t, &t.symbols[i]) != '\0';
	symtab__fini(&t);
	return err == -ENOMEM ? err : 0;
}

static bool facts_has_debug(const struct module *m, const struct elf *e)
{
	_cleanup_debug_file_ struct debug_file f = {.fd = -1};
	struct elf debug;
	bool has;

	if (elf_debug_has_info(e))
		return true;
	if (debug_file__find(&f, m, e) || f.fd < 0 || elf__open(&debug, f.fd))
		return false;
	has = elf_debug_has_info(&debug);
	elf__close(&debug);
	return has;
}

static void facts_python(const struct module *m, const struct elf *e, struct doctor_target *t)
{
	struct python_layout layout;
	int err;

	if (!python_is_name(module__name(m)))
		return;
	err = elf_python_layout(e, &layout);
	/* One with the interpreter in a library has nothing to show itself. */
	if (err && t->python_version)
		return;
	t->runtime = DOCTOR_PYTHON;
	if (err)
		snprintf(t->python_text, sizeof(t->python_text), "%s",
			 err == -ENOENT ? "it exports no symbols of its interpreter"
					: error_text(err));
	else
		t->python_version = layout.version;
}

static int facts_file(struct doctor_target_facts *f, const struct module *m)
{
	struct doctor_target *t = &f->target;
	struct doctor_file *file;
	struct elf e;
	int err = array__grow((void **)&t->files, &f->file_cap, t->file_cnt + 1, sizeof(*t->files),
			      FACTS_MAX_FILES);

	if (err)
		return err;
	file = &t->files[t->file_cnt++];
	*file = (struct doctor_file){.has_build_id = m->build_id_len};
	snprintf(file->name, sizeof(file->name), "%s", module__name(m));
	file->main = m->path && !strcmp(m->path, f->process.exe);
	if (m->fd < 0 || elf__open(&e, m->fd))
		return 0;
	file->opened = true;
	file->function_cnt = facts_functions(&e);
	file->has_debug = facts_has_debug(m, &e);
	err = facts_names(m, file);
	facts_python(m, &e, t);
	if (file->main && file->is_go)
		t->runtime = DOCTOR_GO;
	elf__close(&e);
	return err;
}

/* ---- all of them ---- */

/* Memory without a file: who makes code in it, and whether it tells names. */
static void facts_made_code(struct doctor_target_facts *f, const struct module *m)
{
	const char *runtime = runtime_frame_name(&f->model.modules, &f->model.images, m);
	struct doctor_target *t = &f->target;
	struct wire_image image;

	if (!module__image(m, &image))
		return; /* [vsyscall] */
	t->makes_code = true;
	t->has_perf_map |= m->fd >= 0;
	if (runtime && !strcmp(runtime, RUNTIME_FRAME_JAVA))
		t->runtime = DOCTOR_JAVA;
	else if (runtime)
		t->runtime = DOCTOR_NODE;
}

static int facts_modules(struct doctor_target_facts *f)
{
	const struct module_table *modules = &f->model.modules;
	int err = 0;

	for (size_t i = 0; !err && i < modules->cnt; i++) {
		const struct module *m = modules->items[i];

		if (!m)
			continue;
		if (m->kind == WIRE_MODULE_ANON)
			facts_made_code(f, m);
		else if (m->kind == WIRE_MODULE_ELF && module__is_jitdump(m))
			f->target.has_perf_map = true;
		else if (m->kind == WIRE_MODULE_ELF)
			err = facts_file(f, m);
	}
	return err;
}

struct facts_taker {
	struct model *model;
	struct jits jits;
};

static int facts_take(void *arg, const struct event *e)
{
	struct facts_taker *t = arg;
	int err = model__apply(t->model, e, NULL, NULL);

	return err ? err : jits__learn(&t->jits, e);
}

/* Its mappings as a source reads them, which opens the files, and its perf map, if there is one by now. */
static int facts_mappings(struct doctor_target_facts *f)
{
	struct facts_taker taker = {.model = &f->model};
	int err;

	jits__init(&taker.jits, &f->model.modules);
	err = os_maps_read(&f->process.image, &f->model.modules, facts_take, &taker);
	jits__finish(&taker.jits);
	jits__fini(&taker.jits);
	return err < 0 ? err : 0;
}

static void facts_memory(struct doctor_target_facts *f)
{
	const struct image *img = image_table__find(&f->model.images, &f->process.image);
	const struct mapping *maps;
	size_t cnt = 0;

	if (!img)
		return;
	maps = image_table__mappings(&f->model.images, img, &cnt);
	if (cnt)
		f->target.memory_err = os_process_try_memory(f->target.pid, maps[0].start);
}

int doctor_target_read(uint32_t pid, struct doctor_target_facts *ret)
{
	struct doctor_target *t = &ret->target;
	int err;

	memset(ret, 0, sizeof(*ret));
	*t = (struct doctor_target){.pid = pid, .debuginfod = os_debuginfod_ready()};
	unsetenv("DEBUGINFOD_URLS");
	err = model__init(&ret->model);
	if (err)
		return err;
	t->err = os_process_read(pid, &ret->process);
	if (t->err)
		return 0;
	t->comm = ret->process.comm;
	t->own_pid = ret->process.own_pid;
	t->kthread = ret->process.kthread;
	t->other_pid_ns = ret->process.other_pid_ns;
	t->other_mount_ns = ret->process.other_mount_ns;
	t->exe_deleted = ret->process.exe_deleted;
	t->err = t->kthread ? 0 : os_process_try_maps(pid);
	if (t->err || t->kthread)
		return 0;
	t->keeps_fp = os_process_says(pid, "+PreserveFramePointer");
	t->writes_perf_map =
		os_process_says(pid, "--perf-basic-prof") || os_process_says(pid, "--perf-prof");
	err = facts_mappings(ret);
	if (!err)
		err = facts_modules(ret);
	facts_memory(ret);
	return err;
}

void doctor_target_free(struct doctor_target_facts *f)
{
	free(f->target.files);
	model__fini(&f->model);
}
