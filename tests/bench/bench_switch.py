#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What a context switch costs under dwell and under other tools; writes docs/performance.md.

Two threads hand a byte to and fro on one CPU (work/switch.c), at several stack depths and with several numbers
of distinct call chains. In every round each tool is started on that process in random order, measured, and
ended; before and after the same work is measured without any. What counts is the difference, and its ratio
to bcc's in the same round: machines drift by more than tools differ.

Only the processes that this program started are traced, except with --in-vm.
"""
import argparse
import datetime
import json
import os
import platform
import random
import re
import signal
import sys
import time

import switch_report
import switch_tools
from meters import livetest
from switch_tools import CannotStart, EVERY, Run

DEPTHS = [5, 20, 60]
CHAINS = [1, 2, 16, 0]  # 0: none ever recurs
WORK = os.path.join(livetest.BUILD, "tests", "bench", "switch")
RESULTS = os.path.join(livetest.BUILD, "bench")
DOCUMENT = os.path.join(livetest.ROOT, "docs", "performance.md")


# ---- the workload ----

class Measured:
    """One batch of switches, per switch.

    @switches is the kernel's own count. Where others want the CPU too there are some more than were ordered.
    """

    def __init__(self, words):
        ordered, wall_ns, cpu_ns, voluntary, involuntary = (int(w) for w in words)
        self.switches = voluntary + involuntary
        livetest.check(self.switches >= 0.95 * ordered - 10,
                       f"the workload made {self.switches} switches instead of {ordered}")
        self.wall_ns_total = wall_ns
        self.wall_ns = wall_ns / self.switches
        self.cpu_ns = cpu_ns / self.switches
        self.involuntary = involuntary


class Workload(livetest.Work):
    def __init__(self, cpu):
        super().__init__("switch", cpu, path=WORK)

    def measure(self, depth, chains, switches):
        self.facts.pop("done", None)
        os.write(self.process.stdin.fileno(), f"run {depth} {chains} {switches}\n".encode())
        self.done()
        return Measured(self.facts["done"][0])


# ---- one tool ----

class Bench:
    def __init__(self, options):
        self.options = options
        self.tools = choose(options)
        cpus = sorted(os.sched_getaffinity(0))
        self.cpu = cpus[-1]
        self.other_cpus = set(cpus[:-1]) or set(cpus)
        self.errors = {}    # name -> why it can't run here
        self.failures = {}  # name -> what it said when it failed, after it had run before
        self.round = 0
        self.samples = []

    def measure(self, work, cell):
        return work.measure(*cell, self.options.switches)

    def measure_tool(self, tool, work, cells):
        """Starts a tool, measures each cell, ends it: ({cell: Measured}, {cell: facts})."""
        if tool.name == "nothing":
            return {cell: self.measure(work, cell) for cell in cells}, {cell: {} for cell in cells}
        run = Run(tool, work.pid, self.other_cpus)
        during, facts = {}, {}
        wall_ns = switches = 0
        for cell in cells:
            warmed = work.measure(*cell, self.options.warmup)
            own_ns = run.cpu_ns()
            during[cell] = self.measure(work, cell)
            facts[cell] = {"own_cpu_ns": (run.cpu_ns() - own_ns) / during[cell].switches}
            wall_ns += warmed.wall_ns_total + during[cell].wall_ns_total
            switches += warmed.switches + during[cell].switches
        run.note_memory()
        if run.process.poll() is not None:
            raise CannotStart(f"it ended during the measurement: {run.said()}")
        said = self.end_tool(tool, run, cells, wall_ns, switches)
        # Shares hold for each cell; sums for the whole run, so they stand with its last one.
        for cell in cells:
            facts[cell].update({key: said[key] for key in ("seen", "whole") if key in said})
        facts[cells[-1]].update(said)
        return during, facts

    def end_tool(self, tool, run, cells, wall_ns, switches):
        """What it found: of the two threads one always waits, so their waits add up to the clock."""
        facts = {}
        if tool.slow_output and not all(chains for _, chains in cells):
            run.kill()
            facts["remark"] = "not heard out: to print as many stacks takes it minutes"
        elif not run.stop():
            facts["remark"] = f"not heard out: killed after {run.stop_timeout} s"
        else:
            found = tool.find(run, [depth for depth, _ in cells])
            facts.update(lost=found.lost, whole=found.whole, counters=found.counters)
            if found.seen_ns is not None:
                facts["seen"] = found.seen_ns / wall_ns
            if found.seen_cnt is not None:
                facts["seen"] = found.seen_cnt / switches
        run.remove_files()
        return dict(facts, own_cpu_total_ns=run.total_cpu_ns, rss_bytes=run.rss_bytes,
                    kernel_bytes=run.kernel_bytes)

    # ---- rounds ----

    def group(self, cells):
        """Every tool once, in random order, beside one workload process; nothing before and after each."""
        tools = [t for t in self.tools if t.name not in self.errors]
        random.shuffle(tools)
        with Workload(self.cpu) as work:
            for cell in cells:
                work.measure(*cell, self.options.warmup)
            before = {cell: self.measure(work, cell) for cell in cells}
            for tool in tools:
                try:
                    during, facts = self.measure_tool(tool, work, cells)
                except CannotStart as e:
                    self.failed(tool, str(e))
                    continue
                after = {cell: self.measure(work, cell) for cell in cells}
                for cell in cells:
                    self.add_sample(tool, cell, (before[cell], during[cell], after[cell]),
                                    facts[cell])
                before = after

    def failed(self, tool, why):
        """One that has run before gets another chance."""
        say(f"{tool.name} can't run here: {why}")
        if any(s["tool"] == tool.name for s in self.samples):
            self.failures.setdefault(tool.name, []).append(why)
        else:
            self.errors[tool.name] = why

    def add_sample(self, tool, cell, measured, facts):
        before, during, after = measured
        sample = {"round": self.round, "tool": tool.name, "depth": cell[0], "chains": cell[1],
                  "involuntary": during.involuntary}
        for clock in ("cpu_ns", "wall_ns"):
            nothing = (getattr(before, clock) + getattr(after, clock)) / 2
            sample["nothing_" + clock] = nothing
            sample["added_" + clock] = getattr(during, clock) - nothing
        self.samples.append(dict(sample, **facts))

    def groups(self):
        """The cells that are measured under one start of a tool, which takes longer than to measure them.

        Those whose chains don't recur come by themselves: they fill what a tool remembers.
        """
        cells = [(d, c) for d in self.options.depths for c in self.options.chains]
        random.shuffle(cells)
        recurring = [cell for cell in cells if cell[1]]
        others = [cell for cell in cells if not cell[1]]
        return [group for group in (recurring, others) if group]

    def rounds(self):
        began = time.monotonic()
        for self.round in range(self.options.rounds):
            if self.round and self.out_of_time(began, self.round):
                break
            for cells in self.groups():
                self.group(cells)
            say(f"round {self.round + 1} of {self.options.rounds} after {time.monotonic() - began:.0f} s")

    def out_of_time(self, began, done):
        """Whole rounds only, so that each cell has as many."""
        spent = time.monotonic() - began
        if spent / done * (done + 1) <= self.options.minutes * 60:
            return False
        say(f"{done} rounds instead of {self.options.rounds}: no more fit into "
            f"{self.options.minutes} minutes")
        return True

    def result(self):
        return {
            "format": "dwell-bench-switch",
            "machine": machine(self.options.in_vm),
            "command": self.options.command,
            "settings": {k: getattr(self.options, k) for k in
                         ("rounds", "switches", "warmup", "depths", "chains")},
            "tools": [{"name": t.name, "label": t.label, "command": t.shown_command(),
                       "version": t.version(), "error": self.errors.get(t.name),
                       "failures": self.failures.get(t.name, [])}
                      for t in self.tools],
            "bpftrace_script": switch_tools.SCRIPT.strip(),
            "samples": self.samples,
        }


def say(text):
    print(text, file=sys.stderr, flush=True)


def machine(in_vm):
    model = [line.split(":", 1)[1].strip() for line in livetest.read("/proc/cpuinfo").splitlines()
             if line.startswith("model name")]
    return {
        "kind": "virtual machine of tests/vm" if in_vm else "host",
        "cpu": model[0] if model else platform.machine(),
        "cpus": os.cpu_count(),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
        "arch": platform.machine(),
        "kernel": platform.release(),
        "hypervisor": switch_tools.output_of(["systemd-detect-virt", "--vm"]),
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
    }


# ---- the command line ----

def numbers(text):
    return [int(w) for w in text.split(",")]


def parse(arguments):
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("--rounds", type=int, help="how often everything is repeated (5)")
    p.add_argument("--switches", type=int, help="per measurement (50000)")
    p.add_argument("--warmup", type=int, help="switches before each measurement (a fifth)")
    p.add_argument("--depths", type=numbers, default=DEPTHS, help="stack depths: 5,20,60")
    p.add_argument("--chains", type=numbers, default=CHAINS,
                   help="distinct call chains per thread: 1,2,16,0; 0: none recurs")
    p.add_argument("--only", type=lambda t: t.split(","), default=[], metavar="NAME,...",
                   help="these tools only: " + " ".join(t.name for t in EVERY))
    p.add_argument("--minutes", type=float,
                   help="begin no round that would end later (13; with --in-vm 60)")
    p.add_argument("--quick", action="store_true", help="2 rounds of 10000 switches, to try it out")
    p.add_argument("--in-vm", action="store_true",
                   help="this machine is there for it: also the tools that trace the whole system")
    p.add_argument("--json", metavar="FILE", help="write the measurements there")
    p.add_argument("--from-json", nargs="+", metavar="FILE",
                   help="measure nothing, write the document from such files")
    p.add_argument("--document", metavar="FILE",
                   help="docs/performance.md; none with --quick, --only, --in-vm and --json")
    options = p.parse_args(arguments)
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.switches = options.switches or (10000 if options.quick else 50000)
    options.minutes = options.minutes or (60 if options.in_vm else 13)
    options.warmup = options.warmup or max(options.switches // 5, 1000)
    if not (options.quick or options.only or options.in_vm or options.json):
        options.document = options.document or DOCUMENT
    options.command = " ".join(["tests/bench/bench_switch.py", *arguments]) if arguments else \
        "make bench-switch"
    return options


def choose(options):
    unknown = set(options.only) - {t.name for t in EVERY}
    if unknown:
        sys.exit(f"bench_switch.py: no such tool: {' '.join(sorted(unknown))}")
    return [t for t in EVERY if (t.name in options.only if options.only
                                 else not t.asked_only and (options.in_vm or not t.whole_system))]


def load(path):
    with open(path, encoding="utf-8") as f:
        result = json.load(f)
    if result.get("format") != "dwell-bench-switch":
        sys.exit(f"{path}: not written by bench_switch.py --json")
    return result


def save(result, path):
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(result, f, indent=1)


def measure(options):
    if not os.path.exists(WORK):
        sys.exit(f"bench_switch.py: no {WORK}: run `make bench-switch`")
    why = livetest.tracing_refused()
    if why:
        sys.exit(f"bench_switch.py: {why}")
    if options.in_vm:
        Run.start_timeout, Run.stop_timeout = 900, 120  # compilers run slowly there
    bench = Bench(options)
    bench.rounds()
    return bench.result()


def keep_guest(path, text):
    """Measurements in a guest that are not at hand on this machine stay in the document as they were."""
    try:
        with open(path, encoding="utf-8") as f:
            before = f.read()
    except OSError:
        return text
    guest = re.search(r"^## On the virtual machine.*?(?=^## How)", before, re.M | re.S)
    return re.sub(r"^(?=## How)", lambda _: guest[0], text, count=1, flags=re.M) if guest else text


def main():
    options = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # by way of atexit: ends what we started
    if options.from_json:
        results = [load(path) for path in options.from_json]
    else:
        results = [measure(options)]
        path = options.json or os.path.join(RESULTS, "switch.json")
        save(results[0], path)
        say(f"measurements: {path}")
        # What a virtual machine measured last stays in the document.
        beside = os.path.join(RESULTS, "switch-vm.json")
        if options.document and os.path.exists(beside):
            results.append(load(beside))
    if options.document:
        text = switch_report.document(results)
        if len(results) == 1:
            text = keep_guest(options.document, text)
        with open(options.document, "w", encoding="utf-8") as f:
            f.write(text)
        say(f"written: {options.document}")
    print(switch_report.summary(results))


main()
