/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_maps.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_open.h"
#include "base/os_read.h"
#include "format/elf.h"
#include "format/proc_maps.h"
#include "source/os_debug.h"
#include "source/os_process.h"
#include "source/os_threads.h"

#define MAPS_MAX_BYTES (64u << 20) /* 65,530 mappings with long paths */

struct maps_reader {
	const struct wire_image *image;
	struct module_table *modules;
	event_fn fn;
	void *arg;
};

/*
 * The kernel tells the start in two ways: the probes on a clock that stands still while the machine is suspended, /proc on
 * one that goes on. How long it was suspended before the start and how long after, nobody knows.
 */
bool os_maps_same_process(const struct wire_image *image)
{
	int64_t tick_ns = (int64_t)os_tick_ns(), start_ns, suspended_ns, at_ns;
	struct timespec boot, mono;
	struct os_thread leader;

	if (os_thread_read(image->pid, image->pid, &leader))
		return false;
	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	suspended_ns =
		(int64_t)(boot.tv_sec - mono.tv_sec) * 1000000000 + boot.tv_nsec - mono.tv_nsec;
	start_ns = (int64_t)image->start_ns;
	at_ns = (int64_t)leader.start_ticks * tick_ns;
	return at_ns >= start_ns - 2 * tick_ns && at_ns <= start_ns + suspended_ns + 2 * tick_ns;
}

/* As /proc/PID/maps tells it. */
static uint64_t maps_dev(const struct stat *st)
{
	return (uint64_t)major(st->st_dev) << 32 | minor(st->st_dev);
}

/* Opens a regular file without side effects: devices and FIFOs are never opened for reading. */
static int maps_open_regular(const char *path, uint64_t dev, uint64_t inode)
{
	struct stat st;
	int where, fd;

	where = open(path, O_PATH | O_CLOEXEC);
	if (where < 0)
		return -1;
	if (fstat(where, &st) || (inode && (st.st_ino != inode || maps_dev(&st) != dev)))
		fd = -1;
	else
		fd = os_open_found(where);
	close(where);
	return fd < 0 ? -1 : fd;
}

static int maps_open(const struct wire_image *image, const struct proc_map *m)
{
	_cleanup_buf_ struct buf path;
	int fd = -1;

	buf__init(&path, PROC_MAPS_PATH_MAX_BYTES + 64);
	/* The mapped inode itself, whatever became of its name. The kernel checks nothing but rights. */
	buf__printf(&path, "/proc/%u/map_files/%" PRIx64 "-%" PRIx64, image->pid, m->start, m->end);
	if (!path.err)
		fd = maps_open_regular(path.data, 0, 0);
	if (fd >= 0 || m->deleted)
		return fd;
	buf__reset(&path);
	buf__printf(&path, "/proc/%u/root%s", image->pid, m->path);
	fd = path.err ? -1 : maps_open_regular(path.data, m->dev, m->inode);
	/* A process that is gone may have seen the same files as we do: device and inode tell. */
	return fd >= 0 ? fd : maps_open_regular(m->path, m->dev, m->inode);
}

int os_maps_announce(const struct module *m, event_fn fn, void *arg)
{
	size_t len = strlen(m->path),
	       size = (sizeof(struct wire_module) + len + 1 + 7) & ~(size_t)7;
	_cleanup_free_ struct wire_module *rec = calloc(1, size);
	struct event e = {.module = rec};

	if (!rec)
		return -ENOMEM;
	rec->h.kind = WIRE_MODULE;
	rec->h.size = (uint32_t)size;
	rec->id = m->id;
	rec->kind = m->kind;
	rec->build_id_len = m->build_id_len;
	rec->dev = m->dev;
	rec->inode = m->inode;
	memcpy(rec->build_id, m->build_id, sizeof(rec->build_id));
	rec->path_len = (uint32_t)len;
	memcpy(rec->path, m->path, len);
	return fn(arg, &e);
}

int os_maps_module(const struct wire_image *image, const struct proc_map *m,
		   struct module_table *modules, event_fn fn, void *arg, uint32_t *ret_id)
{
	struct module like = {.fd = -1, .dev = m->dev, .inode = m->inode}, *found;
	bool added;
	int len, err = 0;

