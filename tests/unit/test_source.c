/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the live source asks of the operating system, on children of this test: targets, mappings; and a recording as
 * a source from its file to its events.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/log.h"
#include "base/os_read.h"
#include "fixtures/child.h"
#include "fixtures/mkwire.h"
#include "format/recording.h"
#include "model/model.h"
#include "source/bpf_rings.h"
#include "source/os_alive.h"
#include "source/os_maps.h"
#include "source/os_mmaps.h"
#include "source/os_target.h"
#include "source/recording.h"

static void child_sleeps(void)
{
	shared->ready = 1;
	sleep_forever();
}

/* ---- os_target ---- */

static void check_no_cgroup(const char *path, int err, const char *why)
{
	unsigned long long id = 4711;
	uint32_t hierarchy = 4712;
	const char *text;

	assert_int_equal(os_target_cgroup(path, &id, &hierarchy), err);
	text = error_text(err);
	if (!strstr(text, path) || !strstr(text, why) || !strstr(text, "/sys/fs/cgroup"))
		fail_msg("%s: %s", path, text);
	assert_int_equal(id, 4711);
	assert_int_equal(hierarchy, 4712);
}

static void test_what_is_no_cgroup_is_refused_with_advice(void **state _unused_)
{
	check_no_cgroup("/nonexistent/group", -ENOENT, "No such file");
	check_no_cgroup("/proc/self", -EINVAL, "not a cgroup directory");
	check_no_cgroup("/tmp", -EINVAL, "not a cgroup directory");
	check_no_cgroup("/proc/self/stat/x", -ENOTDIR, "Not a directory");
}

struct cgroup_mount {
	char path[256];
	char controller[64]; /* "" for v2 */
};

/* The next cgroup mount of /proc/self/mountinfo from *@pos on. */
static bool next_cgroup_mount(const char **pos, struct cgroup_mount *ret)
{
	for (; *pos; *pos = strchr(*pos, '\n') ? strchr(*pos, '\n') + 1 : NULL) {
		char line[1024], *type, *options;

		snprintf(line, sizeof(line), "%.*s", (int)strcspn(*pos, "\n"), *pos);
		type = strstr(line, " - cgroup");
		if (!type || sscanf(line, "%*s %*s %*s %*s %255s", ret->path) != 1)
			continue;
		options = strrchr(line, ' ') + 1;
		ret->controller[0] = '\0';
		if (type[9] == ' ')
			snprintf(ret->controller, sizeof(ret->controller), "%s",
				 strrchr(options, ',') + 1);
		*pos = strchr(*pos, '\n') ? strchr(*pos, '\n') + 1 : NULL;
		return true;
	}
	return false;
}

