#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What dwell serve takes of the machine while it runs on; writes docs/performance-serve.md.

Threads with 50 names make waits at a given rate (work/waits.c). dwell is scraped all the while and writes a file for each
window; then other tools watch the same process. Only processes that this program started are traced.
"""
import argparse
import datetime
import os
import platform
import re
import shutil
import signal
import sys
import time

import meters
import switch_tools
from meters import livetest
from switch_tools import CannotStart, output_of, package_version

WORK = os.path.join(livetest.BUILD, "tests", "bench", "waits")
DOCUMENT = os.path.join(livetest.ROOT, "docs", "performance-serve.md")
SCRAPE_SECONDS, WARM_UP_SECONDS = 5, 15
MIB = 1 << 20
FLAT_MIB, CPU_SHARE = 2, 0.05  # the targets, at 100,000 waits a second

TEXT = """<!-- SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only -->
<!-- Written by tests/bench/bench_serve.py: change it there. -->
# What `dwell serve` takes

    make bench-serve        # installs the peers, measures (five minutes, as root), writes this page
    BUILD=build tests/bench/bench_serve.py --seconds 600

One process of {threads} threads with {groups} names makes {asked:,} waits a second, in pairs that hand a byte to and fro through
pipes. `dwell serve --every {every}s --out DIR --pprof` watches it; `/metrics` is fetched every {scrape} s. The first {warm_up} s are left out.
Then other tools run on the same process, each for as long, and print what they have every {every} s where they can.

**Targets**

{targets}

| tool | waits/s | own CPU, % of one core | ns per wait | beside bcc | CPU of the process, ns per wait | resident at the begin, end, peak, MiB | in the kernel, MiB | lost |
|---|---|---|---|---|---|---|---|---|
{rows}

*Own CPU* is that of the tool's processes alone, from second {warm_up} on. *CPU of the process* is what the traced threads take for a wait, with
what the tool's programs in the kernel take for it, which run in the thread that leaves; without any tool it is {nothing:,.0f} ns. *In the
kernel* are BPF maps and rings of perf. What each tool does differs: bcc's and bpftrace's count stacks in the kernel, and resolve names when they print;
dwell reads each wait, which is what histograms with exact sums, windows without gaps and a ledger need.

{notes}- {date}: {cpu}, {cpus} CPUs{hypervisor}, Linux {kernel}; {seconds} s, load of the machine {load:.1f}
{versions}
"""

SCRIPT = switch_tools.SCRIPT.replace("FILTER", "if (pid == PID)") + "interval:s:EVERY { print(@ns); clear(@ns); }"


class Peer:
    """A tool that runs on until it is told to end."""

    needs_tracefs = misses_signals = False
    min_probes = 1
    environment = {}
    refused = switch_tools.Tool.refused

    def __init__(self, every):
        self.every = every

    def version(self):
        return ""

    def lost(self, run):
        """In the tool's own words; empty: nothing."""
        return ""


class Nothing(Peer):
    name, label = "nothing", "nothing"


class Serve(Peer):
    name, label = "dwell", "**`dwell serve`**"
    min_probes = 3

    def __init__(self, every):
        super().__init__(every)
        self.directory = livetest.scratch("serve")
        self.socket = livetest.scratch("serve.sock")
        self.metrics = {}
        self.scraped = 0

    def command(self, pid):
        return [livetest.DWELL, "serve", "-p", str(pid), "--config", "none", "--every", f"{self.every}s", "--out",
                self.directory, "--pprof", "--listen", f"unix:{self.socket}"]

    def version(self):
        return output_of([livetest.DWELL, "--version"])

    def scrape(self):
        """name{labels} -> value."""
        text = output_of(["curl", "-s", "--unix-socket", self.socket, "http://dwell/metrics"])
        self.metrics = {name: float(value) for name, value in
                        (line.rsplit(" ", 1) for line in text.splitlines() if line and line[0] != "#")}
        self.scraped += 1

    def lost(self, run):
        said = meters.read_or_empty(run.err_path)
        ledger = re.search(r"off-CPU time:.*", said)
        found = []
        if not ledger or "nothing lost" not in ledger[0] or "DEFECT" in said:
            found.append(ledger[0] if ledger else "no ledger")
        lost = {n: v for n, v in self.metrics.items() if n.startswith("dwell_lost_seconds_total") and v}
        if lost:
            found.append(f"{lost}")
        return ", ".join(found) or "0 ns"

    def waits(self):
        return int(sum(v for n, v in self.metrics.items() if n.startswith("dwell_runqueue_wait_seconds_count")))


class Bcc(Peer):
    name, label = "bcc", "bcc libbpf `offcputime`, to its end"

    def command(self, pid):
        return [shutil.which("offcputime") or "/usr/sbin/offcputime", "-p", str(pid)]

    def version(self):
        return package_version("libbpf-tools")

    def lost(self, run):
        return ", ".join(re.findall(r"WARNING: .*", meters.read_or_empty(run.err_path)))


