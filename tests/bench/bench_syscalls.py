#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What a system call costs under dwell and under other tools; writes docs/performance-syscalls.md.

One thread makes the same call again and again (work/call.c). In every round each tool is started on that process in
random order, measured, and ended; before and after the same calls are measured without any. Only processes that this
program started are traced.
"""
import argparse
import datetime
import json
import os
import platform
import random
import re
import shutil
import signal
import statistics
import sys
import time

import meters
import switch_tools
from meters import livetest
from switch_tools import CannotStart, Run, Tool, output_of, package_version

CALLS = ("getppid", "read")
WORK = os.path.join(livetest.BUILD, "tests", "bench", "call")
DOCUMENT = os.path.join(livetest.ROOT, "docs", "performance-syscalls.md")

TEXT = """<!-- SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only -->
<!-- Written by tests/bench/bench_syscalls.py: change it there. -->
# What tracing costs per system call

    make bench-syscalls     # installs the peers, measures (minutes, as root), writes this page

One thread calls `getppid()`, the cheapest call there is, and `read()` of one byte of /dev/zero. `640 [600..700] **0.50**`: the
tool adds 640 ns of CPU time to each call of the traced thread, the median over the rounds; 600 in the round with the least and 700
in that with the most; and half of what bcc's libbpf `syscount -L` adds in the same round. In every round all tools take turns on the
same process, in random order, with the same calls without a tool before and after each, from which the difference is taken. Tools
that stop the thread at each call are given fewer calls. *Counted* is the share of the calls that were made that the tool shows
at its end.

| tool | getppid, ns | read, ns | counted |
|---|---|---|---|
{rows}

Without a tool a getppid() takes {getppid:.0f} ns, a read() {read:.0f} ns.