/* The number before the line of /proc/self/cgroup that names @controller. */
static uint32_t hierarchy_of(const char *controller)
{
	_cleanup_buf_ struct buf text = {0};
	size_t len = strlen(controller);
	char *line, *rest, *at;

	assert_int_equal(os_read_file("/proc/self/cgroup", 1 << 20, &text), 0);
	for (line = strtok_r(text.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		for (at = strstr(line, controller); at; at = strstr(at + 1, controller))
			if (strchr(":,", at[-1]) && strchr(":,", at[len]))
				return (uint32_t)atoi(line);
	return 0;
}

static void check_cgroup(const struct cgroup_mount *m)
{
	unsigned long long id = 0;
	uint32_t hierarchy = 4711;
	struct stat st;
	char path[512];

	assert_int_equal(os_target_cgroup(m->path, &id, &hierarchy), 0);
	assert_int_equal(stat(m->path, &st), 0);
	assert_int_equal(id, st.st_ino);
	assert_int_equal(hierarchy, *m->controller ? hierarchy_of(m->controller) : 0);
	assert_int_equal(hierarchy != 0, *m->controller != 0);
	/* A file of it is none. */
	snprintf(path, sizeof(path), "%s/cgroup.procs", m->path);
	check_no_cgroup(path, -EINVAL, "not a cgroup directory");
}

static void test_every_cgroup_mount_has_its_id_and_hierarchy(void **state _unused_)
{
	_cleanup_buf_ struct buf text = {0};
	struct cgroup_mount m;
	const char *pos;
	int cnt = 0;

	assert_int_equal(os_read_file("/proc/self/mountinfo", 1 << 20, &text), 0);
	for (pos = buf__str(&text); next_cgroup_mount(&pos, &m); cnt++)
		check_cgroup(&m);
	if (!cnt)
		skip();
}

static void in_new_pidns(void)
{
	uint32_t inum = 0;
	struct stat st;

	if (!os_target_pidns(&inum) && !stat("/proc/self/ns/pid", &st) && inum == st.st_ino)
		_exit(0);
	_exit(1);
}

static void test_only_the_first_pid_namespace_is_0(void **state _unused_)
{
	uint32_t inum = 4711;
	struct stat st;
	int status = 0;
	pid_t pid;

	assert_int_equal(os_target_pidns(&inum), 0);
	assert_int_equal(stat("/proc/self/ns/pid", &st), 0);
	assert_int_equal(inum, st.st_ino == 0xeffffffc ? 0 : st.st_ino);
	pid = fork();
	if (!pid) {
		if (syscall(SYS_unshare, 0x20000000 /* CLONE_NEWPID */))
			_exit(77);
		pid = fork();
		if (!pid)
			in_new_pidns();
		waitpid(pid, &status, 0);
		_exit(WEXITSTATUS(status));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

/* ---- os_alive ---- */

/* Waits for what the kernel does in its own time. */
static void wait_until_none_is_alive(struct alive *a)
{
	for (int i = 0; i < 5000 && alive__any(a); i++)
		usleep(1000);
	assert_false(alive__any(a));
}

static void test_nobody_named_is_always_alive(void **state _unused_)
{
	struct alive a = {0};

	assert_true(alive__any(&a));
	alive__fini(&a);
}

static void test_a_process_is_alive_until_it_exits_reaped_or_not(void **state _unused_)
{
	struct child c = start_child(child_sleeps);
	struct alive a = {0};

	assert_int_equal(alive__add_process(&a, (uint32_t)c.pid), 0);
	assert_true(alive__any(&a));
	kill(c.pid, SIGKILL);
	wait_until_none_is_alive(&a); /* a zombie by now */
	assert_int_equal(waitpid(c.pid, NULL, 0), c.pid);
	assert_false(alive__any(&a));
	alive__fini(&a);
	assert_int_equal(a.cnt, 0);
}

static void test_the_last_of_several_counts(void **state _unused_)
{
	struct child first = start_child(child_sleeps), second = start_child(child_sleeps);
	struct alive a = {0};

	assert_int_equal(alive__add_process(&a, (uint32_t)first.pid), 0);
	assert_int_equal(alive__add_process(&a, (uint32_t)second.pid), 0);
	end_child(&first);
	assert_true(alive__any(&a));
	end_child(&second);
	wait_until_none_is_alive(&a);
	alive__fini(&a);
}

static void test_who_is_not_there_is_refused_with_advice(void **state _unused_)
{
	struct alive a = {0};
	struct child c = start_child(child_sleeps);
	char want[32];

	end_child(&c);
	snprintf(want, sizeof(want), "pid %d", c.pid);
	assert_int_equal(alive__add_process(&a, (uint32_t)c.pid), -ESRCH);
	assert_non_null(strstr(error_text(-ESRCH), want));
	snprintf(want, sizeof(want), "tid %d", c.pid);
	assert_int_equal(alive__add_thread(&a, (uint32_t)c.pid), -ESRCH);
	assert_non_null(strstr(error_text(-ESRCH), want));
	assert_int_equal(alive__add_process(&a, 0x7ffffffe), -ESRCH);
	assert_int_equal(alive__add_thread(&a, 0x7ffffffe), -ESRCH);
	assert_int_equal(a.cnt, 0);
	alive__fini(&a);
}

struct thread_control {
	pthread_mutex_t hold;
	volatile uint32_t tid;
};

static void *thread_until_released(void *arg)
{
	struct thread_control *t = arg;

	t->tid = (uint32_t)syscall(SYS_gettid);
	pthread_mutex_lock(&t->hold);
	pthread_mutex_unlock(&t->hold);
	return NULL;
}

static void start_thread(struct thread_control *t, pthread_t *thread)
{
	pthread_mutex_init(&t->hold, NULL);
	pthread_mutex_lock(&t->hold);
	assert_int_equal(pthread_create(thread, NULL, thread_until_released, t), 0);
	while (!t->tid)
		usleep(100);
}

static void end_thread(struct thread_control *t, pthread_t thread)
{
	pthread_mutex_unlock(&t->hold);
	assert_int_equal(pthread_join(thread, NULL), 0);
	pthread_mutex_destroy(&t->hold);
}

static void test_a_thread_is_alive_until_it_ends(void **state _unused_)
{
	struct thread_control t = {0};
	struct alive a = {0};
	pthread_t thread;

	start_thread(&t, &thread);
	assert_int_equal(alive__add_thread(&a, t.tid), 0);
	assert_true(alive__any(&a));
	end_thread(&t, thread);
	wait_until_none_is_alive(&a);
	alive__fini(&a);
}

static void test_a_tid_given_as_a_pid_is_told_where_to_go(void **state _unused_)
{
	struct thread_control t = {0};
	struct alive a = {0};
	pthread_t thread;
	char want[32];

	start_thread(&t, &thread);
	assert_int_equal(alive__add_process(&a, t.tid), -ESRCH);
	snprintf(want, sizeof(want), "-t %u", t.tid);
	assert_non_null(strstr(error_text(-ESRCH), want));
	assert_int_equal(a.cnt, 0);
	end_thread(&t, thread);
	alive__fini(&a);
}

/* ---- os_maps ---- */

/* Applies what is delivered, and counts it. */
struct taker {
	struct model model;
	int modules, mappings, resets;
	bool reset_first;
	int answer;
};

static int take(void *arg, const struct event *e)
{
	struct taker *t = arg;

	if (t->answer)
		return t->answer;
	if (e->h->kind == WIRE_MODULE)
		t->modules++;
	if (e->h->kind == WIRE_MAPPING) {
		bool reset = e->mapping->flags & WIRE_MAPPING_RESET;

		t->reset_first |= reset && !t->modules && !t->mappings;
		t->resets += reset;
		t->mappings += !reset;
	}
	return model__apply(&t->model, e, NULL, NULL);
}

static void taker_init(struct taker *t)
{
	memset(t, 0, sizeof(*t));
	assert_int_equal(model__init(&t->model), 0);
}

static const struct mapping *taken_mapping(const struct taker *t, const struct child *c,
					   uint64_t addr)
{
	const struct image *img = image_table__find(&t->model.images, &c->image);

	return img ? image__find_mapping(img, addr) : NULL;
}

static const struct module *taken_module(const struct taker *t, const struct child *c,
					 uint64_t addr)
{
	const struct mapping *m = taken_mapping(t, c, addr);

	assert_non_null(m);
	return module_table__find(&t->model.modules, m->module);
}

static int read_maps(struct taker *t, const struct child *c)
{
	return os_maps_read(&c->image, &t->model.modules, take, t);
}

static void test_the_childs_own_binary_is_mapped_and_open(void **state _unused_)
{
	uint64_t addr = (uintptr_t)child_sleeps; /* after fork() the same in both */
	struct child c = start_child(child_sleeps);
	const struct module *m;
	struct stat mine, theirs;
	struct taker t;
	char exe[PATH_MAX];
	ssize_t len;

	taker_init(&t);
	assert_int_equal(read_maps(&t, &c), 1);
	assert_true(t.reset_first);
	assert_int_equal(t.resets, 1);
	m = taken_module(&t, &c, addr);
	assert_int_equal(m->kind, WIRE_MODULE_ELF);
	len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	assert_true(len > 0);
	exe[len] = '\0';
	assert_string_equal(m->path, exe);
	assert_true(m->build_id_len > 0);
	assert_true(m->fd >= 0);
	assert_int_equal(fstat(m->fd, &theirs), 0);
	assert_int_equal(stat(exe, &mine), 0);
	assert_int_equal(theirs.st_ino, mine.st_ino);
	assert_int_equal(m->inode, mine.st_ino);
	end_child(&c);
	model__fini(&t.model);
}

/* The bytes at an address are those in the file at the offset that the mapping gives. */
static void test_offsets_lead_to_the_code_in_the_file(void **state _unused_)
{
	uint64_t addr = (uintptr_t)child_sleeps;
	struct child c = start_child(child_sleeps);
	const struct mapping *map;
	struct taker t;
	char bytes[32];

	taker_init(&t);
	assert_int_equal(read_maps(&t, &c), 1);
	map = taken_mapping(&t, &c, addr);
	assert_int_equal(pread(taken_module(&t, &c, addr)->fd, bytes, sizeof(bytes),
			       (off_t)(addr - map->start + map->file_off)),
			 sizeof(bytes));
	assert_memory_equal(bytes, (void *)(uintptr_t)addr, sizeof(bytes));
	end_child(&c);
	model__fini(&t.model);
}

/* Two pages: the second may be written to, as just-in-time compilers have it. */
static void child_with_writable_code(void)
{
	int code = PROT_READ | PROT_EXEC;

	shared->addr = (uintptr_t)mmap(NULL, 8192, code, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect((char *)(uintptr_t)shared->addr + 4096, 4096, code | PROT_WRITE);
	child_sleeps();
}

static void test_writable_code_is_known(void **state _unused_)
{
	struct child c = start_child(child_with_writable_code);
	struct taker t;

	taker_init(&t);
	assert_int_equal(read_maps(&t, &c), 1);
	assert_non_null(taken_mapping(&t, &c, shared->addr));
	assert_false(taken_mapping(&t, &c, shared->addr)->writable);
	assert_true(taken_mapping(&t, &c, shared->addr + 4096)->writable);
	end_child(&c);
	model__fini(&t.model);
}

static void test_a_second_reading_finds_the_same_modules(void **state _unused_)
{
	struct child c = start_child(child_sleeps);
	int modules, mappings;
	struct taker t;

	taker_init(&t);
	assert_int_equal(read_maps(&t, &c), 1);
	modules = t.modules;
	mappings = t.mappings;
	assert_true(modules > 2); /* the program, the C library, ... */
	assert_int_equal(read_maps(&t, &c), 1);
	assert_int_equal(t.modules, modules);
	assert_int_equal(t.mappings, 2 * mappings);
	assert_int_equal(t.resets, 2);
	assert_int_equal(t.model.images.items[0].mapping_cnt, (size_t)mappings);
	end_child(&c);
	model__fini(&t.model);
}

static void test_the_vdso_is_a_module_with_offsets_from_its_start(void **state _unused_)
{
	struct child c = start_child(child_sleeps);
	const struct image *img;
	bool found = false;
	struct taker t;

	taker_init(&t);
	assert_int_equal(read_maps(&t, &c), 1);
	img = image_table__find(&t.model.images, &c.image);
	for (size_t i = 0; i < img->mapping_cnt; i++) {
		const struct mapping *map = &img->mappings[i];

		if (module_table__find(&t.model.modules, map->module)->kind != WIRE_MODULE_VDSO)
			continue;
		found = true;
		assert_int_equal(map->file_off, 0);
		assert_string_equal(module_table__find(&t.model.modules, map->module)->path,
				    "[vdso]");
	}
	assert_true(found);
	end_child(&c);
	model__fini(&t.model);
}

static void child_maps_anonymous_code(void)
{
	shared->len = 3 * 4096;
	shared->addr = (uintptr_t)mmap(NULL, shared->len, PROT_READ | PROT_EXEC,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	child_sleeps();
}

static void test_code_without_a_file_is_anonymous(void **state _unused_)
{
	struct child c = start_child(child_maps_anonymous_code);
	struct wire_image image;
	const struct module *m;
	struct taker t;

	taker_init(&t);
	assert_int_equal(read_maps(&t, &c), 1);
	m = taken_module(&t, &c, shared->addr + 5000);
	assert_int_equal(m->kind, WIRE_MODULE_ANON);
	assert_string_equal(m->path, "[anon]");
	assert_int_equal(m->fd, -1);
	/* Of this process alone; offsets in it are addresses. */
	assert_true(module__image(m, &image));
	assert_memory_equal(&image, &c.image, sizeof(image));
	assert_int_equal(taken_mapping(&t, &c, shared->addr + 5000)->file_off, shared->addr);
	assert_true(taken_mapping(&t, &c, shared->addr + 5000)->anon);
	end_child(&c);
	model__fini(&t.model);
}

static char deleted_path[64];

/* A file that loses its name while it is mapped. */
static void child_maps_a_deleted_file(void)
{
	int fd;

	fd = mkstemp(deleted_path);
	if (fd < 0 || ftruncate(fd, 8192) || pwrite(fd, "here", 4, 4096) != 4)
		_exit(1);
	shared->len = 4096;
	shared->addr = (uintptr_t)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 4096);
	close(fd);
	unlink(deleted_path);
	memcpy(&shared->ip, deleted_path + strlen(deleted_path) - 6, 6);
	child_sleeps();
}

static void test_a_deleted_file_keeps_its_name_and_can_be_read(void **state _unused_)
{
	const struct module *m;
	const struct mapping *map;
	struct child c;
	struct taker t;
	char text[5] = "";

	strcpy(deleted_path, "/tmp/test_source.XXXXXX");
	c = start_child(child_maps_a_deleted_file);
	memcpy(deleted_path + strlen(deleted_path) - 6, &shared->ip, 6);
	taker_init(&t);
	assert_int_equal(read_maps(&t, &c), 1);
	map = taken_mapping(&t, &c, shared->addr);
	m = taken_module(&t, &c, shared->addr);
	assert_string_equal(m->path, deleted_path);
	assert_int_equal(map->file_off, 4096);
	/* Through /proc/PID/map_files, which wants privileges. */
	if (geteuid() == 0) {
		assert_true(m->fd >= 0);
		assert_int_equal(pread(m->fd, text, 4, 4096), 4);
		assert_string_equal(text, "here");
	}
	end_child(&c);
	model__fini(&t.model);
}

static void test_of_a_process_that_is_gone_nothing_is_read(void **state _unused_)
{
	struct child c = start_child(child_sleeps);
	struct taker t;

	taker_init(&t);
	kill(c.pid, SIGKILL);
	wait_for_state(c.pid, 'Z');
	assert_int_equal(read_maps(&t, &c), 0);
	assert_int_equal(waitpid(c.pid, NULL, 0), c.pid);
	assert_int_equal(read_maps(&t, &c), 0);
	assert_int_equal(t.modules + t.mappings + t.resets, 0);
	model__fini(&t.model);
}

static void test_another_process_with_the_same_pid_is_not_read(void **state _unused_)
{
	static const int64_t offsets[] = {1000000000, -1000000000, 100000000, -100000000};
	struct child c = start_child(child_sleeps);
	uint64_t start_ns = c.image.start_ns;
	struct taker t;

	taker_init(&t);
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		c.image.start_ns = start_ns + (uint64_t)offsets[i];
		assert_false(os_maps_same_process(&c.image));
		assert_int_equal(read_maps(&t, &c), 0);
	}
	assert_int_equal(t.modules + t.mappings + t.resets, 0);
	end_child(&c);
	model__fini(&t.model);
}

static void child_with_a_hostile_name(void)
{
	prctl(PR_SET_NAME, "x) S 1 2 3 (");
	child_sleeps();
}

static void test_a_name_with_brackets_does_not_hide_the_start_time(void **state _unused_)
{
	struct child c = start_child(child_with_a_hostile_name);

	assert_true(os_maps_same_process(&c.image));
	c.image.start_ns += 9999999;
	assert_true(os_maps_same_process(&c.image)); /* the kernel tells ticks */
	end_child(&c);
}

static void test_the_consumers_error_ends_the_reading(void **state _unused_)
{
	struct child c = start_child(child_sleeps);
	struct taker t;

	taker_init(&t);
	t.answer = -ENOSPC;
	assert_int_equal(read_maps(&t, &c), -ENOSPC);
	end_child(&c);
	model__fini(&t.model);
}

/* ---- os_mmaps ---- */

static void child_maps_a_file_when_told(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);

	shared->ready = 1;
	raise(SIGSTOP);
	shared->len = 4096;
	shared->addr = (uintptr_t)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	shared->ready = 2;
	sleep_forever();
}

/* Starts the child up to where it stops, before its mapping. */
static struct child start_mapping_child(void)
{
	struct child c = {0};

	memset(shared, 0, sizeof(*shared));
	c.pid = fork();
	assert_true(c.pid >= 0);
	if (!c.pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		child_maps_a_file_when_told();
	}
	wait_for_state(c.pid, 'T');
	c.image = (struct wire_image){(uint32_t)c.pid, 1, start_of(c.pid)};
	return c;
}

static void test_mappings_are_seen_as_they_are_made(void **state _unused_)
{
	struct child c = start_mapping_child();
	struct wire_fork known = {.h = {.kind = WIRE_FORK, .size = sizeof(known)}, .time_ns = 1};
	struct event e = {.fork = &known};
	int err, cpus = rings_possible_cpus();
	struct taker t;
	struct mmaps m;

	taker_init(&t);
	assert_int_equal(mmaps__init(&m, &t.model.modules, (uint32_t)cpus), 0);
	err = mmaps__watch_thread(&m, (uint32_t)c.pid);
	known.child = c.image;
	assert_int_equal(mmaps__learn(&m, &e), 0);
	kill(c.pid, SIGCONT);
	for (int i = 0; i < 5000 && shared->ready < 2; i++)
		usleep(1000);
	if (!err) {
		assert_int_equal(mmaps__deliver(&m, take, &t), 0);
		assert_int_equal(t.resets, 0);
		assert_int_equal(taken_module(&t, &c, shared->addr)->kind, WIRE_MODULE_ELF);
	}
	end_child(&c);
	mmaps__fini(&m);
	model__fini(&t.model);
	if (err == -EACCES || err == -EPERM)
		skip();
	assert_int_equal(err, 0);
}

/* ---- rings ---- */

static void test_rings_share_16_mib_within_limits(void **state _unused_)
{
	static const struct {
		uint32_t cpus, bytes;
	} cases[] = {
		{1, 1 << 20},	{16, 1 << 20},	{17, 1 << 19},	 {32, 1 << 19},
		{33, 1 << 18},	{64, 1 << 18},	{128, 1 << 17},	 {255, 1 << 16},
		{256, 1 << 16}, {257, 1 << 16}, {8192, 1 << 16},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(rings_default_bytes(cases[i].cpus), cases[i].bytes);
}

static void test_there_is_a_possible_cpu(void **state _unused_)
{
	assert_true(rings_possible_cpus() >= (int)sysconf(_SC_NPROCESSORS_CONF));
}

/* ---- a recording, from its file to its events ---- */

static void write_recording(const char *path, const struct buf *b)
{
	FILE *fp = fopen(path, "wb");
	struct recording_writer *w = recording_writer__new(fp);

	assert_non_null(w);
	for (size_t off = 0; off < b->len; off += mkwire_event(b, off).h->size) {
		struct event e = mkwire_event(b, off);

		assert_int_equal(recording_writer__add(w, &e), 0);
	}
	assert_int_equal(recording_writer__finish(w), 0);
	recording_writer__free(w);
	fclose(fp);
}

/* Collects the bytes of all events. */
static int take_bytes(void *arg, const struct event *e)
{
	return buf__append(arg, e->h, e->h->size);
}

static void drain(struct source *s, struct buf *to)
{
	int more = 1;

	assert_int_equal(source__start(s, take_bytes, to), 0);
	while (more > 0)
		more = source__poll(s, 1000, take_bytes, to);
	assert_int_equal(more, 0);
	assert_int_equal(source__stop(s, take_bytes, to), 0);
	source__close(s);
}

static void test_a_recording_delivers_what_was_recorded(void **state _unused_)
{
	_cleanup_buf_ struct buf in, out;
	char path[] = "/tmp/test_source.XXXXXX";
	struct source *s;

	mkwire_init(&in);
	mkwire_init(&out);
	mkwire_all_kinds(&in);
	mkwire_all_kinds(&in);
	close(mkstemp(path));
	write_recording(path, &in);
	s = recording_source_open(path);
	unlink(path);
	assert_non_null(s);
	assert_string_equal(s->ops->name, "recording");
	drain(s, &out);
	assert_int_equal(out.len, in.len);
	assert_memory_equal(out.data, in.data, in.len);
}

/* The child reads it from standard input. */
static void test_a_recording_may_come_by_a_pipe(void **state _unused_)
{
	_cleanup_buf_ struct buf in, out;
	char path[] = "/tmp/test_source.XXXXXX";
	int status;
	pid_t pid;

	mkwire_init(&in);
	mkwire_init(&out);
	mkwire_all_kinds(&in);
	close(mkstemp(path));
	write_recording(path, &in);
	pid = fork();
	if (!pid) {
		int fd = open(path, O_RDONLY);
		struct source *s;

		dup2(fd, 0);
		s = recording_source_open("-");
		if (!s)
			_exit(1);
		drain(s, &out);
		_exit(out.len == in.len && !memcmp(out.data, in.data, in.len) ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unlink(path);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_no_cgroup_is_refused_with_advice),
		cmocka_unit_test(test_every_cgroup_mount_has_its_id_and_hierarchy),
		cmocka_unit_test(test_only_the_first_pid_namespace_is_0),
		cmocka_unit_test(test_nobody_named_is_always_alive),
		cmocka_unit_test(test_a_process_is_alive_until_it_exits_reaped_or_not),
		cmocka_unit_test(test_the_last_of_several_counts),
		cmocka_unit_test(test_who_is_not_there_is_refused_with_advice),
		cmocka_unit_test(test_a_thread_is_alive_until_it_ends),
		cmocka_unit_test(test_a_tid_given_as_a_pid_is_told_where_to_go),
		cmocka_unit_test(test_the_childs_own_binary_is_mapped_and_open),
		cmocka_unit_test(test_offsets_lead_to_the_code_in_the_file),
		cmocka_unit_test(test_writable_code_is_known),
		cmocka_unit_test(test_a_second_reading_finds_the_same_modules),
		cmocka_unit_test(test_the_vdso_is_a_module_with_offsets_from_its_start),
		cmocka_unit_test(test_code_without_a_file_is_anonymous),
		cmocka_unit_test(test_a_deleted_file_keeps_its_name_and_can_be_read),
		cmocka_unit_test(test_of_a_process_that_is_gone_nothing_is_read),
		cmocka_unit_test(test_another_process_with_the_same_pid_is_not_read),
		cmocka_unit_test(test_a_name_with_brackets_does_not_hide_the_start_time),
		cmocka_unit_test(test_the_consumers_error_ends_the_reading),
		cmocka_unit_test(test_mappings_are_seen_as_they_are_made),
		cmocka_unit_test(test_rings_share_16_mib_within_limits),
		cmocka_unit_test(test_there_is_a_possible_cpu),
		cmocka_unit_test(test_a_recording_delivers_what_was_recorded),
		cmocka_unit_test(test_a_recording_may_come_by_a_pipe),
	};

	return cmocka_run_group_tests_name("source", tests, child_setup, NULL);
}
