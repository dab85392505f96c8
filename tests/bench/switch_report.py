# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Turns the measurements of bench_switch.py into docs/performance.md and into the verdict at its end.

A result is what --json writes. The figures of a cell (tool, depth, chains) are medians over the rounds.
"""
import statistics

YARDSTICK = "bcc"
JUDGED = "dwell"
CLOCK = "added_cpu_ns"
# (depth, chains, at most this share of what bcc adds)
TARGETS = [(20, 1, 0.30), (20, 2, 0.30), (20, 16, 0.30), (20, 0, 1.00)]
KEPT = 0.90  # share of the waits, with whole stacks: less, and a figure is marked
MARK = "†"


# ---- figures ----

class Cell:
    """What the rounds gave for one tool at one depth with one number of chains."""

    def __init__(self, result, tool, depth, chains):
        self.samples = {s["round"]: s for s in result["samples"]
                        if (s["tool"], s["depth"], s["chains"]) == (tool, depth, chains)}

    def values(self, key):
        return [s[key] for s in self.samples.values() if s.get(key) is not None]

    def median(self, key):
        values = self.values(key)
        return statistics.median(values) if values else None

    def added(self):
        """(median, least, most) ns per switch, None if there is nothing."""
        values = self.values(CLOCK)
        return (statistics.median(values), min(values), max(values)) if values else None

    def ratios(self, other):
        """To what another tool added in the same round."""
        return [s[CLOCK] / other.samples[r][CLOCK] for r, s in self.samples.items()
                if r in other.samples and other.samples[r][CLOCK] > 0]

    def ratio(self, other):
        ratios = self.ratios(other)
        return statistics.median(ratios) if ratios else None

    def kept(self):
        """The share of the waits that the tool saw and has a whole stack of, as far as it says; or None."""
        shares = [min(s["seen"], 1) * (1 if s["whole"] is None else s["whole"])
                  for s in self.samples.values() if s.get("seen") is not None]
        return statistics.median(shares) if shares else None

    def lost(self):
        """Sums over the rounds of what the tool said."""
        sums = {}
        for said in self.values("lost"):
            for name, cnt in said.items():
                sums[name] = sums.get(name, 0) + cnt
        return sums


def ran(result, tool):
    return any(s["tool"] == tool for s in result["samples"])


def round_cnt(result):
    return len({s["round"] for s in result["samples"]})


# ---- the verdict ----

def verdict(result):
    """[(passed or None, line)] for each target."""
    lines = []
    for depth, chains, limit in TARGETS:
        what = f"dwell at depth {depth}, {chains_of(chains)}"
        cell = Cell(result, JUDGED, depth, chains)
        ratio = cell.ratio(Cell(result, YARDSTICK, depth, chains))
        if ratio is None:
            lines.append((None, f"{what}: not measured"))
            continue
        yardstick = Cell(result, YARDSTICK, depth, chains)
        ratios = cell.ratios(yardstick)
        lines.append((ratio <= limit,
                      f"{what}: {ratio:.2f} of what bcc libbpf adds ({min(ratios):.2f} to "
                      f"{max(ratios):.2f}), target at most {limit:.2f}; whole stacks kept of "
                      f"{percent(cell.kept())} of the waits, by bcc of {percent(yardstick.kept())}"))
    return lines


def word(passed):
    return {True: "pass", False: "FAIL", None: "not judged"}[passed]


# ---- text ----

def chains_of(cnt):
    return {0: "no chain recurs", 1: "1 chain"}.get(cnt, f"{cnt} chains")


def ns(value):
    return f"{value:,.0f}"


def mib(value):
    return "" if value is None else f"{value / (1 << 20):.1f}"


def percent(value):
    return "" if value is None else f"{min(value, 1):.1%}".replace(".0%", "%")


def row(*cells):
    return "| " + " | ".join(cells) + " |"


def table(head, rows):
    return [row(*head), "|" + "---|" * len(head), *(row(*r) for r in rows), ""]


# ---- the tables of one machine ----

def cost_cell(result, tool, depth, chains):
    cell = Cell(result, tool, depth, chains)
    added = cell.added()
    if not added:
        return ""
    ratio = cell.ratio(Cell(result, YARDSTICK, depth, chains))
    kept = cell.kept()
    mark = MARK if kept is not None and kept < KEPT else ""
    text = f"{ns(added[0])}{mark} [{ns(added[1])}..{ns(added[2])}]"
    return text if ratio is None or tool == "nothing" else f"{text} **{ratio:.2f}**"


def cost_table(result, depth):
    chains = result["settings"]["chains"]
    rows = []
    for tool in result["tools"]:
        if tool["error"]:
            rows.append([tool["label"], "did not run", *[""] * (len(chains) - 1)])
        elif ran(result, tool["name"]):
            rows.append([tool["label"],
                         *(cost_cell(result, tool["name"], depth, c) for c in chains)])
    base = [Cell(result, "nothing", depth, c).median("nothing_cpu_ns") for c in chains]
    if all(base):
        rows.append(["*a switch without any tool*", *(f"*{ns(b)}*" for b in base)])
    return [f"**Stack depth {depth}**", "",
            *table(["tool", *(chains_of(c) for c in chains)], rows)]


def add_up(cells):
    """Sums of what a tool said in cells."""
    sums = {}
    for cell in cells:
        for name, cnt in cell.lost().items():
            sums[name] = sums.get(name, 0) + cnt
    return sums


def kinds_of_chains(result):
    """[numbers of chains] that are told apart where what tools lose is said: those that recur, the others."""
    chains = result["settings"]["chains"]
    return [kind for kind in ([c for c in chains if c], [c for c in chains if not c]) if kind]


def cells_of(result, tool, chains):
    return [Cell(result, tool, d, c) for d in result["settings"]["depths"] for c in chains]


def lost_text(result, tool):
    parts = []
    for chains in kinds_of_chains(result):
        cells = cells_of(result, tool, chains)
        said = [f"{name.replace('_', ' ')} {cnt:,}" for name, cnt in add_up(cells).items()]
        said += sorted({remark for cell in cells for remark in cell.values("remark")})
        parts.append(", ".join(said) or "none")
    return " / ".join(parts)


def least(result, tool, key):
    """The least of a share, for each kind."""
    parts = []
    for chains in kinds_of_chains(result):
        values = [v for cell in cells_of(result, tool, chains) for v in cell.values(key)]
        parts.append(percent(min(values)) if values else "?")
    return "not said" if set(parts) == {"?"} else " / ".join(parts)


def seen_table(result):
    rows = []
    for tool in result["tools"]:
        name = tool["name"]
        if name not in ("nothing", "empty") and ran(result, name):
            rows.append([tool["label"], least(result, name, "seen"), least(result, name, "whole"),
                         lost_text(result, name)])
    return table(["tool", "waiting seen", "with a whole stack", "lost, in the tool's words"], rows)


def own_cell(result, tool, key, show):
    values = [cell.median(key) for cell in cells_of(result, tool, result["settings"]["chains"])]
    values = [v for v in values if v is not None]
    return show(max(values)) if values else ""


def own_table(result):
    rows = []
    for tool in result["tools"]:
        name = tool["name"]
        if name != "nothing" and ran(result, name):
            rows.append([tool["label"], own_cell(result, name, "own_cpu_ns", ns),
                         own_cell(result, name, "own_cpu_total_ns", lambda v: f"{v / 1e9:.2f}"),
                         own_cell(result, name, "rss_bytes", mib),
                         own_cell(result, name, "kernel_bytes", mib)])
    return table(["tool", "own CPU, ns per switch", "own CPU, s from start to end",
                  "peak memory, MiB", "maps and rings in the kernel, MiB"], rows)


def tool_list(result):
    lines = []
    for tool in result["tools"]:
        if tool["name"] == "nothing":
            continue
        version = f", {tool['version']}" if tool["version"] else ""
        lines.append(f"- {tool['label']}{version}: `{tool['command']}`")
        if tool["error"]:
            lines.append(f"  **did not run here**: {tool['error']}")
        for failure in tool["failures"]:
            lines.append(f"  failed once: {failure}")
    return [*lines, ""]


def machine_text(result):
    m, s = result["machine"], result["settings"]
    virt = f" under {m['hypervisor']}" if m["hypervisor"] not in ("", "none") else ""
    return [f"{m['date']}: {m['cpu']}, {m['cpus']} CPUs, {m['memory_mib']:,} MiB{virt}, Linux "
            f"{m['kernel']} {m['arch']}. {round_cnt(result)} rounds of {s['switches']:,} switches. "
            f"Made by `{result['command']}`.", ""]


def section(result):
    lines = [f"## On the {result['machine']['kind']}", "", *machine_text(result)]
    for depth in result["settings"]["depths"]:
        lines += cost_table(result, depth)
    lines += ["Did they see it all? The least of all rounds and depths, and sums of what was lost, where chains recur / "
              "where none does:", "", *seen_table(result)]
    lines += ["What the tools use themselves, the largest of all cells:", "", *own_table(result)]
    return [*lines, "The tools:", "", *tool_list(result)]


# ---- the document ----

HEAD = """<!-- SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only -->
<!-- Written by tests/bench/bench_switch.py: change it there. -->
# What tracing costs per context switch

