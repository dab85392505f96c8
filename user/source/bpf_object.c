/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_object.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_thread_signals.h"

#define OBJECT_EDGE_AHEAD_NS 200000
#define OBJECT_ITER_BYTES    65536
#define OBJECT_KERNEL_TYPES  "/sys/kernel/btf/vmlinux"

/* ---- loading ---- */

/* libbpf's last complaint: the reason behind a bare errno. */
static char object_libbpf_text[512];

static int _printf_(2, 0) object_print(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	_cleanup_free_ char *line = NULL; /* the verifier's log is long, and its end says most */
	size_t len;

	if (vasprintf(&line, fmt, ap) < 0) {
		line = NULL;
		return 0;
	}
	len = strlen(line);
	while (len && line[len - 1] == '\n')
		line[--len] = '\0';
	log_debug("%s", line);
	/* The first warning names the cause, what follows are its consequences. */
	if (level == LIBBPF_WARN && !object_libbpf_text[0])
		snprintf(object_libbpf_text, sizeof(object_libbpf_text), "%s", line);
	return 0;
}

void object_quiet(void)
{
	libbpf_set_print(object_print);
}

int object_ask_kernel(struct object_kernel *ret)
{
	const struct btf_type *t;
	struct btf *btf;
	int id;

	object_quiet();
	btf = btf__load_vmlinux_btf();
	*ret = (struct object_kernel){0};
	/* libbpf says -ESRCH, whatever kept it from reading them. */
	if (!btf)
		return access(OBJECT_KERNEL_TYPES, R_OK) ? 0 : -ENOMEM;
	id = btf__find_by_name_kind(btf, "btf_trace_sched_switch", BTF_KIND_TYPEDEF);
	t = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	t = t ? btf__type_by_id(btf, t->type) : NULL; /* pointer */
	t = t ? btf__type_by_id(btf, t->type) : NULL; /* function prototype */
	if (t && btf_is_func_proto(t))
		ret->has_prev_state =
			btf_vlen(t) >= 5; /* void *data, preempt, prev, next, prev_state */
	ret->has_loads = btf__find_by_name_kind(btf, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
	btf__free(btf);
	return 0;
}

bool object_is_iterator(const struct bpf_program *prog)
{
	return !strncmp(bpf_program__section_name(prog), "iter/", 5);
}

/* With DWELL_VERIFIER, for tests, the log tells of each program how much work it was (BPF_LOG_STATS: 06ee7115b0d1, 5.2). */
#define OBJECT_LOG_STATS 4

static struct bpf_object *object_open(const struct object_variant *v)
{
	const struct bpf_object_open_opts opts = {
		.sz = sizeof(opts),
		.kernel_log_level = getenv("DWELL_VERIFIER") ? OBJECT_LOG_STATS : 0,
	};

	return bpf_object__open_mem(v->data, (size_t)(v->end - v->data), &opts);
}

int object_each_tracepoint(const struct object_variant *v, object_tracepoint_fn fn, void *arg)
{
	struct bpf_object *obj;
	struct bpf_program *prog;

	object_quiet();
	obj = object_open(v);
	if (!obj)
		return -errno;
	bpf_object__for_each_program(prog, obj)
	{
		const char *slash = strchr(bpf_program__section_name(prog), '/');

		if (slash && !object_is_iterator(prog))
			fn(arg, slash + 1);
	}
	bpf_object__close(obj);
	return 0;
}

static int object_configure(struct bpf_object *obj, const struct object_setup *setup)
{
	struct bpf_program *prog;
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_program(prog, obj)
	{
		if (!strcmp(bpf_program__name(prog), "dwell_switch"))
			bpf_program__set_autoload(prog, setup->kernel->has_prev_state);
		if (!strcmp(bpf_program__name(prog), "dwell_switch_old"))
			bpf_program__set_autoload(prog, !setup->kernel->has_prev_state);
	}
	bpf_object__for_each_map(map, obj)
	{
		const char *name = bpf_map__name(map);

		if (!strcmp(name, ".rodata.config"))
			err = bpf_map__set_initial_value(map, setup->config, setup->config_bytes);
		else if (!strcmp(name, "rings"))
			err = bpf_map__set_max_entries(map, setup->possible_cpus);
		if (err)
			return err;
	}
	return setup->configure ? setup->configure(setup->arg, obj) : 0;
}

static int object_load(struct bpf_object *obj)
{
	sigset_t old;
	int err;

	os_thread_hold_signals(&old);
	err = bpf_object__load(obj);
	os_thread_restore_signals(&old);
	return err;
}

int object__try(struct object *o, const struct object_variant *v, const struct object_setup *setup)
{
	int err;

	o->obj = object_open(v);
	if (!o->obj)
		return -errno;
	o->variant = v->name; /* check() may ask */
	err = object_configure(o->obj, setup);
	if (!err)
		err = object_load(o->obj);
	if (!err && setup->check)
		err = setup->check(setup->arg);
	if (err) {
		bpf_object__close(o->obj);
		o->obj = NULL;
	}
	return err;
}

int object_try_variants(const struct object_variant *variants, size_t cnt, object_try_fn fn,
			void *arg)
{
	const char *first = getenv("DWELL_PROBES");
	int err = -EOPNOTSUPP;

	object_libbpf_text[0] = '\0';
	object_quiet();
	for (size_t i = 0; i < cnt; i++) {
		if (first && strcmp(first, variants[i].name) != 0)
			continue;
		first = NULL;
		err = fn(arg, i);
		if (!err || err == -ENOMEM || err == -EPERM)
			break;
	}
	return err;
}

int object_explain(int err)
{
	if (access(OBJECT_KERNEL_TYPES, R_OK))
		return error_set(err,
				 "this kernel has no type information (" OBJECT_KERNEL_TYPES
				 " is missing): use a kernel built with CONFIG_DEBUG_INFO_BTF=y");
	if (err == -ENOMEM)
		return error_set(err,
				 "not enough memory for the probes and their maps: free some, "
				 "raise the limit "
				 "of dwell's control group, or give --ring-size less%s%s",
				 object_libbpf_text[0] ? ": " : "", object_libbpf_text);
	if (err == -EPERM || err == -EACCES)
		return error_set(err,
				 "tracing needs root, or the capabilities CAP_BPF and CAP_PERFMON: "
				 "run it with sudo");
	return error_set(err,
			 "the kernel refused the probes: %s%s%s; run with -v for the whole story",
			 strerror(-err), object_libbpf_text[0] ? ": " : "", object_libbpf_text);
}

int object__map_control(struct object *o)
{
	struct bpf_map *map = bpf_object__find_map_by_name(o->obj, ".data.control");
	long page = sysconf(_SC_PAGESIZE);
	void *at;

	if (!map)
		return -ENOENT;
	o->control_bytes = (sizeof(struct control) + (size_t)page - 1) & ~((size_t)page - 1);
	at = mmap(NULL, o->control_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
	if (at == MAP_FAILED)
		return -errno;
	o->control = at;
	return 0;
}

void object__fini(struct object *o)
{
	object__detach(o);
	if (o->control)
		munmap(o->control, o->control_bytes);
	bpf_object__close(o->obj);
	*o = (struct object){0};
}

/* ---- running ---- */

int object__attach(struct object *o)
{
	struct bpf_program *prog;
	int err;

	bpf_object__for_each_program(prog, o->obj)
	{
		struct bpf_link *link;

		if (!bpf_program__autoload(prog) || object_is_iterator(prog))
			continue;
		if (o->link_cnt == OBJECT_MAX_LINKS)
			return -E2BIG;
		link = bpf_program__attach(prog);
		if (!link) {
			err = -errno;
			return error_set(err, "the kernel refused to attach %s: %s",
					 bpf_program__section_name(prog), strerror(-err));
		}
		o->links[o->link_cnt++] = link;
	}
	return 0;
}

void object__detach(struct object *o)
{
	for (size_t i = 0; i < o->link_cnt; i++)
		bpf_link__destroy(o->links[i]);
	o->link_cnt = 0;
}

int object__map_fd(const struct object *o, const char *name)
{
	return bpf_object__find_map_fd_by_name(o->obj, name);
}

/* Stores a time that is still to come; a store that itself came too late (we were preempted) is done again. */
static uint64_t object_set_edge(__u64 *edge)
{
	uint64_t ahead_ns = OBJECT_EDGE_AHEAD_NS, ns;

	do {
		ns = os_monotonic_ns() + ahead_ns;
		__atomic_store_n(edge, ns, __ATOMIC_SEQ_CST);
		ahead_ns *= 2;
	} while (os_monotonic_ns() >= ns);
	while (os_monotonic_ns() < ns)
		;
	return ns;
}

uint64_t object__start(struct object *o)
{
	return object_set_edge(&o->control->start_ns);
}

uint64_t object__stop(struct object *o)
{
	return object_set_edge(&o->control->stop_ns);
}

/* ---- reading ---- */

/* Splits what is in @buf into records; *@len is left with the bytes of the last, incomplete one. */
static int object_split(char *buf, size_t *len, object_record_fn fn, void *arg)
{
	size_t at = 0;
	int err = 0;

	while (*len - at >= sizeof(struct wire_header)) {
		const struct wire_header *h = (const void *)(buf + at);

		if (h->size < sizeof(*h) || h->size % 8 || h->size > OBJECT_ITER_BYTES)
			return -EBADMSG;
		if (h->size > *len - at)
			break;
		err = fn(arg, h, h->size);
		if (err)
			return err;
		at += h->size;
	}
	*len -= at;
	memmove(buf, buf + at, *len);
	return 0;
}

static int object_read_all(int fd, char *buf, object_record_fn fn, void *arg)
{
	size_t len = 0;
	ssize_t n;
	int err;

	while ((n = read(fd, buf + len, OBJECT_ITER_BYTES - len)) != 0) {
		if (n < 0) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			return -errno;
		}
		len += (size_t)n;
		err = object_split(buf, &len, fn, arg);
		if (err)
			return err;
	}
	return len ? -EBADMSG : 0;
}

int object__iterate(struct object *o, const char *name, object_record_fn fn, void *arg,
		    bool *ret_refused)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(o->obj, name);
	_cleanup_free_ char *buf = malloc(OBJECT_ITER_BYTES);
	struct bpf_link *link;
	int fd, err;

	if (!prog || !buf)
		return prog ? -ENOMEM : -ENOENT;
	link = bpf_program__attach_iter(prog, NULL);
	fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	if (fd < 0) {
		err = error_set(-errno, "the kernel refused to iterate over tasks: %s",
				strerror(errno));
		*ret_refused = true;
	} else {
		err = object_read_all(fd, buf, fn, arg);
		close(fd);
	}
	bpf_link__destroy(link);
	return err;
}

