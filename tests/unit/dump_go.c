/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * dump_go FILE: reads file offsets (hex, one a line) from stdin and prints what a symbolizer says of each:
 *
 *   offset TAB kind TAB function TAB file TAB line TAB kind TAB function ...      innermost first
 *
 * An unknown file is "?" with line 0. Kinds are those of the JSON.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "output/frame_kind.h"
#include "symbol/go_symbols.h"
#include "symbol/symbolizer.h"

static int dump_frame(struct symbolizer *s, const struct frame *f)
{
	const struct symbol_line *lines;
	int cnt = symbolizer__locate(s, f, &lines, NULL);

	printf("%" PRIx64, f->offset);
	for (int i = 0; i < cnt; i++)
		printf("\t%s\t%s\t%s\t%u", frame_kind_name(lines[i].kind), lines[i].name,
		       lines[i].file ? lines[i].file : "?", lines[i].line);
	putchar('\n');
	return cnt < 0 ? cnt : 0;
}

static int dump(struct symbolizer *s, uint32_t module)
{
	struct frame f = {.module = module};
	int err = 0;

	while (!err && scanf("%" SCNx64, &f.offset) == 1)
		err = dump_frame(s, &f);
	return err;
}

static int dump_with(const struct module_table *modules, struct go_lines *go, uint32_t module)
{
	static const struct resolver *const resolvers[] = {&go_resolver, &elf_resolver, NULL};
	const struct line_reader *readers[] = {NULL, NULL};
	struct symbolizer_opts opts = {.resolvers = resolvers, .readers = readers};
	struct line_reader reader;
	struct symbolizer *s;
	int err;

	go_lines__reader(go, &reader);
	readers[0] = &reader;
	s = symbolizer__new(modules, &opts);
	err = s ? dump(s, module) : -ENOMEM;
	symbolizer__free(s);
	return err;
}

int main(int argc, char **argv)
{
	struct module like = {.kind = WIRE_MODULE_ELF};
	struct go_lines *go = go_lines__new();
	const struct module *m = NULL;
	struct module_table modules;
	bool added;
	int err = -ENOMEM;

	if (argc != 2 || !go) {
		fprintf(stderr, "usage: dump_go FILE < OFFSETS\n");
		return 2;
	}
	like.path = argv[1];
	like.fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (like.fd < 0) {
		perror(argv[1]);
		return 1;
	}
	module_table__init(&modules);
	m = module_table__intern(&modules, &like, &added);
	if (m)
		err = dump_with(&modules, go, m->id);
	go_lines__free(go);
	module_table__fini(&modules);
	if (err)
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-err));
	return err ? 1 : 0;
}