A tracer of waiting time runs a program in the kernel whenever a thread leaves its CPU: that takes the time and walks
the stack. The traced program pays for it at every switch. This page says how much, for dwell and for other tools, on
the same work in the same run. Other costs have pages of their own: [system calls](performance-syscalls.md), [dwell serve](performance-serve.md),
[names](performance-symbols.md), [large texts](performance-report.md), [traces of Windows](performance-etl.md),
[goroutines](performance-go.md), [every wait of a Go program](performance-go-events.md).

    make bench-switch       # installs the peers, measures (a quarter of an hour, as root), writes this page

Tools that can only watch the whole system, or need what this kernel lacks, are measured in a virtual machine, once,
beside dwell and bcc as the yardstick; `make bench-switch` takes that over from build/bench:

    tests/vm/fetch-kernels --headers 6.12
    tests/vm/vmrun -R -m 2048 -t 7200 -o build/bench 6.12 -- \\
        tests/bench/bench_switch.py --in-vm --switches 8000 --rounds 3 --json /out/switch-vm.json

The processor of that machine is emulated. There an instruction of a loop that any processor finishes in a fraction of
a nanosecond costs as much as a miss of the cache, a program is slow until it was translated, and nothing is
predicted: it says who runs where, what they see and lose, and what whole-system tracing adds to tracing one process.
What a switch costs on a processor the host's tables say, to which the targets are bound.

