/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A tool of the live tests: traces a process as `dwell serve` does, and does what it is told meanwhile.
 *
 *   trace_with PID            JSON of the whole run on stdout
 *
 * Lines on stdin, each answered by one on stderr:
 *   min_ns N                  bpf_source_set_min_ns()
 *   drop USER CAPS            os_privilege_drop(): USER "-" is none; CAPS a mask, 0x..., "needed" is what the source asks for
 *   counters                  NAME=VALUE of all that are not 0
 *   end
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/session.h"
#include "base/log.h"
#include "base/os_privilege.h"
#include "output/writer.h"
#include "source/bpf.h"
#include "symbol/symtab.h"

struct run {
	struct session *session;
	struct source *source;
	bool end;
};

static int set_min_ns(struct run *r, const char *arg)
{
	bpf_source_set_min_ns(r->source, strtoull(arg, NULL, 0));
	fprintf(stderr, "ok\n");
	return 0;
}

static int drop(struct run *r, char *arg)
{
	char *caps = strchr(arg, ' ');
	struct os_privilege p;
	struct buf text;
	uint64_t keep;
	int err;

	(void)r;
	if (!caps)
		return -EINVAL;
	*caps++ = 0;
	keep = strcmp(caps, "needed") ? strtoull(caps, NULL, 0) : bpf_source_capabilities();
	err = os_privilege_drop(keep, strcmp(arg, "-") ? arg : NULL, &p);
	if (err)
		return err;
	buf__init(&text, 4096);
	os_privilege__describe(&p, &text);
	fprintf(stderr, "ok %s\n", buf__str(&text));
	buf__fini(&text);
	return 0;
}

static int put_counters(struct run *r, const char *arg)
{
	static const char *const names[WIRE_COUNTER_CNT] = {
#define X(id, name, help) [WIRE_C_##id] = name,
		WIRE_COUNTERS_LIST(X)
#undef X
	};
	const struct ledger *l = &r->session->model.ledger;
	const struct offcpu *o = &r->session->offcpu;

	(void)arg;
	fprintf(stderr, "delivered_ns=%llu delivered=%llu", (unsigned long long)o->delivered.ns,
		(unsigned long long)o->delivered.cnt);
	for (int i = 0; i < WIRE_COUNTER_CNT; i++)
		if (l->counters[i])
			fprintf(stderr, " %s=%llu", names[i], (unsigned long long)l->counters[i]);
	fputc('\n', stderr);
	return 0;
}

static int obey(struct run *r, char *line)
{
	line[strcspn(line, "\n")] = 0;
	if (!strncmp(line, "min_ns ", 7))
		return set_min_ns(r, line + 7);
	if (!strncmp(line, "drop ", 5))
		return drop(r, line + 5);
	if (!strcmp(line, "counters"))
		return put_counters(r, line);
	r->end = !strcmp(line, "end");
	return r->end ? 0 : -EINVAL;
}

/* Whole lines only: the test writes each in one go. */
static int listen_to(struct run *r)
{
	char text[256];
	ssize_t n = read(STDIN_FILENO, text, sizeof(text) - 1);
	int err = 0;

	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	r->end = !n;
	text[n] = 0;
	for (char *rest = text, *line = strsep(&rest, "\n"); !err && line && *line;
	     line = strsep(&rest, "\n"))
		err = obey(r, line);
	return err;
}

static int trace(struct run *r)
{
	int err = session__start(r->session, r->source);

	fprintf(stderr, "started %s\n", bpf_source_variant(r->source));
	while (!err && !r->end) {
		err = session__poll(r->session, 50);
		err = err < 0 ? err : listen_to(r);
	}
	return err ? err : session__stop(r->session);
}

static int show(struct run *r)
{
	static const struct resolver *const resolvers[] = {&kernel_resolver, &vdso_resolver,
							   &elf_resolver, NULL};
	static const struct line_reader *const readers[] = {NULL};
	struct offcpu_view view = {0};
	struct writer_opts opts = {0};
	struct profile *p = session__profile(r->session, resolvers, readers, &view);
	int err = p ? json_writer.write(p, &opts, stdout) : -errno;

	profile__free(p);
	return err;
}

int main(int argc, char **argv)
{
	uint32_t pid = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	struct bpf_opts opts = {
		.targets = {.pids = &pid, .pid_cnt = 1, .children = true},
		.user_stacks = true,
		.max_frames = WIRE_MAX_FRAMES,
	};
	struct run r = {.session = session__new()};
	int err;

	if (!pid || !r.session || fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK))
		return 2;
	r.source = bpf_source_open(&opts, &r.session->model.modules, &r.session->model.images);
	err = r.source ? trace(&r) : -errno;
	if (!err)
		err = show(&r);
	if (err)
		log_error("%s", error_text(err));
	source__close(r.source);
	session__free(r.session);
	return err ? 1 : 0;
}
