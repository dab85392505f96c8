/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_tables.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_read.h"
#include "base/os_thread.h"
#include "base/os_thread_signals.h"
#include "format/cfi.h"
#include "format/cfi_go.h"
#include "format/unwind_table.h"
#include "source/bpf_pools.h"
#include "source/os_grace.h"

enum table_state {
	TABLE_FREE, /* the number is not in use */
	TABLE_QUEUED,
	TABLE_READY,
	TABLE_WITHOUT, /* no CFI in the file */
	TABLE_REFUSED, /* no memory */
	TABLE_LEAVING, /* thrown away; a walk may still read it */
};

struct table {
	enum table_state state;
	uint32_t refs;
	uint64_t unused_since_ns;
	struct pool_run run; /* empty but for TABLE_READY, and TABLE_LEAVING after that */
	/* Identity. */
	uint16_t kind;
	uint8_t build_id_len;
	uint8_t build_id[WIRE_BUILD_ID_LEN];
	uint64_t file_bytes; /* a stripped copy has the same build id and other offsets */
	uint64_t dev, inode; /* counts only without a build id */
	int fd;		     /* while TABLE_QUEUED */
};

struct tables {
	pthread_t thread;
	bool started;
	pthread_mutex_t lock; /* all that follows */
	pthread_cond_t work;  /* queued_cnt or stop has changed */
	pthread_cond_t idle;  /* queued_cnt is 0 */
	bool stop;
	uint32_t queued_cnt;
	struct pools pools;
	struct pool_run without, refused; /* one-block tables that stand for all such modules */
	struct unwind_module *modules;	  /* the kernel's, mapped */
	size_t modules_bytes;
	struct table *items; /* by number; 0 is not used */
	uint32_t last;	     /* the highest number ever given out */
};

/* ---- the kernel's view ---- */

/* block_cnt last, so that a walk sees a table whole or not at all. */
static void tables_publish(struct tables *t, uint32_t number, const struct pool_run *run)
{
	struct unwind_module *m = &t->modules[number];

	m->pool = run->pool;
	m->first = run->first;
	__atomic_store_n(&m->block_cnt, run->cnt, __ATOMIC_RELEASE);
}

static void tables_unpublish(struct tables *t, uint32_t number)
{
	__atomic_store_n(&t->modules[number].block_cnt, 0, __ATOMIC_RELEASE);
}

/* ---- making room ---- */

/* Frees what was thrown away, once no walk can be reading it. */
static void tables_free_leaving(struct tables *t)
{
	bool waited = false;

	for (uint32_t i = 1; i <= t->last; i++) {
		struct table *tab = &t->items[i];

		if (tab->state != TABLE_LEAVING)
			continue;
		if (!waited)
			os_grace_wait();
		waited = true;
		if (tab->run.cnt)
			pools__free(&t->pools, &tab->run);
		tab->state = TABLE_FREE;
	}
}

/* Throws away the table that has gone unused the longest. False: all are in use. */
static bool tables_evict(struct tables *t)
{
	struct table *oldest = NULL;

	for (uint32_t i = 1; i <= t->last; i++) {
		struct table *tab = &t->items[i];

		if (tab->refs || tab->state < TABLE_READY || tab->state == TABLE_LEAVING)
			continue;
		if (!oldest || tab->unused_since_ns < oldest->unused_since_ns)
			oldest = tab;
	}
	if (!oldest)
		return false;
	tables_unpublish(t, (uint32_t)(oldest - t->items));
	oldest->state = TABLE_LEAVING;
	tables_free_leaving(t);
	return true;
}

static int tables_alloc(struct tables *t, uint32_t block_cnt, struct pool_run *ret)
{
	int err;

	while ((err = pools__alloc(&t->pools, block_cnt, ret)) == -ENOSPC)
		if (!tables_evict(t))
			break;
	return err;
}

/* ---- the thread that makes tables ---- */

static int tables_compile(int fd, uint16_t kind, struct cfi_rows *ret)
{
	_cleanup_buf_ struct buf vdso = {0};
	struct elf e = {0};
	int err;

	if (kind == WIRE_MODULE_VDSO) {
		err = os_read_vdso(&vdso);
		if (!err)
			err = elf__open_memory(&e, vdso.data, vdso.len);
	} else {
		err = fd < 0 ? -ENOENT : elf__open(&e, fd);
	}
	if (!err)
		err = cfi_compile(&e, ret);
	if (!err)
		err = cfi_go__end_stacks(&e, ret);
	elf__close(&e);
	return err;
}