static int object_count_record(void *arg, const void *data, size_t len)
{
	(void)data, (void)len;
	++*(int *)arg;
	return 0;
}

int object__check(struct object *o, bool *ret_refused)
{
	int cnt = 0, err;

	err = object__iterate(o, "dwell_check", object_count_record, &cnt, ret_refused);
	return err ? err : cnt ? 0 : -EOPNOTSUPP;
}

int object__read_sums(const struct object *o, const char *map, uint32_t possible_cpus,
		      uint64_t *ret_values, size_t cnt)
{
	_cleanup_free_ uint64_t *values = calloc(possible_cpus, cnt * sizeof(*values));
	uint32_t zero = 0;

	if (!values)
		return -ENOMEM;
	if (bpf_map_lookup_elem(object__map_fd(o, map), &zero, values))
		return -errno;
	for (size_t i = 0; i < cnt; i++) {
		ret_values[i] = 0;
		for (uint32_t cpu = 0; cpu < possible_cpus; cpu++)
			ret_values[i] += values[cpu * cnt + i];
	}
	return 0;
}

void object__programs(const struct object *o, void (*fn)(void *arg, const struct object_program *p),
		      void *arg)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, o->obj)
	{
		struct object_program p = {.name = bpf_program__name(prog),
					   .attached = o->link_cnt != 0};
		struct bpf_prog_info info = {0};
		__u32 len = sizeof(info);

		if (!bpf_program__autoload(prog) || object_is_iterator(prog))
			continue;
		if (!bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len)) {
			p.run_cnt = info.run_cnt;
			p.run_ns = info.run_time_ns;
		}
		fn(arg, &p);
	}
}
