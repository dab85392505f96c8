/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_mmaps.h"

#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/log.h"
#include "source/os_maps.h"

#define MMAPS_DATA_PAGES  16  /* per CPU; a power of two */
#define MMAPS_MAX_THREADS 256 /* watched one by one */
#define MMAPS_MAX_FDS	  65536
#define MMAPS_MAX_PENDING 65536
#define MMAPS_MAX_IMAGES  65536
#define MMAPS_MAX_FILES	  65536
#define MMAPS_HOLD_NS	  2000000000ull /* a record whose image did not come by then is dropped */

struct mmaps_ring {
	struct perf_event_mmap_page *page; /* NULL: not made yet */
	int fd;				   /* the event that owns it */
};

/* What is kept of a record. */
struct mmaps_record {
	uint64_t time_ns;
	uint64_t start, len, file_off;
	uint64_t dev, inode;
	uint32_t pid;
	bool writable;
	bool exec;  /* not a mapping: the process begins a new image */
	char *path; /* owned */
};

/* A pid means @image from @since_ns on. */
struct mmaps_image {
	uint32_t pid;
	uint64_t since_ns;
	struct wire_image image;
};

struct mmaps_file {
	uint64_t dev, inode;
	char *path; /* owned */
	uint32_t module;
};

/* As the kernel lays them out (perf_event_open(2)), with sample_id_all and PERF_SAMPLE_TIME. */
struct mmaps_raw_mmap2 {
	struct perf_event_header h;
	uint32_t pid, tid;
	uint64_t addr, len, pgoff;
	uint32_t maj, min;
	uint64_t ino, ino_generation;
	uint32_t prot, flags;
	char filename[];
};

struct mmaps_raw_lost {
	struct perf_event_header h;
	uint64_t id, lost;
};

struct mmaps_raw_comm {
	struct perf_event_header h;
	uint32_t pid, tid;
	char comm[];
};

int mmaps__init(struct mmaps *m, struct module_table *modules, uint32_t cpu_cnt)
{
	memset(m, 0, sizeof(*m));
	m->modules = modules;
	m->cpu_cnt = cpu_cnt;
	hash_index__init(&m->file_index);
	m->rings = calloc(cpu_cnt, sizeof(*m->rings));
	return m->rings ? 0 : -ENOMEM;
}

static size_t mmaps_ring_bytes(void)
{
	return (MMAPS_DATA_PAGES + 1) * (size_t)sysconf(_SC_PAGESIZE);
}

static void mmaps_forget_files(struct mmaps *m)
{
	for (size_t i = 0; i < m->file_cnt; i++)
		free(m->files[i].path);
	m->file_cnt = 0;
	hash_index__clear(&m->file_index);
}

void mmaps__forget(struct mmaps *m, const struct image_table *images)
{
	size_t kept = 0;

	mmaps_forget_files(m);
	for (size_t i = 0; i < m->image_cnt; i++)
		if (image_table__find(images, &m->images[i].image))
			m->images[kept++] = m->images[i];
	m->image_cnt = kept;
	array__shrink((void **)&m->images, &m->image_cap, kept, sizeof(*m->images));
}

void mmaps__fini(struct mmaps *m)
{
	for (uint32_t i = 0; m->rings && i < m->cpu_cnt; i++)
		if (m->rings[i].page)
			munmap(m->rings[i].page, mmaps_ring_bytes());
	for (size_t i = 0; i < m->fd_cnt; i++)
		close(m->fds[i]);
	for (size_t i = 0; i < m->pending_cnt; i++)
		free(m->pending[i].path);
	mmaps_forget_files(m);
	free(m->rings);
	free(m->fds);
	free(m->pending);
	free(m->images);
	free(m->files);
	hash_index__fini(&m->file_index);
	memset(m, 0, sizeof(*m));
}

/* ---- watching ---- */

