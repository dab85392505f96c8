#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What reading event traces of Windows costs: the reader alone, `dwell info` and `dwell report`, on traces of one load and different
lengths; writes docs/performance-etl.md.
"""
import argparse
import datetime
import os
import platform
import shutil
import statistics
import subprocess
import sys

from meters import livetest

MAKE, READ, USAGE = (os.path.join(livetest.BUILD, "tests", "bench", name)
                     for name in ("make_trace", "read_trace", "usage"))
DOCUMENT = os.path.join(livetest.ROOT, "docs", "performance-etl.md")
# The kinds of make_trace, and MB. The first two are those between which memory must not grow.
TRACES = [("addrs", 500), ("addrs", 2000), ("addrs", 100), ("keys", 500), ("packed", 500)]
KINDS = {"addrs": "addresses", "keys": "keys", "packed": "addresses, packed"}
READER_MBS, REPORT_MBS, GROWTH_MB, FREE_MB = 500, 100, 10, 3000

TEXT = """<!-- SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only -->
<!-- Written by tests/bench/bench_etl.py: change it there. -->
# What reading event traces of Windows costs

    make bench-etl          # a few minutes, 2 GB of disk, writes this page

The traces are made by `tests/bench/tools/make_trace.c`: 8 CPUs, 20 processes of 20 threads, half of them of .NET, that wait, ready each
other and are sampled; {distinct:,} different stacks of 5 to 40 functions. A larger trace is a longer one. MB (10^6 bytes) are those of buffers,
unpacked. The stacks are in it as addresses each time, or as keys that the end of the trace explains; the latter has more events for each MB.

Times are CPU time, that of the process and of the kernel for it, so they are those of one core; medians of {rounds} rounds in turn, the least
and the most in brackets, with the file in the page cache. *resident* is the most memory that the process held at once.

- *cat*: `cat FILE >/dev/null`, the floor.
- *reader*: all events in the order of time, and nothing done with them (`tests/bench/tools/read_trace.c`).
- *info*: `dwell info FILE`. It reads the trace once.
- *report*: `dwell report -q --format folded FILE`. It reads the trace twice: what a stack's key or a method's address stands for may be told
  after what needs it.

**Targets**

{targets}

| trace | MB | events | context switches | reader, MB/s | reader, events/s | report, switches/s |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
{rates}

| trace | MB | | CPU time, s | MB/s | resident, MB |
| --- | ---: | --- | ---: | ---: | ---: |
{rows}

- date: {date}
- kernel: {kernel}, {cpus} CPUs
- No other program is measured: none that Debian or npm has reads these files on Linux. Microsoft's own (`tracerpt`, `xperf`, Windows
  Performance Analyzer, PerfView) need Windows.
"""
DISTINCT = 200 + 20 * 200  # as make_trace.c has them


def measure(command):
    """(seconds of CPU time, MB of resident memory)"""
    microseconds, kib = map(int, subprocess.check_output([USAGE] + command).split())
    return microseconds / 1e6, kib * 1024 / 1e6


def span(values, form):
    return f"{statistics.median(values):{form}} [{min(values):{form}}..{max(values):{form}}]"


def commands(path):
    return {"cat": ["cat", path], "reader": [READ, path], "info": [livetest.DWELL, "info", path],
            "report": [livetest.DWELL, "report", "-q", "--format", "folded", path]}


class Trace:
    """One trace, measured: its file is there only as long."""

    def __init__(self, kind, megabytes, rounds):
        path = livetest.scratch(f"{kind}.etl")
        self.kind = kind
        self.switches = int(subprocess.check_output([MAKE, kind, str(megabytes), path]))
        self.events, unpacked, _ = map(int, subprocess.check_output([READ, path]).split())
        self.megabytes = unpacked / 1e6
        self.runs = {name: [] for name in commands(path)}
        for _ in range(rounds):
            for name, command in commands(path).items():
                self.runs[name].append(measure(command))
        os.unlink(path)

    def seconds(self, name):
        return statistics.median(run[0] for run in self.runs[name])

    def speed(self, name):
        return self.megabytes / self.seconds(name)

    def resident(self, name):
        return max(run[1] for run in self.runs[name])

    def rates(self):
        return (f"| {KINDS[self.kind]} | {self.megabytes:,.0f} | {self.events:,} | {self.switches:,} | "
                f"{self.speed('reader'):,.0f} | {self.events / self.seconds('reader'):,.0f} | "
                f"{self.switches / self.seconds('report'):,.0f} |")

    def rows(self):
        return [f"| {KINDS[self.kind]} | {self.megabytes:,.0f} | {name} | {span([run[0] for run in runs], '.2f')} | "
                f"{self.speed(name):,.0f} | {self.resident(name):.1f} |" for name, runs in self.runs.items()]


def reached(got, how, limit):
    return got >= limit if how == "at least" else got <= limit


def targets_of(traces):
    short, long = traces[:2]
    checks = [(f"reader, MB/s, stacks as {KINDS[t.kind]}, {t.megabytes:,.0f} MB", t.speed("reader"), "at least", READER_MBS)
              for t in traces if t.kind != "packed"]
    checks += [(f"`dwell report`, MB/s, stacks as {KINDS[t.kind]}, {t.megabytes:,.0f} MB", t.speed("report"), "at least", REPORT_MBS)
               for t in (short, long)]
    more = f"MB that {long.megabytes:,.0f} MB of trace need more than {short.megabytes:,.0f}"
    checks += [(f"resident memory of `dwell {name}`, {more}", long.resident(name) - short.resident(name), "at most", GROWTH_MB)
               for name in ("info", "report")]
    return [f"- {'pass' if reached(got, how, limit) else 'FAIL'}: {what}: {got:.1f}, target {how} {limit}"
            for what, got, how, limit in checks]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    free = shutil.disk_usage(livetest.scratch()).free / 1e6
    livetest.check(free >= FREE_MB, f"{livetest.scratch()} has {free:.0f} MB free, {FREE_MB} are needed: set TMPDIR")
    traces = []
    for kind, megabytes in TRACES:
        traces.append(Trace(kind, megabytes, args.rounds))
        print("\n".join([traces[-1].rates()] + traces[-1].rows()), flush=True)
    targets = targets_of(traces)
    print("\n".join(targets))
    with open(DOCUMENT, "w") as f:
        f.write(TEXT.format(distinct=DISTINCT, rounds=args.rounds, targets="\n".join(targets),
                            rates="\n".join(t.rates() for t in traces), rows="\n".join(row for t in traces for row in t.rows()),
                            date=datetime.date.today(), kernel=platform.release(), cpus=os.cpu_count()))
    return any("FAIL" in t for t in targets)


sys.exit(main())
