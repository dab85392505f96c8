/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * dump_etw FILE...: what the kernel's events of a trace of Windows say; the files are read as one trace. Stacks are names, innermost
 * first, with ';' between them: module+0xoffset, a method, or an address; times in nanoseconds since the trace's start.
 *
 *   wait TAB process TAB tid TAB out TAB ready TAB in TAB reason TAB state TAB open TAB by TAB kernel TAB user TAB
 *        whether the user's part is of a later moment
 *   sample TAB process TAB tid TAB ... the same, of samples, less those of idle CPUs
 *   totals TAB tid TAB on TAB blocked TAB runnable TAB waits     call TAB tid TAB enter TAB exit TAB status TAB routine
 *   count TAB key TAB value
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/etl_reader.h"
#include "source/etw_facts.h"
#include "source/etw_parts.h"
#include "source/etw_stacks.h"
#include "source/etw_waits.h"

#define SAMPLE_STATE 255 /* no state of a thread: marks what is no wait */

struct dump {
	struct etw_facts facts;
	struct etw_stacks *stacks;
	struct etw_waits waits;
	struct etw_event event;
	uint64_t in_module, in_method, unknown_user,
		unknown_kernel; /* addresses of what is printed */
	/* The same of all stacks that are told, whatever of. */
	struct etw_parts parts;
	uint64_t all_in_module, all_in_method, all_unknown_user, all_unknown_kernel;
};

static void die_if(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "dump_etw: %s: %s\n", what, strerror(-err));
	exit(1);
}

static const char *str(const struct dump *d, uint32_t id)
{
	return strtab__get(&d->facts.strings, id);
}

static uint32_t process_of(const struct dump *d, uint32_t tid, uint64_t time_ns)
{
	uint32_t th = etw_facts__thread(&d->facts, tid, time_ns);

	return th == ETW_NONE ? ETW_NONE
			      : etw_facts__process(&d->facts, d->facts.threads[th].pid, time_ns);
}

/* @space: of the process. */
static void put_addr(struct dump *d, const struct etw_space *space, uint64_t addr, uint64_t time_ns)
{
	bool kernel = etw_facts__is_kernel(&d->facts, addr);
	const struct etw_place *p =
		etw_space__find(kernel ? &d->facts.kernel : space, addr, time_ns);
	const char *path, *slash;

	if (!p) {
		(*(kernel ? &d->unknown_kernel : &d->unknown_user))++;
		printf("0x%" PRIx64, addr);
		return;
	}
	if (p->module == ETW_NONE) {
		d->in_method++;
		printf("%s", str(d, p->name));
		return;
	}
	d->in_module++;
	path = str(d, d->facts.modules[p->module].path);
	slash = strrchr(path, '\\');
	printf("%s+0x%" PRIx64, slash ? slash + 1 : path, addr - p->start);
}

static void put_stack(struct dump *d, const struct etw_space *space, uint32_t part,
		      uint64_t time_ns)
{
	uint32_t cnt;
	const uint64_t *addrs = etw_stacks__addrs(d->stacks, part, &cnt);
	static const struct etw_space nowhere;

	printf("\t");
	for (uint32_t i = 0; i < cnt; i++) {
		printf("%s", i ? ";" : "");
		put_addr(d, space ? space : &nowhere, addrs[i], time_ns);
	}
}

static int dump_stacked(void *arg, const struct etw_stacked *s)
{
	struct dump *d = arg;
	const struct etw_wait *w = &s->wait;
	uint32_t process = process_of(d, w->tid, w->in_ns);
	const char *reason = etw_wait_reason_name(w->reason);

	printf("%s\t%s\t%u\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s\t%u\t%d\t%d%s",
	       w->state == SAMPLE_STATE ? "sample" : "wait",
	       process == ETW_NONE ? "" : str(d, d->facts.processes[process].name), w->tid,
	       w->out_ns, w->ready_ns, w->in_ns, reason ? reason : "?", w->state, w->open,
	       (int)w->by_tid, w->by_dpc ? "d" : "");
	put_stack(d, &d->facts.kernel, s->kernel, w->in_ns);
	put_stack(d, process == ETW_NONE ? NULL : &d->facts.processes[process].space, s->user,
		  w->in_ns);
	printf("\t%d\n", s->user_later);
	return 0;
}