static int mmaps_open(pid_t pid, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TIME,
		.mmap = 1,
		.mmap2 = 1,
		.comm = 1,
		.comm_exec = 1,
		.sample_id_all = 1,
		.inherit = pid > 0,
		.watermark = 1,
		.wakeup_watermark = UINT32_MAX, /* read once a round, never woken for */
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* All events of a CPU write into the ring of the first. */
static int mmaps_attach(struct mmaps *m, uint32_t cpu, int fd)
{
	struct mmaps_ring *r = &m->rings[cpu];
	void *at;

	if (r->page)
		return ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, r->fd) ? -errno : 0;
	at = mmap(NULL, mmaps_ring_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	r->page = at;
	r->fd = fd;
	return 0;
}

static int mmaps_watch(struct mmaps *m, pid_t pid)
{
	int err = 0;

	for (uint32_t cpu = 0; !err && cpu < m->cpu_cnt; cpu++) {
		int fd = mmaps_open(pid, (int)cpu);

		if (fd == -ENODEV)
			continue; /* offline */
		if (fd < 0)
			return fd;
		err = array__grow((void **)&m->fds, &m->fd_cap, m->fd_cnt + 1, sizeof(*m->fds),
				  MMAPS_MAX_FDS);
		if (err) {
			close(fd);
			return err;
		}
		m->fds[m->fd_cnt++] = fd;
		err = mmaps_attach(m, cpu, fd);
	}
	return err;
}

size_t mmaps__bytes(const struct mmaps *m)
{
	size_t bytes = 0;

	for (uint32_t i = 0; i < m->cpu_cnt; i++)
		if (m->rings[i].page)
			bytes += mmaps_ring_bytes();
	return bytes;
}

int mmaps__watch_system(struct mmaps *m)
{
	return mmaps_watch(m, -1);
}

int mmaps__watch_thread(struct mmaps *m, uint32_t tid)
{
	return mmaps_watch(m, (pid_t)tid);
}

int mmaps__watch_process(struct mmaps *m, uint32_t pid)
{
	struct dirent *entry;
	char path[64];
	int err = 0, cnt = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir))) {
		unsigned long tid = strtoul(entry->d_name, NULL, 10);

		if (tid && cnt++ < MMAPS_MAX_THREADS)
			err = mmaps_watch(m, (pid_t)tid);
	}
	closedir(dir);
	return err;
}

/* ---- who is who ---- */

static int mmaps_learn_image(struct mmaps *m, const struct wire_image *image, uint64_t since_ns)
{
	struct mmaps_image *last = m->image_cnt ? &m->images[m->image_cnt - 1] : NULL;
	size_t at;
	int err;

	if (last && !memcmp(&last->image, image, sizeof(*image)))
		return 0;
	/* Full: the older half is of processes that are long known, or gone. */
	if (last && m->image_cnt == MMAPS_MAX_IMAGES) {
		m->image_cnt /= 2;
		memmove(m->images, m->images + m->image_cnt, m->image_cnt * sizeof(*m->images));
	}
	err = array__grow((void **)&m->images, &m->image_cap, m->image_cnt + 1, sizeof(*m->images),
			  MMAPS_MAX_IMAGES);
	if (err)
		return err;
	/* In the order of time: an exec may be read from one ring before its process's fork from another. */
	for (at = m->image_cnt++; at && m->images[at - 1].since_ns > since_ns; at--)
		m->images[at] = m->images[at - 1];
	m->images[at] =
		(struct mmaps_image){.pid = image->pid, .since_ns = since_ns, .image = *image};
	return 0;
}

static bool mmaps_knows(const struct mmaps *m, uint32_t pid)
{
	for (size_t i = m->image_cnt; i-- > 0;)
		if (m->images[i].pid == pid)
			return true;
	return false;
}

int mmaps__learn(struct mmaps *m, const struct event *e)
{
	if (!m->fd_cnt)
		return 0;
	switch (e->h->kind) {
	case WIRE_THREAD:
		/* A process from before: whatever image it has, it has had since its start. */
		return mmaps_knows(m, e->thread->image.pid)
			       ? 0
			       : mmaps_learn_image(m, &e->thread->image, e->thread->image.start_ns);
	case WIRE_EXEC:
		return mmaps_learn_image(m, &e->exec->image, e->exec->time_ns);
	case WIRE_FORK:
		return mmaps_learn_image(m, &e->fork->child, e->fork->time_ns);
	default:
		return 0;
	}
}

/*
 * The image that pid @r->pid had at @r->time_ns. An exec has two moments: its rename (@renamed_ns, 0: none
 * seen) and its record; what lies between belongs to the new image. NULL: not known (yet).
 */
static const struct mmaps_image *mmaps_image_at(const struct mmaps *m, const struct mmaps_record *r,
						uint64_t renamed_ns)
{
	const struct mmaps_image *before = NULL, *after = NULL;

	for (size_t i = m->image_cnt; i-- > 0;) {
		const struct mmaps_image *img = &m->images[i];

		if (img->pid != r->pid)
			continue;
		if (img->since_ns > r->time_ns) {
			after = img; /* ends as the first one after */
			continue;
		}
		before = img;
		break;
	}
	if (renamed_ns && (!before || renamed_ns > before->since_ns))
		return after;
	return before;
}

/* ---- reading ---- */