class BccAgain(Bcc):
    name, label = "bcc-again", "bcc libbpf `offcputime`, again and again"

    def command(self, pid):
        tool = super().command(pid)[0]
        return ["sh", "-c", f"trap 'kill $!; exit' INT; while :; do {tool} -p {pid} {self.every} & wait; done"]

    def lost(self, run):
        return ", ".join(filter(None, [super().lost(run), "what ends while it starts again"]))


class Bpftrace(Peer):
    name, label = "bpftrace", "bpftrace"
    needs_tracefs = misses_signals = True
    min_probes = 2
    environment = {"BPFTRACE_NO_USER_SYMBOLS": "1"}

    def command(self, pid):
        script = SCRIPT.replace("PID", str(pid)).replace("EVERY", str(self.every))
        return [shutil.which("bpftrace") or "bpftrace", "-e", " ".join(script.split())]

    def version(self):
        return output_of(["bpftrace", "--version"])

    def lost(self, run):
        cnt = sum(int(c) for c in re.findall(r"[Ll]ost (\d+) events", meters.read_or_empty(run.err_path)))
        return f"{cnt} events" if cnt else ""


EVERY = [Nothing, Serve, Bcc, BccAgain, Bpftrace]


# ---- measuring ----

def cpu_ns(pid):
    """Of a process, its threads that ended, and its children that ended: in ticks of 10 ms, over minutes."""
    total = 0
    for p in meters.tree(pid):
        fields = meters.read_or_empty(f"/proc/{p}/stat").rpartition(") ")[2].split()
        total += sum(int(f) for f in fields[11:15])
    return total * livetest.SECOND // os.sysconf("SC_CLK_TCK")


def rss_bytes(pid):
    total = 0
    for p in meters.tree(pid):
        found = re.search(r"^VmRSS:\s+(\d+)", meters.read_or_empty(f"/proc/{p}/status"), re.M)
        total += int(found[1]) * 1024 if found else 0
    return total


class Sample:
    def __init__(self, work, run):
        self.at = time.monotonic()
        work.facts.pop("made", None)
        work.hear("made")
        self.waits = int(work.facts["made"][-1][0])
        self.work_ns = cpu_ns(work.pid)
        self.cpu_ns = cpu_ns(run.process.pid) if run else 0
        self.rss = rss_bytes(run.process.pid) if run else 0


class Measurement:
    """What one tool did between two samples."""

    def __init__(self, tool, samples, run, lost):
        first, last = samples[0], samples[-1]
        self.tool, self.samples, self.lost = tool, samples, lost
        waits = max(last.waits - first.waits, 1)
        self.rate = waits / (last.at - first.at)
        self.cpu_ns = (last.cpu_ns - first.cpu_ns) / waits
        self.cpu = (last.cpu_ns - first.cpu_ns) / ((last.at - first.at) * livetest.SECOND)
        self.work_ns = (last.work_ns - first.work_ns) / waits
        self.kernel = run.kernel_bytes if run else 0
        self.peak = run.rss_bytes if run else 0
        self.rss = [s.rss for s in samples]