static bool is_kernel_thread(const struct dump *d, uint32_t tid, uint64_t time_ns)
{
	uint32_t th = etw_facts__thread(&d->facts, tid, time_ns);

	return th != ETW_NONE && (d->facts.threads[th].pid == 0 || d->facts.threads[th].pid == 4);
}

static int dump_wait(void *arg, const struct etw_wait *w)
{
	struct dump *d = arg;

	return etw_stacks__expect(d->stacks, w, is_kernel_thread(d, w->tid, w->in_ns));
}

static int dump_ready(void *arg, const struct etw_wait *w)
{
	struct dump *d = arg;

	return etw_stacks__hold(d->stacks, w->ready_ticks, w->by_tid, w->ready_ns,
				is_kernel_thread(d, w->by_tid, w->ready_ns));
}

static int dump_call(void *arg, const struct etw_call *c)
{
	struct dump *d = arg;

	printf("call\t%u\t%" PRIu64 "\t%" PRIu64 "\t0x%x\t", c->tid, c->enter_ns, c->exit_ns,
	       c->status);
	put_addr(d, &d->facts.kernel, c->addr, c->enter_ns);
	printf("\n");
	return 0;
}

static int dump_totals(void *arg, const struct etw_totals *t)
{
	(void)arg;
	printf("totals\t%u\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", t->tid,
	       t->on_cpu_ns, t->blocked_ns, t->runnable_ns, t->wait_cnt);
	return 0;
}

static const struct etw_waits_ops dump_ops = {
	.wait = dump_wait, .ready = dump_ready, .call = dump_call, .totals = dump_totals};

static int learn(struct dump *d, const struct etl_event *raw)
{
	if (d->event.type == ETW_STACK_OF_KEY) {
		die_if(etw_parts__define(&d->parts, &d->event, raw->ticks), "keys");
		return etw_stacks__define(d->stacks, &d->event, raw->ticks);
	}
	return etw_facts__add(&d->facts, &d->event, raw->time_ns);
}

static void count_part(struct dump *d, const struct etw_space *space, uint32_t part,
		       uint64_t time_ns)
{
	uint32_t cnt;
	const uint64_t *addrs = etw_parts__addrs(&d->parts, part, &cnt);

	for (uint32_t i = 0; i < cnt; i++) {
		bool kernel = etw_facts__is_kernel(&d->facts, addrs[i]);
		const struct etw_space *s = kernel ? &d->facts.kernel : space;
		const struct etw_place *p = s ? etw_space__find(s, addrs[i], time_ns) : NULL;

		d->all_in_module += p && p->module != ETW_NONE;
		d->all_in_method += p && p->module == ETW_NONE;
		d->all_unknown_kernel += !p && kernel;
		d->all_unknown_user += !p && !kernel;
	}
}

static void count_stack(struct dump *d, const struct etl_event *raw)
{
	uint32_t process = process_of(d, d->event.stack.tid, raw->time_ns), kernel = 0, user = 0;
	const struct etw_space *space =
		process == ETW_NONE ? NULL : &d->facts.processes[process].space;

	if (d->event.type == ETW_STACK_KEY)
		etw_parts__of_key(&d->parts, d->event.stack.key, raw->ticks, &kernel, &user);
	else
		die_if(etw_parts__take(&d->parts, &d->event, &kernel, &user), "stacks");
	count_part(d, space, kernel, raw->time_ns);
	count_part(d, space, user, raw->time_ns);
}