static int mmaps_keep(struct mmaps *m, const struct mmaps_record *like, const char *path)
{
	struct mmaps_record rec = *like;
	int err;

	err = array__grow((void **)&m->pending, &m->pending_cap, m->pending_cnt + 1,
			  sizeof(*m->pending), MMAPS_MAX_PENDING);
	if (err == -E2BIG) {
		m->lost_cnt++;
		return 0;
	}
	if (err)
		return err;
	rec.path = path ? strdup(path) : NULL;
	if (path && !rec.path)
		return -ENOMEM;
	m->pending[m->pending_cnt++] = rec;
	return 0;
}

/* The kernel appends the sample id (here: the time) to each record. */
static uint64_t mmaps_time(const struct perf_event_header *h)
{
	uint64_t t;

	memcpy(&t, (const char *)h + h->size - sizeof(t), sizeof(t));
	return t;
}

static int mmaps_take(struct mmaps *m, const struct perf_event_header *h)
{
	static const char gone[] = " (deleted)";
	struct mmaps_record rec = {.time_ns = mmaps_time(h)};
	size_t len;

	if (h->type == PERF_RECORD_LOST) {
		m->lost_cnt += ((const struct mmaps_raw_lost *)h)->lost;
	} else if (h->type == PERF_RECORD_COMM && h->misc & PERF_RECORD_MISC_COMM_EXEC) {
		rec.pid = ((const struct mmaps_raw_comm *)h)->pid;
		rec.exec = true;
		return mmaps_keep(m, &rec, NULL);
	} else if (h->type == PERF_RECORD_MMAP2) {
		const struct mmaps_raw_mmap2 *raw = (const void *)h;

		rec.pid = raw->pid;
		rec.start = raw->addr;
		rec.len = raw->len;
		rec.file_off = raw->pgoff;
		rec.dev = (uint64_t)raw->maj << 32 | raw->min;
		rec.inode = raw->ino;
		rec.writable = raw->prot & PROT_WRITE;
		/* "name (deleted)": the same file under its name, as proc_maps_parse() has it. */
		len = strlen(raw->filename);
		if (len > sizeof(gone) - 1 &&
		    !strcmp(raw->filename + len - (sizeof(gone) - 1), gone))
			((char *)raw->filename)[len - (sizeof(gone) - 1)] = '\0';
		return mmaps_keep(m, &rec, raw->filename);
	}
	return 0;
}

static int mmaps_read_ring(struct mmaps *m, struct mmaps_ring *r)
{
	size_t bytes = MMAPS_DATA_PAGES * (size_t)sysconf(_SC_PAGESIZE);
	const char *data = (const char *)r->page + sysconf(_SC_PAGESIZE);
	uint64_t head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = r->page->data_tail;
	uint64_t copy[65536 / 8]; /* a record may wrap around the end */
	int err = 0;

	while (!err && tail < head) {
		struct perf_event_header *h = (void *)copy;

		for (size_t i = 0; i < sizeof(*h); i++)
			((char *)copy)[i] = data[(tail + i) % bytes];
		if (h->size < sizeof(*h) + sizeof(uint64_t))
			break;
		for (size_t i = sizeof(*h); i < h->size; i++)
			((char *)copy)[i] = data[(tail + i) % bytes];
		tail += h->size;
		err = mmaps_take(m, h);
	}
	__atomic_store_n(&r->page->data_tail, head, __ATOMIC_RELEASE);
	return err;
}

/* ---- delivering ---- */

static bool mmaps_file_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct mmaps_file *f = &((const struct mmaps *)owner)->files[pos];
	const struct mmaps_record *r = key;

	return f->dev == r->dev && f->inode == r->inode && !strcmp(f->path, r->path);
}

static uint64_t mmaps_file_hash(const struct mmaps_record *r)
{
	return hash_mix(hash_mix(r->dev, r->inode), hash_bytes(r->path, strlen(r->path)));
}

/* A record as a line of /proc/PID/maps would tell it. The kernel's names: perf_event_mmap_event(). */
static void mmaps_describe(const struct mmaps_record *r, struct proc_map *ret_map)
{
	bool file = r->path[0] == '/' && r->path[1] != '/';

	*ret_map = (struct proc_map){
		.start = r->start,
		.end = r->start + r->len,
		.file_off = r->file_off,
		.dev = r->dev,
		.inode = r->inode,
		.kind = file			     ? PROC_MAP_FILE
			: !strcmp(r->path, "[vdso]") ? PROC_MAP_VDSO
						     : PROC_MAP_ANON,
		.path = r->path,
	};
}