{errors}- {date}: {cpu}, {cpus} CPUs{hypervisor}, Linux {kernel}; {rounds} rounds of {calls:,} calls
- bpftrace's script: `{script}`
{versions}
"""


class Peer(Tool):
    """A contestant; counted() says how many calls it shows."""

    calls = 1.0       # of those that all others make: less for slow tools
    traces_it = True

    def counted(self, run, name):
        raise NotImplementedError


class Nothing(Peer):
    name, label = "nothing", "nothing (noise of the measurement)"


class Dwell(Peer):
    name, label = "dwell", "**`dwell syscalls`**"
    min_probes = 6
    options = ()

    def command(self, pid):
        return [livetest.DWELL, "syscalls", "-p", str(pid), "--json", *self.options]

    def version(self):
        return output_of([livetest.DWELL, "--version"])

    def counted(self, run, name):
        data = json.loads(meters.read_or_empty(run.out_path))
        lost = sum(data["ledger"]["lost"].values())
        return sum(r["calls"] for r in data["calls"] if r["call"] == name) - lost


class DwellOthers(Dwell):
    name, label = "dwell-unwanted", "`dwell syscalls --syscall openat`"
    options = ("--syscall", "openat")
    counted = None


class DwellElsewhere(Dwell):
    name, label = "dwell-elsewhere", "`dwell syscalls` of another process"
    counted = None

    def command(self, pid):
        return super().command(elsewhere().pid)


class Syscount(Peer):
    name, label = "bcc", "bcc libbpf `syscount -L`"
    program, package = "syscount", "libbpf-tools"

    def command(self, pid):
        return [shutil.which(self.program) or f"/usr/sbin/{self.program}", "-L", "-p", str(pid)]

    def version(self):
        return package_version(self.package)

    def counted(self, run, name):
        text = meters.read_or_empty(run.out_path)
        return sum(int(m) for m in re.findall(rf"^{name}\s+(\d+)\s", text, re.M))


class SyscountPython(Syscount):
    name, label = "bcc-python", "bcc python `syscount -L`"
    program, package = "syscount-bpfcc", "bpfcc-tools"

    def counted(self, run, name):
        text = meters.read_or_empty(run.out_path)
        return sum(int(m) for m in re.findall(rf"^b?'?{name}'?\s+(\d+)\s", text, re.M))


SCRIPT = """tracepoint:raw_syscalls:sys_enter /pid == PID/ { @s[tid] = nsecs; @n[tid] = args->id; }
tracepoint:raw_syscalls:sys_exit /@s[tid]/ { $d = nsecs - @s[tid]; @cnt[@n[tid]] = count();
@ns[@n[tid]] = sum($d); @hist[@n[tid]] = hist($d); delete(@s[tid]); delete(@n[tid]); }
END { clear(@s); clear(@n); }"""


class Bpftrace(Peer):
    name, label = "bpftrace", "bpftrace"
    needs_tracefs = misses_signals = True
    min_probes = 2
    numbers = {"x86_64": {"read": 0, "getppid": 110}, "aarch64": {"read": 63, "getppid": 173}}[platform.machine()]

    def command(self, pid):
        return ["bpftrace", "-e", " ".join(SCRIPT.replace("PID", str(pid)).split())]

    def shown_command(self):
        return "bpftrace -e SCRIPT"

    def version(self):
        return output_of(["bpftrace", "--version"])

    def counted(self, run, name):
        text = meters.read_or_empty(run.out_path)
        return sum(int(m) for m in re.findall(rf"^@cnt\[{self.numbers[name]}\]: (\d+)", text, re.M))


class PerfTrace(Peer):
    name, label = "perf-trace", "`perf trace -s`"
    needs_tracefs = True
    calls = 0.1

    def command(self, pid):
        return [shutil.which("perf") or "perf", "trace", "-s", "-p", str(pid)]

    def version(self):
        return f'{output_of(["perf", "--version"])} ({package_version("linux-perf")})'

    def counted(self, run, name):
        text = meters.read_or_empty(run.err_path) + meters.read_or_empty(run.out_path)
        return sum(int(m) for m in re.findall(rf"^\s+{name}\s+(\d+)\s", text, re.M))


class Strace(Peer):
    name, label = "strace", "`strace -c -f`"
    calls = 0.01

    def command(self, pid):
        return ["strace", "-c", "-f", "-o", "DATA", "-p", str(pid)]

    def version(self):
        return package_version("strace")

    def counted(self, run, name):
        text = meters.read_or_empty(run.data_path)
        return sum(int(m) for m in re.findall(rf"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?{name}$", text, re.M))


EVERY = [Nothing(), Dwell(), DwellOthers(), DwellElsewhere(), Syscount(), SyscountPython(), Bpftrace(), PerfTrace(),
         Strace()]
_elsewhere = []


def elsewhere():
    """Some other process of ours."""
    if not _elsewhere:
        _elsewhere.append(livetest.start(["sleep", "86400"]))
    return _elsewhere[0]


class CallRun(Run):
    """strace holds the process itself, which is how one sees that it has begun."""

    def __init__(self, tool, pid, cpus):
        self.traced = pid
        super().__init__(tool, pid, cpus)

    def wait_until_tracing(self):
        if not isinstance(self.tool, Strace):
            super().wait_until_tracing()
            return
        end = time.monotonic() + self.start_timeout
        while f"TracerPid:\t{self.process.pid}\n" not in livetest.read(f"/proc/{self.traced}/status"):
            self.check_alive()
            if time.monotonic() > end:
                self.kill()
                raise CannotStart("it did not attach")
            time.sleep(0.01)


class Bench:
    def __init__(self, options):
        self.options = options
        cpus = sorted(os.sched_getaffinity(0))
        self.cpu = cpus[-1]
        self.other_cpus = set(cpus[:-1]) or set(cpus)
        self.tools = [t for t in EVERY if not options.only or t.name in options.only]
        self.errors = {}
        self.added = {}    # (tool, call) -> ns, one for each round
        self.plain = {}    # call -> ns
        self.shares = {}   # tool -> counted of made

    def measure(self, work, call, cnt):
        work.facts.pop("done", None)
        os.write(work.process.stdin.fileno(), f"run {call} {cnt}\n".encode())
        work.done()
        made, _, cpu_ns = (int(w) for w in work.facts["done"][0])
        return cpu_ns / made

    def measure_tool(self, tool, work):
        """call -> ns under the tool, and with nothing before and after."""
        cnt = max(int(self.options.calls * tool.calls), 1000)
        found, made = {}, 0
        if isinstance(tool, Nothing):
            return {call: self.measure(work, call, cnt) for call in CALLS}
        run = CallRun(tool, work.pid, self.other_cpus)
        for call in CALLS:
            self.measure(work, call, cnt // 10)
            found[call] = self.measure(work, call, cnt)
            made += cnt // 10 + cnt
        if run.process.poll() is not None:
            raise CannotStart(f"it ended during the measurement: {run.said()}")
        in_time = run.stop()
        if in_time and tool.counted:
            shown = sum(tool.counted(run, call) for call in CALLS)
            # The workload also reads its orders, a few times.
            self.shares.setdefault(tool.name, []).append(1.0 if made < shown < made + 50 else shown / made)
        run.remove_files()
        return found

    def one_round(self):
        tools = [t for t in self.tools if t.name not in self.errors]
        random.shuffle(tools)
        with livetest.Work("call", self.cpu, path=WORK) as work:
            for call in CALLS:
                self.measure(work, call, self.options.calls // 10)
            before = {call: self.measure(work, call, self.options.calls) for call in CALLS}
            for tool in tools:
                try:
                    during = self.measure_tool(tool, work)
                except CannotStart as e:
                    self.errors[tool.name] = str(e)
                    print(f"{tool.name} can't run here: {e}", file=sys.stderr, flush=True)
                    continue
                after = {call: self.measure(work, call, self.options.calls) for call in CALLS}
                for call in CALLS:
                    nothing = (before[call] + after[call]) / 2
                    self.plain.setdefault(call, []).append(nothing)
                    self.added.setdefault((tool.name, call), []).append(during[call] - nothing)
                before = after

    def cell(self, tool, call):
        values = self.added.get((tool.name, call))
        if not values:
            return "did not run"
        peer = self.added.get(("bcc", call), [])
        ratios = [v / p for v, p in zip(values, peer) if p > 0]
        ratio = f" **{statistics.median(ratios):.2f}**" if ratios and not isinstance(tool, Nothing) else ""
        return f"{statistics.median(values):,.0f} [{min(values):,.0f}..{max(values):,.0f}]{ratio}"

    def row(self, tool):
        share = self.shares.get(tool.name)
        counted = f"{100 * statistics.median(share):.4g}%" if share else ""
        return f"| {tool.label} | {self.cell(tool, 'getppid')} | {self.cell(tool, 'read')} | {counted} |"

    def document(self):
        model = [line.split(":", 1)[1].strip() for line in livetest.read("/proc/cpuinfo").splitlines()
                 if line.startswith("model name")]
        shown = [(t.shown_command(), t.version()) for t in self.tools if t.name not in ("nothing", "dwell-elsewhere")]
        vm = output_of(["systemd-detect-virt", "--vm"])
        errors = "".join(f"- {t.label} did not run: {self.errors[t.name]}\n" for t in self.tools
                         if t.name in self.errors)
        versions = "\n".join(f"- `{command}`: {version}" for command, version in shown)
        return TEXT.format(rows="\n".join(self.row(t) for t in self.tools), errors=errors,
                           getppid=statistics.median(self.plain["getppid"]), read=statistics.median(self.plain["read"]),
                           date=datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
                           cpu=model[0] if model else platform.machine(), cpus=os.cpu_count(),
                           hypervisor=f" under {vm}" if vm and vm != "none" else "", kernel=platform.release(),
                           rounds=self.options.rounds, calls=self.options.calls, script=" ".join(SCRIPT.split()),
                           versions=versions)


def parse(arguments):
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("--rounds", type=int, help="how often everything is repeated (5)")
    p.add_argument("--calls", type=int, help="per measurement (2000000)")
    p.add_argument("--only", type=lambda t: t.split(","), default=[], metavar="NAME,...",
                   help="these tools only: " + " ".join(t.name for t in EVERY))
    p.add_argument("--quick", action="store_true", help="2 rounds of 200000 calls, to try it out; writes nothing")
    options = p.parse_args(arguments)
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.calls = options.calls or (200_000 if options.quick else 2_000_000)
    return options


def main():
    options = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # by way of atexit: ends what we started
    why = livetest.tracing_refused()
    if why:
        sys.exit(f"bench_syscalls.py: {why}")
    switch_tools.Run.start_timeout = 60
    bench = Bench(options)
    for i in range(options.rounds):
        bench.one_round()
        print(f"round {i + 1} of {options.rounds}", file=sys.stderr, flush=True)
    text = bench.document()
    if not (options.quick or options.only):
        with open(DOCUMENT, "w", encoding="utf-8") as f:
            f.write(text)
        print(f"written: {DOCUMENT}", file=sys.stderr)
    print(text)


main()
