#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What dwell goroutines --go-events costs the program; writes docs/performance-go-events.md.

Two goroutines on one processor hand a number to and fro (tests/live/work/waits.go), which measures itself; in every round without
probes, with them, and without again. Only processes that this program started are traced.
"""
import argparse
import datetime
import os
import platform
import re
import statistics
import sys

import meters
from meters import livetest

sys.path.insert(0, os.path.join(livetest.ROOT, "tests", "live"))
from go_versions import toolchain  # noqa: E402 pylint: disable=wrong-import-position
from go_events import NO_LIMIT, Burst, Waits, build  # noqa: E402 pylint: disable=wrong-import-position
from golang import Toolchain  # noqa: E402 pylint: disable=wrong-import-position

DOCUMENT = os.path.join(livetest.ROOT, "docs", "performance-go-events.md")
STATS = "/proc/sys/kernel/bpf_stats_enabled"
HITS = 6  # of a round trip: two waits, with park_m, ready and execute each
PROGRAMS = ("park_m", "ready", "execute")

TEXT = """<!-- SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only -->
<!-- Written by tests/bench/bench_go_events.py: change it there. -->
# What timing every wait costs a Go program

    make bench-go-events     # measures (a minute, as root), writes this page

`dwell goroutines --go-events` puts three probes into the program: each wait hits all of them. Two goroutines on one processor hand a
number to and fro and do nothing else, which is the worst case: two waits, six hits for each round trip. *Calls* are those that each
of the two is below, which the probe in park_m walks. *A hit* is what is added to a round trip, divided by six: the trap into the
kernel and the way back, and the kernel's program. Times are CPU time of the process. *In the kernel's programs* is what of it are these, by the kernel's own statistics (which
cost some themselves; measured in a run of their own). Medians over the rounds, `[least..most]`.

| Go | calls | a round trip without, ns | with, ns | a hit, ns | in the kernel's programs: park_m / ready / execute, ns |
|---|---|---|---|---|---|
{rows}

At the limit of 50,000 hits per second that is {share:.1f} % of one CPU, while a burst lasts. A program that waits less pays less; before and after
a burst it pays nothing: the probes are gone.

- {date}: {cpu}, {cpus} CPUs{hypervisor}, Linux {kernel}; {rounds} rounds of {trips:,} round trips
"""


def spread(values, digits=0):
    return f"{statistics.median(values):,.{digits}f} [{min(values):,.{digits}f}..{max(values):,.{digits}f}]"


def per_trip(program, trips, calls):
    """CPU time: other programs may run meanwhile."""
    before = meters.cpu_ns(program.pid)
    program.took(f"pingpong {trips} {calls}")
    return (meters.cpu_ns(program.pid) - before) / trips


def measure(program, calls, rounds, trips):
    """(without, with) in ns for each round."""
    found = []
    for _ in range(rounds):
        before = per_trip(program, trips, calls)
        burst = Burst(program, *NO_LIMIT)
        during = per_trip(program, trips, calls)
        burst.end()
        found.append(((before + per_trip(program, trips, calls)) / 2, during))
    return found


def kernel_ns(program, calls, trips):
    """Of a run of each program."""
    with open(STATS, "r+", encoding="ascii") as f:
        old = f.read()
        try:
            f.seek(0)
            f.write("1")
            f.flush()
            burst = Burst(program, *NO_LIMIT)
            per_trip(program, trips, calls)
            infos = [meters.fields(text) for target, text in meters.fdinfos(burst.process.pid) if "bpf-prog" in target]
            burst.end()
        finally:
            f.seek(0)
            f.write(old)
    infos.sort(key=lambda i: int(i["prog_id"]))
    return [int(i["run_time_ns"]) / int(i["run_cnt"]) for i in infos]


def row(go, calls, rounds, trips):
    with Waits(build(go)) as program:
        per_trip(program, trips, calls)
        found = measure(program, calls, rounds, trips)
        parts = kernel_ns(program, calls, trips)
    hits = [(during - without) / HITS for without, during in found]
    print(f"go {go.version}, {calls} calls: a hit {spread(hits)}", file=sys.stderr)
    return (f"| {go.version} | {calls} | {spread([w for w, _ in found])} | {spread([d for _, d in found])} | {spread(hits)} | "
            f"{' / '.join(f'{ns:.0f}' for ns in parts)} |"), statistics.median(hits)


def cpu_name():
    return re.search(r"model name\s*: (.*)", livetest.read("/proc/cpuinfo"))[1]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--trips", type=int, default=20000)
    args = parser.parse_args()
    rows, hits = [], []
    for go in (Toolchain(), toolchain("1.27")):
        for calls in (0, 30):
            text, hit = row(go, calls, args.rounds, args.trips)
            rows.append(text)
            hits.append(hit)
    with open(DOCUMENT, "w", encoding="utf-8") as f:
        f.write(TEXT.format(rows="\n".join(rows), share=max(hits) * 50000 / 1e9 * 100, date=datetime.date.today(), cpu=cpu_name(),
                            cpus=os.cpu_count(), hypervisor=", virtual" if "hypervisor" in livetest.read("/proc/cpuinfo") else "",
                            kernel=platform.release(), rounds=args.rounds, trips=args.trips))


if __name__ == "__main__":
    main()
