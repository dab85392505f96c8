/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * dump_names [-n] [-t] [-r ROOT] FILE < addresses
 *
 * What the symbolizer says of the addresses (as linked, hexadecimal, one a line) in a file, for tests/truth/test_names.py.
 * Per address "@ADDRESS", then for each function, innermost first, "KIND<TAB>NAME<TAB>FILE<TAB>LINE". -n: symbol tables
 * only. -t: nothing but the CPU time and the memory it took, on stderr. -r: where debug files are looked for instead of "/".
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/array.h"
#include "format/elf.h"
#include "source/os_debug.h"
#include "symbol/debug_file.h"
#include "symbol/dwarf_lines.h"
#include "symbol/symbolizer.h"

#define DUMP_MAX_ADDRESSES 10000000

struct dump {
	struct elf elf;
	struct module_table modules;
	struct symbolizer *symbols;
	uint32_t module;
	bool quiet;
	uint64_t *addrs;
	size_t cnt, cap;
};

static void die(const char *what)
{
	fprintf(stderr, "dump_names: %s\n", what);
	exit(1);
}

static void dump_read_addresses(struct dump *d)
{
	uint64_t addr;

	while (scanf("%" SCNx64, &addr) == 1) {
		if (array__grow((void **)&d->addrs, &d->cap, d->cnt + 1, sizeof(*d->addrs),
				DUMP_MAX_ADDRESSES))
			die("too many addresses");
		d->addrs[d->cnt++] = addr;
	}
}

static void dump_one(struct dump *d, uint64_t addr)
{
	struct frame f = {.module = d->module};
	const struct symbol_line *lines;
	int cnt = 0;

	if (!elf__vaddr_to_off(&d->elf, addr, &f.offset))
		cnt = symbolizer__locate(d->symbols, &f, &lines, NULL);
	if (cnt < 0)
		die(strerror(-cnt));
	if (d->quiet)
		return;
	printf("@%" PRIx64 "\n", addr);
	for (int i = 0; i < cnt; i++)
		printf("%u\t%s\t%s\t%u\n", lines[i].kind, lines[i].name,
		       lines[i].file ? lines[i].file : "", lines[i].line);
}

/* As it is opened when a process maps it. */
static void dump_open(struct dump *d, const char *path)
{
	struct module like = {.kind = WIRE_MODULE_ELF, .path = (char *)path};
	struct module *m;
	bool added;
	int len;

	like.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (like.fd < 0 || elf__open(&d->elf, like.fd))
		die("can't open the file");
	len = elf_build_id(like.fd, like.build_id);
	like.build_id_len = len > 0 ? (uint8_t)len : 0;
	module_table__init(&d->modules);
	m = module_table__intern(&d->modules, &like, &added);
	if (!m)
		die("no memory");
	os_debug_open((unsigned int)getpid(), m);
	d->module = m->id;
}

/* Of the CPU: what the machine does besides doesn't count. */
static double cpu_ms(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static void dump_all(struct dump *d)
{
	double start_ms = cpu_ms();
	struct rusage usage;

	for (size_t i = 0; i < d->cnt; i++) {
		dump_one(d, d->addrs[i]);
		if (i || !d->quiet)
			continue;
		fprintf(stderr, "first: %.1f ms\n", cpu_ms() - start_ms);
		start_ms = cpu_ms();
	}
	getrusage(RUSAGE_SELF, &usage);
	if (d->quiet)
		fprintf(stderr, "other %zu: %.1f ms\npeak: %.1f MB\n", d->cnt - 1,
			cpu_ms() - start_ms, (double)usage.ru_maxrss * 1024 / 1e6);
}

int main(int argc, char **argv)
{
	static const struct resolver *const resolvers[] = {&elf_resolver, NULL};
	struct dwarf_lines *dwarf = dwarf_lines__new();
	const struct line_reader *readers[2] = {NULL, NULL};
	struct symbolizer_opts opts = {
		.resolvers = resolvers, .readers = readers, .inlines = true, .lines = true};
	struct line_reader reader;
	struct dump d = {0};
	int c;

	while ((c = getopt(argc, argv, "ntr:")) != -1) {
		if (c == 'n')
			opts.inlines = opts.lines = false;
		else if (c == 't')
			d.quiet = true;
		else if (c == 'r')
			debug_file_set_root(optarg);
		else
			return 2;
	}
	if (optind + 1 != argc)
		die("give one file");
	if (dwarf) {
		dwarf_lines__reader(dwarf, &reader);
		readers[0] = &reader;
	}
	dump_open(&d, argv[optind]);
	d.symbols = symbolizer__new(&d.modules, &opts);
	if (!d.symbols)
		die("no memory");
	dump_read_addresses(&d);
	dump_all(&d);
	symbolizer__free(d.symbols);
	dwarf_lines__free(dwarf);
	module_table__fini(&d.modules);
	elf__close(&d.elf);
	free(d.addrs);
	return 0;
}
