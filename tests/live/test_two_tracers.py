#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 240
"""Several tracers on one process: two dwells, dwell beside bcc's offcputime, bpftrace and perf. Each keeps its laws and its sums."""
import os
import re
import shutil
import signal
import subprocess
import time

from livetest import (MS, Dwell, Profile, Work, attached_probes, case, check, check_equal, check_laws, check_near, long_case, main, read,
                      scratch, skip, start, stolen_ns, wait_until)

SLEEPS, SLEEP_MS = 150, 10


def check_sleeps(p, w):
    check_laws(p)
    check_equal((p.ledger["imbalance_ns"], p.lost_cnt()), (0, 0), "imbalance and lost")
    check_equal(p.cnt(frame="work_sleep", reason="sleep"), SLEEPS, "sleeps")
    # What two tracers take at each switch is in the workload's own figure.
    check_near(p.ns(frame="work_sleep"), w.ns("sleep"), "work_sleep", 0.02)


def profile_of(d, stolen):
    p = d.finish().profile()
    p.stolen_ns += stolen_ns() - stolen
    return p


@case
def two_dwells():
    """On one process, of which one began and ends within the other's time."""
    stolen = stolen_ns()
    with Work("sleeper", SLEEPS, SLEEP_MS) as w, Dwell("offcpu", "-p", w.pid, "--json") as a, \
            Dwell("offcpu", "-p", w.pid, "--json", "--wakers") as b:
        a.tracing()
        b.tracing()
        w.work()
        w.tids_asleep()
        second, first = profile_of(b, stolen), profile_of(a, stolen)
    for p in (first, second):
        check_sleeps(p, w)


@long_case
def ten_dwells():
    """Of all kinds."""
    stolen = stolen_ns()
    with Work("sleeper", SLEEPS, SLEEP_MS) as w:
        runs = [Dwell("offcpu", "-p", w.pid, "--json") for _ in range(6)]
        others = [Dwell(c, "-p", w.pid, "-o", scratch(f"{c}.json")) for c in ("chains", "locks", "syscalls", "runq")]
        for d in runs + others:
            d.tracing()
        w.work()
        w.tids_asleep()
        profiles = [profile_of(d, stolen) for d in runs]
        for d in others:
            check("DEFECT" not in d.finish().ok().err, d.args)
    for p in profiles:
        check_sleeps(p, w)


# ---- tools of others ----

class Other:
    """A tracer of the same process; it has begun when @begun says so."""

    def __init__(self, name, command, begun):
        self.out, self.err = scratch(f"{name}.out"), scratch(f"{name}.err")
        with open(self.out, "w") as out, open(self.err, "w") as err:
            self.process = start(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)

        def has_begun():
            check(self.process.poll() is None, f"{name} ended: {self.said()[-600:]}")
            return begun(self)
        wait_until(has_begun, f"{name} traces", 60, 0.1)
        time.sleep(0.5)

    def said(self):
        return read(self.out) + read(self.err)

    def finish(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        return self.said()


def program(*names):
    for name in names:
        path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
        if path:
            return path
    skip(f"no {names[0]}: scripts/deps test-long")
    return None


def beside(name, command, begun):
    """dwell and the other one see the whole work. (dwell's profile, what the other one said, the workload)"""
    stolen = stolen_ns()
    with Work("sleeper", SLEEPS, SLEEP_MS) as w:
        other = Other(name, command(w.pid), begun)
        with Dwell("offcpu", "-p", w.pid, "--json") as d:
            d.tracing()
            w.work()
            w.tids_asleep()
            p = profile_of(d, stolen)
        said = other.finish()
    check_sleeps(p, w)
    return p, said, w


def bcc_us(said, frame):
    """Its entries are frames, then "-  COMM (PID)", then microseconds."""
    total, names = 0, []
    for line in said.splitlines():
        word = line.strip()
        if word.isdigit():
            total += int(word) * any(frame in name for name in names)
            names = []
        else:
            names.append(word)
    return total


@long_case
def beside_bcc():
    tool = program("offcputime")
    p, said, w = beside("bcc", lambda pid: [tool, "-p", str(pid)], lambda o: attached_probes(o.process.pid))
    us = bcc_us(said, "nanosleep")
    print(f"      dwell {p.ns(frame='work_sleep') / MS:.1f} ms, offcputime {us / 1000:.1f} ms, the workload {w.ns('sleep') / MS:.1f} ms",
          flush=True)
    check_near(us * 1000, w.ns("sleep"), "offcputime's sum of the sleeps", 0.05)


@long_case
def beside_bpftrace():
    tool = program("bpftrace")
    script = "tracepoint:sched:sched_switch /args->prev_pid == PID/ { @out = count(); } BEGIN { printf(\"begun\\n\"); }"
    p, said, _ = beside("bpftrace", lambda pid: [tool, "-e", script.replace("PID", str(pid))], lambda o: "begun" in o.said())
    found = re.search(r"@out: (\d+)", said)
    check(found, f"bpftrace said {said!r}")
    print(f"      dwell {p.totals['intervals']} intervals, bpftrace {found[1]} switches", flush=True)
    check(int(found[1]) >= SLEEPS, f"bpftrace saw {found[1]} switches")


@long_case
def beside_perf():
    tool = program("perf")
    data = scratch("perf.data")
    p, said, _ = beside("perf", lambda pid: [tool, "record", "-q", "-e", "sched:sched_switch", "-g", "-p", str(pid), "-o", data],
                        lambda o: os.path.exists(data) and os.path.getsize(data))
    done = subprocess.run([tool, "script", "-i", data, "-F", "event"], capture_output=True, text=True, check=False)
    switches = done.stdout.count("sched_switch")
    print(f"      dwell {p.totals['intervals']} intervals, perf {switches} switches", flush=True)
    check(switches >= SLEEPS, f"perf saw {switches} switches: {said[-400:]} {done.stderr[-400:]}")


@long_case
def beside_perf_trace():
    tool = program("perf")
    p, said, _ = beside("perf-trace", lambda pid: [tool, "trace", "-s", "-p", str(pid)], lambda o: time.sleep(1) or True)
    found = re.search(r"clock_nanosleep\s+(\d+)", said)
    check(found, f"perf trace said {said[-600:]!r}")
    print(f"      dwell {p.cnt(frame='work_sleep', reason='sleep')} sleeps, perf trace {found[1]}", flush=True)
    check(int(found[1]) >= SLEEPS, f"perf trace saw {found[1]} sleeps")


main()
