#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 900
"""dwell serve and 10,000 short-lived processes in 5,000 cgroups: nothing of them stays but sums."""
import os
import re
import subprocess
import time

from cgroups import hierarchies, make
from livetest import Dwell, Work, case, check, check_equal, main, parse_folded, read, scratch, skip, wait_until

PROCESSES, GROUPS = 10_000, 5_000
MAX_GROUPS = 20
STAYS = 3 << 20  # bytes: what the allocator and tables of up to 2,048 stacks and threads may keep


class Serve(Dwell):
    def __init__(self, *args, **options):
        self.socket = scratch("serve.sock")
        super().__init__("serve", "--config", "none", "--listen", f"unix:{self.socket}", *args, **options)

    def metrics(self):
        """name{labels} -> value."""
        text = subprocess.run(["curl", "-s", "-m", "20", "--unix-socket", self.socket, "http://dwell/metrics"],
                              stdout=subprocess.PIPE, check=True).stdout.decode()
        return {name: float(value) for name, value in
                (line.rsplit(" ", 1) for line in text.splitlines() if line and line[0] != "#")}

    def rss(self):
        return int(re.search(r"^VmRSS:\s+(\d+)", read(f"/proc/{self.pid}/status"), re.M)[1]) * 1024

    def fds(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))


def rotations(out, cnt):
    """Waits for so many more files."""
    before = len(os.listdir(out))  # two files for each
    wait_until(lambda: len(os.listdir(out)) >= before + 2 * cnt, f"{cnt} more files", 60)


def run(work, processes, groups):
    work.facts.pop("ran", None)
    os.write(work.process.stdin.fileno(), f"run {processes} {groups}\n".encode())
    work.hear("ran", 500)


@case
def processes_and_cgroups_that_come_and_go():
    if not any(os.access(f"{d}/python3", os.X_OK) for d in os.environ["PATH"].split(":")):
        skip("no python3 in PATH")
    out = scratch("churn")
    with make(2 if any(hierarchies("cgroup2")) else 1) as group, Work("cgroups", group.path) as w:
        group.add(w.pid)
        # All that there is once is there before the memory is looked at: tables of the files, threads, HTTP.
        with Serve("--cgroup", group.path, "--group-by", "cgroup", "--max-groups", MAX_GROUPS, "--out", out, "--every",
                   "2s", "--pprof") as d:
            d.tracing()
            run(w, 1000, 500)
            rotations(out, 3)
            d.metrics()
            start, start_fds = d.rss(), d.fds()
            begun = time.monotonic()
            run(w, PROCESSES, GROUPS)
            took = time.monotonic() - begun
            peak = d.rss()
            # What the last window held is given back with the windows after it, not at a moment of ours.
            for after in range(3, 61):
                rotations(out, 3 if after == 3 else 1)
                m = d.metrics()
                end, end_fds = d.rss(), d.fds()
                if end <= start + STAYS and end_fds <= start_fds + 8:
                    break
            print(f"      {took:.0f} s; resident {start / 2**20:.2f} MiB, {peak / 2**20:.2f} right after, "
                  f"{end / 2**20:.2f} {after} rotations later; files open {start_fds}, {end_fds}")
            result = d.finish().ok()
    check(end <= start + STAYS, f"resident {start} -> {end}")
    check(end_fds <= start_fds + 8, f"open files {start_fds} -> {end_fds}")
    series = {re.search(r'cgroup="([^"]*)"', name)[1] for name in m if name.startswith("dwell_group_blocks_total")}
    check(len(series) <= MAX_GROUPS, f"{len(series)} groups: {series}")
    check(m["dwell_groups"] <= MAX_GROUPS, f"dwell_groups {m['dwell_groups']}")
    exits = m['dwell_events_total{event="exit"}']
    check(exits >= PROCESSES, f"{exits} exits")
    check_equal(sum(v for n, v in m.items() if n.startswith("dwell_lost_seconds_total")), 0, "lost seconds")
    check("DEFECT" not in result.err and "nothing lost" in result.err, result.err)
    names = os.listdir(out)
    check_equal([n for n in names if n.endswith(".tmp")], [], "unfinished files")
    rows = [row for n in names if n.endswith(".folded") for row in parse_folded(read(os.path.join(out, n)))]
    naps = sum(frames[0] in ("sleep", "python3") or frames[0].startswith("kid") for frames, _ in rows)
    check(naps > 100, f"{naps} rows of the processes")


main()