/* The module of a mapping; a file is opened only when it is seen for the first time. */
static int mmaps_module(struct mmaps *m, const struct mmaps_record *r, const struct proc_map *map,
			const struct wire_image *image, event_fn fn, void *arg, uint32_t *ret_id)
{
	uint64_t hash = mmaps_file_hash(r);
	uint32_t pos = hash_index__find(&m->file_index, hash, mmaps_file_eq, m, r);
	struct mmaps_file file = {.dev = r->dev, .inode = r->inode};
	int err;

	/* Each image has its own. */
	if (map->kind == PROC_MAP_ANON)
		return os_maps_module(image, map, m->modules, fn, arg, ret_id);
	if (pos != HASH_INDEX_NONE) {
		*ret_id = m->files[pos].module;
		return 0;
	}
	err = os_maps_module(image, map, m->modules, fn, arg, &file.module);
	if (m->file_cnt == MMAPS_MAX_FILES)
		mmaps_forget_files(m);
	if (!err)
		err = array__grow((void **)&m->files, &m->file_cap, m->file_cnt + 1,
				  sizeof(*m->files), MMAPS_MAX_FILES);
	if (err)
		return err;
	file.path = strdup(r->path);
	if (!file.path || hash_index__add(&m->file_index, hash, (uint32_t)m->file_cnt)) {
		free(file.path);
		return -ENOMEM;
	}
	m->files[m->file_cnt++] = file;
	*ret_id = file.module;
	return 0;
}

static int mmaps_deliver_one(struct mmaps *m, const struct mmaps_record *r,
			     const struct wire_image *image, event_fn fn, void *arg)
{
	struct wire_mapping rec = {
		.h = {.kind = WIRE_MAPPING, .size = sizeof(rec)},
		.image = *image,
		.start = r->start,
		.end = r->start + r->len,
		.flags = r->writable ? WIRE_MAPPING_WRITABLE : 0,
	};
	struct event e = {.mapping = &rec};
	struct proc_map map;
	int err;

	if (rec.end <= rec.start)
		return 0;
	mmaps_describe(r, &map);
	rec.file_off = map.kind == PROC_MAP_ANON ? os_maps_offset(&map) : r->file_off;
	err = mmaps_module(m, r, &map, image, fn, arg, &rec.module);
	return err ? err : fn(arg, &e);
}

static int mmaps_compare(const void *a, const void *b)
{
	const struct mmaps_record *x = a, *y = b;

	return x->time_ns < y->time_ns ? -1 : x->time_ns > y->time_ns;
}

/* When pid was last renamed by an exec before record @i. The list is short: one round's. */
static uint64_t mmaps_renamed_at(const struct mmaps *m, size_t i)
{
	uint32_t pid = m->pending[i].pid;

	while (i-- > 0)
		if (m->pending[i].exec && m->pending[i].pid == pid)
			return m->pending[i].time_ns;
	return 0;
}

/* A rename is needed as long as mappings after it wait for their image. */
static bool mmaps_is_needed(const struct mmaps *m, size_t i, uint64_t newest_ns)
{
	const struct mmaps_record *r = &m->pending[i];

	return r->time_ns + MMAPS_HOLD_NS > newest_ns &&
	       (r->exec || !mmaps_image_at(m, r, mmaps_renamed_at(m, i)));
}

int mmaps__deliver(struct mmaps *m, event_fn fn, void *arg)
{
	size_t kept = 0, i;
	uint64_t newest_ns;
	int err = 0;

	for (uint32_t cpu = 0; !err && cpu < m->cpu_cnt; cpu++)
		if (m->rings[cpu].page)
			err = mmaps_read_ring(m, &m->rings[cpu]);
	if (err || !m->pending_cnt)
		return err;
	qsort(m->pending, m->pending_cnt, sizeof(*m->pending), mmaps_compare);
	newest_ns = m->pending[m->pending_cnt - 1].time_ns;
	for (i = 0; !err && i < m->pending_cnt; i++) {
		const struct mmaps_record *r = &m->pending[i];
		const struct mmaps_image *img;

		img = r->exec ? NULL : mmaps_image_at(m, r, mmaps_renamed_at(m, i));
		if (img)
			err = mmaps_deliver_one(m, r, &img->image, fn, arg);
	}
	/* From the last to the first: a decision looks at the records before it. */
	for (i = m->pending_cnt; i-- > 0;)
		if (!mmaps_is_needed(m, i, newest_ns)) {
			free(m->pending[i].path);
			m->pending[i].path = NULL;
			m->pending[i].pid = 0;
		}
	for (i = 0; i < m->pending_cnt; i++)
		if (m->pending[i].pid)
			m->pending[kept++] = m->pending[i];
	m->pending_cnt = kept;
	return err;
}