class Bench:
    def __init__(self, options):
        self.options = options
        self.errors = {}
        self.found = []

    def sample(self, work, run, tool):
        """Every 10 s; the workload's own report is the clock."""
        samples = []
        end = time.monotonic() + WARM_UP_SECONDS + self.options.seconds
        begin = time.monotonic() + WARM_UP_SECONDS
        next_sample, next_scrape = begin, time.monotonic() + 1
        while time.monotonic() < end:
            work.facts.pop("made", None)
            work.hear("made")
            if run and run.process.poll() is not None:
                raise CannotStart(f"it ended during the measurement: {run.said()}")
            if time.monotonic() >= next_scrape and isinstance(tool, Serve):
                tool.scrape()
                next_scrape += SCRAPE_SECONDS
            if time.monotonic() >= next_sample:
                samples.append(Sample(work, run))
                self.tell(tool, samples)
                next_sample += 10
        samples.append(Sample(work, run))
        return samples

    def tell(self, tool, samples):
        s = samples[-1]
        print(f"{tool.name}: {s.at - samples[0].at:.0f} s, {s.waits - samples[0].waits} waits, "
              f"{(s.cpu_ns - samples[0].cpu_ns) / 1e9:.2f} s of CPU, {s.rss / MIB:.2f} MiB resident",
              file=sys.stderr, flush=True)

    def measure(self, tool):
        with livetest.Work("waits", self.options.pairs, self.options.rate, path=WORK) as work:
            run = None
            try:
                if not isinstance(tool, Nothing):
                    run = switch_tools.Run(tool, work.pid, os.sched_getaffinity(0))
                samples = self.sample(work, run, tool)
                if run:
                    run.note_memory()
                    run.stop()
            except CannotStart as e:
                self.errors[tool.name] = str(e)
                print(f"{tool.name} can't run here: {e}", file=sys.stderr, flush=True)
                return
            self.found.append(Measurement(tool, samples, run, tool.lost(run) if run else ""))

    # ---- the page ----

    def of(self, name):
        return next((m for m in self.found if m.tool.name == name), None)

    def row(self, m):
        bcc = self.of("bcc-again")
        ratio = f"{m.cpu_ns / bcc.cpu_ns:.2f}" if bcc and bcc.cpu_ns else ""
        if isinstance(m.tool, Nothing):
            return f"| nothing | {m.rate:,.0f} | | | | {m.work_ns:,.0f} | | | |"
        return (f"| {m.tool.label} | {m.rate:,.0f} | {100 * m.cpu:.2f} | {m.cpu_ns:,.0f} | {ratio} | {m.work_ns:,.0f} | "
                f"{m.rss[0] / MIB:.1f}, {m.rss[-1] / MIB:.1f}, {m.peak / MIB:.1f} | {m.kernel / MIB:.1f} | {m.lost} |")

    def targets(self):
        m = self.of("dwell")
        if not m:
            return "- not measured"
        grown = (m.rss[-1] - m.rss[0]) / MIB
        spread = (max(m.rss) - min(m.rss)) / MIB
        share = m.cpu_ns * 100_000 / livetest.SECOND
        rows = [(abs(grown) <= FLAT_MIB and spread <= 2 * FLAT_MIB,
                 f"resident memory {grown:+.2f} MiB from the first sample to the last, all of {len(m.rss)} samples within "
                 f"{spread:.2f} MiB; target ±{FLAT_MIB} MiB"),
                (share <= CPU_SHARE, f"{m.cpu_ns:.0f} ns of own CPU per wait, {100 * share:.2f} % of one core at 100,000 waits/s "
                 f"({100 * m.cpu:.2f} % at the {m.rate:,.0f} that were made); target at most {100 * CPU_SHARE:.0f} %"),
                (m.lost == "0 ns", f"lost: {m.lost}, of {m.tool.waits():,} waits in /metrics at the last of {m.tool.scraped} "
                 "scrapes; target 0 ns")]
        return "\n".join(f"- {'pass' if good else 'MISS'}: {text}" for good, text in rows)

    def document(self):
        model = [line.split(":", 1)[1].strip() for line in livetest.read("/proc/cpuinfo").splitlines()
                 if line.startswith("model name")]
        vm = output_of(["systemd-detect-virt", "--vm"])
        nothing = self.of("nothing")
        return TEXT.format(
            threads=2 * self.options.pairs, groups=2 * self.options.pairs, asked=self.options.rate, every=self.options.every,
            scrape=SCRAPE_SECONDS, warm_up=WARM_UP_SECONDS, targets=self.targets(),
            rows="\n".join(self.row(m) for m in self.found), nothing=nothing.work_ns if nothing else 0,
            notes="".join(f"- {t.label} did not run: {self.errors[t.name]}\n" for t in EVERY if t.name in self.errors),
            date=datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
            cpu=model[0] if model else platform.machine(), cpus=os.cpu_count(),
            hypervisor=f" under {vm}" if vm and vm != "none" else "", kernel=platform.release(),
            seconds=self.options.seconds, load=os.getloadavg()[1],
            versions="\n".join(f"- {m.tool.label}: {m.tool.version()}" for m in self.found if m.tool.version()))


def parse(arguments):
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("--seconds", type=int, default=60, help="for each tool (60)")
    p.add_argument("--peer-seconds", type=int, help="for each other tool (as --seconds, 60 at most)")
    p.add_argument("--rate", type=int, default=100_000, help="waits a second (100000)")
    p.add_argument("--pairs", type=int, default=25, help="of threads (25)")
    p.add_argument("--every", type=int, help="seconds of a window (60, or a fourth of a short run)")
    p.add_argument("--only", type=lambda t: t.split(","), default=[], metavar="NAME,...",
                   help="these tools only: " + " ".join(t.name for t in EVERY))
    p.add_argument("--write", metavar="FILE", default=DOCUMENT, help="where to write the page (docs/performance-serve.md)")
    options = p.parse_args(arguments)
    options.every = options.every or min(60, max(options.seconds // 4, 1))
    options.peer_seconds = options.peer_seconds or min(options.seconds, 60)
    return options


def main():
    options = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # by way of atexit: ends what we started
    why = livetest.tracing_refused()
    if why:
        sys.exit(f"bench_serve.py: {why}")
    bench = Bench(options)
    seconds = options.seconds
    for make in EVERY:
        if options.only and make.name not in options.only:
            continue
        options.seconds = seconds if make is Serve else options.peer_seconds
        bench.measure(make(options.every))
    options.seconds = seconds
    text = bench.document()
    if not options.only:
        with open(options.write, "w", encoding="utf-8") as f:
            f.write(text)
        print(f"written: {options.write}", file=sys.stderr)
    print(text)


main()
