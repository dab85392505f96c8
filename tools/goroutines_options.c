/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "goroutines_options.h"

#include "analyze/go_leaks.h"

#define GOROUTINES_TOP_CNT     20
#define GOROUTINES_MIN_WAIT_NS 10000000ull

void goroutines_defaults(void *config)
{
	struct goroutines_config *c = config;

	c->top_cnt = GOROUTINES_TOP_CNT;
	c->events_limit = GOROUTINES_EVENTS_LIMIT;
}

const struct option_def goroutines_options[] = {
	{.type = OPTION_GROUP, .help = "Target"},
	{.letter = 'p',
	 .name = "pid",
	 .arg = "PID,...",
	 .type = OPTION_PIDS,
	 .offset = offsetof(struct goroutines_config, pids),
	 .value = {.kind = VALUE_PIDS},
	 .help = "these processes"},
	{.name = "system",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct goroutines_config, system),
	 .help = "also the goroutines of Go's runtime itself"},
	{.type = OPTION_GROUP, .help = "View (none: a row for each state and place of creation)"},
	{.name = "stacks",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct goroutines_config, stacks),
	 .help = "goroutines with equal stacks together, each stack with files and lines"},
	{.name = "each",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct goroutines_config, each),
	 .help = "every goroutine by itself, as Go's tracebacks have it (debug=2)"},
	{.name = "by-label",
	 .arg = "KEY",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct goroutines_config, by_label),
	 .help = "rows apart by the value of a pprof label"},
	{.name = "scheduler",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct goroutines_config, scheduler),
	 .help = "Go's scheduler: how long goroutines that could run wait to run, pauses, locks"},
	{.name = "runtime",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct goroutines_config, runtime),
	 .help = "also the runtime's functions in stacks, which tracebacks leave out"},
	{.name = "watch",
	 .arg = "SECONDS",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct goroutines_config, watch_ns),
	 .min = GOROUTINES_MIN_WAIT_NS,
	 .max = UINT64_MAX / 4,
	 .help = "look again every SECONDS, and tell for how long goroutines are as they are"},
	{.name = "leaks",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct goroutines_config, leaks),
	 .help = "the places whose goroutines leak, or may; the exit status says whether there are "
		 "any"},
	{.name = "window",
	 .arg = "TIME",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct goroutines_config, window_ns),
	 .min = GO_LEAKS_MIN_WINDOW_NS,
	 .max = UINT64_MAX / 4,
	 .help = "with --leaks: the time in which counts must rise (default DURATION, else 10 "
		 "minutes)"},
	{.name = "go-events",
	 .arg = "DURATION[/PERIOD]",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct goroutines_config, events),
	 .help = "for so long (every PERIOD), time each wait by probes in the program: it takes "
		 "root"},
	{.name = "go-events-limit",
	 .arg = "N",
	 .type = OPTION_U64,
	 .offset = offsetof(struct goroutines_config, events_limit),
	 .min = 1,
	 .max = UINT32_MAX,
	 .help = "hits of these probes per second that are put up with (default 50000)"},
	{.type = OPTION_GROUP, .help = "Output"},
	{.name = "json",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct goroutines_config, json),
	 .help = "JSON, an object for each process and look; with --stacks or --each also those"},
	{.letter = 'o',
	 .name = "output",
	 .arg = "FILE",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct goroutines_config, output),
	 .value = {.kind = VALUE_PATH},
	 .help = "write to FILE, JSON if it ends in .json"},
	{.name = "top",
	 .arg = "N",
	 .type = OPTION_U64,
	 .offset = offsetof(struct goroutines_config, top_cnt),
	 .max = 1000000,
	 .help = "rows or stacks shown (default 20; 0: all)"},
	{.letter = 'q',
	 .name = "quiet",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct goroutines_config, quiet),
	 .help = "nothing on stderr but warnings and errors"},
	{.letter = 'v',
	 .name = "verbose",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct goroutines_config, verbose),
	 .help = "more on stderr: what is known of the program"},
	OPTION_END,
};

const struct command_example goroutines_examples[] = {
	{"dwell goroutines -p 4711", "what the goroutines of process 4711 wait for"},
	{"dwell goroutines -p 4711 --stacks", "where: each stack once"},
	{"dwell goroutines -p 4711 --each", "a traceback of every goroutine"},
	{"dwell goroutines -p 4711 --by-label endpoint", "the same for each endpoint"},
	{"dwell goroutines -p 4711 --watch 1 10", "a table per second, and for how long they wait"},
	{"dwell goroutines -p 4711 --leaks 600", "what leaks, after ten minutes"},
	{"dwell goroutines -p 4711 --go-events 1s",
	 "how long each wait took, in a second of its life"},
	{"dwell goroutines -p 4711 --go-events 1s/30s 10m",
	 "the same for a second in each half minute"},
	{"dwell goroutines -p 4711 --scheduler --watch 1", "how soon what can run does run"},
	{.line = NULL},
};

