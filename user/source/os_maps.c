/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_maps.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os_read.h"
#include "format/elf.h"
#include "format/proc_maps.h"

#define MAPS_MAX_BYTES	(64u << 20) /* 65,530 mappings with long paths */
#define STAT_MAX_BYTES	4096
#define STAT_START_TIME 22 /* field of /proc/PID/stat, proc(5) */

struct maps_reader {
	const struct wire_image *image;
	struct module_table *modules;
	event_fn fn;
	void *arg;
};

bool os_maps_same_process(const struct wire_image *image)
{
	_cleanup_buf_ struct buf text = {0};
	struct timespec boot, mono;
	unsigned long long ticks;
	int64_t start_ns, offset_ns;
	char path[64], *at;
	long tick_ns = 1000000000 / sysconf(_SC_CLK_TCK);

	snprintf(path, sizeof(path), "/proc/%u/stat", image->pid);
	if (os_read_file(path, STAT_MAX_BYTES, &text))
		return false;
	/* The name may hold anything, also ") "; what follows the last one is numbers. */
	at = strrchr(text.data, ')');
	for (int field = 2; at && field < STAT_START_TIME; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, "%llu", &ticks) != 1)
		return false;
	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	offset_ns = (int64_t)(boot.tv_sec - mono.tv_sec) * 1000000000 + boot.tv_nsec - mono.tv_nsec;
	start_ns = (int64_t)image->start_ns + offset_ns;
	return llabs((int64_t)ticks * tick_ns - start_ns) <= 2 * tick_ns;
}

/* Opens a regular file without side effects: devices and FIFOs are never opened for reading. */
static int maps_open_regular(const char *path, uint64_t dev, uint64_t inode)
{
	char self[64];
	struct stat st;
	int where, fd;

	where = open(path, O_PATH | O_CLOEXEC);
	if (where < 0)
		return -1;
	if (fstat(where, &st) || !S_ISREG(st.st_mode) ||
	    (inode && (st.st_ino != inode ||
		       ((uint64_t)major(st.st_dev) << 32 | minor(st.st_dev)) != dev))) {
		close(where);
		return -1;
	}
	snprintf(self, sizeof(self), "/proc/self/fd/%d", where);
	fd = open(self, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	close(where);
	return fd;
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
		like.kind = WIRE_MODULE_ANON;
		like.path = (char *)"[anon]";
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
	if (!found)
		err = -errno;
	else if (added)
		err = os_maps_announce(found, fn, arg);
	if (like.fd >= 0)
		close(like.fd);
	if (!err)
		*ret_id = found->id;
	return err;
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
	if (m->kind == PROC_MAP_VDSO)
		rec.file_off = 0;
	return maps_deliver(r, &rec);
}

int os_maps_read(const struct wire_image *image, struct module_table *modules, event_fn fn,
		 void *arg)
{
	struct maps_reader r = {.image = image, .modules = modules, .fn = fn, .arg = arg};
	struct wire_mapping reset = {.flags = WIRE_MAPPING_RESET};
	_cleanup_buf_ struct buf text = {0};
	char path[64];
	int err;

	if (!os_maps_same_process(image))
		return 0;
	snprintf(path, sizeof(path), "/proc/%u/maps", image->pid);
	if (os_read_file(path, MAPS_MAX_BYTES, &text) || !text.len)
		return 0;
	err = maps_deliver(&r, &reset);
	if (!err)
		err = proc_maps_parse(text.data, text.len, maps_take, &r);
	return err < 0 ? err : 1;
}
