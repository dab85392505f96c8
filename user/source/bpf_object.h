/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A compiled BPF object in the running kernel: the first of its variants that the kernel takes, its links, its control
 * words. What all our objects share; what is in them is for those who load them to know (bpf_probes.c, for one).
 *
 *   object_try_variants( object__try ) -> object__map_control -> (fill maps through the fds) -> object__attach
 *     -> object__start -> ... -> object__stop -> object__detach -> object__fini
 *
 * Everything hangs on file descriptors of this process: when it dies, however, the kernel takes all down.
 */
#ifndef SOURCE_BPF_OBJECT_H
#define SOURCE_BPF_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

#define OBJECT_MAX_LINKS 16

struct bpf_object;
struct bpf_link;
struct bpf_program;

struct object_variant {
	const char *name;
	const char *data, *end; /* the ELF file, inside this program */
};

struct object {
	struct bpf_object *obj; /* NULL: nothing is loaded */
	const char *variant;
	struct bpf_link *links[OBJECT_MAX_LINKS];
	size_t link_cnt;
	struct control *control; /* the kernel's, mapped */
	size_t control_bytes;
};

/* What kernels differ in, by their own types. */
struct object_kernel {
	bool has_prev_state; /* the arguments of sched_switch grew a fourth in 5.18 */
	bool has_loads;	     /* bpf_rdonly_cast(), 6.2 */
};

/* How an object is made ready before it is loaded, and tried after that. */
struct object_setup {
	const struct object_kernel *kernel; /* chooses between dwell_switch and dwell_switch_old */
	const void *config;		    /* the content of .rodata.config */
	size_t config_bytes;
	uint32_t possible_cpus; /* the entries of map `rings` */
	/* The rest, if there is any. Both 0 or -errno; either may be NULL. */
	int (*configure)(void *arg, struct bpf_object *obj);
	int (*check)(void *arg);
	void *arg;
};

/* What libbpf has to say goes to log_debug(). */
void object_quiet(void);
/* 0; or -ENOMEM, when the kernel has types that can't be read: a guess would choose the wrong programs. */
int object_ask_kernel(struct object_kernel *ret);
/* Is it a program that runs only when an iterator is read? */
bool object_is_iterator(const struct bpf_program *prog);

/* Calls @fn for each tracepoint that programs of @v are attached to; for one with two programs twice. 0 or -errno. */
typedef void (*object_tracepoint_fn)(void *arg, const char *name);
int object_each_tracepoint(const struct object_variant *v, object_tracepoint_fn fn, void *arg);
/*
 * Calls @fn for the variants in their order until one is taken (0), or an error comes that the others would have too: no
 * memory, no permission. DWELL_PROBES=NAME skips those before NAME, for tests. Returns the last error.
 */
typedef int (*object_try_fn)(void *arg, size_t which);
int object_try_variants(const struct object_variant *variants, size_t cnt, object_try_fn fn,
			void *arg);
/*
 * One variant: opened, configured, loaded, checked. 0; or -errno, and @o is empty. With DWELL_VERIFIER set, for tests, log_debug()
 * gets what the verifier counted ("processed N insns") for each program that it takes.
 */
int object__try(struct object *o, const struct object_variant *v, const struct object_setup *setup);
/* Why the kernel refused every variant, with the way out: sets the error's sentence and returns @err. */
int object_explain(int err);
/* Maps the control words. 0 or -errno. */
int object__map_control(struct object *o);
/* Detaches and unloads everything. Accepts a zeroed object. */
void object__fini(struct object *o);

/* Attaches all programs but iterators; none counts before object__start(). 0 or -errno with error_set(). */
int object__attach(struct object *o);
/* Detaches all programs; they stay loaded, so that /proc/kallsyms still names them. */
void object__detach(struct object *o);
/* -errno for a map that the variant does not have. */
int object__map_fd(const struct object *o, const char *name);
/*
 * Begins or ends the window, a moment from now: the time is stored before it comes, so that no event sees it late.
 * Returns that time, CLOCK_MONOTONIC, after it has passed.
 */
uint64_t object__start(struct object *o);
uint64_t object__stop(struct object *o);

/* What a program of the object does. */
struct object_program {
	const char *name;
	bool attached;
	uint64_t run_cnt, run_ns; /* 0 unless the kernel counts runs (kernel.bpf_stats_enabled) */
};
/* Calls @fn for each program that was loaded and is no iterator. */
void object__programs(const struct object *o, void (*fn)(void *arg, const struct object_program *p),
		      void *arg);

/*
 * Runs the task iterator @name and hands over what it wrote, record by record (each begins with a struct wire_header). 0,
 * -errno, or the callback's error; *@ret_refused becomes true where the kernel has no iterator for us.
 */
typedef int (*object_record_fn)(void *arg, const void *data, size_t len);
int object__iterate(struct object *o, const char *name, object_record_fn fn, void *arg,
		    bool *ret_refused);
/* Do the programs also work (bpf/check.bpf.h)? 0, or -EOPNOTSUPP; else as object__iterate(). */
int object__check(struct object *o, bool *ret_refused);
/* The @cnt 64-bit words in the one element of a per-CPU array, added up over all CPUs. 0 or -errno. */
int object__read_sums(const struct object *o, const char *map, uint32_t possible_cpus,
		      uint64_t *ret_values, size_t cnt);

#endif