const char goroutines_description[] =
	"Reads the goroutines of a running Go program out of its memory: their states, "
	"what "
	"they wait for, where they were created, and their stacks. The program needs no "
	"change, no HTTP endpoint and no symbols, and is neither stopped nor slowed. Go "
	"1.15 "
	"to 1.27 are known; of other versions the layout of the runtime's structs is found "
	"out from the process, and what is found is checked against it in any case.\n\n"
	"A row of the table has the goroutines that are in one state, wait for the same, "
	"start "
	"in the same function, and were created at the same place. States and wait reasons "
	"are Go's own words. A goroutine in a system call or in a function of C is "
	"\"syscall\"; "
	"one that could run but has no processor is \"runnable\".\n\n"
	"How long they are as they are: a goroutine that has not run since the last look "
	"is "
	"what it was. So it takes --watch; \"> 10 s\" was found so by the first look, and "
	"may "
	"be so for longer. In a single look an age is there only where the runtime itself "
	"has "
	"noted one, which it does when the garbage collector finds a goroutine waiting.\n\n"
	"--each writes what a traceback of Go has (SIGQUIT, "
	"/debug/pprof/goroutine?debug=2), but "
	"for the arguments of functions. A goroutine that runs has no stack that could be "
	"read.\n\n"
	"Labels that the program has set (pprof.Do, pprof.SetGoroutineLabels), as "
	"libraries for "
	"tracing do with the ids of traces and spans, are shown by --each and its JSON, in "
	"the way that "
	"tracebacks of Go 1.27 have them. --by-label KEY tells the goroutines of a row "
	"apart by "
	"what a label says; \"-\" stands for those without it. Of a goroutine 32 labels "
	"are shown, of a "
	"label 256 bytes.\n\n"
	"--scheduler shows what the program itself could have of runtime/metrics: "
	"scheduling "
	"latency (how long goroutines were runnable until they ran; the runtime counts one "
	"in eight), pauses in which the world was stopped, how long all goroutines "
	"together "
	"waited for mutexes. Counts are those since the program began; with --watch, from "
	"the second look on, those of the last interval. A duration is the end of the "
	"runtime's bucket for it. Go 1.19 to 1.27; mutexes from 1.20 on, pauses from 1.22 "
	"on.\n\n"
	"Each goroutine is read at a moment of its own, within some milliseconds. A stack "
	"is "
	"shown only if its goroutine did not run while it was read; else it is read again, "
	"and "
	"what can't be read is counted and said.\n\n"
	"--leaks looks every few seconds, for DURATION, and counts goroutines by the place "
	"where they were created and what they wait for. \"runtime_confirmed\": Go's own "
	"search for leaks (the goroutineleak profile, from 1.26 on) found some of them. "
	"\"forever\": they wait at a nil channel or in a select without cases, and are not "
	"main. Both are certain, and are said at once. \"growing\" is a suspicion: in all "
	"of "
	"the "
	"window there were never fewer than before, but more at three moments, also in its "
	"second half; more by three and by 5 %; and at least half of them have not run for "
	"a "
	"quarter of it. The exit status is then 0 when nothing was found, 1 when something "
	"was, 2 when something is wrong, and 3 when nothing was found in less than the "
	"window.\n\n"
	"--go-events tells of every wait that begins and ends within DURATION how long it "
	"took: "
	"until the goroutine could run (blocked), and from then on until it ran (to run). "
	"For "
	"that it puts three probes into the program, in runtime.park_m, ready and execute, "
	"and "
	"takes them away at the end; it takes root, and Go 1.17 or later. Each wait then "
	"takes the "
	"program about 3 us more, those in deep stacks 4 us, which is also in the times "
	"that are "
	"shown. So it is for bursts: how often goroutines wait is estimated first, and a "
	"program "
	"that would hit the probes more than 50,000 times per second (--go-events-limit) "
	"is "
	"refused; where it gets busier meanwhile, the burst ends. Who is woken by the "
	"network "
	"poller or the garbage collector isn't seen to be woken: such waits, as IO wait, "
	"have no "
	"\"to run\", and are blocked until they run. Waits that had begun before are not "
	"there, so "
	"a burst should be several times as long as the waits that are looked for; how "
	"many had "
	"not ended is said.\n\n"
	"It takes the right to read the process's memory: root; CAP_SYS_PTRACE (of other "
	"users' processes with CAP_DAC_READ_SEARCH); from Linux 5.18 on CAP_BPF and "
	"CAP_PERFMON; "
	"or to be the process's own user where kernel.yama.ptrace_scope is 0. Programs "
	"made by gccgo or "
	"TinyGo, with altered tables (garble), for 32 bit or for other processors than "
	"x86-64 "
	"are refused.\n\n"
	"DURATION is a number of seconds, or has a unit: 500ms, 10s, 1m. Without one, "
	"--watch and bursts with a period go on until Ctrl-C or until the processes have "
	"ended.";