/* Called with the lock held; lets it go while it compiles and copies. */
static void tables_make(struct tables *t, uint32_t number)
{
	struct table *tab = &t->items[number];
	struct cfi_rows rows = {0};
	struct pool_run run;
	int err, fd = tab->fd, cnt = 0;
	uint16_t kind = tab->kind;

	pthread_mutex_unlock(&t->lock);
	err = tables_compile(fd, kind, &rows);
	if (!err)
		cnt = unwind_table__block_cnt(&rows);
	if (fd >= 0)
		close(fd);
	pthread_mutex_lock(&t->lock);
	if (err || cnt < 0) {
		log_debug("unwind table %u: %s", number, strerror(err ? -err : -cnt));
		tab->state = TABLE_WITHOUT;
		tables_publish(t, number, &t->without);
	} else if (tables_alloc(t, (uint32_t)cnt, &run)) {
		tab->state = TABLE_REFUSED;
		tables_publish(t, number, &t->refused);
	} else {
		void *memory = pools__memory(&t->pools, &run);

		/* The run is ours alone, and the collector need not wait for the copying. */
		pthread_mutex_unlock(&t->lock);
		unwind_table__build(&rows, memory, (size_t)cnt * UNWIND_BLOCK_BYTES);
		pthread_mutex_lock(&t->lock);
		tab->run = run;
		tab->state = TABLE_READY;
		tables_publish(t, number, &run);
	}
	cfi_rows__fini(&rows);
}

static uint32_t tables_next_queued(const struct tables *t)
{
	for (uint32_t i = 1; i <= t->last; i++)
		if (t->items[i].state == TABLE_QUEUED)
			return i;
	return 0;
}