Two threads of one process, on one CPU, hand a byte to and fro through two pipes, which makes one switch per write
and read. Before each they go down 5, 20 or 60 frames of their own, compiled with frame pointers; the innermost frame
is libc's, as distributed. The way down is one of 1, 2 or 16 *call chains* per thread, which recur in a mixed order, or
one that never was before ("no chain recurs"): real programs have few, a tool that remembers stacks has its worst case
in the latter.

**How to read the tables.** `1,234 [1,100..1,400] **0.31**`: the tool adds 1,234 ns of CPU time to each switch, the
median over the rounds; 1,100 in the round with the least and 1,400 in that with the most; and 0.31 times what bcc's
libbpf `offcputime` adds in the same round. In every round all tools take turns on the same process, in random order,
with the same work without a tool before and after each, from which the difference is taken. Machines differ, and one
machine drifts: compare ratios. A figure with † is that of a tool which kept fewer than nine of ten waits with their whole
stack: what it dropped it didn't pay for.
"""

FOOT = """## How it is measured

- `tests/bench/work/switch.c` is the work. It measures itself: CPU time of the process (`CLOCK_PROCESS_CPUTIME_ID`; what
  others do on that CPU doesn't count, programs at the switch do) and the clock, which the measurements also hold. It
  runs as `SCHED_BATCH`, so that every switch is the one that was asked for; the kernel's count is compared with it.
- A tool runs on the other CPUs. It counts as tracing when its probes are attached and it sleeps; then come a warm-up
  (a fifth of the switches) and the measurement.
- *Waiting seen*: one of the two threads always waits, so the waits that a tool reports must add up to the clock; for
  those that report events, these are counted. *With a whole stack*: the part whose stack has every frame of the work.
- *Own CPU* is what the tool's processes use while the work is measured, and from their start to their end. *Peak memory*
  is VmHWM; rings that are mapped are in it too.
- A tool that can't run is listed with what it says. Those that can only trace the whole system run in a virtual machine
  only: a benchmark doesn't watch other people's processes.
- To start a tool takes longer than to measure it. So all depths and chains that recur are measured under one start, in
  random order, and those that don't under a second one. What a tool says that it saw and lost is of a whole run.
- bcc and bpftrace have fixed tables: stacks that find no room are counted as missed. bcc counts whole microseconds of
  each wait.
"""


def verdict_list(result):
    return [f"- {word(passed)}: {line}" for passed, line in verdict(result)]


def document(results):
    """docs/performance.md; the first result is the one that is judged."""
    lines = [HEAD, "**Targets**", "", *verdict_list(results[0]), ""]
    for result in results:
        lines += section(result)
    script = next((r["bpftrace_script"] for r in results if "bpftrace_script" in r), "")
    return "\n".join([*lines, FOOT, "bpftrace's script (`FILTER`: `if (pid == PID)`, or `if (tid)` for the "
                      "whole system):", "", *(f"    {line}".rstrip() for line in script.splitlines()),
                      ""])


def summary(results):
    """For the terminal."""
    lines = []
    for result in results:
        lines.append(f"{result['machine']['kind']}, {round_cnt(result)} rounds: ns added per switch")
        for depth in result["settings"]["depths"]:
            for chains in result["settings"]["chains"]:
                for tool in result["tools"]:
                    text = cost_cell(result, tool["name"], depth, chains).replace("**", "")
                    if text:
                        lines.append(f"  depth {depth:2}  {chains_of(chains):15}  {tool['name']:15}  {text}")
        lines += [f"  {t['name']} did not run: {t['error']}" for t in result["tools"] if t["error"]]
        lines += [f"  {t['name']} lost: {lost_text(result, t['name'])}" for t in result["tools"]
                  if ran(result, t["name"]) and t["name"] not in ("nothing", "empty")]
    lines += [f"{word(passed)}: {line}" for passed, line in verdict(results[0])]
    return "\n".join(lines)
