/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_probes.h"

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

#define PROBES_MAX_LINKS     16
#define PROBES_ITER_BYTES    65536
#define PROBES_EDGE_AHEAD_NS 200000

extern const char bpf_object_core[], bpf_object_core_end[];
extern const char bpf_object_compat[], bpf_object_compat_end[];
extern const char bpf_object_minimal[], bpf_object_minimal_end[];

/* In the order in which they are tried. */
static const struct probes_variant {
	const char *name;
	const char *data, *end;
	bool walks; /* has walks of its own: CFI, memo */
} probes_variants[] = {
	{"core", bpf_object_core, bpf_object_core_end, true},
	{"compat", bpf_object_compat, bpf_object_compat_end, true},
	{"minimal", bpf_object_minimal, bpf_object_minimal_end, false},
};

static const char *const probes_map_names[PROBES_MAP_CNT] = {
	[PROBES_MAP_RINGS] = "rings",
	[PROBES_MAP_SPILLS] = "spills",
	[PROBES_MAP_STACK_SPILLS] = "stack_spills",
	[PROBES_MAP_EXIT_SPILLS] = "exit_spills",
	[PROBES_MAP_TARGET_PIDS] = "target_pids",
	[PROBES_MAP_TARGET_TIDS] = "target_tids",
	[PROBES_MAP_COMM_GLOB] = "comm_glob",
	[PROBES_MAP_UNWIND_POOLS] = "unwind_pools",
	[PROBES_MAP_UNWIND_MODULES] = "unwind_modules",
	[PROBES_MAP_UNWIND_MAPPINGS] = "unwind_mappings",
	[PROBES_MAP_UNWIND_SETS] = "unwind_sets",
};

struct probes {
	struct bpf_object *obj;
	const char *variant;
	struct bpf_link *links[PROBES_MAX_LINKS];
	size_t link_cnt;
	struct control *control; /* the kernel's, mapped */
	size_t control_bytes;
	int counters_fd;
	uint32_t possible_cpus;
	struct counter_row *counters; /* room for one per CPU */
};

struct counter_row {
	uint64_t values[WIRE_COUNTER_CNT];
};

/* libbpf's last complaint: the reason behind a bare errno. */
static char probes_libbpf_text[512];

static int _printf_(2, 0) probes_print(enum libbpf_print_level level, const char *fmt, va_list ap)
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
	if (level == LIBBPF_WARN && !probes_libbpf_text[0])
		snprintf(probes_libbpf_text, sizeof(probes_libbpf_text), "%s", line);
	return 0;
}

/* What kernels differ in, by their own types. */
struct probes_kernel {
	bool has_prev_state; /* the arguments of sched_switch grew a fourth in 5.18 */
	bool has_loads;	     /* bpf_rdonly_cast(), 6.2 */
};

