/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/hint.h"

#include <string.h>

#include "base/compiler.h"

struct hint {
	const char *frame; /* its name; symbol/runtime.h has two of them, V8 the other */
	uint8_t kind;
	const char *text; /* with a %u for a process that has such frames */
};

static const struct hint hints[] = {
	{"[java]", FRAME_KIND_JIT,
	 "[java]: code without names. While tracing, run `jcmd %u Compiler.perfmap` (JDK 17 or "
	 "newer; "
	 "older ones: an agent that writes perf maps), or start java with "
	 "-XX:+UnlockDiagnosticVMOptions -XX:+DumpPerfMapAtExit; whole stacks need "
	 "-XX:+PreserveFramePointer\n"},
	{"[jit]", FRAME_KIND_JIT,
	 "[jit]: code without names. Start the node of process %u with --perf-basic-prof\n"},
	{"Builtins_InterpreterEntryTrampoline", FRAME_KIND_NATIVE,
	 "Builtins_InterpreterEntryTrampoline: JavaScript that is not compiled. Its functions have "
	 "names when the node of "
	 "process %u is started with --perf-basic-prof --interpreted-frames-native-stack\n"},
};

static bool hint_is_for(const struct hint *h, const struct profile *p,
			const struct profile_frame *f)
{
	return f->kind == h->kind && !strcmp(profile__str(p, f->name), h->frame);
}

static bool hint_sample_has(const struct hint *h, const struct profile *p,
			    const struct profile_sample *s)
{
	for (uint32_t i = 0; i < s->frame_cnt; i++)
		if (hint_is_for(h, p, profile__sample_frame(p, s, i)))
			return true;
	return false;
}

/* Most profiles have no such frame: then their samples need not be looked through. */
static bool hint_profile_has(const struct hint *h, const struct profile *p)
{
	for (size_t i = 0; i < p->frame_cnt; i++)
		if (hint_is_for(h, p, &p->frames[i]))
			return true;
	return false;
}

static void hint_write_one(const struct hint *h, const struct profile *p, struct buf *to)
{
	if (!hint_profile_has(h, p))
		return;
	for (size_t i = 0; i < p->sample_cnt; i++) {
		const struct profile_sample *s = &p->samples[i];

		if (s->thread >= p->thread_cnt || !hint_sample_has(h, p, s))
			continue;
		buf__printf(to, h->text, p->threads[s->thread].pid);
		return;
	}
}

int hint_write(const struct profile *p, struct buf *to)
{
	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		hint_write_one(&hints[i], p, to);
	return to->err;
}