static int take(struct dump *d, const struct etl_event *raw)
{
	const struct etw_event *e = &d->event;

	if (e->type == ETW_STACK || e->type == ETW_STACK_KEY) {
		count_stack(d, raw);
		return etw_stacks__add(d->stacks, e, raw);
	}
	/* An idle CPU's, unless an interrupt ran on it. */
	if (e->type == ETW_SAMPLE && (e->sample.tid || e->sample.in_interrupt))
		return dump_wait(d, &(struct etw_wait){.tid = e->sample.tid,
						       .by_tid = ETL_NO_ID,
						       .state = SAMPLE_STATE,
						       .in_ns = raw->time_ns,
						       .in_ticks = raw->ticks,
						       .ready_ticks = ETW_NO_TICKS});
	return etw_waits__add(&d->waits, e, raw);
}

static uint64_t each_event(struct dump *d, struct etl_reader *r,
			   int (*fn)(struct dump *d, const struct etl_event *raw))
{
	const struct etl_event *raw;
	uint64_t last_ns = 0;
	int more;

	while ((more = etl_reader__next(r, &raw)) > 0) {
		if (raw->time_ns > last_ns)
			last_ns = raw->time_ns;
		if (etw_decode(raw, &d->event))
			die_if(fn(d, raw), "event");
	}
	die_if(more, "reading");
	return last_ns;
}

static void dump_counts(const struct dump *d)
{
	const struct etw_stacks_counts *c = etw_stacks__counts(d->stacks);
	const struct {
		const char *key;
		uint64_t value;
	} counts[] = {
		{"stacks", c->stack_cnt},
		{"keys", c->key_cnt},
		{"unknown_keys", c->unknown_key_cnt},
		{"switches", d->waits.counts.switch_cnt},
		{"chain_breaks", d->waits.counts.chain_break_cnt},
		{"wait_ns", d->waits.counts.wait_ns},
		{"in_module", d->in_module},
		{"in_method", d->in_method},
		{"unknown_user", d->unknown_user},
		{"unknown_kernel", d->unknown_kernel},
		{"all_in_module", d->all_in_module},
		{"all_in_method", d->all_in_method},
		{"all_unknown_user", d->all_unknown_user},
		{"all_unknown_kernel", d->all_unknown_kernel},
		{"processes", d->facts.process_cnt},
		{"threads", d->facts.thread_cnt},
	};

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		printf("count\t%s\t%" PRIu64 "\n", counts[i].key, counts[i].value);
}

int main(int argc, char **argv)
{
	struct etl_reader *r = etl_reader__new();
	static struct dump d;
	struct file_input in;
	uint64_t last_ns;
	bool wide;

	for (int i = 1; i < argc; i++) {
		int fd = open(argv[i], O_RDONLY | O_CLOEXEC);

		die_if(fd < 0 ? -1 : file_input__open_fd(&in, fd), argv[i]);
		die_if(etl_reader__add(r, &in), argv[i]);
	}
	wide = etl_reader__base(r)->ptr_bytes == 8;
	die_if(etw_facts__init(&d.facts, wide), "facts");
	etw_parts__init(&d.parts, wide);
	d.stacks = etw_stacks__new(wide, dump_stacked, &d);
	etw_waits__init(&d.waits, &dump_ops, &d);
	each_event(&d, r, learn);
	die_if(etw_facts__finish(&d.facts), "facts");
	etw_stacks__defined(d.stacks);
	etw_parts__defined(&d.parts);
	etl_reader__rewind(r);
	last_ns = each_event(&d, r, take);
	die_if(etw_waits__finish(&d.waits, last_ns), "waits");
	die_if(etw_stacks__finish(d.stacks), "stacks");
	dump_counts(&d);
	etw_waits__fini(&d.waits);
	etw_stacks__free(d.stacks);
	etw_parts__fini(&d.parts);
	etw_facts__fini(&d.facts);
	etl_reader__free(r);
	return 0;
}