static struct probes_kernel probes_ask_kernel(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct probes_kernel ret = {0};
	const struct btf_type *t;
	int id;

	if (!btf)
		return ret;
	id = btf__find_by_name_kind(btf, "btf_trace_sched_switch", BTF_KIND_TYPEDEF);
	t = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	t = t ? btf__type_by_id(btf, t->type) : NULL; /* pointer */
	t = t ? btf__type_by_id(btf, t->type) : NULL; /* function prototype */
	if (t && btf_is_func_proto(t))
		ret.has_prev_state =
			btf_vlen(t) >= 5; /* void *data, preempt, prev, next, prev_state */
	ret.has_loads = btf__find_by_name_kind(btf, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
	btf__free(btf);
	return ret;
}

static int probes_configure(struct bpf_object *obj, const struct config *cfg,
			    uint32_t possible_cpus, bool has_prev_state)
{
	struct bpf_program *prog;
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_program(prog, obj)
	{
		if (!strcmp(bpf_program__name(prog), "dwell_switch"))
			bpf_program__set_autoload(prog, has_prev_state);
		if (!strcmp(bpf_program__name(prog), "dwell_switch_old"))
			bpf_program__set_autoload(prog, !has_prev_state);
	}
	bpf_object__for_each_map(map, obj)
	{
		const char *name = bpf_map__name(map);

		if (!strcmp(name, ".rodata.config"))
			err = bpf_map__set_initial_value(map, cfg, sizeof(*cfg));
		else if (!strcmp(name, "rings"))
			err = bpf_map__set_max_entries(map, possible_cpus);
		else if (!strcmp(name, "memo"))
			err = bpf_map__set_max_entries(map, cfg->memo_mask + 1);
		else if (!strcmp(name, "unwind_rules"))
			err = bpf_map__set_max_entries(map, cfg->cache_mask + 1);
		if (err)
			return err;
	}
	return 0;
}

static int probes_map_control(struct probes *p)
{
	struct bpf_map *map = bpf_object__find_map_by_name(p->obj, ".data.control");
	long page = sysconf(_SC_PAGESIZE);
	void *at;

	if (!map)
		return -ENOENT;
	p->control_bytes = (sizeof(struct control) + (size_t)page - 1) & ~((size_t)page - 1);
	at = mmap(NULL, p->control_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
	if (at == MAP_FAILED)
		return -errno;
	p->control = at;
	return 0;
}

/* Splits what is in @buf into records; *@len is left with the bytes of the last, incomplete one. */
static int probes_split(char *buf, size_t *len, probes_record_fn fn, void *arg)
{
	size_t at = 0;
	int err = 0;

	while (*len - at >= sizeof(struct wire_header)) {
		const struct wire_header *h = (const void *)(buf + at);

		if (h->size < sizeof(*h) || h->size % 8 || h->size > PROBES_ITER_BYTES)
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

static int probes_read_all(int fd, char *buf, probes_record_fn fn, void *arg)
{
	size_t len = 0;
	ssize_t n;
	int err;

	while ((n = read(fd, buf + len, PROBES_ITER_BYTES - len)) != 0) {
		if (n < 0) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			return -errno;
		}
		len += (size_t)n;
		err = probes_split(buf, &len, fn, arg);
		if (err)
			return err;
	}
	return len ? -EBADMSG : 0;
}

int probes__iterate(struct probes *p, enum probes_iter which, probes_record_fn fn, void *arg)
{
	static const char *const names[] = {
		[PROBES_ITER_CHECK] = "dwell_check",
		[PROBES_ITER_SEED] = "dwell_seed",
		[PROBES_ITER_FINAL] = "dwell_final",
	};
	struct bpf_program *prog = bpf_object__find_program_by_name(p->obj, names[which]);
	_cleanup_free_ char *buf = malloc(PROBES_ITER_BYTES);
	struct bpf_link *link;
	int fd, err;

	if (!prog || !buf)
		return prog ? -ENOMEM : -ENOENT;
	link = bpf_program__attach_iter(prog, NULL);
	if (!link)
		return error_set(-errno, "the kernel refused to iterate over tasks: %s",
				 strerror(errno));
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0) {
		err = -errno;
	} else {
		err = probes_read_all(fd, buf, fn, arg);
		close(fd);
	}
	bpf_link__destroy(link);
	return err;
}

static int probes_count_record(void *arg, const void *data, size_t len)
{
	(void)data, (void)len;
	++*(int *)arg;
	return 0;
}

/* Do the programs also work? 0, or -EOPNOTSUPP. */
static int probes_check(struct probes *p)
{
	int cnt = 0, err = probes__iterate(p, PROBES_ITER_CHECK, probes_count_record, &cnt);

	return err ? err : cnt ? 0 : -EOPNOTSUPP;
}

static int probes_try(struct probes *p, const struct probes_variant *v, const struct config *cfg,
		      uint32_t possible_cpus, bool has_prev_state)
{
	int err;

	p->obj = bpf_object__open_mem(v->data, (size_t)(v->end - v->data), NULL);
	if (!p->obj)
		return -errno;
	err = probes_configure(p->obj, cfg, possible_cpus, has_prev_state);
	if (!err)
		err = bpf_object__load(p->obj);
	if (!err)
		err = probes_check(p);
	if (err) {
		bpf_object__close(p->obj);
		p->obj = NULL;
	}
	p->variant = v->name;
	return err;
}

/* What an older kernel lacks (task storage, bpf_loop()...) a later variant does without. */
static int probes_try_all(struct probes *p, struct config *cfg, bool need_cfi,
			  uint32_t possible_cpus)
{
	const char *first =
		getenv("DWELL_PROBES"); /* for tests: the variants before it are skipped */
	struct probes_kernel kernel = probes_ask_kernel();
	int err = -EOPNOTSUPP;

	cfg->kernel_loads = kernel.has_loads;
	for (size_t i = 0; i < ARRAY_SIZE(probes_variants); i++) {
		const struct probes_variant *v = &probes_variants[i];

		if (first && strcmp(first, v->name))
			continue;
		first = NULL;
		if (!v->walks && need_cfi)
			break;
		if (!v->walks) {
			cfg->unwind = CONFIG_UNWIND_FP;
			cfg->memo = CONFIG_MEMO_OFF;
		}
		err = probes_try(p, v, cfg, possible_cpus, kernel.has_prev_state);
		if (!err || err == -ENOMEM || err == -EPERM)
			break;
	}
	return err;
}

/* One sentence for why the kernel refused, with the way out. */
static int probes_explain(int err)
{
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return error_set(err,
				 "this kernel has no type information (/sys/kernel/btf/vmlinux is "
				 "missing): use a kernel built with CONFIG_DEBUG_INFO_BTF=y");
	if (err == -EPERM || err == -EACCES)
		return error_set(err,
				 "tracing needs root, or the capabilities CAP_BPF and CAP_PERFMON: "
				 "run it with sudo");
	return error_set(err,
			 "the kernel refused the probes: %s%s%s; run with -v for the whole story",
			 strerror(-err), probes_libbpf_text[0] ? ": " : "", probes_libbpf_text);
}

int probes__load(struct config *cfg, bool need_cfi, uint32_t possible_cpus,
		 struct probes **ret_probes)
{
	struct probes *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	probes_libbpf_text[0] = '\0';
	libbpf_set_print(probes_print);
	p->possible_cpus = possible_cpus;
	p->counters = calloc(possible_cpus, sizeof(*p->counters));
	err = p->counters ? probes_try_all(p, cfg, need_cfi, possible_cpus) : -ENOMEM;
	if (!err)
		err = probes_map_control(p);
	if (err) {
		probes__free(p);
		return probes_explain(err);
	}
	p->counters_fd = bpf_object__find_map_fd_by_name(p->obj, "counters");
	*ret_probes = p;
	return 0;
}

void probes__detach(struct probes *p)
{
	for (size_t i = 0; i < p->link_cnt; i++)
		bpf_link__destroy(p->links[i]);
	p->link_cnt = 0;
}

void probes__free(struct probes *p)
{
	if (!p)
		return;
	probes__detach(p);
	if (p->control)
		munmap(p->control, p->control_bytes);
	bpf_object__close(p->obj);
	free(p->counters);
	free(p);
}

int probes__attach(struct probes *p)
{
	struct bpf_program *prog;
	int err;

	bpf_object__for_each_program(prog, p->obj)
	{
		struct bpf_link *link;

		if (!bpf_program__autoload(prog) ||
		    !strncmp(bpf_program__section_name(prog), "iter/", 5))
			continue;
		if (p->link_cnt == PROBES_MAX_LINKS)
			return -E2BIG;
		link = bpf_program__attach(prog);
		if (!link) {
			err = -errno;
			return error_set(err, "the kernel refused to attach %s: %s",
					 bpf_program__section_name(prog), strerror(-err));
		}
		p->links[p->link_cnt++] = link;
	}
	return 0;
}

int probes__map_fd(const struct probes *p, enum probes_map map)
{
	return bpf_object__find_map_fd_by_name(p->obj, probes_map_names[map]);
}

const char *probes__variant(const struct probes *p)
{
	return p->variant;
}

/* Stores a time that is still to come; a store that itself came too late (we were preempted) is done again. */
static uint64_t probes_set_edge(__u64 *edge)
{
	uint64_t ahead_ns = PROBES_EDGE_AHEAD_NS, ns;

	do {
		ns = os_monotonic_ns() + ahead_ns;
		__atomic_store_n(edge, ns, __ATOMIC_SEQ_CST);
		ahead_ns *= 2;
	} while (os_monotonic_ns() >= ns);
	while (os_monotonic_ns() < ns)
		;
	return ns;
}

uint64_t probes__start(struct probes *p)
{
	return probes_set_edge(&p->control->start_ns);
}

uint64_t probes__stop(struct probes *p)
{
	return probes_set_edge(&p->control->stop_ns);
}

int probes__read_counters(const struct probes *p, uint64_t ret_values[WIRE_COUNTER_CNT])
{
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(p->counters_fd, &zero, p->counters))
		return -errno;
	for (size_t i = 0; i < WIRE_COUNTER_CNT; i++) {
		ret_values[i] = 0;
		for (uint32_t cpu = 0; cpu < p->possible_cpus; cpu++)
			ret_values[i] += p->counters[cpu].values[i];
	}
	return 0;
}