static void *tables_run(void *arg)
{
	struct tables *t = arg;

	pthread_mutex_lock(&t->lock);
	while (!t->stop) {
		uint32_t number = tables_next_queued(t);

		if (!number) {
			pthread_cond_wait(&t->work, &t->lock);
			continue;
		}
		tables_make(t, number);
		if (!--t->queued_cnt)
			pthread_cond_broadcast(&t->idle);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* ---- setting up ---- */

static int tables_start(struct tables *t)
{
	sigset_t old;
	int err;

	os_thread_block_signals(&old);
	err = -pthread_create(&t->thread, NULL, tables_run, t);
	os_thread_restore_signals(&old);
	t->started = !err;
	return err;
}

/* A table of one block that says nothing but @flags. */
static int tables_make_empty(struct tables *t, uint32_t flags, struct pool_run *ret)
{
	int err = pools__alloc(&t->pools, 1, ret);

	if (!err)
		*(struct unwind_header *)pools__memory(&t->pools, ret) =
			(struct unwind_header){.block_cnt = 1, .flags = flags};
	return err;
}

static int tables_init(struct tables *t, int pools_fd, int modules_fd, uint64_t max_bytes)
{
	pthread_condattr_t monotonic;
	void *at;
	int err;

	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->work, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&t->idle, &monotonic);
	pthread_condattr_destroy(&monotonic);
	err = pools__init(&t->pools, pools_fd, (uint32_t)(max_bytes / UNWIND_BLOCK_BYTES));
	if (err)
		return err;
	t->items = calloc(UNWIND_MAX_MODULES + 1, sizeof(*t->items));
	if (!t->items)
		return -ENOMEM;
	t->modules_bytes = (UNWIND_MAX_MODULES + 1) * sizeof(*t->modules);
	at = mmap(NULL, t->modules_bytes, PROT_READ | PROT_WRITE,
		  modules_fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, modules_fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	t->modules = at;
	err = tables_make_empty(t, 0, &t->without);
	if (!err)
		err = tables_make_empty(t, UNWIND_TABLE_REFUSED, &t->refused);
	return err ? err : tables_start(t);
}

struct tables *tables__new(int pools_fd, int modules_fd, uint64_t max_bytes)
{
	struct tables *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return NULL;
	err = tables_init(t, pools_fd, modules_fd, max_bytes);
	if (err) {
		tables__free(t);
		errno = -err;
		return NULL;
	}
	return t;
}

void tables__free(struct tables *t)
{
	if (!t)
		return;
	if (t->started) {
		pthread_mutex_lock(&t->lock);
		t->stop = true;
		pthread_cond_signal(&t->work);
		pthread_mutex_unlock(&t->lock);
		pthread_join(t->thread, NULL);
	}
	for (uint32_t i = 1; t->items && i <= t->last; i++)
		if (t->items[i].state == TABLE_QUEUED && t->items[i].fd >= 0)
			close(t->items[i].fd);
	if (t->modules)
		munmap(t->modules, t->modules_bytes);
	pools__fini(&t->pools);
	free(t->items);
	free(t);
}

/* ---- for the collector ---- */

static void tables_identify(const struct module *m, struct table *ret)
{
	*ret = (struct table){.state = TABLE_QUEUED, .refs = 1, .kind = m->kind, .fd = -1};
	if (m->kind == WIRE_MODULE_VDSO)
		return;
	if (m->fd >= 0 && os_file_bytes(m->fd, &ret->file_bytes))
		ret->file_bytes = 0;
	ret->build_id_len = m->build_id_len;
	memcpy(ret->build_id, m->build_id, sizeof(ret->build_id));
	if (!m->build_id_len) {
		ret->dev = m->dev;
		ret->inode = m->inode;
	}
}

static bool table_same(const struct table *a, const struct table *b)
{
	return a->state != TABLE_FREE && a->state != TABLE_LEAVING && a->kind == b->kind &&
	       a->file_bytes == b->file_bytes && a->dev == b->dev && a->inode == b->inode &&
	       a->build_id_len == b->build_id_len &&
	       !memcmp(a->build_id, b->build_id, a->build_id_len);
}

/* The number of the table like @want, else a free one, else 0. */
static uint32_t tables_find(struct tables *t, const struct table *want, bool *ret_found)
{
	uint32_t unused = 0;

	for (uint32_t i = 1; i <= t->last; i++) {
		if (table_same(&t->items[i], want)) {
			*ret_found = true;
			return i;
		}
		if (!unused && t->items[i].state == TABLE_FREE)
			unused = i;
	}
	*ret_found = false;
	if (!unused && t->last < UNWIND_MAX_MODULES)
		unused = ++t->last;
	return unused;
}

uint32_t tables__get(struct tables *t, const struct module *m)
{
	struct table want;
	uint32_t number;
	bool found;

	if (m->kind != WIRE_MODULE_ELF && m->kind != WIRE_MODULE_VDSO)
		return 0;
	tables_identify(m, &want);
	pthread_mutex_lock(&t->lock);
	number = tables_find(t, &want, &found);
	if (!number && tables_evict(t))
		number = tables_find(t, &want, &found);
	if (number && found) {
		t->items[number].refs++;
	} else if (number) {
		want.fd = m->fd >= 0 ? fcntl(m->fd, F_DUPFD_CLOEXEC, 3) : -1;
		t->items[number] = want;
		t->queued_cnt++;
		pthread_cond_signal(&t->work);
	}
	pthread_mutex_unlock(&t->lock);
	return number;
}

void tables__put(struct tables *t, uint32_t number)
{
	if (!number)
		return;
	pthread_mutex_lock(&t->lock);
	if (!--t->items[number].refs)
		t->items[number].unused_since_ns = os_monotonic_ns();
	pthread_mutex_unlock(&t->lock);
}

bool tables__wait(struct tables *t, int timeout_ms)
{
	struct timespec until;
	uint64_t end_ns = os_monotonic_ns() + (uint64_t)timeout_ms * 1000000;
	bool done;

	until.tv_sec = (time_t)(end_ns / 1000000000);
	until.tv_nsec = (long)(end_ns % 1000000000);
	pthread_mutex_lock(&t->lock);
	while (t->queued_cnt && !pthread_cond_timedwait(&t->idle, &t->lock, &until))
		;
	done = !t->queued_cnt;
	pthread_mutex_unlock(&t->lock);
	return done;
}

const void *tables__block(const struct tables *t, uint32_t number, uint32_t block)
{
	const struct unwind_module *m;
	struct pool_run run = {.cnt = 1};

	if (!number || number > UNWIND_MAX_MODULES)
		return NULL;
	m = &t->modules[number];
	if (block >= __atomic_load_n(&m->block_cnt, __ATOMIC_ACQUIRE))
		return NULL;
	run.pool = m->pool;
	run.first = m->first + block;
	return pools__memory(&t->pools, &run);
}

struct tables_usage tables__usage(struct tables *t)
{
	struct tables_usage u = {0};

	pthread_mutex_lock(&t->lock);
	for (uint32_t i = 1; i <= t->last; i++) {
		u.table_cnt += t->items[i].state == TABLE_READY;
		u.without_cnt += t->items[i].state == TABLE_WITHOUT;
		u.refused_cnt += t->items[i].state == TABLE_REFUSED;
	}
	u.used_bytes = (uint64_t)t->pools.used_blocks * UNWIND_BLOCK_BYTES;
	u.pool_bytes = (uint64_t)t->pools.made_blocks * UNWIND_BLOCK_BYTES;
	pthread_mutex_unlock(&t->lock);
	return u;
}