	switch (m->kind) {
	case PROC_MAP_VDSO:
		like.kind = WIRE_MODULE_VDSO;
		like.path = (char *)"[vdso]";
		like.dev = like.inode = 0;
		break;
	case PROC_MAP_ANON:
		module__set_image(&like, image);
		/* The kernel's half: [vsyscall], the same in every process. */
		if (m->start >> 63)
			like.dev = like.inode = 0;
		break;
	default:
		like.kind = WIRE_MODULE_ELF;
		like.path = (char *)m->path;
		like.fd = maps_open(image, m);
		len = like.fd >= 0 ? elf_build_id(like.fd, like.build_id) : 0;
		like.build_id_len = len > 0 ? (uint8_t)len : 0;
	}
	found = module_table__intern(modules, &like, &added);
	if (!found) {
		err = -errno;
	} else if (added) {
		os_debug_open(image->pid, found);
		err = os_maps_announce(found, fn, arg);
	}
	if (like.fd >= 0)
		close(like.fd);
	if (found && !err)
		*ret_id = found->id;
	return err;
}

uint64_t os_maps_offset(const struct proc_map *m)
{
	return m->kind == PROC_MAP_VDSO ? 0 : m->kind == PROC_MAP_ANON ? m->start : m->file_off;
}

static int maps_deliver(struct maps_reader *r, struct wire_mapping *rec)
{
	struct event e = {.mapping = rec};

	rec->h.kind = WIRE_MAPPING;
	rec->h.size = sizeof(*rec);
	rec->image = *r->image;
	return r->fn(r->arg, &e);
}

static int maps_take(void *arg, const struct proc_map *m)
{
	struct wire_mapping rec = {
		.start = m->start,
		.end = m->end,
		.file_off = m->file_off,
		.flags = m->writable ? WIRE_MAPPING_WRITABLE : 0,
	};
	struct maps_reader *r = arg;
	int err = os_maps_module(r->image, m, r->modules, r->fn, r->arg, &rec.module);

	if (err)
		return err;
	rec.file_off = os_maps_offset(m);
	return maps_deliver(r, &rec);
}

/* Has its mappings been read? A process whose first thread has ended has them all the same, but not in its own name. */
static bool maps_read_text(uint32_t pid, struct buf *ret)
{
	uint32_t tid;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	if (os_read_file(path, MAPS_MAX_BYTES, ret))
		return false;
	if (ret->len)
		return true;
	tid = os_process_live_thread(pid);
	if (!tid || tid == pid)
		return false;
	buf__fini(ret);
	snprintf(path, sizeof(path), "/proc/%u/task/%u/maps", pid, tid);
	return !os_read_file(path, MAPS_MAX_BYTES, ret) && ret->len;
}

int os_maps_read(const struct wire_image *image, struct module_table *modules, event_fn fn,
		 void *arg)
{
	struct maps_reader r = {.image = image, .modules = modules, .fn = fn, .arg = arg};
	struct wire_mapping reset = {.flags = WIRE_MAPPING_RESET};
	_cleanup_buf_ struct buf text = {0};
	int err;

	if (!os_maps_same_process(image) || !maps_read_text(image->pid, &text))
		return 0;
	err = maps_deliver(&r, &reset);
	if (!err)
		err = proc_maps_parse(text.data, text.len, maps_take, &r);
	return err < 0 ? err : 1;
}

struct maps_place {
	const struct wire_image *image;
	uint64_t addr;
	event_fn fn;
	void *arg;
	bool found;
};

static int maps_deliver_lock(struct maps_place *p, const struct proc_map *m)
{
	const char *path = m && m->kind != PROC_MAP_ANON ? m->path : "";
	size_t len = strlen(path), size = (sizeof(struct wire_lock) + len + 1 + 7) & ~(size_t)7;
	_cleanup_free_ struct wire_lock *rec = calloc(1, size);
	struct event e = {.lock = rec};

	if (!rec)
		return -ENOMEM;
	rec->h.kind = WIRE_LOCK;
	rec->h.size = (uint32_t)size;
	rec->image = *p->image;
	rec->addr = p->addr;
	/* Shared memory without a name has an inode of its own, too. */
	if (m && m->inode) {
		rec->dev = m->dev;
		rec->inode = m->inode;
		rec->file_off = m->file_off + (p->addr - m->start);
	}
	rec->path_len = (uint32_t)len;
	memcpy(rec->path, path, len);
	p->found = true;
	return p->fn(p->arg, &e);
}

static int maps_take_lock(void *arg, const struct proc_map *m)
{
	return maps_deliver_lock(arg, m);
}

int os_maps_locate(const struct wire_image *image, uint64_t addr, event_fn fn, void *arg)
{
	struct maps_place p = {.image = image, .addr = addr, .fn = fn, .arg = arg};
	_cleanup_buf_ struct buf text = {0};
	int err = 0;

	if (os_maps_same_process(image) && maps_read_text(image->pid, &text))
		err = proc_maps_find(text.data, text.len, addr, maps_take_lock, &p);
	if (err < 0 || p.found)
		return err < 0 ? err : 0;
	return maps_deliver_lock(&p, NULL);
}
