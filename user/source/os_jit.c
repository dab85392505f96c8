/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_jit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/log.h"
#include "base/os_open.h"
#include "source/os_maps.h"
#include "source/os_threads.h"

#define JIT_FIRST_WAIT_NS 100000000ull
#define JIT_MAX_WAIT_NS	  1600000000ull
#define JIT_SLACK_SECONDS \
	2 /* the process's start is known to the clock tick, the file's time to the kernel's tick */

void jits__init(struct jits *j, struct module_table *modules)
{
	memset(j, 0, sizeof(*j));
	j->modules = modules;
}

void jits__fini(struct jits *j)
{
	for (size_t i = 0; i < j->cnt; i++)
		close(j->items[i].tmp_fd);
	free(j->items);
	memset(j, 0, sizeof(*j));
}

/* ---- files ---- */

/* Whoever may write to /tmp could make us open anything: it is looked at before it is opened. */
static int jit_check(int fd, const uint32_t uids[2], int64_t not_before)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_uid && st.st_uid != uids[0] && st.st_uid != uids[1])
		return -EPERM;
	return st.st_mtime < not_before ? -ESTALE : 0;
}

int os_jit_open_map(int dir_fd, const char *name, const uint32_t uids[2], int64_t not_before)
{
	int where = os_find_below(dir_fd, name, OS_FIND_NO_LINKS);
	int fd;

	if (where < 0)
		return where;
	fd = jit_check(where, uids, not_before);
	if (!fd)
		fd = os_open_found(where);
	close(where);
	return fd;
}

/*
 * When the process began, by CLOCK_REALTIME. Its start is told on a clock that stands still while the machine is suspended,
 * or on one that does not (os_maps_same_process()): the earlier of the two.
 */
static int64_t jit_not_before(const struct wire_image *image)
{
	struct timespec real, boot;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return real.tv_sec - boot.tv_sec + (int64_t)(image->start_ns / 1000000000) -
	       JIT_SLACK_SECONDS;
}

/* ---- processes ---- */

/* Who it is, in its own eyes and in ours: both may change. False: it can't be read (any more). */
static bool jit_read_status(struct jit *t)
{
	uint32_t pid = os_thread_own_tid(t->image.pid, t->image.pid);

	if (!pid || !os_thread_uids(t->image.pid, t->uids))
		return false;
	snprintf(t->name, sizeof(t->name), "perf-%u.map", pid);
	return true;
}

static int jit_open_tmp(const struct wire_image *image)
{
	int root = os_open_root(image->pid), fd;

	if (root < 0)
		return root;
	/* Behind links inside of its root, if that is how it is. */
	fd = os_find_below(root, "tmp", OS_FIND_DIRECTORY);
	close(root);
	return fd;
}

/* ---- the list ---- */

static int jits_add(struct jits *j, const struct wire_image *image, uint32_t module)
{
	struct jit t = {.image = *image, .module = module, .wait_ns = JIT_FIRST_WAIT_NS};
	int err;

	if (j->cnt == JITS_MAX_CNT) {
		log_debug("process %u: no perf map is looked for: too many processes", image->pid);
		return 0;
	}
	if (!os_maps_same_process(image) || !jit_read_status(&t))
		return 0;
	t.tmp_fd = jit_open_tmp(image);
	if (t.tmp_fd < 0)
		return 0;
	err = array__grow((void **)&j->items, &j->cap, j->cnt + 1, sizeof(*j->items), JITS_MAX_CNT);
	if (err)
		close(t.tmp_fd);
	else
		j->items[j->cnt++] = t;
	return err;
}

/* True: no more to be done for it. */
static bool jits_try(struct jits *j, struct jit *t)
{
	struct module *m = module_table__find(j->modules, t->module);
	int64_t not_before = jit_not_before(&t->image);
	struct jit now = *t;
	int fd = os_jit_open_map(t->tmp_fd, t->name, t->uids, not_before);

	/* It may have dropped its privileges since. */
	if (fd == -EPERM && os_maps_same_process(&t->image) && jit_read_status(&now)) {
		*t = now;
		fd = os_jit_open_map(t->tmp_fd, t->name, t->uids, not_before);
	}
	if (fd < 0) {
		if (fd != -ENOENT)
			log_debug("process %u: %s is not read: %s", t->image.pid, t->name,
				  strerror(-fd));
		return false;
	}
	if (m && m->fd < 0)
		m->fd = fd;
	else
		close(fd);
	return true;
}

static void jits_drop(struct jits *j, size_t i)
{
	close(j->items[i].tmp_fd);
	j->items[i] = j->items[--j->cnt];
}

/* The image has ended. */
static void jits_end(struct jits *j, const struct wire_image *image)
{
	for (size_t i = j->cnt; i-- > 0;) {
		if (memcmp(&j->items[i].image, image, sizeof(*image)) != 0)
			continue;
		jits_try(j, &j->items[i]);
		jits_drop(j, i);
	}
}

int jits__learn(struct jits *j, const struct event *e)
{
	const struct module *m;
	struct wire_image image;

	switch (e->h->kind) {
	case WIRE_MODULE:
		m = module_table__find(j->modules, e->module->id);
		return m && module__image(m, &image) ? jits_add(j, &image, m->id) : 0;
	case WIRE_EXEC:
		image = e->exec->image;
		image.exec_id--;
		jits_end(j, &image);
		return 0;
	case WIRE_SUMMARY:
		if (e->summary->flags & WIRE_THREAD_GROUP_DEAD)
			jits_end(j, &e->summary->image);
		return 0;
	default:
		return 0;
	}
}

void jits__forget(struct jits *j)
{
	for (size_t i = j->cnt; i-- > 0;)
		if (!module_table__find(j->modules, j->items[i].module))
			jits_drop(j, i);
}

void jits__poll(struct jits *j, uint64_t now_ns)
{
	for (size_t i = j->cnt; i-- > 0;) {
		struct jit *t = &j->items[i];

		if (now_ns < t->next_ns)
			continue;
		t->next_ns = now_ns + t->wait_ns;
		if (t->wait_ns < JIT_MAX_WAIT_NS)
			t->wait_ns *= 2;
		if (jits_try(j, t))
			jits_drop(j, i);
	}
}

void jits__finish(struct jits *j)
{
	for (size_t i = j->cnt; i-- > 0;)
		if (jits_try(j, &j->items[i]))
			jits_drop(j, i);
}
